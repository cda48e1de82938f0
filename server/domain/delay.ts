import type { BankTransaction } from '../../shared/bank-transaction.ts'

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S
/** In seconds: what took at most this long is counted together. Beyond the last it is no delay, but a wrong date. */
const BOUNDS_S = [
  5,
  10,
  20,
  30,
  MINUTE_S,
  2 * MINUTE_S,
  5 * MINUTE_S,
  10 * MINUTE_S,
  30 * MINUTE_S,
  HOUR_S,
  3 * HOUR_S,
  DAY_S,
  7 * DAY_S,
] as const
/** Of what tells no time of day, or none that can be believed. */
export const UNTIMED = 0

/** Within how many seconds of the bank's booking a transaction reached us; a bank's clock ahead of ours is no delay. */
export function withinSeconds(
  { bookedAt, bookedPrecision }: Pick<BankTransaction, 'bookedAt' | 'bookedPrecision'>,
  receivedAt: number,
): number {
  if (bookedPrecision === 'day') return UNTIMED
  const seconds = (receivedAt - bookedAt) / 1_000
  return BOUNDS_S.find((bound) => seconds <= bound) ?? UNTIMED
}

export interface DelayCount {
  withinS: number
  count: number
}

/** How many of them tell a delay. */
export const timedCount = (counts: readonly DelayCount[]): number =>
  counts.reduce((sum, { withinS, count }) => sum + (withinS === UNTIMED ? 0 : count), 0)

/** The least bound in seconds that this share (0 to 1) of the timed ones kept within; undefined of none. */
export function delayPercentile(counts: readonly DelayCount[], share: number): number | undefined {
  const wanted = timedCount(counts) * share
  let sum = 0
  return BOUNDS_S.find((bound) => {
    for (const { withinS, count } of counts) if (withinS === bound) sum += count
    return sum > 0 && sum >= wanted
  })
}
