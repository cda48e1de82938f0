/**
 * What has become of a request for an exact amount, derived from append-only facts each time it is asked: the phone
 * and the server cannot disagree, and nothing is ever set back. The table is in `docs/sales.md`.
 */

/** A sale as the ledger knows it. */
export interface SaleFacts {
  reference: string
  /** Null while only its reference is reserved: the phone's word has not come. */
  amountVnd: number | null
  issuedAt: number | null
  cancelledAt: number | null
  /** The credits that bear its reference, oldest first; `recordedAt` is when the bank's word reached us. */
  credits: readonly { amountVnd: number; recordedAt: number }[]
}

export interface SaleState {
  /** `reserved` has no amount yet. A sale is paid as soon as its amount is there, cancelled or not. */
  status: 'reserved' | 'open' | 'paid' | 'cancelled'
  /** What a person should know beyond that; of several the one that matters most. */
  exception: 'none' | 'underpaid' | 'overpaid' | 'late' | 'after_cancel' | 'paid_twice'
  receivedVnd: number
  /** What is still missing; below zero, what is too much. */
  dueVnd: number
}

/** Past this the shopper has long gone. */
const LATE_AFTER_MS = 15 * 60_000

export function saleState({ amountVnd, issuedAt, cancelledAt, credits }: SaleFacts): SaleState {
  const receivedVnd = credits.reduce((sum, credit) => sum + credit.amountVnd, 0)
  if (amountVnd === null) return { status: 'reserved', exception: 'none', receivedVnd, dueVnd: 0 }
  const dueVnd = amountVnd - receivedVnd
  const status = dueVnd <= 0 ? 'paid' : cancelledAt === null ? 'open' : 'cancelled'
  const is = (exception: SaleState['exception']) => ({ status, exception, receivedVnd, dueVnd }) as const

  const last = credits.at(-1)
  if (!last) return is('none')
  if (dueVnd + last.amountVnd <= 0) return is('paid_twice')
  if (cancelledAt !== null && last.recordedAt >= cancelledAt) return is('after_cancel')
  if (dueVnd > 0) return is('underpaid')
  if (dueVnd < 0) return is('overpaid')
  return is(issuedAt !== null && last.recordedAt - issuedAt > LATE_AFTER_MS ? 'late' : 'none')
}
