import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { and, desc, eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mintReference } from '../../shared/reference.ts'
import { saleState, type SaleState } from '../../shared/sale-state.ts'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { addProof } from '../../server/storage/account-proof.ts'
import { assign, setAside, split } from '../../server/storage/assignment.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { listInboxDays } from '../../server/storage/inbox.ts'
import {
  accountProof,
  bankTransaction,
  classification,
  match,
  matchException,
  sale,
} from '../../server/storage/kit.sqlite.ts'
import { standing } from '../../server/storage/match.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { cancelSale, getSale, issueSale, reserveSales } from '../../server/storage/sale.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { closeStall, getStall } from '../../server/storage/stall.ts'
import { EXCEPTION_REASONS, MATCH_RULES, NOT_COUNTED_REASONS } from '../../server/storage/tables.ts'
import { getTakings } from '../../server/storage/takings.ts'
import {
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  seededRandom,
  SOURCE,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'

const MINUTE_MS = 60_000
const PRICE = 200_000
const operator = operatorScope()
const random = seededRandom(61)
const mint = () => mintReference(random)

let market: SmallMarket
beforeEach(async () => {
  market = await openSmallMarket()
  // Both accounts are proven by earlier credits.
  for (const stall of [market.lan, market.hoa]) {
    await pay({ accountNumber: stall.accountNumber, remittanceText: stall.reference, amountVnd: 1_000 })
  }
})
afterEach(() => market.close())

/** A credit into Lan's account, unless another is said, heard a second after its booking, unless that is said. */
const pay = (
  told: Partial<BankTransaction>,
  sourceId = SOURCE,
  receivedAt = MORNING + 1_000,
  corroborates?: 'only',
) => {
  const transaction = credit({ accountNumber: market.lan.accountNumber, amountVnd: PRICE, ...told })
  return market.store.record([{ ...messageOf(transaction), sourceId, receivedAt, corroborates }], RULES)
}
/** A sale of Lan's that asks for the price, or that her phone has not told of yet. */
async function ask(isTold = true): Promise<string> {
  const scope = scopeOf(market.lan)
  const [reference] = await market.store.write((tx) => reserveSales(tx, scope, 1, mint, MORNING))
  if (isTold) await market.store.write((tx) => issueSale(tx, scope, reference!, PRICE, MORNING, MORNING))
  return reference!
}
const lastCredit = async () => {
  const { db } = market.store
  const [row] = await db
    .select()
    .from(bankTransaction)
    .where(eq(bankTransaction.marketId, market.marketId))
    .orderBy(desc(bankTransaction.seq))
    .limit(1)
  return row!
}
const matchesOf = (transactionSeq: number) =>
  market.store.db
    .select()
    .from(match)
    .where(and(eq(match.transactionSeq, transactionSeq), standing(market.store.db)))
const word = async () => ({
  marketId: market.marketId,
  transactionSeq: (await lastCredit()).seq,
  by: 'operator',
  reason: 'test',
})
async function undo() {
  const said = await word()
  const [wrong] = await matchesOf(said.transactionSeq)
  await market.store.write((tx) => reverseMatch(tx, operator, { ...said, matchSeq: wrong!.seq }, MORNING))
}
const assignTo = async (stallId: number, saleSeq: number | null = null) => {
  const said = await word()
  await market.store.write((tx) => assign(tx, operator, { ...said, stallId, saleSeq }, MORNING))
}
const SHARED = { accountNumber: 'CHUNG001', virtualAccount: null }

/** Of a transfer that several tell of. */
const NUMBER = 'FT26326009914'
const shareLansAccount = () => market.addStall({ name: 'D1', accountNumber: market.lan.accountNumber })
async function toldWithoutWords() {
  await shareLansAccount()
  await pay({ remittanceText: 'MBVCB.4711', bankReference: NUMBER })
  expect(await ledgerSays()).toBe('undecided: no_reference')
}
const toldAgain = (remittanceText: string, corroborates?: 'only') =>
  pay({ remittanceText, bankReference: NUMBER, channel: 'backfill' }, SOURCE, MORNING + 2_000, corroborates)

/** Each makes its case happen, the credit in question last. Returns the reference of the sale that it is about. */
const CASES: Record<string, () => Promise<string | void>> = {
  async 'stall’s reference'() {
    await pay({ remittanceText: market.lan.reference })
  },
  async 'stall’s reference again'() {
    await pay({ remittanceText: market.lan.reference })
    await pay({ remittanceText: market.lan.reference })
    expect(await takings()).toMatchObject({ saleCount: 3, totalVnd: 1_000 + 2 * PRICE })
  },
  async 'sale’s reference, its amount'() {
    const reference = await ask()
    await pay({ remittanceText: reference })
    return reference
  },
  async 'before the phone’s word'() {
    const reference = await ask(false)
    await pay({ remittanceText: reference })
    return reference
  },
  async 'early: the bank’s clock before the sale'() {
    const reference = await ask()
    await pay({ remittanceText: reference, bookedAt: MORNING - 5 * MINUTE_MS })
    return reference
  },
  async late() {
    const reference = await ask()
    const at = MORNING + 16 * MINUTE_MS
    await pay({ remittanceText: reference, bookedAt: at }, SOURCE, at)
    return reference
  },
  async underpaid() {
    const reference = await ask()
    await pay({ remittanceText: reference, amountVnd: 200 })
    expect((await takings()).totalVnd).toBe(1_200)
    return reference
  },
  async overpaid() {
    const reference = await ask()
    await pay({ remittanceText: reference, amountVnd: PRICE + 10_000 })
    return reference
  },
  async 'paid twice: a sale’s code reused'() {
    const reference = await ask()
    await pay({ remittanceText: reference })
    await pay({ remittanceText: reference })
    return reference
  },
  async 'cancelled sale paid'() {
    const reference = await ask()
    await market.store.write((tx) => cancelSale(tx, scopeOf(market.lan), reference, MORNING, MORNING))
    await pay({ remittanceText: reference })
    return reference
  },
  async 'sale’s reference beside its stall’s'() {
    const reference = await ask()
    await pay({ remittanceText: `${market.lan.reference} ${reference}` })
    return reference
  },
  async 'stall’s reference only in the source’s code'() {
    await pay({ remittanceText: 'mua ca', sourceCode: market.lan.reference })
  },
  async 'virtual account alone'() {
    await market.addStall({ name: 'V1', ...SHARED, virtualAccount: 'VAV1' })
    await pay({ ...SHARED, virtualAccount: 'VAV1' })
  },
  async 'no reference, the account’s only stall'() {
    await pay({ remittanceText: 'luong thang 11' })
    expect(await takings()).toMatchObject({ totalVnd: 1_000, unclearCount: 1 })
  },
  async 'no reference, account for selling only'() {
    const { accountNumber, reference } = await market.addStall({ name: 'B1', sellingOnly: true })
    await pay({ accountNumber, remittanceText: reference })
    await pay({ accountNumber, remittanceText: 'ca kho' })
  },
  async 'reference that nobody issued'() {
    await pay({ remittanceText: mint() })
  },
  async 'posted on the next day'() {
    const told = { remittanceText: market.lan.reference, bankReference: 'FT26326009912' }
    const bookedAt = Date.parse('2026-11-22T23:10:00+07:00')
    const postedAt = Date.parse('2026-11-23T00:50:00+07:00')
    await pay({ ...told, bookedAt: postedAt }, SOURCE, bookedAt)
    expect((await lastCredit()).businessDay).toBe('2026-11-23')
    // The back-fill tells when it was sent: still the same.
    await pay({ ...told, bookedAt, channel: 'backfill', sourceKey: 'backfill:posted' })
    expect((await takings()).totalVnd).toBe(1_000)
    expect((await getTakings(market.store, scopeOf(market.lan), '2026-11-23')).totalVnd).toBe(PRICE)
  },
  async 'told again by another channel'() {
    const told = { remittanceText: market.lan.reference, bankReference: 'FT26326009913' }
    await pay(told)
    await pay({ ...told, channel: 'backfill', sourceKey: 'backfill:again' })
    expect(await takings()).toMatchObject({ saleCount: 2, totalVnd: 1_000 + PRICE })
  },
  async 'told again with the reference that was lacking'() {
    await toldWithoutWords()
    await toldAgain(market.lan.reference)
    expect(await takings()).toMatchObject({ totalVnd: 1_000 + PRICE, unclearCount: 0 })
  },
  async 'told again with the sale’s reference'() {
    const reference = await ask()
    await toldWithoutWords()
    await toldAgain(reference)
    return reference
  },
  async 'told again so by a vendor’s own statement'() {
    const reference = await ask()
    await toldWithoutWords()
    await toldAgain(reference, 'only')
    return reference
  },
  async 'told again with another stall’s reference'() {
    const { reference } = await shareLansAccount()
    await pay({ remittanceText: market.lan.reference, bankReference: NUMBER })
    await toldAgain(reference)
    expect(await takings()).toMatchObject({ totalVnd: 1_000 + PRICE })
  },
  async 'perhaps told before'() {
    await pay({ remittanceText: market.lan.reference })
    const row = { channel: 'statement', sourceKey: 'statement:1', bookedPrecision: 'day' } as const
    await pay({ ...row, remittanceText: `${market.lan.reference} theo sao ke`, bankReference: null })
  },
  async 'no reference, several stalls on the account'() {
    await market.addStall({ name: 'C1', ...SHARED })
    await market.addStall({ name: 'C2', ...SHARED })
    await pay({ ...SHARED, remittanceText: 'tien rau' })
  },
  async 'unproven account, no reference'() {
    const { accountNumber } = await market.addStall({ name: 'M1' })
    await pay({ accountNumber, remittanceText: 'tien rau' })
  },
  async 'code of another account'() {
    const reference = await ask()
    await pay({ accountNumber: market.hoa.accountNumber, remittanceText: reference })
    return reference
  },
  async 'code of a closed stall'() {
    const { lan, marketId, store } = market
    await store.changeRegistry((tx) => closeStall(tx, marketScope(marketId), lan.id, MORNING))
    await pay({ remittanceText: lan.reference })
  },
  async 'references of two stalls'() {
    await pay({ remittanceText: `${market.lan.reference} ${market.hoa.reference}` })
  },
  async 'references of two sales'() {
    const reference = await ask()
    await pay({ remittanceText: `${reference} ${await ask()}` })
    return reference
  },
  async 'virtual account against reference'() {
    await market.addStall({ name: 'V1', ...SHARED, virtualAccount: 'VAV1' })
    await pay({ ...SHARED, virtualAccount: 'VAV1', remittanceText: market.lan.reference })
  },
  async 'match undone'() {
    await pay({ remittanceText: market.lan.reference })
    await undo()
    expect((await takings()).totalVnd).toBe(1_000)
  },
  async 'match undone of a sale that was paid'() {
    const reference = await ask()
    await pay({ remittanceText: reference })
    await undo()
    return reference
  },
  async 'assigned by a person'() {
    await pay({ remittanceText: `${market.lan.reference} ${market.hoa.reference}` })
    await assignTo(market.lan.id)
    expect(await takings()).toMatchObject({ totalVnd: 1_000, unclearCount: 1 })
  },
  async 'assigned to a sale'() {
    const reference = await ask()
    await pay({ remittanceText: `${market.hoa.reference} ${reference}` })
    const [hers] = await market.store.db.select().from(sale).where(eq(sale.reference, reference))
    await assignTo(market.lan.id, hers!.seq)
    return reference
  },
  async 'split by a person over several stalls'() {
    await pay({ remittanceText: `${market.lan.reference} ${market.hoa.reference}` })
    const said = await word()
    const parts = [market.lan, market.hoa].map(({ id }) => ({ stallId: id, amountVnd: PRICE / 2 }))
    await market.store.write((tx) => split(tx, operator, { ...said, parts }, MORNING))
    expect(await takings()).toMatchObject({ totalVnd: 1_000, unclearCount: 1 })
  },
  async 'said to be no sale'() {
    await pay({ remittanceText: `${market.lan.reference} ${market.hoa.reference}` })
    const said = await word()
    await market.store.write((tx) => setAside(tx, operator, { ...said, kind: 'family' }, MORNING))
  },
  async 'unknown account'() {
    await pay({ accountNumber: 'LA000001', remittanceText: market.lan.reference })
  },
  async 'source not bound to the account'() {
    await pay({ remittanceText: market.lan.reference }, 'sepay-other')
  },
  async 'no consent'() {
    const { accountNumber, reference } = await market.addStall({ name: 'S1', consented: false })
    await pay({ accountNumber, remittanceText: reference })
  },
  async 'before she consented'() {
    await pay({ remittanceText: market.lan.reference, bookedAt: MORNING - 2 * 86_400_000 })
  },
  async 'retired account, no reference'() {
    const { reference } = market.lan
    await market.addStall({ name: 'A1', vendor: 'Cô Lan', accountNumber: 'MOI0002' })
    await pay({ accountNumber: 'MOI0002', remittanceText: reference })
    const { accounts } = await getStall(market.store, market.lan.code)
    expect(accounts.map(({ state }) => state)).toEqual(['active', 'retired'])
    await pay({ remittanceText: 'tien rau' })
  },
  async outgoing() {
    await pay({ remittanceText: market.lan.reference, direction: 'out' })
  },
  async 'returned by the bank: an outgoing transfer'() {
    const reference = await ask()
    await pay({ remittanceText: reference })
    await pay({ remittanceText: `HOAN TRA ${reference}`, direction: 'out' })
    expect((await takings()).totalVnd).toBe(1_000 + PRICE)
    return reference
  },
  async 'test message of a source'() {
    await pay({ remittanceText: market.lan.reference, isTest: true })
  },
  async 'test money of a proof'() {
    const { accounts } = await getStall(market.store, market.lan.code)
    const wanted = { accountId: accounts[0]!.id, tokenHash: 'phone', amountVnd: null }
    const times = { startedAt: MORNING, expiresAt: MORNING + 60 * MINUTE_MS }
    await market.store.write((tx) => addProof(tx, scopeOf(market.lan), { ...wanted, ...times }, mint))
    const [proof] = await market.store.db.select().from(accountProof)
    await pay({ remittanceText: proof!.reference, amountVnd: 3_217 })
  },
  async 'unreadable message'() {
    const unreadable = 'malformed (body: is not JSON)'
    await market.store.record([{ ...messageOf(), unreadable }], RULES)
  },
  async 'same key, other content'() {
    const told = { remittanceText: market.lan.reference, sourceKey: 'push:same' }
    await pay(told)
    await pay({ ...told, amountVnd: PRICE + 1 })
    expect((await takings()).totalVnd).toBe(1_000 + PRICE)
  },
}

const takings = () => getTakings(market.store, scopeOf(market.lan), TODAY)

/** What the ledger says of the newest thing in it, in the words of the table. */
async function ledgerSays(): Promise<string> {
  const { db } = market.store
  const [exception] = await db.select().from(matchException).orderBy(desc(matchException.at)).limit(1)
  if (exception && ['unreadable', 'content_changed'].includes(exception.reason)) {
    return `alert: ${exception.reason}`
  }
  const nobodys = await db.select().from(bankTransaction).where(eq(bankTransaction.marketId, 0))
  const told = nobodys[0] ?? (await lastCredit())
  if (told.notCounted !== null) return `not counted: ${told.notCounted}`
  const matches = await matchesOf(told.seq)
  if (matches.length === 0) {
    const [why] = await db
      .select()
      .from(matchException)
      .where(eq(matchException.transactionSeq, told.seq))
      .orderBy(desc(matchException.seq))
      .limit(1)
    return `undecided: ${why!.reason}`
  }
  const [later] = await db
    .select()
    .from(classification)
    .where(eq(classification.transactionSeq, told.seq))
    .orderBy(desc(classification.seq))
    .limit(1)
  const outcome = matches[0]!.stallId === 0 ? 'not counted' : 'matched'
  return `${outcome}: ${matches[0]!.rule}, ${(later ?? matches[0]!).classification}`
}

const rows = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'outcomes.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll("'", '’')))
  .map(([, name, ledger, ofSale]) => ({ name: name!, ledger: ledger!, ofSale: ofSale! }))

describe('docs/outcomes.md', () => {
  it('has a row for each case here, and a case here for each row', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(CASES))
  })

  it('names every rule, reason and exception that the code knows', () => {
    const exceptions = {
      none: true,
      underpaid: true,
      overpaid: true,
      late: true,
      after_cancel: true,
      paid_twice: true,
    } satisfies Record<SaleState['exception'], true>
    const said = new Set(
      rows.flatMap(({ ledger, ofSale }) => [...ledger.split(/: |, /), ...ofSale.split(', ')]),
    )
    for (const known of [
      ...MATCH_RULES,
      ...EXCEPTION_REASONS,
      ...NOT_COUNTED_REASONS,
      ...Object.keys(exceptions),
    ]) {
      expect(said).toContain(known)
    }
  })
})

describe('what becomes of money', () => {
  it.each(rows)('$name', async ({ name, ledger, ofSale }) => {
    const reference = await CASES[name]!()
    expect(await ledgerSays()).toBe(ledger)
    const state =
      reference === undefined
        ? undefined
        : saleState(
            await market.store.read((tx) => getSale(tx, scopeOf(market.lan), reference, MORNING + 3_600_000)),
          )
    expect(state ? `${state.status}, ${state.exception}` : '–').toBe(ofSale)
    for (const marketId of [0, market.marketId]) {
      for (const day of await listInboxDays(market.store, operator, marketId)) {
        const parts = [day.matched, day.undecided, day.notCounted]
        expect(day.in.amountVnd).toBe(parts.reduce((vnd, part) => vnd + part.amountVnd, 0))
      }
    }
    await followLedger(market.store, (_, account) => account)
    expect(await findDifferences(market.store)).toEqual([])
  })
})
