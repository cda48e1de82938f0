import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mintReference } from '../../shared/reference.ts'
import { saleState } from '../../shared/sale-state.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { assign, setAside, split, type NotASale } from '../../server/storage/assignment.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { listInboxDays, listUndecided } from '../../server/storage/inbox.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { match, matchReversal, sale } from '../../server/storage/kit.sqlite.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { readMarketWindow } from '../../server/storage/rollup.ts'
import { getSale, issueSale, reserveSales } from '../../server/storage/sale.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import { classify, getTakings, listPayments } from '../../server/storage/takings.ts'
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

const LATER = MORNING + 3_600_000
const ROUNDS = 10
const operator = operatorScope()
const random = seededRandom(41)

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

/** Records a credit into Lan's account. Returns its seq. */
async function pay(amountVnd: number, remittanceText: string, payerName: string | null = null) {
  const told = credit({ accountNumber: market.lan.accountNumber, amountVnd, remittanceText, payerName })
  await market.store.record([messageOf(told)], RULES)
  const all = await market.store.db.select().from(match).orderBy(match.seq)
  return all.at(-1)!
}
const undo = (matchSeq: number, reason = 'khách chuyển nhầm') =>
  market.store.write((tx) =>
    reverseMatch(tx, operator, { marketId: market.marketId, matchSeq, by: 'operator', reason }, LATER),
  )
const assignTo = (stall: TestStall, transactionSeq: number, saleSeq: number | null = null) => {
  const word = { marketId: market.marketId, transactionSeq, by: 'operator', reason: 'khách nói' }
  return market.store.write((tx) => assign(tx, operator, { ...word, stallId: stall.id, saleSeq }, LATER))
}
const aside = (transactionSeq: number, kind: NotASale) => {
  const word = { marketId: market.marketId, transactionSeq, by: 'operator', reason: kind }
  return market.store.write((tx) => setAside(tx, operator, { ...word, kind }, LATER))
}
const callIt = (transactionSeq: number, kind: 'sale' | 'family') =>
  market.store.write((tx) => classify(tx, scopeOf(market.lan), transactionSeq, kind, 'vendor', LATER))
const takings = (stall = market.lan) => getTakings(market.store, scopeOf(stall), TODAY)
const undecided = () => listUndecided(market.store, operator, market.marketId)
const changes = (after = 0, stall = market.lan) => changesOf(market.store, scopeOf(stall), after, TODAY)
const NOTHING = { totalVnd: 0, saleCount: 0, unclearCount: 0 }
/** in, matched, undecided, not counted, as `many/đồng`. */
async function sums() {
  const [day] = await listInboxDays(market.store, operator, market.marketId)
  return [day!.in, day!.matched, day!.undecided, day!.notCounted].map(
    ({ transactionCount, amountVnd }) => `${transactionCount}/${amountVnd}`,
  )
}

