import { afterEach, beforeEach, expect, it } from 'vitest'
import { mintReference } from '../../shared/reference.ts'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { nearReferences, questionAbout, suggest, type Suggestion } from '../../server/domain/candidate.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { assign, setAside } from '../../server/storage/assignment.ts'
import { findEvidence } from '../../server/storage/evidence.ts'
import { listUndecided, type UndecidedCredit } from '../../server/storage/inbox.ts'
import { match } from '../../server/storage/kit.sqlite.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { cancelSale, issueSale, reserveSales } from '../../server/storage/sale.ts'
import { operatorScope } from '../../server/storage/scope.ts'
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

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const PRICE = 45_000
const operator = operatorScope()
const random = seededRandom(83)
const mint = () => mintReference(random)

let market: SmallMarket
/** Two stalls of one account: what comes in without a reference waits for a person. */
let c1: TestStall
let c2: TestStall
beforeEach(async () => {
  market = await openSmallMarket()
  c1 = await market.addStall({ name: 'C1', accountNumber: 'CHUNG1' })
  c2 = await market.addStall({ name: 'C2', accountNumber: 'CHUNG1' })
})
afterEach(() => market.close())

/** A credit into the shared account. Returns it as it waits, if it does. */
async function pay(told: Partial<BankTransaction> = {}): Promise<UndecidedCredit | undefined> {
  await market.store.record(
    [messageOf(credit({ accountNumber: 'CHUNG1', amountVnd: PRICE, ...told }))],
    RULES,
  )
  return (await listUndecided(market.store, operator, market.marketId)).at(-1)
}
async function suggested(waiting: UndecidedCredit | undefined): Promise<Suggestion> {
  const { store, marketId } = market
  const registry = await store.registry()
  const evidence = await findEvidence(store, operator, marketId, waiting!, questionAbout(waiting!, registry))
  return suggest(waiting!, evidence, registry)
}
/** `C1: why why`, the likeliest first. */
const said = async (waiting: UndecidedCredit | undefined) => {
  const names = new Map([c1, c2, market.lan, market.hoa].map((stall) => [stall.id, stall.name]))
  const { candidates } = await suggested(waiting)
  return candidates.map(({ stallId, why }) => `${names.get(stallId)}: ${why.join(' ')}`)
}
const word = ({ transactionSeq }: UndecidedCredit) => ({
  marketId: market.marketId,
  transactionSeq,
  by: 'operator',
  reason: 'test',
})
const giveTo = (stall: TestStall, waiting: UndecidedCredit | undefined) =>
  market.store.write((tx) =>
    assign(tx, operator, { ...word(waiting!), stallId: stall.id, saleSeq: null }, MORNING),
  )
async function ask(stall: TestStall, issuedAt = MORNING, amountVnd = PRICE): Promise<string> {
  const scope = scopeOf(stall)
  const [reference] = await market.store.write((tx) => reserveSales(tx, scope, 1, mint, issuedAt))
  await market.store.write((tx) => issueSale(tx, scope, reference!, amountVnd, issuedAt, issuedAt))
  return reference!
}
/** One character of it another than it was. */
const mistyped = (reference: string) =>
  reference.slice(0, 6) + (reference[6] === '7' ? '8' : '7') + reference.slice(7)

it('names the stalls of the account where nothing else is known', async () => {
  expect(await said(await pay())).toEqual(['C1: account', 'C2: account'])
})

it('names no stall for being one of many on an account', async () => {
  for (let index = 3; index <= 10; index += 1) {
    await market.addStall({ name: `C${index}`, accountNumber: 'CHUNG1' })
  }
  expect(await said(await pay())).toEqual([])
})

it('names the stall whose reference stands there, paid into another account, before those of the account', async () => {
  expect(await said(await pay({ remittanceText: market.lan.reference }))).toEqual([
    'A1: reference',
    'C1: account',
    'C2: account',
  ])
})

it('names the stall of a reference with one wrong character, and matches nothing by it', async () => {
  const waiting = await pay({ remittanceText: `CK ${mistyped(c2.reference)} mua ca` })
  expect(waiting).toMatchObject({ reason: 'no_reference' })
  expect(await said(waiting)).toEqual(['C2: near_reference account', 'C1: account'])
})

it('names the sale of a reference with one wrong character', async () => {
  const reference = await ask(c2, MORNING - DAY_MS)
  const { candidates } = await suggested(await pay({ remittanceText: mistyped(reference) }))
  expect(candidates[0]).toMatchObject({ stallId: c2.id, why: ['near_reference', 'account'] })
  expect(candidates[0]!.saleSeq).not.toBeNull()
})

it.each([
  ['minutes before the money', -10 * MINUTE_MS, ['C2: open_sale account', 'C1: account']],
  ['a minute after the bank’s clock', MINUTE_MS, ['C2: open_sale account', 'C1: account']],
  ['an hour before', -60 * MINUTE_MS, ['C1: account', 'C2: account']],
  ['well after', 5 * MINUTE_MS, ['C1: account', 'C2: account']],
])('names an open sale of that amount asked for %s as that is likely', async (_, beside, expected) => {
  await ask(c2, MORNING + beside)
  expect(await said(await pay())).toEqual(expected)
})

