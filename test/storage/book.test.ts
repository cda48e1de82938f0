import { and, eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { daysOf, isMarketDay, marketDaysBefore, median, usualOf } from '../../server/domain/book-period.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { listCash, listDelays, readBook } from '../../server/storage/book.ts'
import { recordCash, undoCash, type CashNote } from '../../server/storage/cash.ts'
import { cashSale, takings } from '../../server/storage/kit.sqlite.ts'
import { listPayments } from '../../server/storage/takings.ts'
import { run } from '../../server/storage/unit.ts'
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

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const note = (key: string, amountVnd: number, businessDay = TODAY): CashNote => ({
  idempotencyKey: key,
  amountVnd,
  businessDay,
  at: MORNING,
})
const write = (one: CashNote, stall = market.lan) =>
  market.store.write((tx) => recordCash(tx, scopeOf(stall), one))
const undo = (key: string, stall = market.lan) =>
  market.store.write((tx) => undoCash(tx, scopeOf(stall), key, MORNING))
const today = async (stall = market.lan) => (await readBook(market.store, scopeOf(stall), [TODAY]))[0]!
const pay = (amountVnd: number, more = {}) =>
  market.store.record(
    [
      messageOf(
        credit({
          accountNumber: market.lan.accountNumber,
          remittanceText: `CK ${market.lan.reference}`,
          amountVnd,
          ...more,
        }),
      ),
    ],
    { decide, sameTransfer, dayOf },
  )

describe('cash', () => {
  it('counts once, however often the same note is told', async () => {
    for (let told = 0; told < 3; told += 1) await write(note('phone-key-000001', 20_000))
    await write(note('phone-key-000002', 20_000))
    expect(await today()).toMatchObject({ cashVnd: 40_000, cashCount: 2, transferVnd: 0 })
    expect(await market.store.db.select().from(cashSale)).toHaveLength(2)
    expect(await today(market.hoa)).toMatchObject({ cashVnd: 0, cashCount: 0 })
  })

  it('refuses another amount under a known key, and leaves everything as it was', async () => {
    await write(note('phone-key-000001', 20_000))
    await expect(write(note('phone-key-000001', 90_000))).rejects.toMatchObject({ code: 'conflict' })
    expect(await today()).toMatchObject({ cashVnd: 20_000, cashCount: 1 })
  })

  it('two stalls may use the same key', async () => {
    await write(note('phone-key-000001', 20_000))
    await write(note('phone-key-000001', 30_000), market.hoa)
    expect(await today(market.hoa)).toMatchObject({ cashVnd: 30_000 })
  })

  it('is taken back by a second row, once, on its own day, and by nobody else', async () => {
    await write(note('phone-key-000001', 20_000, '2026-11-20'))
    await write(note('phone-key-000002', 5_000))
    await expect(undo('phone-key-000001', market.hoa)).rejects.toMatchObject({ code: 'not_found' })
    await undo('phone-key-000001')
    await undo('phone-key-000001')
    await expect(undo('undo:phone-key-000001')).rejects.toMatchObject({ code: 'not_found' })
    const days = await readBook(market.store, scopeOf(market.lan), ['2026-11-20', TODAY])
    expect(days).toMatchObject([
      { cashVnd: 0, cashCount: 0 },
      { cashVnd: 5_000, cashCount: 1 },
    ])
    expect(await market.store.db.select().from(cashSale)).toHaveLength(3)
    expect(await listCash(market.store, scopeOf(market.lan), '2026-11-20')).toEqual([
      { key: 'phone-key-000001', amountVnd: 20_000, time: '09:00', undone: true },
    ])
  })

  it('never mixes with what the banks told, in either order', async () => {
    await write(note('phone-key-000001', 20_000))
    await pay(50_000)
    await write(note('phone-key-000002', 30_000))
    expect(await today()).toEqual({
      businessDay: TODAY,
      transferVnd: 50_000,
      transferCount: 1,
      unclearCount: 0,
      cashVnd: 50_000,
      cashCount: 2,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })
})

describe('the audit', () => {
  it('agrees with cash noted and taken back, and names a planted difference', async () => {
    await write(note('phone-key-000001', 20_000))
    await write(note('phone-key-000002', 30_000))
    await undo('phone-key-000002')
    expect(await findDifferences(market.store)).toEqual([])
    await market.store.write((tx) =>
      run(
        tx
          .update(takings)
          .set({ cashVnd: 21_000 })
          .where(and(eq(takings.stallId, market.lan.id), eq(takings.businessDay, TODAY))),
      ),
    )
    expect(await findDifferences(market.store)).toMatchObject([
      {
        table: 'takings',
        counted: expect.stringContaining('cash 21000, notes 1'),
        recomputed: expect.stringContaining('cash 20000, notes 1'),
      },
    ])
  })

  it('names cash that no takings row counts', async () => {
    await write(note('phone-key-000001', 20_000))
    await market.store.write((tx) => run(tx.delete(takings)))
    expect(await findDifferences(market.store)).toMatchObject([{ counted: 'nothing' }])
  })
})

describe('payers', () => {
  const TEXT = { payerName: 'NGUYEN THI LAN', remittanceText: 'NGUYEN THI LAN chuyen tien' }
  beforeEach(() => pay(50_000, { ...TEXT, remittanceText: `${TEXT.remittanceText} ${market.lan.reference}` }))

  it('stand in full on their business day', async () => {
    const lines = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    expect(lines[0]).toMatchObject({ payerName: 'NGUYEN THI LAN', memo: expect.stringContaining('THI LAN') })
  })

  it('are masked from the next day on, amount and time are not', async () => {
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, '2026-11-23')
    expect(line).toMatchObject({ payerName: 'N•••', memo: '•••', amountVnd: 50_000, time: '09:00' })
  })

  it('are masked on the live stream too, when something of an earlier day changes', async () => {
    const told = async (day: string) =>
      (await changesOf(market.store, scopeOf(market.lan), 0, day))[0]!.payment
    expect(await told(TODAY)).toMatchObject({ payerName: 'NGUYEN THI LAN' })
    expect(await told('2026-11-23')).toMatchObject({ payerName: 'N•••', memo: '•••' })
  })
})

it('how late the bank is comes from this stall’s newest credits, never from a bank that tells only the day', async () => {
  const delays = (stall = market.lan) => listDelays(market.store, scopeOf(stall), TODAY, MORNING - 3_600_000)
  await pay(1_000, { bookedAt: MORNING - 299_000 })
  await pay(2_000, { bookedAt: MORNING, bookedPrecision: 'day' })
  await pay(3_000)
  expect(await delays()).toEqual([1_000, 300_000])
  expect(await delays(market.hoa)).toEqual([])
  expect(await listDelays(market.store, scopeOf(market.lan), TODAY, MORNING + 3_600_000)).toEqual([])
})

describe('periods', () => {
  // 22/11/2026 is a Sunday.
  it('are whole: a week from Monday, a month from its first to its last', () => {
    expect(daysOf('today', TODAY)).toEqual([TODAY])
    expect(daysOf('yesterday', '2026-12-01')).toEqual(['2026-11-30'])
    expect(daysOf('week', TODAY)).toEqual([16, 17, 18, 19, 20, 21, 22].map((day) => `2026-11-${day}`))
    expect(daysOf('week', '2026-11-23').at(-1)).toBe('2026-11-29')
    expect(daysOf('month', '2026-03-02')).toHaveLength(31)
    expect(daysOf('month', '2028-02-29').at(0)).toBe('2028-02-01')
    expect(daysOf('month', '2028-02-01').at(-1)).toBe('2028-02-29')
  })

  it('know the days a weekday market meets', () => {
    expect(isMarketDay('daily', TODAY)).toBe(true)
    expect(isMarketDay('1,4', '2026-11-23')).toBe(true)
    expect(isMarketDay('1,4', TODAY)).toBe(false)
    expect(isMarketDay('7', TODAY)).toBe(true)
    expect(marketDaysBefore('1,4', TODAY).slice(0, 3)).toEqual(['2026-11-19', '2026-11-16', '2026-11-12'])
    expect(marketDaysBefore('1,4', TODAY)).toHaveLength(60)
  })
})

describe('her usual market day', () => {
  it('is the median of the last eight that had takings', () => {
    expect(usualOf([])).toBeUndefined()
    expect(usualOf([0, 0])).toBeUndefined()
    expect(usualOf([0, 300_000])).toBe(300_000)
    expect(usualOf([1, 0, 2, 3, 4, 5, 0, 6, 7, 8, 1_000_000, 1_000_000])).toBe(5)
    expect(median([10, 1, 4])).toBe(4)
    expect(median([10_000, 25_000])).toBe(17_500)
  })
})
