import { sql, type SQL } from 'drizzle-orm'
import { query, type Unit } from './unit.ts'

/** What is counted of something, by its name. */
export type Figures = Record<string, number | string>
export type Tally = ReadonlyMap<string, Figures>

export function add(tally: Map<string, Figures>, key: string, figures: Record<string, number>): void {
  const sums = tally.get(key) ?? {}
  for (const [name, figure] of Object.entries(figures)) sums[name] = Number(sums[name] ?? 0) + figure
  tally.set(key, sums)
}

/** What is nothing need not be there. */
export function isSame(was: Figures, is: Figures, unknown: readonly string[]): boolean {
  const isKept = (one: Figures, other: Figures) => {
    for (const name in one) {
      if ((one[name] ?? 0) !== (other[name] ?? 0) && !unknown.includes(name)) return false
    }
    return true
  }
  return isKept(was, is) && isKept(is, was)
}

export function inWords(figures: Figures, unknown: readonly string[]): string {
  const told = Object.entries(figures).filter(([name, figure]) => figure !== 0 && !unknown.includes(name))
  return told.map(([name, figure]) => `${name} ${figure}`).join(', ') || 'nothing'
}

export function* countedIn(counted: string, within: SQL): Unit<Tally> {
  const found = yield* query<Figures & { key: string }>(sql`${sql.raw(counted)} where ${within}`)
  return new Map(found.map(({ key, ...figures }) => [key, figures]))
}

export const TAKINGS = `
  select 'day ' || business_day || ', stall ' || stall_id as key, total_vnd as total, sale_count as sales,
    unclear_count as unclear, cash_vnd as cash, cash_count as notes
  from takings`
export const OUTCOMES = `
  select 'day ' || business_day || ', source ' || source_id || ', ' || outcome as key, transaction_count as count,
    amount_vnd as amount
  from daily_outcome`
export const STALL_DAYS = `
  select 'day ' || business_day || ', stall ' || stall_id || ', section ' || section_id as key, total_vnd as total,
    sale_count as sales
  from stall_day`
export const SECTION_DAYS = `
  select 'day ' || business_day || ', section ' || section_id as key, total_vnd as total, sale_count as sales,
    active_stalls30d as active
  from section_day`
export const MARKET_DAYS = `
  select 'day ' || business_day as key, total_vnd as total, sale_count as sales, active_stalls30d as active,
    payer_sale_count as named, payers30d as payers, repeat_payers30d as repeating
  from market_day`
