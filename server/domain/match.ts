import { accountKey, type BankTransaction } from '../../shared/bank-transaction.ts'
import { addDays, businessDay } from '../../shared/business-day.ts'
import { findReferences } from '../../shared/reference.ts'
import type {
  Decision,
  ExceptionReason,
  MatchRule,
  Named,
  NamedProof,
  NotCountedReason,
} from '../storage/decision.ts'
import type { AccountHolding, Registry, StallFacts } from '../storage/registry.ts'
import { settles } from './account-proof.ts'

/** Payers' words and raw messages are forgotten this long after their business day. */
const KEPT_DAYS = 90
/** Money that is no market's goes by the calendar. */
const MIDNIGHT = 0
const NO_MARKET = 0

const PRECISION_MS = { second: 1_000, minute: 60_000, day: 86_400_000 }

type Verdict =
  | {
      outcome: 'matched'
      holding: AccountHolding
      rule: MatchRule
      saleSeq: number | null
      bearsReference: boolean
    }
  | { outcome: 'test_money'; holding: AccountHolding; proofSeq: number | null }
  | { outcome: 'undecided'; reason: ExceptionReason }
  | { outcome: 'not_counted'; reason: NotCountedReason; isNobodys: boolean }

/** What a reference in a text says: this stall, and perhaps which sale of hers, or which proof of her account. */
interface Evidence {
  stallId: number
  named: Named | null
}

/**
 * Decides whose one transaction is, from what is known of its account and the references in its text. Pure.
 *
 * The order: virtual account → reference → the source's own code → the account's only stall → a person. A sound
 * reference that nobody issued is no reference; those of two stalls or two sales, or a virtual account against a
 * reference, are never guessed between; a reference of a stall that does not own the credited account is never
 * followed. The reference of a sale, or of a proof, is also its stall's, and says more: what bears a proof's is test
 * money, whatever became of the proof. `named` are the sales and proofs whose references were found.
 */
export function decide(
  transaction: BankTransaction,
  sourceId: string,
  registry: Registry,
  named: readonly Named[],
): Decision {
  const holdings = registry.holdings.get(accountKey(transaction)) ?? []
  const verdict = judge(transaction, sourceId, registry, holdings, named)
  const stall = 'holding' in verdict ? verdict.holding.stall : holdings[0]?.stall
  const isNobodys = stall === undefined || (verdict.outcome === 'not_counted' && verdict.isNobodys)
  // A bank that tells only the day has named it itself: at a night market its midnight is not the evening before.
  const isDayTold = transaction.bookedPrecision === 'day'
  const day = businessDay(transaction.bookedAt, isNobodys || isDayTold ? MIDNIGHT : stall.dayStartsAtMinutes)
  const place = {
    marketId: isNobodys ? NO_MARKET : stall.marketId,
    businessDay: day,
    eraseOn: addDays(day, KEPT_DAYS),
  }
  if (verdict.outcome === 'undecided') return { ...place, outcome: 'undecided', reason: verdict.reason }
  if (verdict.outcome === 'not_counted') {
    return { ...place, outcome: 'not_counted', reason: verdict.reason, proofSeq: null }
  }
  if (verdict.outcome === 'test_money') {
    return { ...place, outcome: 'not_counted', reason: 'test', proofSeq: verdict.proofSeq }
  }
  const { holding, rule, saleSeq, bearsReference } = verdict
  return {
    ...place,
    outcome: 'matched',
    stallId: holding.stall.stallId,
    rule,
    saleSeq,
    // Without her stall's reference it may be her salary: she says what it was, unless nothing else comes in here.
    classification: rule === 'sole_stall' && !holding.sellingOnly ? 'unclear' : 'sale',
    provesAccountId: bearsReference && holding.state === 'proposed' ? holding.accountId : null,
  }
}

/** The day an unreadable message belongs to, and when it is forgotten. */
export function dayOf(receivedAt: number): { businessDay: string; eraseOn: string } {
  const day = businessDay(receivedAt, MIDNIGHT)
  return { businessDay: day, eraseOn: addDays(day, KEPT_DAYS) }
}

