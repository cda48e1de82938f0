import { describe, expect, it } from 'vitest'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { mintReference } from '../../shared/reference.ts'
import { decide } from '../../server/domain/match.ts'
import type { Named } from '../../server/storage/decision.ts'
import { PersistentMap } from '../../server/storage/persistent-map.ts'
import type { AccountHolding, AccountState, Registry, StallFacts } from '../../server/storage/registry.ts'
import { credit, MB, MORNING, seededRandom } from '../small-market.ts'

const random = seededRandom(3)
const AGREED = MORNING - 86_400_000

const facts = (stallId: number, more: Partial<StallFacts> = {}): StallFacts => ({
  stallId,
  marketId: 1,
  dayStartsAtMinutes: 0,
  closed: false,
  consentedAt: AGREED,
  ...more,
})

interface Entry {
  stall: StallFacts
  account: string
  state?: AccountState
  sellingOnly?: boolean
  virtualAccount?: string
}

/** A registry of these stalls, each with a reference of its own; every account is bound to `sepay-test`. */
function registryOf(...entries: Entry[]) {
  const holdings = new Map<string, AccountHolding[]>()
  const references = new Map<number, string>()
  const stallsByReference = new Map<string, StallFacts>()
  entries.forEach(
    ({ stall, account, state = 'active', sellingOnly = false, virtualAccount = null }, index) => {
      const reference = references.get(stall.stallId) ?? mintReference(random)
      references.set(stall.stallId, reference)
      stallsByReference.set(reference, stall)
      const key = `${MB}:${account}`
      const held = { accountId: index + 1, stall, state, sellingOnly, virtualAccount }
      holdings.set(key, [...(holdings.get(key) ?? []), held])
    },
  )
  const registry: Registry = {
    version: '1',
    holdings: new PersistentMap(holdings),
    stallsByReference: new PersistentMap(stallsByReference),
    bindings: new PersistentMap(
      entries.map(({ account }) => [account, [{ sourceId: 'sepay-test', bankBin: MB }]]),
    ),
  }
  return { registry, ref: (stall: StallFacts) => references.get(stall.stallId)! }
}

const lan = facts(1)
const hoa = facts(2)
const two = registryOf({ stall: lan, account: 'LAN1' }, { stall: hoa, account: 'HOA1' })
const judge = (
  told: Partial<BankTransaction> & { accountNumber: string },
  registry = two.registry,
  sales: readonly Named[] = [],
) => decide(credit(told), 'sepay-test', registry, sales)

