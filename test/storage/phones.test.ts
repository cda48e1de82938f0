import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { listCash, readBook } from '../../server/storage/book.ts'
import { recordCash, undoCash } from '../../server/storage/cash.ts'
import { stallScope, type Reach, type StallScope } from '../../server/storage/scope.ts'
import { takeSeqs } from '../../server/storage/seq.ts'
import { getTakings, listPayments } from '../../server/storage/takings.ts'
import {
  changesOf,
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'

const YESTERDAY = '2026-11-21'
const KEY = 'phone-key-000001'
/** More than a page of the stream. */
const MANY = 120

let market: SmallMarket
let late: StallScope
const scope = (reach: Reach) => stallScope(market.marketId, market.lan.id, reach)
const pay = (amountVnd: number, bookedAt = MORNING) => {
  const { accountNumber, reference } = market.lan
  const told = credit({ accountNumber, remittanceText: `CK ${reference}`, amountVnd, bookedAt })
  return market.store.record([messageOf(told)], { decide, sameTransfer, dayOf })
}

/** A day of many payments and a note of cash, a phone paired, then one payment more and the note taken back. */
beforeAll(async () => {
  market = await openSmallMarket()
  const own = scopeOf(market.lan)
  for (let one = 0; one < MANY; one += 1) await pay(1_000, MORNING - 86_400_000)
  await pay(70_000)
  const note = { idempotencyKey: KEY, amountVnd: 90_000, businessDay: TODAY, at: MORNING }
  await market.store.write((tx) => recordCash(tx, own, note))
  // What pairing takes: the market's next seq.
  const [cut] = await market.store.write((tx) => takeSeqs(tx, market.marketId, 1))
  late = scope({ seesAfter: cut!, onlyDay: null })
  await pay(5_000)
  await market.store.write((tx) => undoCash(tx, own, KEY, MORNING))
})
afterAll(() => market.close())

describe('a phone paired late', () => {
  it('knows one payment: as a line, as the day’s sum, in the book, on the stream from its beginning', async () => {
    const { store } = market
    expect(await listPayments(store, late, TODAY, TODAY)).toMatchObject([{ amountVnd: 5_000 }])
    expect(await listPayments(store, late, YESTERDAY, TODAY)).toEqual([])
    expect(await getTakings(store, late, TODAY)).toMatchObject({ totalVnd: 5_000, saleCount: 1 })
    expect(await readBook(store, late, [YESTERDAY, TODAY])).toMatchObject([
      { transferVnd: 0, transferCount: 0, cashVnd: 0 },
      { transferVnd: 5_000, transferCount: 1, cashVnd: 0 },
    ])
    const told = await changesOf(store, late, 0, TODAY)
    expect(told).toMatchObject([{ payment: { amountVnd: 5_000 }, takings: { totalVnd: 5_000 } }])
  })

  it('is not told of cash by its being taken back, and cannot take back what it does not know', async () => {
    expect(await listCash(market.store, late, TODAY)).toEqual([])
    expect(await readBook(market.store, late, [TODAY])).toMatchObject([{ cashVnd: 0, cashCount: 0 }])
    const undone = market.store.write((tx) => undoCash(tx, late, KEY, MORNING))
    await expect(undone).rejects.toMatchObject({ code: 'not_found' })
  })
})

it('a phone of one day hears that day past any number of changes of others', async () => {
  const helper = scope({ seesAfter: 0, onlyDay: TODAY })
  const told = await changesOf(market.store, helper, 0, TODAY)
  expect(told.map(({ payment }) => payment.amountVnd)).toEqual([70_000, 5_000])
  expect(await getTakings(market.store, helper, TODAY)).toMatchObject({ totalVnd: 75_000 })
  expect(await getTakings(market.store, helper, YESTERDAY)).toMatchObject({ totalVnd: 0 })
  const all = await getTakings(market.store, scopeOf(market.lan), YESTERDAY)
  expect(all).toMatchObject({ totalVnd: MANY * 1_000, saleCount: MANY })
})
