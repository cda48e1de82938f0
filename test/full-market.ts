import { eq } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { dayOf, decide } from '../server/domain/match.ts'
import { sameTransfer } from '../server/domain/same-transfer.ts'
import { assign } from '../server/storage/assignment.ts'
import { recordCash } from '../server/storage/cash.ts'
import { followLedger } from '../server/storage/follower.ts'
import { matchException, tables } from '../server/storage/kit.sqlite.ts'
import { operatorScope } from '../server/storage/scope.ts'
import type { Store } from '../server/storage/store.ts'
import { classify } from '../server/storage/takings.ts'
import { credit, fillMarket, messageOf, MORNING, scopeOf, TODAY, type FilledMarket } from './small-market.ts'

const RULES = { decide, sameTransfer, dayOf }
/** What a table must carry unharmed: letters of several scripts, quotes, and bytes that are no text. */
const ODD_TEXT = `Bánh bèo «x» 'y' "z" \\ 😀 \t\n`
const ODD_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

/**
 * A market in which no table is empty: money of every fate, counted by the product itself, and a made-up row in
 * every table that nothing is counted from. A table that is added tomorrow gets one too.
 */
export async function fillFullMarket(store: Store, sourceId: string): Promise<FilledMarket> {
  const market = await fillMarket(store, sourceId)
  const { lan, hoa, marketId } = market
  const byReference = { accountNumber: lan.accountNumber, remittanceText: `CK ${lan.reference} ${ODD_TEXT}` }
  const told = [
    credit({ ...byReference, payerAccount: '0011' }),
    credit({ accountNumber: hoa.accountNumber, remittanceText: 'tien hang' }),
    credit({ accountNumber: hoa.accountNumber, remittanceText: lan.reference }),
    credit({ accountNumber: 'NOBODYS', payerName: ODD_TEXT }),
    credit({ ...byReference, direction: 'out' }),
  ]
  const messages = told.map((one) => ({ ...messageOf(one), sourceId }))
  const odd = { ...messageOf(), sourceId, rawBody: new Uint8Array(ODD_BYTES), unreadable: 'no JSON' }
  await store.record([...messages, odd], RULES)
  const retold = { ...told[0]!, channel: 'backfill' as const, sourceKey: 'api:1' }
  await store.record([{ ...messageOf(retold), sourceId }], RULES)

  const wrong = eq(matchException.reason, 'wrong_account')
  const [undecided] = await store.db.select().from(matchException).where(wrong)
  const transactionSeq = undecided!.transactionSeq!
  const decision = { marketId, transactionSeq, stallId: hoa.id, saleSeq: null, by: 'test', reason: 'hers' }
  await store.write((tx) => assign(tx, operatorScope(), decision, MORNING))
  await store.write((tx) => classify(tx, scopeOf(hoa), transactionSeq, 'family', 'test', MORNING))
  const note = { idempotencyKey: 'k', amountVnd: 7_000, businessDay: TODAY, at: MORNING }
  await store.write((tx) => recordCash(tx, scopeOf(lan), note))

  await followLedger(store, (_, payerAccount) => payerAccount)

  for (const table of Object.values(tables)) {
    const [there] = await store.db.select().from(table).limit(1)
    if (there) continue
    const row = getTableConfig(table).columns.map(({ name, dataType }) => {
      const value = { number: 900_001, boolean: true, buffer: ODD_BYTES, string: ODD_TEXT }[
        dataType as 'string'
      ]
      return [name, value]
    })
    await store.db.insert(table).values(Object.fromEntries(row) as never)
  }
  return market
}
