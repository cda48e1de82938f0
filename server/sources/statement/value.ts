import type { BookedPrecision } from '../../../shared/bank-transaction.ts'
import { parseVietnamTime } from '../../../shared/business-day.ts'
import { isBlank, type Cell } from './row.ts'

/** Which way round a statement writes its dates: `22/11/2026`, `11/22/2026`; a year in front is told by itself. */
export const DATE_ORDERS = ['dmy', 'mdy'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/**
 * A signed amount as banks write it → whole đồng, or null where the cell is blank or a dash. `52,000`, `1.000.000`,
 * `-50 000`, `52000.00`, `(50,000)`, `+50.000 VND`; a number cell is taken as it is. Undefined for anything else, a
 * fraction of a đồng among it. Three digits behind a separator are thousands: đồng have no thousandths.
 */
export function parseAmount(cell: Cell | undefined): number | null | undefined {
  if (cell === undefined || isBlank(cell)) return null
  if (typeof cell === 'number') return Number.isSafeInteger(cell) ? cell : undefined
  const text = cell.replaceAll(/\s|VND|VNĐ|đ$/giu, '')
  if (text === '-') return null
  const [, open, sign, digits = '', close] = /^(\()?([+-]?)([\d.,]+)(\))?$/.exec(text) ?? []
  if ((open === undefined) !== (close === undefined)) return undefined
  const whole =
    /^(\d{1,3}(?:,\d{3})+|\d+)(?:\.0{1,2})?$/.exec(digits)?.[1] ??
    /^(\d{1,3}(?:\.\d{3})+|\d+)(?:,0{1,2})?$/.exec(digits)?.[1]
  if (whole === undefined) return undefined
  const amountVnd = Number(whole.replaceAll(/[.,]/g, ''))
  if (!Number.isSafeInteger(amountVnd)) return undefined
  return (sign === '-' || open !== undefined) && amountVnd !== 0 ? -amountVnd : amountVnd
}

export interface Booked {
  /** Epoch milliseconds; of a day its beginning in Vietnam. */
  bookedAt: number
  bookedPrecision: BookedPrecision
  /** What else stands in the cell. */
  rest: string
}

/** Excel counts days from here on, and a day's part as a fraction. */
const EXCEL_DAY_ZERO = Date.UTC(1899, 11, 30)
const DAY_MS = 86_400_000
const EARLIEST_YEAR = 2000

const DATE = /^\s*(\d{4}|\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{1,2})(?![\d/.-])/
const TIME = /^[\sT]*(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])/

/**
 * A booking's date, with its time where the cell or `timeCell` has one; undefined if it is none that a calendar and
 * a clock show. `22/11/2026`, `22-11-2026 09:05:00`, `2026-11-22T09:05`, or Excel's number. Midnight to the second is
 * a day without a time, a time without seconds a minute: so do banks that know no better.
 */
export function parseBooked(
  cell: Cell | undefined,
  timeCell: Cell | undefined,
  order: DateOrder,
): Booked | undefined {
  const text = typeof cell === 'number' ? excelTime(cell) : cell
  const [found = '', first = '', second = '', third = ''] = DATE.exec(text ?? '') ?? []
  const [year, month, day] =
    first.length === 4
      ? [first, second, third]
      : order === 'dmy'
        ? [third, second, first]
        : [third, first, second]
  if (text === undefined || year.length !== 4 || Number(year) < EARLIEST_YEAR) return undefined
  const own = TIME.exec(text.slice(found.length))
  const rest = text.slice(found.length + (own?.[0].length ?? 0)).trim()
  let time = own
  if (timeCell !== undefined && !isBlank(timeCell)) {
    time = TIME.exec(typeof timeCell === 'number' ? excelTime(timeCell).slice(10) : timeCell)
    if (time === null) return undefined
  }
  const [, hour = '0', minute = '00', secondOfMinute = '00'] = time ?? []
  const clock = [hour, minute, secondOfMinute].map((part) => part.padStart(2, '0')).join(':')
  try {
    return {
      bookedAt: parseVietnamTime(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${clock}`),
      bookedPrecision: clock === '00:00:00' ? 'day' : clock.endsWith(':00') ? 'minute' : 'second',
      rest,
    }
  } catch {
    return undefined
  }
}

/** `46348.375` → `2026-11-22 09:00:00`; no year we know where the number is no date. */
function excelTime(days: number): string {
  if (!(days >= 0 && days < 100_000)) return ''
  return new Date(EXCEL_DAY_ZERO + Math.round(days * (DAY_MS / 1000)) * 1000)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ')
}
