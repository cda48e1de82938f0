import { sql } from 'drizzle-orm'
import { addDays } from '../../shared/business-day.ts'
import { WINDOW_DAYS } from './audited-window.ts'
import { query, type Unit } from './unit.ts'

/** Days with transactions that are recomputed at once: few enough for any memory. */
const SPAN_DAYS = 7
/** What belongs to no market has no rollups. */
export const NO_MARKET = 0

/** Every market's days on which anything is told or counted, and those whose window reaches back to one, in spans. */
export function* listSpans(): Unit<Map<number, string[][]>> {
  const found = yield* query<{ marketId: number; day: string; isTold: number }>(
    sql.raw(
      `select market_id as "marketId", business_day as day, max(is_told) as "isTold" from (${DATED.map(
        (table) =>
          `select distinct market_id, business_day, ${table === 'bank_transaction' ? 1 : 0} as is_told from ${table}`,
      ).join(' union all ')}) as dated group by market_id, business_day`,
    ),
  )
  return new Map(
    [...Map.groupBy(found, (row) => row.marketId)].map(([marketId, ofMarket]) => {
      const ahead = marketId === NO_MARKET ? 1 : WINDOW_DAYS
      const days = ofMarket.flatMap(({ day }) => Array.from({ length: ahead }, (_, n) => addDays(day, n)))
      const told = new Set(ofMarket.flatMap(({ day, isTold }) => (isTold ? [day] : [])))
      const spans: string[][] = [[]]
      let toldInSpan = 0
      for (const day of [...new Set(days)].sort()) {
        if (told.has(day)) toldInSpan += 1
        if (toldInSpan > SPAN_DAYS) {
          spans.push([])
          toldInSpan = 1
        }
        spans.at(-1)!.push(day)
      }
      return [marketId, spans]
    }),
  )
}

const DATED = [
  'bank_transaction',
  'cash_sale',
  'takings',
  'daily_outcome',
  'stall_day',
  'section_day',
  'market_day',
  'payer_sale',
]
