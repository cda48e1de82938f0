import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays } from '../../shared/business-day.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { assign } from '../../server/storage/assignment.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { readBook } from '../../server/storage/book.ts'
import { recordCash, undoCash } from '../../server/storage/cash.ts'
import { takeCut } from '../../server/storage/cut.ts'
import {
  bankTransaction,
  cashSale,
  classification,
  consent,
  match,
  matchException,
} from '../../server/storage/kit.sqlite.ts'
import { operatorScope, stallScope, type StallScope } from '../../server/storage/scope.ts'
import { classify, getTakings } from '../../server/storage/takings.ts'
import {
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  seededRandom,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'

/** A stall with a past of this many days, cut in the middle. */
const DAYS = 60
const A_DAY = 86_400_000
const day = (ago: number) => addDays(TODAY, -ago)
const ALL = Array.from({ length: DAYS + 10 }, (_, index) => day(DAYS - index))
const CUT_AGO = 30

let market: SmallMarket
let cutScope: StallScope
const random = seededRandom(9)

const paid = (ago: number, more = {}) => {
  const { accountNumber, reference } = market.lan
  const bookedAt = MORNING - ago * A_DAY
  return credit({
    accountNumber,
    remittanceText: reference,
    amountVnd: 1_000 + random(90_000),
    bookedAt,
    ...more,
  })
}
const record = (credits: ReturnType<typeof paid>[]) =>
  market.store.record(
    credits.map((one) => messageOf(one)),
    { decide, sameTransfer, dayOf },
  )
const note = (ago: number, key: string) => {
  const at = MORNING - ago * A_DAY
  const one = { idempotencyKey: key, amountVnd: 1_000 + random(50_000), businessDay: day(ago), at }
  return market.store.write((tx) => recordCash(tx, scopeOf(market.lan), one))
}

beforeAll(async () => {
  market = await openSmallMarket()
  // She agreed long ago.
  await market.store.changeRegistry(function* (tx) {
    yield { kind: 'run', builder: tx.update(consent).set({ at: 1 }) }
  })
  for (let ago = DAYS; ago >= CUT_AGO; ago -= 1) {
    await record(Array.from({ length: 20 }, () => paid(ago)))
    await note(ago, `cash-before-number-${ago}`)
  }
  // Dated ahead by the bank, as a weekend's transfers are; one of them nobody knows whose it is.
  await record([paid(CUT_AGO - 1), paid(CUT_AGO - 3)])
  await record([paid(CUT_AGO - 3, { remittanceText: `${market.lan.reference} ${market.hoa.reference}` })])
  const seesAfter = await market.store.write((tx) => takeCut(tx, market.marketId))
  cutScope = stallScope(market.marketId, market.lan.id, { seesAfter, onlyDay: null })
  // On the cut's own day, told late of days before it, and every day from then on.
  await record([paid(CUT_AGO), paid(CUT_AGO + 7), paid(DAYS), paid(DAYS, { remittanceText: 'luong' })])
  const [exception] = await market.store.db.select().from(matchException)
  const decision = {
    transactionSeq: exception!.transactionSeq!,
    stallId: market.lan.id,
    saleSeq: null,
    by: 'test',
    reason: 'test',
  }
  await market.store.write((tx) =>
    assign(tx, operatorScope(), { marketId: market.marketId, ...decision }, MORNING),
  )
  await market.store.write((tx) =>
    classify(tx, scopeOf(market.lan), decision.transactionSeq, 'sale', 'test', MORNING),
  )
  await market.store.write((tx) =>
    undoCash(tx, scopeOf(market.lan), `cash-before-number-${CUT_AGO}`, MORNING),
  )
  for (let ago = CUT_AGO; ago >= 0; ago -= 1) {
    await record(Array.from({ length: 20 }, () => paid(ago)))
    await note(ago, `cash-after-number-${ago}`)
  }
  await market.store.write((tx) => undoCash(tx, scopeOf(market.lan), 'cash-after-number-12', MORNING))
})
afterAll(() => market.close())

/** From the rows themselves, one by one, by nobody's query. */
async function bruteForce({ seesAfter, stallId }: StallScope, businessDay: string) {
  const { db } = market.store
  const money = new Map((await db.select().from(bankTransaction)).map((row) => [row.seq, row.amountVnd]))
  const said = [...(await db.select().from(match)), ...(await db.select().from(classification))]
  const kinds = new Map(said.map((row) => [row.transactionSeq, row.classification]))
  const credits = (await db.select().from(match)).filter(
    (row) => row.stallId === stallId && row.businessDay === businessDay && row.transactionSeq > seesAfter,
  )
  const notes = (await db.select().from(cashSale)).filter(
    (row) => row.stallId === stallId && row.businessDay === businessDay && row.seq > seesAfter,
  )
  const keys = new Set(notes.map((row) => row.idempotencyKey))
  const cash = notes.filter(
    ({ idempotencyKey: key }) => !key.startsWith('undo:') || keys.has(key.slice('undo:'.length)),
  )
  const sales = credits.filter((row) => kinds.get(row.transactionSeq) === 'sale')
  return {
    businessDay,
    transferVnd: sales.reduce((sum, row) => sum + money.get(row.transactionSeq)!, 0),
    transferCount: sales.length,
    unclearCount: credits.filter((row) => kinds.get(row.transactionSeq) === 'unclear').length,
    cashVnd: cash.reduce((sum, row) => sum + row.amountVnd, 0),
    cashCount: cash.reduce((sum, row) => sum + Math.sign(row.amountVnd), 0),
  }
}

describe('a phone that was paired in the middle of sixty days', () => {
  it('has on every day the figures that its own rows add up to', async () => {
    const book = await readBook(market.store, cutScope, ALL)
    const expected = []
    for (const one of ALL) expected.push(await bruteForce(cutScope, one))
    expect(book).toEqual(expected)
    expect(book.filter((one) => one.transferCount > 0).length).toBe(CUT_AGO + 3)
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is told nothing by what the bank dated ahead of its pairing', async () => {
    const { transferCount } = (await readBook(market.store, cutScope, [day(CUT_AGO - 3)]))[0]!
    expect(transferCount).toBe(20)
    const all = (await readBook(market.store, scopeOf(market.lan), [day(CUT_AGO - 3)]))[0]!
    expect(all.transferCount).toBe(22)
  })

  it('that hears one day only has that day’s figures', async () => {
    const helper = stallScope(market.marketId, market.lan.id, { seesAfter: 0, onlyDay: TODAY })
    const [today] = await readBook(market.store, scopeOf(market.lan), [TODAY])
    expect(await readBook(market.store, helper, [TODAY])).toEqual([today])
    expect(await getTakings(market.store, helper, day(1))).toMatchObject({ totalVnd: 0, saleCount: 0 })
  })
})
