/** How exactly the bank tells the time of a booking; many say only the minute. */
export const BOOKED_PRECISIONS = ['second', 'minute', 'day'] as const
export type BookedPrecision = (typeof BOOKED_PRECISIONS)[number]

/** How a source came to tell of a transaction. The same transfer may be told once by each channel. */
export const CHANNELS = ['push', 'backfill', 'statement'] as const
export type Channel = (typeof CHANNELS)[number]

/** Which way the money went, seen from the account. */
export const DIRECTIONS = ['in', 'out'] as const
type Direction = (typeof DIRECTIONS)[number]

/**
 * One booked entry of a bank account, normalised from what one source said about it.
 * Amounts are whole đồng and positive; `direction` says which way; instants are epoch milliseconds (UTC).
 */
export interface BankTransaction {
  channel: Channel
  /** The source's own identity of this entry, unique within the source; it begins with the channel. */
  sourceKey: string
  bankBin: string
  accountNumber: string
  /** The virtual account the money was sent to, where the bank uses one. */
  virtualAccount: string | null
  direction: Direction
  amountVnd: number
  bookedAt: number
  bookedPrecision: BookedPrecision
  /** The payer's words after every bank on the way has changed them: hostile text, well-formed Unicode. */
  remittanceText: string
  /** The bank's reference; short ones (ACB's are small numbers) identify nothing alone. */
  bankReference: string | null
  /** A code the source itself extracted from the text, or was asked for: a hint, checked like any other. */
  sourceCode: string | null
  payerName: string | null
  payerAccount: string | null
  /** The source says this is a test message. */
  isTest: boolean
}

/** The account a transaction is about, as one string: a key of maps, never shown. */
export function accountKey(account: { bankBin: string; accountNumber: string }): string {
  return `${account.bankBin}:${account.accountNumber.toUpperCase()}`
}
