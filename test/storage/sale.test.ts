import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mintReference } from '../../shared/reference.ts'
import { saleState } from '../../shared/sale-state.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import type { RecordingRules } from '../../server/storage/decision.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { listUndecided } from '../../server/storage/inbox.ts'
import { match, matchReversal, sale } from '../../server/storage/kit.sqlite.ts'
import {
  cancelSale,
  getSale,
  issueSale,
  listSales,
  listUsualAmounts,
  reserveSales,
} from '../../server/storage/sale.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { getTakings } from '../../server/storage/takings.ts'
import {
  changesOf,
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  seededRandom,
  TODAY,
  type SmallMarket,
  type TestStall,
} from '../small-market.ts'

const RULES: RecordingRules = { decide, sameTransfer, dayOf }
const random = seededRandom(77)
const mint = () => mintReference(random)

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const reserve = (count: number, stall: TestStall = market.lan, at = MORNING, from = mint) =>
  market.store.write((tx) => reserveSales(tx, scopeOf(stall), count, from, at))
const issue = (reference: string, amountVnd: number, at = MORNING, stall = market.lan) =>
  market.store.write((tx) => issueSale(tx, scopeOf(stall), reference, amountVnd, at, at))
const cancel = (reference: string, at: number) =>
  market.store.write((tx) => cancelSale(tx, scopeOf(market.lan), reference, at, at))
/** Asks for that amount with a reference of its own. */
const ask = async (amountVnd: number, at = MORNING) => {
  const [reference] = await reserve(1)
  await issue(reference!, amountVnd, at)
  return reference!
}
const pay = (amountVnd: number, remittanceText: string, at = MORNING + 1_000, more = {}) => {
  const told = credit({
    accountNumber: market.lan.accountNumber,
    amountVnd,
    remittanceText,
    bookedAt: at,
    ...more,
  })
  return market.store.record([{ ...messageOf(told), receivedAt: at }], RULES)
}
const factsOf = (reference: string, now = MORNING + 3_600_000) =>
  market.store.read((tx) => getSale(tx, scopeOf(market.lan), reference, now))
const stateOf = async (reference: string, now?: number) => saleState(await factsOf(reference, now))
const told = async (after = 0) =>
  (await changesOf(market.store, scopeOf(market.lan), after, TODAY)).map(
    ({ kind, sale: facts }) => [kind, facts && saleState(facts).exception] as const,
  )