function judge(
  transaction: BankTransaction,
  sourceId: string,
  registry: Registry,
  holdings: readonly AccountHolding[],
  named: readonly Named[],
): Verdict {
  // What may yet become ours, once registered, allowed or agreed to, stays nobody's: back-fill tells it again then.
  const notYetOurs = (reason: NotCountedReason): Verdict => ({
    outcome: 'not_counted',
    reason,
    isNobodys: true,
  })
  const neverCounted = (reason: NotCountedReason): Verdict => ({
    outcome: 'not_counted',
    reason,
    isNobodys: false,
  })
  const undecided = (reason: ExceptionReason): Verdict => ({ outcome: 'undecided', reason })

  if (transaction.isTest) return neverCounted('test')
  if (holdings.length === 0) return notYetOurs('unknown_account')
  const bindings = registry.bindings.get(transaction.accountNumber.toUpperCase()) ?? []
  if (!bindings.some((one) => one.sourceId === sourceId && one.bankBin === transaction.bankBin))
    return notYetOurs('source_not_allowed')
  if (transaction.direction === 'out') return neverCounted('outgoing')
  if (!holdings.some((holding) => agreed(holding.stall, transaction))) return notYetOurs('no_consent')

  const ofAccount = (stallId: number) =>
    // The newest: a corrected proposal of the same number is what this credit proves.
    holdings.findLast((holding) => holding.stall.stallId === stallId && holding.state !== 'retired')
  const give = (holding: AccountHolding, rule: MatchRule, evidence: Evidence | undefined): Verdict => {
    if (holding.stall.closed) return undecided('closed_stall')
    if (!agreed(holding.stall, transaction)) return notYetOurs('no_consent')
    return {
      outcome: 'matched',
      holding,
      rule,
      saleSeq: evidence?.named?.seq ?? null,
      bearsReference: evidence !== undefined,
    }
  }
  const issued = (text: string | null): Evidence[] =>
    findReferences(text ?? '').flatMap((reference) => {
      const stall = registry.stallsByReference.get(reference)
      return stall
        ? { stallId: stall.stallId, named: null }
        : named
            .filter((one) => one.reference === reference)
            .map<Evidence>((one) => ({ stallId: one.stallId, named: one }))
    })
  const test = (proof: Named & NamedProof): Verdict => {
    const holding = holdings.find(({ accountId }) => accountId === proof.accountId)
    if (!holding) return undecided('wrong_account')
    if (!agreed(holding.stall, transaction)) return notYetOurs('no_consent')
    return { outcome: 'test_money', holding, proofSeq: settles(proof, proof.creditVnd) ? null : proof.seq }
  }

  const virtual = transaction.virtualAccount?.toUpperCase()
  const byVirtualAccount =
    virtual === undefined
      ? undefined
      : holdings.findLast((one) => one.state !== 'retired' && one.virtualAccount?.toUpperCase() === virtual)
  const inText = issued(transaction.remittanceText)
  if (byVirtualAccount && inText.some(({ stallId }) => stallId !== byVirtualAccount.stall.stallId))
    return undecided('conflicting_evidence')
  if (isAmbiguous(inText)) return undecided('two_references')

  // Her stall's reference beside one of her sale's is the same word said twice: the sale's says more.
  const said = inText.find((evidence) => evidence.named !== null) ?? inText[0]
  const follow = (evidence: Evidence, rule: MatchRule): Verdict => {
    const { stallId, named: what } = evidence
    if (what?.kind === 'proof') return test(what)
    const holding = byVirtualAccount ?? ofAccount(stallId)
    return holding
      ? give(holding, what === null ? rule : 'sale_reference', evidence)
      : undecided('wrong_account')
  }
  if (said) return follow(said, byVirtualAccount ? 'virtual_account' : 'reference')
  if (byVirtualAccount) return give(byVirtualAccount, 'virtual_account', undefined)
  const inSourceCode = issued(transaction.sourceCode)
  if (inSourceCode.length === 1) return follow(inSourceCode[0]!, 'source_code')

  const current = holdings.filter((holding) => holding.state !== 'retired')
  if (current.length === 0) return neverCounted('retired_account')
  const stalls = new Set(current.map((holding) => holding.stall.stallId))
  if (stalls.size > 1) return undecided('no_reference')
  const active = current.find((holding) => holding.state === 'active')
  // A mistyped proposal may be a stranger's account: without the reference nothing says that the money is hers.
  return active ? give(active, 'sole_stall', undefined) : undecided('unproven_account')
}

/** Two stalls, or two sales or proofs, even of one stall. */
function isAmbiguous(evidence: readonly Evidence[]): boolean {
  const named = new Set(evidence.flatMap((one) => one.named?.seq ?? []))
  return new Set(evidence.map(({ stallId }) => stallId)).size > 1 || named.size > 1
}

/** Whether the stall's vendor had agreed by then; a booking told only to the minute gets the minute's end. */
function agreed(stall: StallFacts, { bookedAt, bookedPrecision }: BankTransaction): boolean {
  return stall.consentedAt !== null && stall.consentedAt < bookedAt + PRECISION_MS[bookedPrecision]
}