describe('an undone match', () => {
  it('takes its money out of the takings, puts the credit back into the inbox, and edits nothing', async () => {
    const first = await pay(50_000, market.lan.reference)
    await pay(20_000, market.lan.reference)
    const before = await market.store.db.select().from(match)
    await undo(first.seq)
    expect(await takings()).toMatchObject({ totalVnd: 20_000, saleCount: 1, unclearCount: 0 })
    expect(await undecided()).toMatchObject([
      { transactionSeq: first.transactionSeq, reason: 'match_reversed' },
    ])
    expect(await sums()).toEqual(['2/70000', '1/20000', '1/50000', '0/0'])
    expect(await market.store.db.select().from(match)).toEqual(before)
    expect(await market.store.db.select().from(matchReversal)).toMatchObject([
      { matchSeq: first.seq, by: 'operator', reason: 'khách chuyển nhầm', at: LATER },
    ])
    expect(await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)).toHaveLength(1)
    expect(await findDifferences(market.store)).toEqual([])
  })

  it.each([
    ['a sale that she called family since', true, 'family'],
    ['what was unclear and she called a sale since', false, 'sale'],
    ['what is unclear', false, undefined],
  ] as const)('takes out what was counted of %s', async (_, bearsReference, since) => {
    await pay(1_000, market.lan.reference)
    const one = await pay(50_000, bearsReference ? market.lan.reference : 'khong ma')
    if (since) await callIt(one.transactionSeq, since)
    await undo(one.seq)
    expect(await takings()).toMatchObject({ totalVnd: 1_000, saleCount: 1, unclearCount: 0 })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is not undone twice, and none that is not there', async () => {
    const one = await pay(50_000, market.lan.reference)
    const both = await Promise.allSettled([undo(one.seq), undo(one.seq)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(undo(one.seq)).rejects.toMatchObject({ code: 'conflict' })
    await expect(undo(one.seq + 999)).rejects.toMatchObject({ code: 'not_found' })
    expect(await takings()).toMatchObject(NOTHING)
    expect(await sums()).toEqual(['1/50000', '0/0', '1/50000', '0/0'])
  })

  it('can be assigned anew, undone again, and assigned to the first again: each time told and counted once', async () => {
    const { seq, transactionSeq } = await pay(50_000, market.lan.reference)
    await callIt(transactionSeq, 'family')
    await undo(seq)
    await assignTo(market.hoa, transactionSeq)
    expect(await takings()).toMatchObject(NOTHING)
    expect(await takings(market.hoa)).toMatchObject({ ...NOTHING, unclearCount: 1 })
    await expect(callIt(transactionSeq, 'sale')).rejects.toMatchObject({ code: 'not_found' })
    const second = (await market.store.db.select().from(match).orderBy(match.seq)).at(-1)!
    await undo(second.seq)
    expect(await undecided()).toHaveLength(1)
    await assignTo(market.lan, transactionSeq)
    expect(await undecided()).toEqual([])
    expect(await takings(market.hoa)).toMatchObject(NOTHING)
    expect(await takings()).toMatchObject({ ...NOTHING, unclearCount: 1 })
    expect((await changes(0, market.hoa)).map(({ kind }) => kind)).toEqual(['undone'])
    expect((await changes()).map(({ kind }) => kind)).not.toContain('undone')
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('and a word of hers at the same moment leave the takings right, whoever is first', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { seq, transactionSeq } = await pay(50_000 + round, market.lan.reference)
      // Her word on what is no longer hers is refused; the undoing never is.
      const undoing = () => undo(seq)
      const saying = () => callIt(transactionSeq, 'family').catch(() => [])
      const both = round % 2 === 0 ? [undoing, saying] : [saying, undoing]
      await Promise.all([...both.map((act) => act()), pay(1_000, market.lan.reference)])
    }
    expect(await takings()).toMatchObject({ totalVnd: ROUNDS * 1_000, saleCount: ROUNDS })
    expect(await findDifferences(market.store)).toEqual([])
  })
})

describe('her phone', () => {
  it('hears that the money is gone, with her figures, and no word of who paid', async () => {
    const { seq } = await pay(50_000, `${market.lan.reference} chi Lan`, 'LE THI NGA')
    const [news] = await undo(seq)
    const heard = await changes()
    expect(heard).toMatchObject([
      { seq: news!.seq, kind: 'undone', takings: NOTHING, payment: { amountVnd: 50_000, time: '09:00' } },
    ])
    expect(JSON.stringify(heard)).not.toMatch(/NGA|chi Lan|"L•/)
    expect(await changes(0, market.hoa)).toEqual([])
  })

  it('that may not know of the money hears nothing of its going', async () => {
    const { seq } = await pay(50_000, market.lan.reference)
    await undo(seq)
    const hears = (reach: { seesAfter: number; onlyDay: string | null }) =>
      changesOf(market.store, stallScope(market.marketId, market.lan.id, reach), 0, TODAY)
    expect(await hears({ seesAfter: seq, onlyDay: null })).toEqual([])
    expect(await hears({ seesAfter: 0, onlyDay: '2026-11-23' })).toEqual([])
    expect(await hears({ seesAfter: 0, onlyDay: TODAY })).toHaveLength(1)
  })

  it('shows the sale it had paid as open again, with what else came for it', async () => {
    const scope = scopeOf(market.lan)
    const [reference] = await market.store.write((tx) =>
      reserveSales(tx, scope, 1, () => mintReference(random), MORNING),
    )
    await market.store.write((tx) => issueSale(tx, scope, reference!, 50_000, MORNING, MORNING))
    const wrong = await pay(50_000, reference!)
    await pay(20_000, reference!)
    const stateNow = async () =>
      saleState(await market.store.read((tx) => getSale(tx, scope, reference!, LATER)))
    expect(await stateNow()).toMatchObject({ status: 'paid', exception: 'paid_twice' })
    const [news] = await undo(wrong.seq)
    expect(await stateNow()).toMatchObject({ status: 'open', exception: 'underpaid', dueVnd: 30_000 })
    const [told] = await changes(news!.seq - 1)
    expect(saleState(told!.sale!)).toMatchObject({ status: 'open', dueVnd: 30_000 })
    await assignTo(market.lan, wrong.transactionSeq, wrong.saleSeq)
    expect(await stateNow()).toMatchObject({ status: 'paid' })
  })
})

describe('a credit that is no sale', () => {
  it('is out of the inbox, in no stall’s takings, on no phone, and still in the day’s sum', async () => {
    const { seq, transactionSeq } = await pay(50_000, market.lan.reference)
    await undo(seq)
    const cursor = (await changes()).at(-1)!.seq
    await aside(transactionSeq, 'family')
    expect(await undecided()).toEqual([])
    expect(await sums()).toEqual(['1/50000', '0/0', '0/0', '1/50000'])
    expect(await takings()).toMatchObject(NOTHING)
    expect(await changes(cursor)).toEqual([])
    await expect(aside(transactionSeq, 'loan')).rejects.toMatchObject({ code: 'conflict' })
    await expect(assignTo(market.hoa, transactionSeq)).rejects.toMatchObject({ code: 'conflict' })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('can be taken back: then it waits again', async () => {
    const { seq, transactionSeq } = await pay(50_000, market.lan.reference)
    await undo(seq)
    await aside(transactionSeq, 'loan')
    const word = (await market.store.db.select().from(match).orderBy(match.seq)).at(-1)!
    expect(await undo(word.seq)).toEqual([])
    expect(await undecided()).toMatchObject([{ transactionSeq, reason: 'match_reversed' }])
    expect(await sums()).toEqual(['1/50000', '0/0', '1/50000', '0/0'])
    expect(await findDifferences(market.store)).toEqual([])
  })
})

describe('a split credit', () => {
  const splitUp = (transactionSeq: number, ...parts: [stall: TestStall, amountVnd: number][]) => {
    const word = { marketId: market.marketId, transactionSeq, by: 'operator', reason: 'khách mua hai nơi' }
    const hers = parts.map(([{ id: stallId }, amountVnd]) => ({ stallId, amountVnd }))
    return market.store.write((tx) => split(tx, operator, { ...word, parts: hers }, LATER))
  }
  /** A credit of 50.000đ that waits. */
  async function waiting(): Promise<number> {
    const { seq, transactionSeq } = await pay(50_000, market.lan.reference)
    await undo(seq)
    return transactionSeq
  }

  it('is each stall’s part: in her list, her figures and on her phone, and one credit of the day', async () => {
    const transactionSeq = await waiting()
    const before = (await changes()).at(-1)!.seq
    expect(await splitUp(transactionSeq, [market.lan, 30_000], [market.hoa, 20_000])).toHaveLength(2)
    expect(await sums()).toEqual(['1/50000', '1/50000', '0/0', '0/0'])
    expect(await changes(before)).toMatchObject([{ kind: 'credit', payment: { amountVnd: 30_000 } }])
    const told = await changes(0, market.hoa)
    expect(told).toMatchObject([{ kind: 'credit', payment: { amountVnd: 20_000 } }])
    expect(JSON.stringify(told)).not.toContain('50000')
    expect(await undecided()).toEqual([])
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is called something by each vendor for herself', async () => {
    const transactionSeq = await waiting()
    await splitUp(transactionSeq, [market.lan, 30_000], [market.hoa, 20_000])
    await callIt(transactionSeq, 'sale')
    expect(await takings()).toMatchObject({ totalVnd: 30_000, saleCount: 1, unclearCount: 0 })
    expect(await takings(market.hoa)).toMatchObject({ ...NOTHING, unclearCount: 1 })
    const hers = scopeOf(market.hoa)
    await market.store.write((tx) => classify(tx, hers, transactionSeq, 'family', 'vendor', LATER))
    expect(await takings()).toMatchObject({ totalVnd: 30_000, saleCount: 1 })
    expect(await takings(market.hoa)).toMatchObject(NOTHING)
    const reach = { seesAfter: 1, onlyDay: null }
    const summed = stallScope(market.marketId, market.lan.id, reach)
    expect(await getTakings(market.store, summed, TODAY)).toMatchObject({ totalVnd: 30_000, saleCount: 1 })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is undone whole, whichever part is named, and can then be one stall’s', async () => {
    const transactionSeq = await waiting()
    await splitUp(transactionSeq, [market.lan, 30_000], [market.hoa, 20_000])
    await callIt(transactionSeq, 'sale')
    const part = (await market.store.db.select().from(match).orderBy(match.seq)).at(-1)!
    expect(await undo(part.seq)).toHaveLength(2)
    await expect(undo(part.seq - 1)).rejects.toMatchObject({
      code: expect.stringMatching(/conflict|not_found/),
    })
    expect(await takings()).toMatchObject(NOTHING)
    expect(await takings(market.hoa)).toMatchObject(NOTHING)
    expect(await undecided()).toMatchObject([{ transactionSeq, reason: 'match_reversed' }])
    expect(await sums()).toEqual(['1/50000', '0/0', '1/50000', '0/0'])
    expect((await changes(0, market.hoa)).map(({ kind }) => kind)).toEqual(['undone'])
    await assignTo(market.lan, transactionSeq)
    await callIt(transactionSeq, 'sale')
    expect(await takings()).toMatchObject({ totalVnd: 50_000, saleCount: 1, unclearCount: 0 })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is one payment of its payer in the rollups, while any part of it is a sale', async () => {
    const payer = { payerAccount: '0123456789', amountVnd: 50_000 }
    const told = { accountNumber: market.lan.accountNumber, remittanceText: market.lan.reference, ...payer }
    await market.store.record([messageOf(credit(told))], RULES)
    const [wrong] = await market.store.db.select().from(match)
    const { transactionSeq } = wrong!
    const payersNow = async () => {
      await followLedger(market.store, (_, account) => account)
      expect(await findDifferences(market.store)).toEqual([])
      const { saleCount, payerSaleCount, payers } = await readMarketWindow(
        market.store,
        operator,
        market.marketId,
        TODAY,
      )
      return { saleCount, payerSaleCount, payers }
    }
    await undo(wrong!.seq)
    await splitUp(transactionSeq, [market.lan, 30_000], [market.hoa, 20_000])
    expect(await payersNow()).toEqual({ saleCount: 0, payerSaleCount: 0, payers: 0 })
    await callIt(transactionSeq, 'sale')
    expect(await payersNow()).toEqual({ saleCount: 1, payerSaleCount: 1, payers: 1 })
    const hers = scopeOf(market.hoa)
    await market.store.write((tx) => classify(tx, hers, transactionSeq, 'sale', 'vendor', LATER))
    expect(await payersNow()).toEqual({ saleCount: 2, payerSaleCount: 1, payers: 1 })
    await callIt(transactionSeq, 'family')
    expect(await payersNow()).toEqual({ saleCount: 1, payerSaleCount: 1, payers: 1 })
    const part = (await market.store.db.select().from(match).orderBy(match.seq)).at(-1)!
    await undo(part.seq)
    expect(await payersNow()).toEqual({ saleCount: 0, payerSaleCount: 0, payers: 0 })
  })

  it('adds up exactly, over two stalls or more, each once, and nothing less is recorded', async () => {
    const transactionSeq = await waiting()
    const { lan, hoa } = market
    for (const parts of [
      [
        [lan, 30_000],
        [hoa, 20_001],
      ],
      [
        [lan, 30_000],
        [hoa, 19_999],
      ],
      [[lan, 50_000]],
      [
        [lan, 30_000],
        [lan, 20_000],
      ],
      [
        [lan, 50_000],
        [hoa, 0],
      ],
      [
        [lan, 60_000],
        [hoa, -10_000],
      ],
      [
        [lan, 49_999.5],
        [hoa, 0.5],
      ],
    ] as [TestStall, number][][]) {
      await expect(splitUp(transactionSeq, ...parts)).rejects.toMatchObject({ code: 'invalid_input' })
    }
    expect(await undecided()).toHaveLength(1)
    expect(await takings()).toMatchObject(NOTHING)
    const both = [splitUp(transactionSeq, [lan, 1], [hoa, 49_999]), assignTo(lan, transactionSeq)]
    expect((await Promise.allSettled(both)).map(({ status }) => status).toSorted()).toEqual([
      'fulfilled',
      'rejected',
    ])
    expect(await findDifferences(market.store)).toEqual([])
  })
})

it('a sale of another stall’s is not paid by a person’s word', async () => {
  const scope = scopeOf(market.hoa)
  const [reference] = await market.store.write((tx) =>
    reserveSales(tx, scope, 1, () => mintReference(random), MORNING),
  )
  expect(reference).toBeDefined()
  const { seq, transactionSeq } = await pay(50_000, market.lan.reference)
  await undo(seq)
  const [hers] = await market.store.db.select().from(sale)
  await expect(assignTo(market.lan, transactionSeq, hers!.seq)).rejects.toMatchObject({ code: 'not_found' })
  expect(await undecided()).toHaveLength(1)
})