describe('a reference reserved', () => {
  it('is nobody else’s: taken ones, a stall’s own included, are minted again', async () => {
    const [first] = await reserve(1)
    const wishes = [market.hoa.reference, first!, mint()]
    const expected = wishes[2]
    expect(await reserve(1, market.hoa, MORNING, () => wishes.shift()!)).toEqual([expected])
    await expect(reserve(1, market.hoa, MORNING, () => first!)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is never given out twice, whichever phone asks', async () => {
    const all = (await Promise.all([reserve(20), reserve(20), reserve(20, market.hoa)])).flat()
    expect(new Set(all).size).toBe(60)
  })

  it('has an end: nobody fills the disk with them, and tomorrow there are new ones', async () => {
    for (let i = 0; i < 20; i += 1) await reserve(20)
    await expect(reserve(1)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await reserve(1, market.lan, MORNING + 86_400_001)).toHaveLength(1)
  })
})

describe('the phone’s word', () => {
  it('is idempotent, and never changes an amount', async () => {
    const reference = await ask(50_000)
    await issue(reference, 50_000, MORNING + 9_000)
    expect(await factsOf(reference)).toMatchObject({ amountVnd: 50_000, issuedAt: MORNING })
    await expect(issue(reference, 60_000)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('counts only for the stall that reserved it', async () => {
    const [reference] = await reserve(1)
    await expect(issue(reference!, 1_000, MORNING, market.hoa)).rejects.toMatchObject({ code: 'not_found' })
    await expect(issue(mint(), 1_000)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('may come after the money: matched by its reservation, then told again in silence', async () => {
    const [reference] = await reserve(1)
    await pay(50_000, `CK ${reference}`)
    expect(await stateOf(reference!)).toMatchObject({ status: 'reserved', receivedVnd: 50_000 })
    expect(await told()).toEqual([['credit', 'none']])
    const news = await issue(reference!, 50_000, MORNING + 60_000)
    expect(news).toMatchObject({ stallId: market.lan.id })
    expect(await stateOf(reference!)).toMatchObject({ status: 'paid', exception: 'none' })
    expect(await told(news!.seq - 1)).toEqual([['classified', 'none']])
  })
})

describe('money with a sale’s reference', () => {
  it('is the stall’s takings, bears the sale, proves the account, and the audit agrees', async () => {
    const reference = await ask(50_000)
    await pay(50_000, `IBFT ${reference.toLowerCase()}`)
    expect(await market.store.db.select().from(match)).toMatchObject([
      { rule: 'sale_reference', stallId: market.lan.id, saleSeq: expect.any(Number) },
    ])
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 50_000,
      saleCount: 1,
    })
    expect(await stateOf(reference)).toEqual({
      status: 'paid',
      exception: 'none',
      receivedVnd: 50_000,
      dueVnd: 0,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('into another stall’s account is for a person', async () => {
    const reference = await ask(50_000)
    await pay(50_000, reference, MORNING + 1_000, { accountNumber: market.hoa.accountNumber })
    expect(await listUndecided(market.store, operatorScope(), market.marketId)).toMatchObject([
      { reason: 'wrong_account' },
    ])
    expect(await stateOf(reference)).toMatchObject({ status: 'open', receivedVnd: 0 })
  })

  it('two shoppers at once, the same amount twice: each pays her own', async () => {
    const first = await ask(40_000)
    const second = await ask(40_000)
    await pay(40_000, second)
    expect(await stateOf(first)).toMatchObject({ status: 'open', exception: 'none' })
    expect(await stateOf(second)).toMatchObject({ status: 'paid', exception: 'none' })
    await pay(40_000, first)
    expect(await stateOf(first)).toMatchObject({ status: 'paid', exception: 'none' })
  })

  it('200đ, then the rest: each change says how the sale stood with it', async () => {
    const reference = await ask(200_000)
    await pay(200, reference)
    await pay(199_800, reference)
    expect(await told()).toEqual([
      ['credit', 'underpaid'],
      ['credit', 'none'],
    ])
    expect(await stateOf(reference)).toMatchObject({ status: 'paid', exception: 'none' })
  })

  it('paid twice, too much, cancelled on its way: taken in, and named', async () => {
    const twice = await ask(30_000)
    await pay(30_000, twice)
    await pay(30_000, twice)
    const much = await ask(30_000)
    await pay(35_000, much)
    const cancelled = await ask(30_000)
    await cancel(cancelled, MORNING + 500)
    await cancel(cancelled, MORNING + 99_000)
    await pay(30_000, cancelled)
    expect(await stateOf(twice)).toMatchObject({ exception: 'paid_twice', dueVnd: -30_000 })
    expect(await stateOf(much)).toMatchObject({ exception: 'overpaid', dueVnd: -5_000 })
    expect(await stateOf(cancelled)).toMatchObject({ status: 'paid', exception: 'after_cancel' })
    expect((await getTakings(market.store, scopeOf(market.lan), TODAY)).totalVnd).toBe(125_000)
  })

  it('weeks late still finds its sale, and is late', async () => {
    const reference = await ask(30_000)
    const weeksLater = MORNING + 20 * 86_400_000
    await pay(30_000, reference, weeksLater)
    expect(await stateOf(reference, weeksLater)).toMatchObject({ status: 'paid', exception: 'late' })
    expect(await told()).toEqual([['credit', 'late']])
  })

  it('whose match a person undid does not count towards it', async () => {
    const reference = await ask(30_000)
    await pay(30_000, reference)
    const [row] = await market.store.db.select().from(match)
    const undone = { marketId: row!.marketId, seq: 9_999, matchSeq: row!.seq, by: 'test', reason: 'test' }
    await market.store.db.insert(matchReversal).values({ ...undone, at: MORNING })
    expect(await stateOf(reference)).toMatchObject({ status: 'open', receivedVnd: 0 })
  })
})

it('lists the newest sales, and the amounts most used', async () => {
  await ask(20_000, MORNING - 1)
  await ask(20_000)
  const newest = await ask(70_000, MORNING + 1)
  await pay(15_000, market.lan.reference)
  const scope = scopeOf(market.lan)
  const listed = await listSales(market.store, scope, MORNING, MORNING + 10)
  expect(listed.map((one) => one.amountVnd)).toEqual([70_000, 20_000, 20_000])
  expect(listed[0]!.reference).toBe(newest)
  expect(await listUsualAmounts(market.store, scope, TODAY, 2)).toEqual([20_000, 15_000])
  expect(await listUsualAmounts(market.store, scopeOf(market.hoa), TODAY, 2)).toEqual([])
  expect(await market.store.db.select().from(sale)).toHaveLength(3)
})
