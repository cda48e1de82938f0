import type { SaleFacts } from './sale-state.ts'
import type { Dialect } from './spoken-amount.ts'

/** What the server and the vendor's phone say to each other. Types only: it costs the phone nothing. */

/** What a credit into a stall's account was. Only `sale` counts as takings. */
export const CLASSIFICATIONS = [
  'sale',
  'unclear',
  'family',
  'loan',
  'cash_back',
  'fee',
  'test',
  'refund',
] as const
export type Classification = (typeof CLASSIFICATIONS)[number]

/** One line of the vendor's list. */
export interface PaymentLine {
  /** Sequence number of the transaction in its market: the line's identity. */
  transactionSeq: number
  amountVnd: number
  /** `10:42`, Vietnam time. */
  time: string
  /** Cleaned for display: one line, no control or direction marks, at most 140 characters. May be empty. */
  memo: string
  /** As the source gives it; empty where it does not. */
  payerName: string
  classification: Classification
}

/** The figures of one stall on one business day. */
export interface DayTakings {
  /** `2026-11-22`. */
  businessDay: string
  totalVnd: number
  saleCount: number
  unclearCount: number
}

/** One message of the vendor's live stream (`event: change`); its SSE id is `seq`. */
export interface VendorChange {
  /** The market's commit-ordered sequence number: the cursor a phone resumes from. */
  seq: number
  /**
   * `credit`: new money, to be announced. `classified`: she, or the operator, changed what a credit was. `undone`: the
   * operator found that it was not hers; it is in no figure and no list of hers any more.
   */
  kind: 'credit' | 'classified' | 'undone'
  /** Of an `undone` one without the payer and the memo: they are not hers to read. */
  payment: PaymentLine
  takings: DayTakings
  /** The sale whose reference it bore, with its credits up to this one; of an `undone` one, with what is left. */
  sale?: SaleFacts
  /** Epoch milliseconds at which the server recorded it: old news is shown, not read aloud. */
  recordedAt: number
}

/** What a vendor lets the shared speaker of her row tell: that somebody paid at her stall, or also how much. */
export const ROW_TELLINGS = ['nothing', 'name', 'amount'] as const
export type RowTelling = (typeof ROW_TELLINGS)[number]

/** A stall that a row's speaker tells of. `event: stalls` brings all of them each time anything changes. */
export interface RowStall {
  name: string
  /** To be said aloud; null where its name has no number of its own in this row. */
  number: number | null
  tellsAmount: boolean
  dialect: Dialect
}

/** One message of a row speaker's stream (`event: change`): never who paid, nor why. */
export interface RowNews {
  seq: number
  /** The stall's name. */
  stall: string
  /** Null where she lets only her stall's name be told. */
  amountVnd: number | null
  recordedAt: number
}