describe('the order of evidence', () => {
  const shared = registryOf(
    { stall: lan, account: 'BOTH', virtualAccount: 'VALAN' },
    { stall: hoa, account: 'BOTH', virtualAccount: 'VAHOA' },
  )

  it('a virtual account decides, in either case, also without a reference', () => {
    const decision = judge({ accountNumber: 'BOTH', virtualAccount: 'vahoa' }, shared.registry)
    expect(decision).toMatchObject({
      outcome: 'matched',
      stallId: 2,
      rule: 'virtual_account',
      classification: 'sale',
    })
  })

  it('a virtual account against another stall’s reference is for a person', () => {
    const told = { accountNumber: 'BOTH', virtualAccount: 'VAHOA', remittanceText: shared.ref(lan) }
    expect(judge(told, shared.registry)).toMatchObject({
      outcome: 'undecided',
      reason: 'conflicting_evidence',
    })
  })

  it('a reference decides between stalls of one account', () => {
    const decision = judge(
      { accountNumber: 'BOTH', remittanceText: `IBFT ${shared.ref(hoa)} GD 1` },
      shared.registry,
    )
    expect(decision).toMatchObject({
      outcome: 'matched',
      stallId: 2,
      rule: 'reference',
      classification: 'sale',
    })
  })

  it('without reference an account of two stalls is for a person', () => {
    const decision = judge({ accountNumber: 'BOTH', remittanceText: 'mua ca' }, shared.registry)
    expect(decision).toMatchObject({ outcome: 'undecided', reason: 'no_reference' })
  })

  it('two issued references are never guessed between, even if one owns the account', () => {
    const remittanceText = `${two.ref(lan)} ${two.ref(hoa)}`
    expect(judge({ accountNumber: 'LAN1', remittanceText })).toMatchObject({
      outcome: 'undecided',
      reason: 'two_references',
    })
  })

  it('a sound reference nobody issued is no reference', () => {
    const told = { accountNumber: 'LAN1', remittanceText: mintReference(seededRandom(99)) }
    expect(judge(told)).toMatchObject({ outcome: 'matched', rule: 'sole_stall', classification: 'unclear' })
  })

  it('a reference of a stall that does not own the account is never followed', () => {
    const decision = judge({ accountNumber: 'LAN1', remittanceText: two.ref(hoa) })
    expect(decision).toMatchObject({ outcome: 'undecided', reason: 'wrong_account', marketId: 1 })
  })

  it('the source’s own code counts only when it passes the same check, and after the text', () => {
    expect(judge({ accountNumber: 'LAN1', sourceCode: two.ref(lan) })).toMatchObject({ rule: 'source_code' })
    expect(judge({ accountNumber: 'LAN1', sourceCode: 'DH123' })).toMatchObject({ rule: 'sole_stall' })
    const told = { accountNumber: 'LAN1', remittanceText: two.ref(lan), sourceCode: two.ref(hoa) }
    expect(judge(told)).toMatchObject({ rule: 'reference', stallId: 1 })
  })

  it('the account’s only stall hears it as unclear, unless nothing but sales comes in', () => {
    expect(judge({ accountNumber: 'LAN1' })).toMatchObject({ rule: 'sole_stall', classification: 'unclear' })
    const selling = registryOf({ stall: lan, account: 'LAN1', sellingOnly: true })
    expect(judge({ accountNumber: 'LAN1' }, selling.registry)).toMatchObject({ classification: 'sale' })
  })
})

describe('the reference of a sale', () => {
  const sale = (seq: number, stall: StallFacts): Named => ({
    kind: 'sale',
    seq,
    stallId: stall.stallId,
    reference: mintReference(seededRandom(1_000 + seq)),
  })
  const first = sale(7, lan)
  const second = sale(8, lan)
  const foreign = sale(9, hoa)
  const all = [first, second, foreign]
  const told = (text: string, more: Partial<BankTransaction> = {}) =>
    judge({ accountNumber: 'LAN1', remittanceText: text, ...more }, two.registry, all)

  it('finds its sale and its stall, and is a sale', () => {
    expect(told(`CK ${first.reference.toLowerCase()} GD`)).toMatchObject({
      outcome: 'matched',
      stallId: 1,
      rule: 'sale_reference',
      saleSeq: 7,
      classification: 'sale',
    })
  })

  it('also in the source’s own code', () => {
    const decision = told('khong ma', { sourceCode: first.reference })
    expect(decision).toMatchObject({ rule: 'sale_reference', saleSeq: 7 })
  })

  it('beside its stall’s reference is no conflict: the sale’s says more', () => {
    for (const text of [`${two.ref(lan)} ${first.reference}`, `${first.reference} ${two.ref(lan)}`]) {
      expect(told(text)).toMatchObject({ outcome: 'matched', rule: 'sale_reference', saleSeq: 7 })
    }
  })

  it('is never guessed between: two sales, even of one stall, or another stall’s', () => {
    for (const other of [second.reference, two.ref(hoa), foreign.reference]) {
      expect(told(`${first.reference} ${other}`)).toMatchObject({
        outcome: 'undecided',
        reason: 'two_references',
      })
    }
  })

  it('whose stall does not own the credited account is never followed', () => {
    expect(told(foreign.reference)).toMatchObject({ outcome: 'undecided', reason: 'wrong_account' })
  })

  it('says which sale where a virtual account says which stall, and may not contradict it', () => {
    const shared = registryOf(
      { stall: lan, account: 'BOTH', virtualAccount: 'VALAN' },
      { stall: hoa, account: 'BOTH', virtualAccount: 'VAHOA' },
    )
    const paidTo = (virtualAccount: string) =>
      judge({ accountNumber: 'BOTH', virtualAccount, remittanceText: first.reference }, shared.registry, all)
    expect(paidTo('VALAN')).toMatchObject({ rule: 'sale_reference', saleSeq: 7, stallId: 1 })
    expect(paidTo('VAHOA')).toMatchObject({ outcome: 'undecided', reason: 'conflicting_evidence' })
  })

  it('proves a proposed account as her stall’s own does', () => {
    const proposed = registryOf({ stall: lan, account: 'LAN1', state: 'proposed' })
    const decision = judge({ accountNumber: 'LAN1', remittanceText: first.reference }, proposed.registry, all)
    expect(decision).toMatchObject({ outcome: 'matched', provesAccountId: 1 })
  })
})

