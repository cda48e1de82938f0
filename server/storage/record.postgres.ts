import type { Pool, PoolClient } from 'pg'
import { activateAccount } from './account.ts'
import type { IncomingMessage, Published, RecordingRules } from './decision.ts'
import { drive } from './drive.postgres.ts'
import {
  BY_FIRST_CREDIT,
  decideBatch,
  namedReferences,
  planRecording,
  type Entry,
  type Issued,
} from './recording.ts'
import { takeLaterTelling } from './later-telling.ts'
import type { Registry } from './registry.ts'
import {
  addCounters,
  creditProofs,
  knownOf,
  type KnownRow,
  lockCounters,
  readKnown,
  readNamed,
  readUnheard,
  writeRecording,
} from './statements.postgres.ts'
import { abandon, retried, Superseded } from './transaction.postgres.ts'

/** A batch as it would be decided if no reference in it had been issued: hardly ever does one move an entry. */
interface Assumed {
  registry: Registry
  entries: readonly Entry[]
}

const assume = (batch: readonly IncomingMessage[], registry: Registry, rules: RecordingRules): Assumed => ({
  registry,
  entries: decideBatch(batch, registry, [], rules),
})

/**
 * The recording of one batch as one transaction. The counters of its markets are locked first, in one order, and
 * everything else is read after that, so that what another process recorded there is seen and seq order is commit
 * order. What had to be assumed to know the markets is checked under the lock; assumed wrongly, it begins again.
 * `pool` pipelines: statements that need not wait for each other's answers are sent together, a batch of which nothing
 * is known in one round trip, any other in two.
 * `lastRegistry` may be a little old; `registryIn` stays as it is until that transaction ends.
 */
export function createRecorder(
  pool: Pool,
  lastRegistry: () => Promise<Registry>,
  registryIn: (client: PoolClient) => Promise<Registry>,
) {
  /** Whether nothing was known of the last batch, as of most. */
  let wasPlain = true

  return async function record(
    batch: readonly IncomingMessage[],
    rules: RecordingRules,
  ): Promise<Published[]> {
    const missed = new Set<number>()
    return retried(async () => {
      const assumed = assume(batch, await lastRegistry(), rules)
      if (assumed.entries.length === 0) return []
      const client = await pool.connect()
      try {
        const published =
          (wasPlain ? await recordPlain(client, batch, rules, assumed) : undefined) ??
          (await recordOnce(client, batch, rules, assumed, missed))
        client.release()
        return published
      } catch (error) {
        await abandon(client)
        throw error
      }
    })
  }

  /**
   * Takes for granted that nothing is known of the batch and that its registry is the last, plans it with seqs that
   * count from wherever the counters will be, and sends all of it at once: the lock is never held while we think. What was
   * taken for granted is checked under it by the statement that writes. Undefined: it was not so, nothing was written.
   */
  async function recordPlain(
    client: PoolClient,
    batch: readonly IncomingMessage[],
    rules: RecordingRules,
    { registry, entries }: Assumed,
  ): Promise<Published[] | undefined> {
    if (namedReferences(batch, registry).length > 0) return undefined
    const markets = [...new Set(entries.map((entry) => entry.marketId))]
    const recording = planRecording(entries, knownOf(entries, []), new Map(), registry, rules)
    if (recording.bornOut.length + recording.laterTellings.length > 0) return undefined
    const [, , written] = await Promise.all([
      client.query('begin isolation level read committed'),
      client.query(lockCounters(markets)),
      client.query<{ marketId: number; seq: number }>(
        writeRecording(recording, markets, { registry, entries }),
      ),
      client.query('commit'),
    ])
    const bases = new Map(written.rows.map(({ marketId, seq }) => [marketId, seq]))
    wasPlain = bases.size === markets.length
    if (!wasPlain) return undefined
    return recording.published.map((one) => ({ ...one, seq: bases.get(one.marketId)! + one.seq }))
  }

  async function recordOnce(
    client: PoolClient,
    batch: readonly IncomingMessage[],
    rules: RecordingRules,
    last: Assumed,
    missed: Set<number>,
  ): Promise<Published[]> {
    const markets = [...new Set([...last.entries.map((entry) => entry.marketId), ...missed])]
    const [, locked, readAtOnce] = await Promise.all([
      client.query('begin isolation level read committed'),
      client.query<{ marketId: number; seq: number }>(lockCounters(markets)),
      readAbout(client, batch, last),
    ])
    const lastSeqs = new Map(locked.rows.map((row) => [row.marketId, row.seq]))
    if (lastSeqs.size < markets.length) {
      await Promise.all([client.query(addCounters(markets)), client.query('commit')])
      throw new Superseded('a market had no counter yet')
    }
    // Not begun again: where every stall's first credit changes the registry, it would change before each new try.
    const isOld = readAtOnce.version !== last.registry.version
    const assumed = isOld ? assume(batch, await registryIn(client), rules) : last
    const { registry } = assumed
    const { issued, known: knownThere } = isOld ? await readAbout(client, batch, assumed) : readAtOnce

    const entries = issued.length === 0 ? assumed.entries : decideBatch(batch, registry, issued, rules)
    for (const { marketId } of [...assumed.entries, ...entries])
      if (!lastSeqs.has(marketId)) missed.add(marketId)
    if ([...missed].some((marketId) => !lastSeqs.has(marketId)))
      throw new Superseded('a market is not locked')

    const stands = entries.every((entry, index) => isInSamePlace(entry, assumed.entries[index]!))
    const known = stands ? knownThere : (await client.query<KnownRow>(readKnown(entries))).rows
    const recording = planRecording(entries, knownOf(entries, known), lastSeqs, registry, rules)
    wasPlain = !isOld && known.length === 0
    const { proofCredits, bornOut, laterTellings, published } = recording
    const writing = Promise.all([
      client.query(writeRecording(recording, markets)),
      ...(proofCredits.length > 0 ? [client.query(creditProofs(proofCredits))] : []),
    ])
    for (const account of bornOut) {
      await writing
      await drive(client, (tx) => activateAccount(tx, account, BY_FIRST_CREDIT, account.afterSeq, account.at))
    }
    if (laterTellings.length > 0) {
      await writing
      const { rows: unheard } = await client.query<{ place: number }>(readUnheard(laterTellings))
      for (const { place } of unheard)
        published.push(...(await drive(client, (tx) => takeLaterTelling(tx, laterTellings[place - 1]!))))
    }
    await Promise.all([writing, client.query('commit')])
    return published
  }
}

/** What is known about a batch so decided, and the version of the registry: without waiting for what was sent before. */
async function readAbout(
  client: PoolClient,
  batch: readonly IncomingMessage[],
  { registry, entries }: Assumed,
) {
  const [named, known] = await Promise.all([
    client.query<{ version: string; issued: Issued[] }>(readNamed(namedReferences(batch, registry))),
    client.query<KnownRow>(readKnown(entries)),
  ])
  return { ...named.rows[0]!, known: known.rows }
}

const isInSamePlace = (one: Entry, other: Entry): boolean =>
  one.marketId === other.marketId && one.businessDay === other.businessDay
