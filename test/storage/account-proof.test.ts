import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { mintReference } from '../../shared/reference.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { accountsOf } from '../../server/storage/account.ts'
import { addProof, findProof, type AccountProof } from '../../server/storage/account-proof.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import type { RecordingRules } from '../../server/storage/decision.ts'
import {
  bankTransaction,
  change,
  classification,
  dailyOutcome,
  match,
  matchException,
  erasable,
  takings,
} from '../../server/storage/kit.sqlite.ts'
import { reserveSales } from '../../server/storage/sale.ts'
import {
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  seededRandom,
  type SmallMarket,
  type TestStall,
} from '../small-market.ts'

const RULES: RecordingRules = { decide, sameTransfer, dayOf }
const PHONE = 'hash of a phone'
const A_DAY = 86_400_000

let market: SmallMarket
let random: (below: number) => number
const mint = () => mintReference(random)
beforeEach(async () => {
  market = await openSmallMarket()
  random = seededRandom(42)
})
afterEach(() => market.close())

async function start(stall: TestStall, amountVnd: number | null = null, phone = PHONE, from = mint) {
  return market.store.write(function* (tx) {
    const [account] = yield* accountsOf(tx, [stall.id])
    const times = { startedAt: MORNING, expiresAt: MORNING + A_DAY }
    const wanted = { accountId: account!.id, tokenHash: phone, amountVnd, ...times }
    yield* addProof(tx, scopeOf(stall), wanted, from)
    return (yield* findProof(tx, scopeOf(stall), phone))!
  })
}
const again = (proof: AccountProof, stall = market.lan) =>
  market.store.read((tx) => findProof(tx, scopeOf(stall), proof.tokenHash))
const told = (proof: AccountProof, more: Partial<BankTransaction> = {}, stall = market.lan) =>
  credit({
    accountNumber: stall.accountNumber,
    remittanceText: `MBVCB.123.${proof.reference.toLowerCase()} CT tu 0123`,
    amountVnd: 3_217,
    ...more,
  })
const record = (...transactions: BankTransaction[]) =>
  market.store.record([messageOf(...transactions)], RULES)
const everything = async () => {
  const { db } = market.store
  return {
    matches: await db.select().from(match),
    classifications: await db.select().from(classification),
    changes: await db.select().from(change),
    takings: await db.select().from(takings),
    words: await db.select().from(erasable),
  }
}
const NOTHING = { matches: [], classifications: [], changes: [], takings: [], words: [] }

