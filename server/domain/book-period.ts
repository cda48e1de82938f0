import { addDays } from '../../shared/business-day.ts'

/** What her book can be opened at; a single day is opened by its date. */
export const BOOK_PERIODS = ['today', 'yesterday', 'week', 'month'] as const
export type BookPeriod = (typeof BOOK_PERIODS)[number]

/** A median needs a few days, and what she sold a year ago says nothing of today. */
const USUAL_DAYS = 8
const LOOK_BACK_MARKET_DAYS = 60

/** ISO weekday of a day: 1 is Monday, 7 Sunday. */
export function weekday(day: string): number {
  return new Date(day).getUTCDay() || 7
}

/** Whether the market meets on that day: `daily`, or the ISO weekdays it meets on, `1,4`. */
export function isMarketDay(marketDays: string, day: string): boolean {
  return marketDays === 'daily' || marketDays.split(',').includes(String(weekday(day)))
}

/** The days of the period `today` is in, oldest first, also those to come. A week begins on Monday. */
export function daysOf(period: BookPeriod, today: string): string[] {
  if (period === 'today') return [today]
  if (period === 'yesterday') return [addDays(today, -1)]
  const before = period === 'week' ? weekday(today) - 1 : Number(today.slice(8)) - 1
  const first = addDays(today, -before)
  const days = Array.from({ length: period === 'week' ? 7 : 31 }, (_, index) => addDays(first, index))
  // A month may be shorter.
  return period === 'week' ? days : days.filter((day) => day.slice(0, 7) === today.slice(0, 7))
}

/** The market days before `day` among which her usual one is looked for, newest first. */
export function marketDaysBefore(marketDays: string, day: string): string[] {
  const days: string[] = []
  for (let back = 1; days.length < LOOK_BACK_MARKET_DAYS && back <= 7 * LOOK_BACK_MARKET_DAYS; back += 1) {
    const earlier = addDays(day, -back)
    if (isMarketDay(marketDays, earlier)) days.push(earlier)
  }
  return days
}

/** The median of her last eight days that had takings, newest first; undefined where there was none. */
export function usualOf(totals: readonly number[]): number | undefined {
  const taken = totals.filter((total) => total > 0).slice(0, USUAL_DAYS)
  return taken.length === 0 ? undefined : median(taken)
}

/** The middle of some numbers, at least one; of an even count the mean of the middle two, whole. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return Math.round((sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2)
}