it('names no sale of another amount, none that is paid, and none that was cancelled', async () => {
  await ask(c2, MORNING, PRICE + 1)
  const paid = await ask(c2)
  await pay({ remittanceText: paid })
  const cancelled = await ask(c2)
  await market.store.write((tx) => cancelSale(tx, scopeOf(c2), cancelled, MORNING, MORNING))
  expect(await said(await pay())).toEqual(['C1: account', 'C2: account'])
})

it('links the one open sale, and of two none', async () => {
  await ask(c2)
  const waiting = await pay()
  expect((await suggested(waiting)).candidates[0]!.saleSeq).not.toBeNull()
  await ask(c2)
  expect((await suggested(waiting)).candidates[0]).toMatchObject({
    why: ['open_sale', 'account'],
    saleSeq: null,
  })
})

it('knows a payer of earlier credits, by account, else by name', async () => {
  await pay({ remittanceText: c2.reference, payerName: 'Lê Thị Nga' })
  expect(await said(await pay({ payerName: 'LE THI NGA' }))).toEqual([
    'C2: same_payer account',
    'C1: account',
  ])
  expect(await said(await pay({ payerName: 'LE THI NGAN' }))).toEqual(['C1: account', 'C2: account'])
  await pay({ remittanceText: c1.reference, payerName: 'TRAN VAN BA', payerAccount: '0123' })
  const other = { payerName: 'TRAN VAN BA', payerAccount: '0456' }
  expect(await said(await pay(other))).toEqual(['C1: account', 'C2: account'])
  expect(await said(await pay({ payerAccount: '0123' }))).toEqual(['C1: same_payer account', 'C2: account'])
})

it('suggests what was decided of the same payer before, first and applied to nothing', async () => {
  await pay({ remittanceText: c1.reference, payerName: 'LE THI NGA' })
  await giveTo(c2, await pay({ payerName: 'LE THI NGA' }))
  const waiting = await pay({ payerName: 'LE THI NGA' })
  expect(waiting).toBeDefined()
  expect(await said(waiting)).toEqual(['C2: decided_before same_payer account', 'C1: same_payer account'])
})

it('suggests what was decided of the same words, but for their numbers, where no payer is told', async () => {
  const words = (number: number) => ({ remittanceText: `MBVCB.${number}.NGA DAT CA THU SAU` })
  await giveTo(c2, await pay(words(6_945_093_151)))
  expect((await said(await pay(words(7_000_000_001))))[0]).toBe('C2: decided_before account')
  expect((await said(await pay({ ...words(7), payerName: 'AI KHAC' })))[0]).toBe('C1: account')
  // What everybody writes says nothing.
  await giveTo(c2, await pay({ remittanceText: 'chuyen tien' }))
  expect((await said(await pay({ remittanceText: 'chuyen tien' })))[0]).toBe('C1: account')
})

it('suggests again that it is no sale, and of two decisions the newer one', async () => {
  const payer = { payerName: 'CONG TY MAY' }
  const first = await pay(payer)
  await market.store.write((tx) => setAside(tx, operator, { ...word(first!), kind: 'loan' }, MORNING))
  expect(await suggested(await pay(payer))).toMatchObject({ asBefore: 'loan' })
  await giveTo(c1, await pay(payer))
  expect((await suggested(await pay(payer))).asBefore).toBeUndefined()
})

it('forgets a decision that was undone', async () => {
  await giveTo(c2, await pay({ payerName: 'LE THI NGA' }))
  const [wrong] = await market.store.db.select().from(match)
  const undoing = { marketId: market.marketId, matchSeq: wrong!.seq, by: 'operator', reason: 'nhầm' }
  await market.store.write((tx) => reverseMatch(tx, operator, undoing, MORNING))
  expect(await said(await pay({ payerName: 'LE THI NGA' }))).toEqual(['C1: account', 'C2: account'])
})

it('names the stall of the virtual account first', async () => {
  const v = { accountNumber: 'AO1' }
  const v1 = await market.addStall({ name: 'V1', ...v, virtualAccount: 'VAV1' })
  const v2 = await market.addStall({ name: 'V2', ...v, virtualAccount: 'VAV2' })
  const waiting = await pay({ ...v, virtualAccount: 'vav2', remittanceText: v1.reference })
  expect(waiting).toMatchObject({ reason: 'conflicting_evidence' })
  const { candidates } = await suggested(waiting)
  expect(candidates.map(({ stallId }) => stallId)).toEqual([v2.id, v1.id])
})

it('mends one character of a reference at any place, none that is sound, and none beyond what banks write', () => {
  for (let round = 0; round < 50; round += 1) {
    const reference = mint()
    expect(nearReferences(reference)).toEqual([])
    for (let place = 0; place < reference.length; place += 1) {
      const wrong = `${reference.slice(0, place)}O${reference.slice(place + 1)}`
      expect(nearReferences(`MBVCB.1.${wrong.toLowerCase()} GD`)).toContain(reference)
      const two = `${wrong.slice(0, (place + 1) % 10)}O${wrong.slice(((place + 1) % 10) + 1)}`
      expect(nearReferences(two)).not.toContain(reference)
    }
  }
  expect(nearReferences(`${'x'.repeat(300)} ${mistyped(mint())}`)).toEqual([])
})