describe('a credit with a proof’s reference', () => {
  it('answers it, and leaves neither match nor change nor words', async () => {
    const proof = await start(market.lan)
    expect(await record(told(proof))).toEqual([])
    expect(await again(proof)).toMatchObject({ creditVnd: 3_217 })
    expect(await everything()).toEqual(NOTHING)
    const [row] = await market.store.db.select().from(bankTransaction)
    expect(row).toMatchObject({ marketId: market.marketId, notCounted: 'test' })
    expect(await market.store.db.select().from(dailyOutcome)).toMatchObject([
      { outcome: 'not_counted', transactionCount: 1, amountVnd: 3_217 },
    ])
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('told again, by the other channel or in the other’s words, changes nothing', async () => {
    const proof = await start(market.lan)
    const first = told(proof)
    await record(first)
    await record(first)
    const { sourceKey: _, ...same } = first
    await record({ ...same, sourceKey: 'backfill:1', channel: 'backfill' })
    expect(await market.store.db.select().from(bankTransaction)).toHaveLength(1)
    const [outcome] = await market.store.db.select().from(dailyOutcome)
    expect(outcome).toMatchObject({ transactionCount: 1 })
    expect(await again(proof)).toMatchObject({ creditVnd: 3_217 })
  })

  it.each<[string, Partial<BankTransaction>[], number]>([
    ['the first odd one stays', [{ amountVnd: 3_217 }, { amountVnd: 4_321 }], 3_217],
    ['a round one is replaced', [{ amountVnd: 5_000 }, { amountVnd: 4_321 }, { amountVnd: 9_999 }], 4_321],
    ['also within one batch', [{ amountVnd: 5_000 }, { amountVnd: 4_321 }], 4_321],
    ['the first odd one of a batch stays', [{ amountVnd: 3_217 }, { amountVnd: 4_321 }], 3_217],
    ['also in the source’s own code', [{ remittanceText: 'CK', amountVnd: 4_321 }], 4_321],
  ])('of several: %s, and all of them are tests', async (name, credits, kept) => {
    const proof = await start(market.lan)
    const all = credits.map((one) =>
      told(proof, { ...one, ...(one.remittanceText ? { sourceCode: proof.reference } : {}) }),
    )
    if (name.includes('batch'))
      await market.store.record(
        all.map((one) => messageOf(one)),
        RULES,
      )
    else for (const one of all) await record(one)
    expect(await again(proof)).toMatchObject({ creditVnd: kept })
    const rows = await market.store.db.select().from(bankTransaction)
    expect(rows.map((row) => row.notCounted)).toEqual(all.map(() => 'test'))
    expect(await everything()).toEqual(NOTHING)
  })

  it('beside her stall’s own reference is a test; beside a sale’s, or another stall’s, nobody guesses', async () => {
    const proof = await start(market.lan)
    const [sale] = await market.store.write((tx) => reserveSales(tx, scopeOf(market.lan), 1, mint, MORNING))
    const both = (reference: string) => told(proof, { remittanceText: `${proof.reference} ${reference}` })
    await record(both(market.lan.reference))
    await record(both(sale!))
    await record(both(market.hoa.reference))
    const rows = await market.store.db.select().from(bankTransaction)
    expect(rows.map((row) => row.notCounted)).toEqual(['test', null, null])
    const raised = await market.store.db.select().from(matchException)
    expect(raised.map((one) => one.reason)).toEqual(['two_references', 'two_references'])
  })

  it('into another account is for a person, and answers nothing', async () => {
    const proof = await start(market.lan)
    await record(told(proof, {}, market.hoa))
    expect(await market.store.db.select().from(matchException)).toMatchObject([{ reason: 'wrong_account' }])
    expect(await again(proof)).toMatchObject({ creditVnd: null })
    expect((await everything()).matches).toEqual([])
  })

  it.each<[string, Parameters<SmallMarket['addStall']>[0], string]>([
    ['of a source that may not speak for it', { name: 'X1', bound: false }, 'source_not_allowed'],
    ['of a vendor who has not agreed', { name: 'X2', consented: false }, 'no_consent'],
  ])('%s stays nobody’s', async (_, options, reason) => {
    const stall = await market.addStall(options)
    const proof = await start(stall)
    await record(told(proof, {}, stall))
    const [row] = await market.store.db.select().from(bankTransaction)
    expect(row).toMatchObject({ marketId: 0, notCounted: reason })
    expect(await again(proof, stall)).toMatchObject({ creditVnd: null })
  })

  it('goes out, and answers nothing', async () => {
    const proof = await start(market.lan)
    await record(told(proof, { direction: 'out' }))
    expect(await again(proof)).toMatchObject({ creditVnd: null })
  })

  it('of an account shared with another stall goes where the proof is', async () => {
    const { accountNumber } = market.lan
    const shared = await market.addStall({ name: 'A3', accountNumber })
    const proof = await start(shared)
    await record(told(proof, {}, shared))
    expect(await again(proof, shared)).toMatchObject({ creditVnd: 3_217 })
  })
})

describe('a proof’s reference', () => {
  it('is nobody else’s: a stall’s, a sale’s and another proof’s are minted again', async () => {
    const [sale] = await market.store.write((tx) => reserveSales(tx, scopeOf(market.hoa), 1, mint, MORNING))
    const other = await start(market.hoa)
    const free = mint()
    const wishes = [market.hoa.reference, sale!, other.reference, free]
    expect(await start(market.lan, null, 'another phone', () => wishes.shift()!)).toMatchObject({
      reference: free,
    })
    const taken = start(market.lan, null, 'a third', () => other.reference)
    await expect(taken).rejects.toMatchObject({ code: 'unavailable' })
    const sales = market.store.write((tx) =>
      reserveSales(tx, scopeOf(market.lan), 1, () => other.reference, MORNING),
    )
    await expect(sales).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('asked for five times a day by a stall is asked for no sixth time', async () => {
    for (let one = 0; one < 5; one += 1) await start(market.lan, 2_345, `phone ${one}`)
    await expect(start(market.lan, 2_345, 'phone 6')).rejects.toMatchObject({ code: 'conflict' })
    expect(await start(market.hoa)).toMatchObject({ triesUsed: 0 })
  })
})
