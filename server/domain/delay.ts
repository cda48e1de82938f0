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
const timedCount = (counts: readonly DelayCount[]): number =>
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

const LATE_HOURS = 2
const USUAL_HOURS = 24
const FEWEST_LATE = 20
const FEWEST_USUAL = 100
const LATE_FACTOR = 4
const LEAST_LATE_S = 120

/** The hours whose delays are looked at now, the one before included, and those they are compared with: first and last. */
export const hoursOfDelay = (hour: number): { lately: [number, number]; before: [number, number] } => {
  const begin = hour - LATE_HOURS + 1
  return { lately: [begin, hour], before: [begin - USUAL_HOURS, begin - 1] }
}

/** Whether what was pushed lately came far later than in the day before; undefined where it is too little to say. */
export function isLate(lately: readonly DelayCount[], before: readonly DelayCount[]): boolean | undefined {
  if (timedCount(lately) < FEWEST_LATE || timedCount(before) < FEWEST_USUAL) return undefined
  const usualS = delayPercentile(before, 0.95)!
  return delayPercentile(lately, 0.95)! >= Math.max(LEAST_LATE_S, LATE_FACTOR * usualS)
}

type BankDelay = DelayCount & { bankBin: string }

/**
 * Who of a source is late: each bank that is, and null for the whole source. A late bank makes all of it look late, so
 * the whole is late only where none of the others, nor all of them together, are known to be in time.
 */
export function whoIsLate(
  lately: readonly BankDelay[],
  before: readonly BankDelay[],
  banks: readonly string[],
): (string | null)[] {
  const areLate = (isOfThem: (bankBin: string) => boolean) =>
    isLate(
      lately.filter((row) => isOfThem(row.bankBin)),
      before.filter((row) => isOfThem(row.bankBin)),
    )
  const late: (string | null)[] = banks.filter((bank) => areLate((one) => one === bank))
  const isInTime =
    areLate((one) => !late.includes(one)) === false ||
    banks.some((bank) => areLate((one) => one === bank) === false)
  return areLate(() => true) && !isInTime ? [null, ...late] : late
}
