import type { BankTransaction, BookedPrecision, Channel } from '../../shared/bank-transaction.ts'
import type { Classification } from '../../shared/wire.ts'
import type { Registry } from './registry.ts'
import type { EXCEPTION_REASONS, MATCH_RULES, NOT_COUNTED_REASONS } from './tables.ts'

export type MatchRule = (typeof MATCH_RULES)[number]
export type ExceptionReason = (typeof EXCEPTION_REASONS)[number]
export type NotCountedReason = (typeof NOT_COUNTED_REASONS)[number]

/** What became of one transaction. `marketId` 0 is money that is no market's. */
export type Decision = { marketId: number; businessDay: string; eraseOn: string } & (
  | {
      outcome: 'matched'
      stallId: number
      rule: MatchRule
      /** The sale whose reference the text bore. */
      saleSeq: number | null
      classification: Classification
      /** The proposed account that this credit proves to be the stall's, if it was not proven yet. */
      provesAccountId: number | null
    }
  | { outcome: 'undecided'; reason: ExceptionReason }
  | {
      outcome: 'not_counted'
      reason: NotCountedReason
      /** The proof of an account that waited for this credit. */
      proofSeq: number | null
    }
)

export type Matched = Extract<Decision, { outcome: 'matched' }>

/** What a reference in a transaction's text was issued for, where it is not a stall's own. */
export type Named = { seq: number; stallId: number; reference: string } & ({ kind: 'sale' } | NamedProof)

export interface NamedProof {
  kind: 'proof'
  accountId: number
  /** What the operator was to send; null where whoever pays chooses. */
  amountVnd: number | null
  /** The newest credit that bore its reference. */
  creditVnd: number | null
}

/** What the ledger remembers of a transaction that a newly told one may be the same as. */
export interface ToldBefore {
  channel: Channel
  bankReference: string | null
  textSha256: string
  bookedAt: number
  bookedPrecision: BookedPrecision
}

/** An earlier transaction that is the same transfer, or may be: then a person decides. */
export interface Twin<Earlier> {
  is: 'certain' | 'perhaps'
  twin: Earlier
}

/** The domain's pure and synchronous part in recording: called inside the recording transaction. */
export interface RecordingRules {
  decide(
    transaction: BankTransaction,
    sourceId: string,
    registry: Registry,
    named: readonly Named[],
  ): Decision
  /** Which of the transactions that this channel has not told of, of the same account, direction and amount. */
  sameTransfer<Earlier extends ToldBefore>(
    told: ToldBefore,
    untold: readonly Earlier[],
  ): Twin<Earlier> | undefined
  /** The day an unreadable message belongs to, and the day it is erased. */
  dayOf(receivedAt: number): { businessDay: string; eraseOn: string }
  /** The address of the module that exports these as `RULES`; without it they are used in the caller's thread. */
  module?: string
}

/** One genuine message, verified and as far as possible normalised. */
export interface IncomingMessage {
  sourceId: string
  channel: Channel
  rawBody: Uint8Array
  /** Epoch milliseconds. */
  receivedAt: number
  transactions: BankTransaction[]
  /** Why it, or a part of it, could not be read; the raw bytes are kept for a person. */
  unreadable: string | null
  /**
   * It may witness what is known already, and makes no transaction: in a first look, after which the rest is new; or
   * ever, being a vendor's own statement, which decides nothing either.
   */
  corroborates?: 'first' | 'only' | undefined
}

/** A stall whose phones have something to hear, after the commit. */
export interface Published {
  marketId: number
  stallId: number
  seq: number
}