describe('the reference of a proof', () => {
  const proof = (stall: StallFacts, accountId: number, creditVnd: number | null = null): Named => ({
    kind: 'proof',
    seq: 20 + stall.stallId,
    stallId: stall.stallId,
    accountId,
    reference: mintReference(seededRandom(2_000 + stall.stallId)),
    amountVnd: null,
    creditVnd,
  })
  const own = proof(lan, 1)
  const told = (named: Named, more: Partial<BankTransaction> = {}, registry = two.registry) =>
    judge({ accountNumber: 'LAN1', remittanceText: `CK ${named.reference}`, ...more }, registry, [named])

  it('makes its money a test in the stall’s market, and proves nothing by itself', () => {
    const proposed = registryOf({ stall: lan, account: 'LAN1', state: 'proposed' })
    const decision = told(own, {}, proposed.registry)
    expect(decision).toMatchObject({ outcome: 'not_counted', reason: 'test', marketId: 1, proofSeq: 21 })
    expect(decision).not.toHaveProperty('provesAccountId')
  })

  it('still does when the proof has its money, and then answers nothing', () => {
    expect(told(proof(lan, 1, 3_217))).toMatchObject({ reason: 'test', proofSeq: null })
    expect(told(proof(lan, 1, 3_000))).toMatchObject({ reason: 'test', proofSeq: 21 })
  })

  it('is never followed into another account, another stall’s virtual account, or without consent', () => {
    expect(told(proof(hoa, 2))).toMatchObject({ outcome: 'undecided', reason: 'wrong_account' })
    const shared = registryOf(
      { stall: lan, account: 'BOTH', virtualAccount: 'VALAN' },
      { stall: hoa, account: 'BOTH', virtualAccount: 'VAHOA' },
    )
    const paidTo = (virtualAccount: string) =>
      told(own, { accountNumber: 'BOTH', virtualAccount }, shared.registry)
    expect(paidTo('VALAN')).toMatchObject({ reason: 'test', proofSeq: 21 })
    expect(paidTo('VAHOA')).toMatchObject({ outcome: 'undecided', reason: 'conflicting_evidence' })
    const silent = registryOf(
      { stall: facts(1, { consentedAt: null }), account: 'BOTH' },
      { stall: hoa, account: 'BOTH' },
    )
    expect(told(own, { accountNumber: 'BOTH' }, silent.registry)).toMatchObject({ reason: 'no_consent' })
  })
})

