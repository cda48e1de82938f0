import { accountKey } from '../../shared/bank-transaction.ts'
import { squash } from '../../shared/display-text.ts'
import { findReferences, isReference } from '../../shared/reference.ts'
import type { NotASale } from '../storage/assignment.ts'
import type { EarlierCredit, Evidence, EvidenceQuestion } from '../storage/evidence.ts'
import type { UndecidedCredit } from '../storage/inbox.ts'
import type { AccountHolding, Registry } from '../storage/registry.ts'

/** Why a credit is likely a stall's, the strongest first. None of them is ever followed without a person. */
const LIKELIHOODS = [
  'decided_before',
  'virtual_account',
  'sale_reference',
  'reference',
  'near_reference',
  'open_sale',
  'same_payer',
  'account',
] as const

type Likelihood = (typeof LIKELIHOODS)[number]

interface Candidate {
  stallId: number
  /** The one sale of that stall's which it would pay. */
  saleSeq: number | null
  /** At least one, the strongest first. */
  why: readonly Likelihood[]
}

export interface Suggestion {
  candidates: readonly Candidate[]
  /** What a person last said of a credit like this, where that was no sale. */
  asBefore: NotASale | undefined
}

/** As many as there are keys for. */
const MAX_CANDIDATES = 9
/** A bank's clock is up to this much before ours. */
const CLOCK_DRIFT_MS = 2 * 60_000
/** How long a shopper stands there. */
const SALE_WAITS_MS = 15 * 60_000
/** Banks stop at 269 characters. */
const MAX_MENDED_LENGTH = 300
const REFERENCE_LENGTH = 10
const PREFIX = 'ZQK'
const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Fewer letters are «chuyen tien», and anybody's. */
const TELLING_LETTERS = 12

/** What the ledger must be asked about a credit before `suggest` can say anything. */
export function questionAbout(credit: UndecidedCredit, registry: Registry): EvidenceQuestion {
  const { bookedAt, remittanceText } = credit
  return {
    stallIds: [...new Set(holdingsOf(credit, registry).map(({ stall }) => stall.stallId))],
    references: [...findReferences(remittanceText), ...nearReferences(remittanceText)],
    issuedFrom: bookedAt - SALE_WAITS_MS,
    issuedTo: bookedAt + CLOCK_DRIFT_MS,
  }
}

/**
 * Whose an undecided credit may be, the likeliest first, and why. Pure. What was decided before of a credit like it is
 * suggested first and never applied: a payer may buy at another stall today.
 */
export function suggest(credit: UndecidedCredit, evidence: Evidence, registry: Registry): Suggestion {
  const found = new Map<number, { why: Set<Likelihood>; sales: Set<number> }>()
  const add = (stallId: number, why: Likelihood, saleSeq?: number) => {
    const one = found.get(stallId) ?? { why: new Set(), sales: new Set() }
    one.why.add(why)
    if (saleSeq !== undefined) one.sales.add(saleSeq)
    found.set(stallId, one)
  }

  const exact = new Set(findReferences(credit.remittanceText))
  for (const reference of [...exact, ...nearReferences(credit.remittanceText)]) {
    const stall = registry.stallsByReference.get(reference)
    if (stall?.marketId === credit.marketId) {
      add(stall.stallId, exact.has(reference) ? 'reference' : 'near_reference')
    }
  }
  for (const { seq, stallId, reference } of evidence.sales) {
    add(stallId, exact.has(reference) ? 'sale_reference' : 'near_reference', seq)
  }
  for (const { seq, stallId } of evidence.openSales) add(stallId, 'open_sale', seq)
  const holdings = holdingsOf(credit, registry)
  const isForFew = new Set(holdings.map(({ stall }) => stall.stallId)).size <= MAX_CANDIDATES
  for (const { stall, virtualAccount } of holdings) {
    if (isForFew) add(stall.stallId, 'account')
    if (virtualAccount !== null && virtualAccount.toUpperCase() === credit.virtualAccount?.toUpperCase()) {
      add(stall.stallId, 'virtual_account')
    }
  }
  for (const earlier of evidence.earlier) {
    if (earlier.stallId !== 0 && isSamePayer(credit, earlier)) add(earlier.stallId, 'same_payer')
  }
  const before = evidence.earlier.find(
    (earlier) => (earlier.rule === 'assigned' || earlier.rule === 'not_a_sale') && isAlike(credit, earlier),
  )
  if (before?.rule === 'assigned') add(before.stallId, 'decided_before')

  const candidates = [...found].map(([stallId, { why, sales }]) => ({
    stallId,
    // Of two that ask for the same nobody guesses.
    saleSeq: sales.size === 1 ? [...sales][0]! : null,
    why: LIKELIHOODS.filter((one) => why.has(one)),
  }))
  const rank = ({ why }: Candidate) => LIKELIHOODS.indexOf(why[0]!)
  candidates.sort((a, b) => rank(a) - rank(b) || b.why.length - a.why.length)
  return {
    candidates: candidates.slice(0, MAX_CANDIDATES),
    asBefore: before?.rule === 'not_a_sale' ? (before.kind as NotASale) : undefined,
  }
}

/**
 * The references that a text would bear if one character of it were another: the check character leaves one way at
 * each place. What is already sound is not among them. A suggestion only: O is never read as 0 in matching.
 */
export function nearReferences(remittanceText: string): string[] {
  const text = squash(remittanceText.slice(0, MAX_MENDED_LENGTH))
  const near = new Set<string>()
  for (let at = 0; at + REFERENCE_LENGTH <= text.length; at += 1) {
    const window = text.slice(at, at + REFERENCE_LENGTH)
    const wrong = PREFIX.split('').filter((letter, index) => window[index] !== letter).length
    if (wrong > 1 || isReference(window)) continue
    for (let place = 0; place < REFERENCE_LENGTH; place += 1) {
      for (const character of CHARACTERS) {
        const mended = window.slice(0, place) + character + window.slice(place + 1)
        if (isReference(mended)) near.add(mended)
      }
    }
  }
  return [...near]
}

function holdingsOf(credit: UndecidedCredit, registry: Registry): AccountHolding[] {
  const holdings = registry.holdings.get(accountKey(credit)) ?? []
  return holdings.filter(({ stall, state }) => stall.marketId === credit.marketId && state !== 'retired')
}

type Payer = Pick<EarlierCredit, 'payerName' | 'payerAccount'>

function isSamePayer(one: Payer, other: Payer): boolean {
  if (one.payerAccount && other.payerAccount) return one.payerAccount === other.payerAccount
  const [name, otherName] = [squash(one.payerName ?? ''), squash(other.payerName ?? '')]
  return name !== '' && name === otherName
}

/** The same payer, or, where no payer is told, the same words but for their numbers. */
function isAlike(one: UndecidedCredit, other: EarlierCredit): boolean {
  if (isSamePayer(one, other)) return true
  if (one.payerName || one.payerAccount || other.payerName || other.payerAccount) return false
  const words = lettersOf(one.remittanceText)
  return words.length >= TELLING_LETTERS && words === lettersOf(other.remittanceText ?? '')
}

const lettersOf = (text: string) => squash(text).replaceAll(/\d/g, '')
