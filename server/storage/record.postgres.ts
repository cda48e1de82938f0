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
import type { Registry } from './registry.ts'
import {
  addCounters,
  creditProofs,
  knownOf,
  type KnownRow,
  lockCounters,
  readKnown,
  readNamed,
  writeRecording,
} from './statements.postgres.ts'
import { abandon, retried, Superseded } from './transaction.postgres.ts'

/**
 * The recording of one batch as one transaction. The counters of its markets are locked first, in one order, and
 * everything else is read after that, so that what another process recorded there is seen and seq order is commit
 * order. What had to be assumed to know the markets is checked under the lock; assumed wrongly, it begins again.
 * `pool` pipelines: statements that need not wait for each other's answers are sent together, in two round trips.
 */
export function createRecorder(
  pool: Pool,
  lastRegistry: () => Promise<Registry>,
  registryNow: () => Promise<Registry>,
) {
  return async function record(
    batch: readonly IncomingMessage[],
    rules: RecordingRules,
  ): Promise<Published[]> {
    const missed = new Set<number>()
    return retried(async (attempt) => {
      const registry = await (attempt === 1 ? lastRegistry() : registryNow())
      // As if no reference in it had been issued: hardly ever does one move an entry to another place.
      const assumed = decideBatch(batch, registry, [], rules)
      if (assumed.length === 0) return []
      const client = await pool.connect()
      try {
        const published = await recordOnce(client, batch, rules, registry, assumed, missed)
        client.release()
        return published
      } catch (error) {
        await abandon(client)
        throw error
      }
    })
  }
}

async function recordOnce(
  client: PoolClient,
  batch: readonly IncomingMessage[],
  rules: RecordingRules,
  registry: Registry,
  assumed: readonly Entry[],
  missed: Set<number>,
): Promise<Published[]> {
  const markets = [...new Set([...assumed.map((entry) => entry.marketId), ...missed])]
  const [, locked, read, knownThere] = await Promise.all([
    client.query('begin isolation level read committed'),
    client.query<{ marketId: number; seq: number }>(lockCounters(markets)),
    client.query<{ version: string; issued: Issued[] }>(readNamed(namedReferences(batch, registry))),
    client.query<KnownRow>(readKnown(assumed)),
  ])
  const lastSeqs = new Map(locked.rows.map((row) => [row.marketId, row.seq]))
  const { version, issued } = read.rows[0]!
  if (lastSeqs.size < markets.length) {
    await Promise.all([client.query(addCounters(markets)), client.query('commit')])
    throw new Superseded('a market had no counter yet')
  }
  if (version !== registry.version) throw new Superseded('the registry changed')

  const entries = issued.length === 0 ? assumed : decideBatch(batch, registry, issued, rules)
  for (const { marketId } of entries) if (!lastSeqs.has(marketId)) missed.add(marketId)
  if ([...missed].some((marketId) => !lastSeqs.has(marketId))) throw new Superseded('a market is not locked')

  const stands = entries.every((entry, index) => isInSamePlace(entry, assumed[index]!))
  const known = stands ? knownThere : await client.query<KnownRow>(readKnown(entries))
  const recording = planRecording(entries, knownOf(entries, known.rows), lastSeqs, registry, rules)
  const { proofCredits, bornOut, published } = recording
  const writing = Promise.all([
    client.query(writeRecording(recording)),
    ...(proofCredits.length > 0 ? [client.query(creditProofs(proofCredits))] : []),
  ])
  for (const account of bornOut) {
    await writing
    await drive(client, (tx) => activateAccount(tx, account, BY_FIRST_CREDIT, account.afterSeq, account.at))
  }
  await Promise.all([writing, client.query('commit')])
  return published
}

const isInSamePlace = (one: Entry, other: Entry): boolean =>
  one.marketId === other.marketId && one.businessDay === other.businessDay
