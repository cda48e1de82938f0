import { addDays, businessDay } from '../../shared/business-day.ts'
import type { AdoptionQuestion, SectionAdoption } from '../storage/adoption.ts'
import { FEWEST_STALLS, withhold, type Withheld } from './disclosure.ts'

/** Changes whenever a sentence or a number below does; every published figure says which it was counted by. */
export const DEFINITIONS_VERSION = '2026-11-1'

const ACTIVE_DAYS = 30
const REGULAR_DAYS = 90
/** India's PIDF: 50 transactions within 90 days, on 10 of them, is use and not a trial. */
const REGULAR_RECEIPTS_IN_90 = 50
const REGULAR_DAYS_IN_90 = 10
/** A push is given up after 33 minutes and fetched within 15 more: only then has the whole day arrived. */
const SETTLING_MS = 60 * 60_000
const TREND_WEEKS = 8

export type Step = 'held' | 'printed' | 'everPaid' | 'active30d' | 'regular'
export const STEPS: readonly Step[] = ['held', 'printed', 'everPaid', 'active30d', 'regular']
const COUNTED = ['agreed', ...STEPS] as const
export type Counts = Record<(typeof COUNTED)[number], number>

export interface Definition {
  id: Step | 'operating' | 'agreed'
  /** As the board reads it. */
  name: string
  numerator: string
  denominator: string
  window: string
}

/** How each figure is counted, in the words the board and the province read. */
export const DEFINITIONS: readonly Definition[] = [
  {
    id: 'operating',
    name: 'đang bán',
    numerator: 'Sạp có trong danh sách, mở cửa ít nhất một ngày trong 30 ngày.',
    denominator: 'Không có: đây là mẫu số của các số khác.',
    window: '30 ngày, đến hết ngày đủ giờ gần nhất.',
  },
  {
    id: 'agreed',
    name: 'được tính',
    numerator:
      'Sạp đang bán mà người bán đang đồng ý. Chưa đồng ý thì không đọc tin ngân hàng, nên không biết.',
    denominator: 'Sạp đang bán.',
    window: 'Cuối ngày. Ai rút lại thì ra khỏi mọi con số kể từ lúc đó.',
  },
  {
    id: 'held',
    name: 'có tên',
    numerator: 'Sạp đang bán có người bán đứng tên.',
    denominator: 'Sạp đang bán.',
    window: 'Cuối ngày.',
  },
  {
    id: 'printed',
    name: 'đã dán mã',
    numerator: 'Sạp đang bán đã được in mã, hoặc đã có khách chuyển (mã của ngân hàng cũng là mã).',
    denominator: 'Sạp đang bán.',
    window: 'Cuối ngày.',
  },
  {
    id: 'everPaid',
    name: 'khách chuyển lần đầu',
    numerator: 'Sạp được tính đã có ít nhất một khoản bán hàng chuyển khoản cho người bán hiện nay.',
    denominator: 'Sạp đang bán.',
    window: 'Từ ngày người bán hiện nay đứng sạp.',
  },
  {
    id: 'active30d',
    name: 'còn dùng (30 ngày)',
    numerator: 'Sạp được tính có ít nhất một khoản bán hàng chuyển khoản.',
    denominator: 'Sạp đang bán.',
    window: '30 ngày, đến hết ngày đủ giờ gần nhất.',
  },
  {
    id: 'regular',
    name: 'dùng thường xuyên',
    numerator:
      'Sạp còn dùng, có ít nhất 50 khoản bán hàng chuyển khoản vào ngày chợ, trên ít nhất 10 ngày chợ khác nhau. Chợ không họp hằng ngày thì cả hai số giảm theo số ngày chợ trong 90 ngày, làm tròn lên.',
    denominator: 'Sạp đang bán.',
    window: '90 ngày, đến hết ngày đủ giờ gần nhất.',
  },
]

/** The figures of one market as they may be shown: a count is null where showing it would tell of fewer than ten. */
export interface Adoption {
  operating: number
  /** Agreed under an older text, and too few of them to be counted without being known. */
  leftOut: number
  counts: Counts | null
  withheld: Withheld | null
  sections: { section: string; operating: number; counts: Counts | null; withheld: Withheld | null }[]
}

/** The last business day that is over and has settled; never today. */
export function lastClosedDay(now: number, dayStartsAtMinutes: number): string {
  return addDays(businessDay(now - SETTLING_MS, dayStartsAtMinutes), -1)
}

/** A market has figures from its first whole day on. */
export function hasFigures(market: { createdAt: number; dayStartsAtMinutes: number }, day: string): boolean {
  return day > businessDay(market.createdAt, market.dayStartsAtMinutes)
}

/** What to ask of the storage for the figures of a day. `marketDays` is `daily` or ISO weekdays, `1,4`. */
export function questionOf(day: string, marketDays: string): AdoptionQuestion {
  const regularFrom = addDays(day, 1 - REGULAR_DAYS)
  const isMarketDay = (one: string) =>
    marketDays === 'daily' || marketDays.split(',').includes(String(isoWeekday(one)))
  const days = Array.from({ length: REGULAR_DAYS }, (_, index) => addDays(regularFrom, index))
  const share = days.filter(isMarketDay).length / REGULAR_DAYS
  return {
    day,
    activeFrom: addDays(day, 1 - ACTIVE_DAYS),
    regularFrom,
    regularDays: Math.ceil(REGULAR_DAYS_IN_90 * share),
    regularReceipts: Math.ceil(REGULAR_RECEIPTS_IN_90 * share),
    isMarketDay,
    fewestUnnamed: FEWEST_STALLS,
  }
}

/** Eight readings a week apart, oldest first, the last of them `day`. */
export function trendDays(day: string): string[] {
  return Array.from({ length: TREND_WEEKS }, (_, index) => addDays(day, (index - TREND_WEEKS + 1) * 7))
}

/** The day whose window ended where this one's begins. */
export function dayBeforeWindow(day: string): string {
  return addDays(day, -ACTIVE_DAYS)
}

/** What may be shown of the counts, and why the rest may not. */
export function disclose(sections: readonly SectionAdoption[]): Adoption {
  const reasons = withhold(sections.map(({ operating, unnamed }) => ({ stalls: operating, unnamed })))
  const sum = (key: 'operating' | 'leftOut' | keyof Counts) =>
    sections.reduce((total, one) => total + one[key], 0)
  const counts = Object.fromEntries(COUNTED.map((key) => [key, sum(key)])) as Counts
  return {
    operating: sum('operating'),
    leftOut: sum('leftOut'),
    counts: reasons.whole === null ? counts : null,
    withheld: reasons.whole,
    sections: sections.map((one, index) => {
      const withheld = reasons.cells[index]!
      const { section, operating } = one
      return { section, operating, counts: withheld === null ? countsOf(one) : null, withheld }
    }),
  }
}

function countsOf(section: SectionAdoption): Counts {
  return Object.fromEntries(COUNTED.map((key) => [key, section[key]])) as Counts
}

/** 1 is Monday, 7 Sunday. */
function isoWeekday(day: string): number {
  return new Date(Date.parse(day)).getUTCDay() || 7
}
