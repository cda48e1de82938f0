/** How exactly the bank tells the time of a booking; many say only the minute. */
export type BookedPrecision = 'second' | 'minute' | 'day'

/** How a source came to tell of a transaction. The same transfer may be told once by each channel. */
export type Channel = 'push' | 'backfill'

/**
 * One booked entry of a bank account, normalised from what one source said about it.
 * Amounts are whole đồng and positive; `direction` says which way; instants are epoch milliseconds (UTC).
 */
export interface BankTransaction {
  channel: Channel
  /** The source's own identity of this entry, unique within source and channel. */
  sourceKey: string
  bankBin: string
  accountNumber: string
  /** The virtual account the money was sent to, where the bank uses one. */
  virtualAccount: string | null
  direction: 'in' | 'out'
  amountVnd: number
  bookedAt: number
  bookedPrecision: BookedPrecision
  /** The payer's words after every bank on the way has changed them: hostile text, well-formed Unicode. */
  remittanceText: string
  /** The bank's reference; short ones (ACB's are small numbers) identify nothing alone. */
  bankReference: string | null
  /** A code the source itself extracted from the text: a hint, checked like any other. */
  sourceCode: string | null
  payerName: string | null
  payerAccount: string | null
  /** The source says this is a test message. */
  isTest: boolean
}
