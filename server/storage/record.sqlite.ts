import { activateAccount } from './account.ts'
import type { Connection } from './connection.sqlite.ts'
import type { IncomingMessage, Published, RecordingRules } from './decision.ts'
import { drive } from './drive.sqlite.ts'
import {
  daysAbout,
  decideBatch,
  namedReferences,
  planRecording,
  BY_FIRST_CREDIT,
  type Entry,
  type Issued,
  type Known,
  type NamedReference,
  type RecordedTable,
} from './recording.ts'
import { takeLaterTelling } from './later-telling.ts'
import type { Registry } from './registry.ts'
import { prepareStatements } from './statements.sqlite.ts'

/**
 * The recording of one batch as one durable transaction. Everything or nothing: raw message, transaction (idempotent
 * by its source key), match or exception, takings, daily outcome, change.
 */
export function createRecorder({ client, db }: Connection, registryNow: () => Registry) {
  const statements = prepareStatements(client, db)
  return (batch: readonly IncomingMessage[], rules: RecordingRules): Published[] =>
    client.transaction(() => recordBatch(batch, rules)).immediate()

  function recordBatch(batch: readonly IncomingMessage[], rules: RecordingRules): Published[] {
    const registry = registryNow()
    const issued = namedReferences(batch, registry).flatMap((name) => issuedFor(name) ?? [])
    const entries = decideBatch(batch, registry, issued, rules)
    const lastSeqs = new Map(
      [...new Set(entries.map((entry) => entry.marketId))].map((marketId) => [
        marketId,
        statements.counter.get(marketId) ?? 0,
      ]),
    )
    const { rows, proofCredits, bornOut, laterTellings, counters, published } = planRecording(
      entries,
      entries.map(knownOf),
      lastSeqs,
      registry,
      rules,
    )

    for (const table of Object.keys(rows) as RecordedTable[]) statements.insert[table](rows[table])
    for (const { marketId, seq, transactionSeq } of proofCredits) {
      statements.creditProof.run({ marketId, seq, transactionSeq })
    }
    for (const account of bornOut)
      drive(db, activateAccount(db, account, BY_FIRST_CREDIT, account.afterSeq, account.at))
    for (const [marketId, seq] of counters) statements.advance.run(marketId, seq)
    for (const telling of laterTellings) {
      const { marketId, transactionSeq, stallId } = telling
      if (statements.matchTo.get(marketId, transactionSeq, stallId)) continue
      published.push(...drive(db, takeLaterTelling(db, telling)))
    }
    return published
  }

  function issuedFor(name: NamedReference): Issued | undefined {
    const { marketId } = name
    const sale = statements.saleByReference.get({ ...name })
    if (sale) return { kind: 'sale', marketId, ...sale }
    const proof = statements.proofByReference.get({ ...name })
    return proof && { kind: 'proof', marketId, ...proof }
  }

  function knownOf({ message, bodySha256, marketId, businessDay, told }: Entry): Known {
    const { sourceId } = message
    const keptFor = () => statements.notificationByBody.get(marketId, bodySha256, sourceId) ?? null
    if (!told) return { ...NOTHING_KNOWN, notificationSeq: keptFor() }
    const { sourceKey, channel, bankBin, accountNumber, amountVnd, direction } = told.transaction
    const before = statements.byKey.get(marketId, sourceId, sourceKey)
    if (before?.contentSha256 === told.contentSha256) return { ...NOTHING_KNOWN, before }
    if (before) return { ...NOTHING_KNOWN, before, notificationSeq: keptFor() }
    if (statements.witnessByKey.get(marketId, sourceId, sourceKey))
      return { ...NOTHING_KNOWN, isWitness: true }
    const money = [accountNumber, amountVnd, bankBin, direction] as const
    const teller = [sourceId, channel] as const
    const untold = statements.untold.all(marketId, ...daysAbout(businessDay), ...money, ...teller, ...teller)
    return { ...NOTHING_KNOWN, untold: untold.sort((a, b) => a.seq - b.seq) }
  }
}

const NOTHING_KNOWN: Known = { notificationSeq: null, before: null, isWitness: false, untold: [] }
