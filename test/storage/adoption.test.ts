import { and, eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addDays } from '../../shared/business-day.ts'
import { CONSENT_TEXT_VERSION, tellsOfVisits } from '../../shared/consent-text.ts'
import { questionOf } from '../../server/domain/adoption.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { countActive, countAdoption, listSilentStalls } from '../../server/storage/adoption.ts'
import { withdrawConsent } from '../../server/storage/consent.ts'
import { match, takings, tenancy } from '../../server/storage/kit.sqlite.ts'
import { addMarket } from '../../server/storage/market.ts'
import { marketScope, operatorScope, stallScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { recordPrintedCode } from '../../server/storage/stall-code.ts'
import { closeStall, listStalls, registerStall, type StallEntry } from '../../server/storage/stall.ts'
import { classify } from '../../server/storage/takings.ts'
import { rows, run } from '../../server/storage/unit.ts'
import {
  credit,
  MB,
  messageOf,
  openSmallMarket,
  seededRandom,
  SOURCE,
  type SmallMarket,
} from '../small-market.ts'

/** The last closed day; the day after it is today. */
const DAY = '2026-11-21'
const OPENED = '2026-06-01'

let small: SmallMarket
beforeEach(async () => void (small = await openSmallMarket()))
afterEach(() => small.close())

const at = (day: string, time = '09:00') => Date.parse(`${day}T${time}:00+07:00`)

interface Options {
  section?: string
  vendor?: string
  opened?: string
  /** null: she has not agreed. */
  text?: string | null
}

/** A market with a past: stalls open, and credits are booked, on the days that are named. */
async function openMarket({ dayStartsAtMinutes = 0, marketDays = 'daily' } = {}) {
  const { store } = small
  const random = seededRandom(5)
  const row = { code: 'cho-cu', name: 'Chợ Cũ', dayStartsAtMinutes, marketDays, stallWord: 'sạp' }
  const market = await store.changeRegistry((tx) => addMarket(tx, operatorScope(), row, at(OPENED)))
  const scope = marketScope(market.id)

  async function add(name: string, options: Options = {}): Promise<StallEntry> {
    const { section = 'A', vendor = `Chủ ${name}`, opened = OPENED, text = CONSENT_TEXT_VERSION } = options
    const accountNumber = `CU${name}${vendor.length}`
    await store.changeRegistry(function* (tx) {
      const registration = {
        section,
        stall: name,
        vendor,
        phone: '',
        account: {
          bankBin: MB,
          accountNumber,
          accountName: 'CHU SAP',
          virtualAccount: null,
          holder: 'vendor' as const,
          holderType: 'individual' as const,
          sellingOnly: false,
        },
        consentAt: text === null ? null : at(opened, '00:00'),
        consentTextVersion: text ?? '',
      }
      yield* registerStall(tx, scope, registration, () => mintStall(random), 'test', at(opened, '00:00'))
      yield* bindAccounts(tx, operatorScope(), SOURCE, [{ bankBin: MB, accountNumber }], at(opened))
    })
    return (await listStalls(store, scope)).find((one) => one.stall.name === name)!
  }
  async function pay({ stall, accounts }: StallEntry, day: string, times = 1, time = '09:00') {
    const told = Array.from({ length: times }, () =>
      credit({
        accountNumber: accounts[0]!.accountNumber,
        remittanceText: stall.reference,
        bookedAt: at(day, time),
      }),
    )
    await store.record([messageOf(...told)], { decide, sameTransfer, dayOf })
  }
  const question = questionOf(DAY, marketDays)
  return {
    store,
    scope,
    add,
    pay,
    question,
    count: (basis: 'takings' | 'ledger' = 'takings') => countAdoption(store, scope, question, basis),
    silent: () => listSilentStalls(store, scope, question),
    close: (entry: StallEntry, day: string) =>
      store.changeRegistry((tx) => closeStall(tx, scope, entry.stall.id, at(day))),
  }
}

/** Fourteen stalls, each one case; worked out by hand. */
async function fillByHand() {
  const market = await openMarket()
  const { add, pay, store, scope } = market
  const regular = await add('A1')
  const fewReceipts = await add('A2')
  const fewDays = await add('A3')
  for (let index = 0; index < 10; index += 1) {
    const day = addDays('2026-11-01', index)
    await pay(regular, day, 5)
    await pay(fewReceipts, day, index === 0 ? 4 : 5)
    if (index < 9) await pay(fewDays, day, index === 0 ? 10 : 5)
  }
  await pay(await add('A4'), '2026-10-23')
  await pay(await add('A5'), '2026-10-22')
  await add('A6')
  await pay(await add('A7'), '2026-11-22')
  const reclassified = await add('A8')
  await pay(reclassified, DAY)
  await store.write(function* (tx) {
    const [found] = yield* rows(tx.select().from(match).where(eq(match.stallId, reclassified.stall.id)))
    const own = stallScope(scope.marketId, reclassified.stall.id)
    yield* classify(tx, own, found!.transactionSeq, 'family', 'test', at(DAY))
  })
  await pay(await add('A9', { opened: '2026-11-15' }), '2026-11-16')
  const closed = await add('B1', { section: 'B' })
  await pay(closed, '2026-11-05')
  await market.close(closed, '2026-11-10')
  await market.close(await add('B2', { section: 'B' }), '2026-10-20')
  await add('B3', { section: 'B', text: null })
  await pay(await add('B4', { section: 'B', text: '2026-11-1' }), DAY)
  const withdrawn = await add('B5', { section: 'B' })
  await pay(withdrawn, DAY)
  const given = { vendorId: withdrawn.vendor!.id, marketId: scope.marketId, textVersion: '', by: 'test' }
  await store.changeRegistry((tx) => withdrawConsent(tx, { ...given, at: at('2026-11-22') }))
  const handed = await add('B6', { section: 'B', vendor: 'Bà Cũ' })
  await pay(handed, '2026-11-05')
  await add('B6', { section: 'B', vendor: 'Chị Mới', opened: '2026-11-10' })
  await store.write((tx) =>
    recordPrintedCode(tx, scope, { stallId: handed.stall.id, accountId: 1, payload: 'x' }, at('2026-11-01')),
  )
  return market
}

describe('a small market worked out by hand', () => {
  const A = { section: 'A', operating: 9, agreed: 9, unnamed: 0, leftOut: 0, held: 9 }
  const B = { section: 'B', operating: 5, agreed: 2, unnamed: 0, leftOut: 1, held: 5 }
  const BY_HAND = [
    // Paid ever: all but A6 (never), A7 (only today), A8 (it was family's money). A5's was a day too early.
    { ...A, printed: 6, everPaid: 6, active30d: 5, regular: 1 },
    // B1 closed within the window; B2 before it; B3 never agreed; B4 to an older text; B5 withdrew; B6 is new there.
    { ...B, printed: 2, everPaid: 1, active30d: 1, regular: 0 },
  ]

  it('is what the takings say', async () => {
    expect(await (await fillByHand()).count()).toEqual(BY_HAND)
  })

  it('is what the ledger says', async () => {
    expect(await (await fillByHand()).count('ledger')).toEqual(BY_HAND)
  })

  it('names for a visit only who is open, silent and agreed to be named', async () => {
    const silent = await (await fillByHand()).silent()
    expect(silent.map((one) => [one.name, one.hadReceived])).toEqual([
      ['A5', true],
      ['A6', false],
      ['A7', false],
      ['A8', false],
      ['B6', false],
    ])
    expect(Object.keys(silent[0]!)).toEqual(['section', 'name', 'code', 'vendor', 'phone', 'hadReceived'])
  })

  it('counts ten vendors of the older text, for together they hide each other, and still names none', async () => {
    const market = await fillByHand()
    for (let index = 0; index < 9; index += 1)
      await market.add(`C${index}`, { section: 'C', text: '2026-11-1' })
    const counted = await market.count()
    expect(counted.find((one) => one.section === 'B')).toMatchObject({ agreed: 3, unnamed: 1, active30d: 2 })
    expect(counted.find((one) => one.section === 'C')).toMatchObject({ agreed: 9, unnamed: 9, active30d: 0 })
    expect((await market.silent()).filter((one) => one.section === 'C')).toEqual([])
  })

  it('takings that were tampered with no longer agree with the ledger', async () => {
    const market = await fillByHand()
    const { store, scope } = market
    await store.write((tx) =>
      run(
        tx
          .update(takings)
          .set({ saleCount: sql`${takings.saleCount} - 1` })
          .where(and(eq(takings.marketId, scope.marketId), eq(takings.businessDay, '2026-10-23'))),
      ),
    )
    const [counted] = await market.count()
    const [ledger] = await market.count('ledger')
    expect([counted!.active30d, ledger!.active30d]).toEqual([4, 5])
  })

  it('eight weeks at once say the same as each day asked alone', async () => {
    const { store, scope, question } = await fillByHand()
    const earlier = questionOf('2026-10-31', 'daily')
    const [then, now] = await countActive(store, scope, [earlier, question])
    const active = (one: { active30d: number }[]) => one.map((section) => section.active30d)
    expect(active(now!)).toEqual([5, 1])
    expect(active(then!)).toEqual(active(await countAdoption(store, scope, earlier, 'takings')))
    // A4 of 23/10 and A5 of 22/10, and B's none: B6 was still another vendor's, who had received nothing by then.
    expect(active(then!)).toEqual([2, 0])
  })
})

describe('over time', () => {
  it('closing changes no count on the day it closes, so that it does not tell whether it was active', async () => {
    const market = await openMarket()
    const stalls = []
    for (let index = 0; index < 12; index += 1) stalls.push(await market.add(`A${index}`))
    for (const one of stalls.slice(0, 6)) await market.pay(one, '2026-11-10')
    const before = await market.count()
    await market.close(stalls[0]!, DAY)
    expect(await market.count()).toEqual(before)
    expect((await market.silent()).length).toBe(6)
    // Thirty days on it leaves, and by then nothing of it is left to be subtracted.
    const later = async (day: string) =>
      (await countAdoption(market.store, market.scope, questionOf(day, 'daily'), 'takings'))[0]!
    expect(await later('2026-12-20')).toMatchObject({ operating: 12, active30d: 0 })
    expect(await later('2026-12-21')).toMatchObject({ operating: 11, active30d: 0 })
  })

  it('a stall’s vendor is asked anew: nothing of the one before, not even on the day of the handover', async () => {
    const market = await openMarket()
    await market.pay(await market.add('A1', { vendor: 'Bà Cũ' }), '2026-11-10', 1, '08:00')
    const handed = await market.add('A1', { vendor: 'Chị Mới Hơn', opened: '2026-11-10' })
    expect((await market.count())[0]).toMatchObject({ operating: 1, everPaid: 0, active30d: 0 })
    await market.pay(handed, '2026-11-11')
    expect((await market.count())[0]).toMatchObject({ everPaid: 1, active30d: 1 })
    expect((await market.store.db.select().from(tenancy)).length).toBeGreaterThan(1)
  })
})

describe('market days', () => {
  it('of a market of Mondays and Thursdays: 15 receipts on 3 of them, and none on other days', async () => {
    const market = await openMarket({ marketDays: '1,4' })
    const onMarketDays = await market.add('A1')
    const twoDays = await market.add('A2')
    const otherDays = await market.add('A3')
    for (const day of ['2026-11-12', '2026-11-16', '2026-11-19']) {
      await market.pay(onMarketDays, day, 5)
      await market.pay(otherDays, addDays(day, 1), 5)
    }
    await market.pay(twoDays, '2026-11-16', 8)
    await market.pay(twoDays, '2026-11-19', 7)
    expect((await market.count())[0]).toMatchObject({ active30d: 3, regular: 1 })
    expect(await market.count('ledger')).toEqual(await market.count())
  })

  it('of a night market run past midnight', async () => {
    const market = await openMarket({ dayStartsAtMinutes: 900 })
    await market.pay(await market.add('A1'), '2026-11-22', 1, '02:00')
    await market.pay(await market.add('A2'), '2026-11-22', 1, '16:00')
    expect((await market.count())[0]).toMatchObject({ operating: 2, active30d: 1 })
  })
})

it('a paper tells of visits only if it was signed after the text was written', () => {
  const since = at('2026-11-22', '00:00')
  expect(tellsOfVisits(CONSENT_TEXT_VERSION, since - 1)).toBe(true)
  expect(tellsOfVisits(`paper, ${CONSENT_TEXT_VERSION}`, since)).toBe(true)
  expect(tellsOfVisits(`paper, ${CONSENT_TEXT_VERSION}`, since - 1)).toBe(false)
  for (const other of ['2026-11-1', 'paper, 2026-11-1', 'test', ''])
    expect(tellsOfVisits(other, since)).toBe(false)
})
