import { AppError } from './app-error.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE

/** Asia/Ho_Chi_Minh has been UTC+7 without summer time since 1975. */
const VIETNAM_OFFSET = 7 * 60 * MINUTE

/** ISO text of the wall clock in Vietnam, or at any other distance from UTC. */
function isoAt(epochMs: number, offsetMs: number): string {
  return new Date(epochMs + offsetMs).toISOString()
}

/**
 * The market's day an instant belongs to, as `YYYY-MM-DD`. `bookedAt` is epoch milliseconds (years 1 to 9998);
 * `dayStartsAtMinutes`, 0 to 1439, is when the market's day starts in Vietnam: at a night market that starts at
 * 15:00 (900), 02:00 still counts for the day before. Throws RangeError on an instant that is none.
 */
export function businessDay(bookedAt: number, dayStartsAtMinutes: number): string {
  return dayText(Math.floor((bookedAt + VIETNAM_OFFSET - dayStartsAtMinutes * MINUTE) / DAY))
}

/** Nearly always one of few: all that is booked today, and when it is to be forgotten. */
const dayTexts = new Map<number, string>()
const MAX_DAY_TEXTS = 1_000

/** `YYYY-MM-DD` of a day counted from 1970. */
function dayText(dayNumber: number): string {
  const known = dayTexts.get(dayNumber)
  if (known !== undefined) return known
  const text = isoAt(dayNumber * DAY, 0).slice(0, 10)
  if (dayTexts.size === MAX_DAY_TEXTS) dayTexts.clear()
  dayTexts.set(dayNumber, text)
  return text
}

/** Epoch milliseconds → the clock on a Vietnamese wall, `10:42`. Throws RangeError on an instant that is none. */
export function vietnamTime(epochMs: number): string {
  return isoAt(epochMs, VIETNAM_OFFSET).slice(11, 16)
}

/** A business day as screens write it: `2026-11-22` → `22/11`. */
export function vietnamDate(day: string): string {
  return `${day.slice(8)}/${day.slice(5, 7)}`
}

/**
 * The business day that is `days` later (a whole number; negative is earlier). Both are `YYYY-MM-DD`, as
 * `businessDay` gives them. Throws RangeError on text that is no date.
 */
export function addDays(day: string, days: number): string {
  return dayText(Math.floor(Date.parse(day) / DAY) + days)
}

/**
 * The time of a source that names no zone, which is Vietnam's: `2023-03-25 14:02:37` → epoch milliseconds. Throws
 * AppError `invalid_input` on any other shape and on what no calendar or clock shows (30 February, 24:00:00).
 */
export function parseVietnamTime(text: string): number {
  const [, date, time] = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(text) ?? []
  const utc = `${date}T${time}.000Z`
  const wallClock = Date.parse(utc)
  // Date.parse lets 30 February roll over into March; what it understood must be what was written.
  if (Number.isNaN(wallClock) || isoAt(wallClock, 0) !== utc) {
    throw new AppError('invalid_input', 'A time is written YYYY-MM-DD HH:mm:ss, Vietnam time')
  }
  return wallClock - VIETNAM_OFFSET
}