describe('what keeps money from being counted', () => {
  it.each([
    ['a test message', { accountNumber: 'LAN1', isTest: true }, 'test', 1],
    ['an outgoing transfer', { accountNumber: 'LAN1', direction: 'out' as const }, 'outgoing', 1],
    ['an account nobody registered', { accountNumber: 'NOBODY' }, 'unknown_account', 0],
  ])('%s', (_, told, reason, marketId) => {
    expect(judge(told)).toMatchObject({ outcome: 'not_counted', reason, marketId })
  })

  it('a source that is not bound to the account, however sound the reference', () => {
    const told = credit({ accountNumber: 'LAN1', remittanceText: two.ref(lan) })
    expect(decide(told, 'sepay-other', two.registry, [])).toMatchObject({
      reason: 'source_not_allowed',
      marketId: 0,
    })
  })

  it('a vendor who has not agreed, also when another of the same account has', () => {
    const silent = facts(2, { consentedAt: null })
    const shared = registryOf({ stall: lan, account: 'BOTH' }, { stall: silent, account: 'BOTH' })
    const told = { accountNumber: 'BOTH', remittanceText: shared.ref(silent) }
    expect(judge(told, shared.registry)).toMatchObject({
      outcome: 'not_counted',
      reason: 'no_consent',
      marketId: 0,
    })
  })

  it('money booked before she agreed; a booking told to the minute gets the minute’s end', () => {
    const agreedNow = registryOf({ stall: facts(1, { consentedAt: MORNING + 30_000 }), account: 'LAN1' })
    const told = { accountNumber: 'LAN1', bookedAt: MORNING }
    expect(judge(told, agreedNow.registry)).toMatchObject({ reason: 'no_consent' })
    expect(judge({ ...told, bookedPrecision: 'minute' }, agreedNow.registry)).toMatchObject({
      outcome: 'matched',
    })
  })

  it('a retired account: with the stall’s old code it is for a person, without it is not hers any more', () => {
    const moved = registryOf(
      { stall: lan, account: 'OLD1', state: 'retired' },
      { stall: lan, account: 'NEW1' },
    )
    const withCode = judge({ accountNumber: 'OLD1', remittanceText: moved.ref(lan) }, moved.registry)
    expect(withCode).toMatchObject({ outcome: 'undecided', reason: 'wrong_account' })
    expect(judge({ accountNumber: 'OLD1' }, moved.registry)).toMatchObject({ reason: 'retired_account' })
  })

  it('a closed stall is for a person', () => {
    const closed = facts(1, { closed: true })
    const one = registryOf({ stall: closed, account: 'LAN1' })
    const told = { accountNumber: 'LAN1', remittanceText: one.ref(closed) }
    expect(judge(told, one.registry)).toMatchObject({ outcome: 'undecided', reason: 'closed_stall' })
  })
})

describe('proof of an account', () => {
  const proposed = registryOf({ stall: lan, account: 'LAN1', state: 'proposed' })

  it('is the first credit with the stall’s reference', () => {
    const decision = judge({ accountNumber: 'LAN1', remittanceText: proposed.ref(lan) }, proposed.registry)
    expect(decision).toMatchObject({ outcome: 'matched', provesAccountId: 1 })
  })

  it('also where a virtual account decided, if the text bears the reference too', () => {
    const virtual = registryOf({ stall: lan, account: 'LAN1', state: 'proposed', virtualAccount: 'VALAN' })
    const told = { accountNumber: 'LAN1', virtualAccount: 'VALAN' }
    expect(judge(told, virtual.registry)).toMatchObject({ rule: 'virtual_account', provesAccountId: null })
    const bearing = judge({ ...told, remittanceText: virtual.ref(lan) }, virtual.registry)
    expect(bearing).toMatchObject({ rule: 'virtual_account', provesAccountId: 1 })
  })

  it('is of the newest proposal where a stall’s account was proposed again', () => {
    const again = registryOf(
      { stall: lan, account: 'LAN1' },
      { stall: lan, account: 'LAN1', state: 'proposed' },
    )
    const decision = judge({ accountNumber: 'LAN1', remittanceText: again.ref(lan) }, again.registry)
    expect(decision).toMatchObject({ provesAccountId: 2 })
  })

  it('is nothing less: without the reference a proposal may be a stranger’s account', () => {
    expect(judge({ accountNumber: 'LAN1' }, proposed.registry)).toMatchObject({ reason: 'unproven_account' })
  })
})

it('a night market’s small hours belong to the evening before', () => {
  const night = registryOf({ stall: facts(1, { dayStartsAtMinutes: 15 * 60 }), account: 'LAN1' })
  const bookedAt = Date.parse('2026-11-23T02:00:00+07:00')
  expect(judge({ accountNumber: 'LAN1', bookedAt }, night.registry)).toMatchObject({
    businessDay: '2026-11-22',
    eraseOn: '2027-02-20',
  })
})

it('a night market’s day is the one the bank names, where it names no time', () => {
  const night = registryOf({ stall: facts(1, { dayStartsAtMinutes: 15 * 60 }), account: 'LAN1' })
  const bookedAt = Date.parse('2026-11-22T00:00:00+07:00')
  const told = { accountNumber: 'LAN1', bookedAt, bookedPrecision: 'day' } as const
  expect(judge(told, night.registry)).toMatchObject({ businessDay: '2026-11-22' })
})
