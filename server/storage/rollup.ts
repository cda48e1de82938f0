import { and, between, eq, sql } from 'drizzle-orm'
import { addDays } from '../../shared/business-day.ts'
import { marketDay, section, sectionDay } from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Store } from './store.ts'
import { WINDOW_DAYS } from './trailing-window.ts'
import { prepared, query, type Unit } from './unit.ts'

/** How far a market's rollups are behind its ledger. */
export interface Behind {
  marketId: number
  /** In seqs of the market's ledger. */
  entries: number
  /** When the oldest of them was recorded, epoch milliseconds; null where none of them is counted in a rollup. */
  oldestAt: number | null
}

/** The markets whose rollups are behind. */
export function listBehind(store: Store): Promise<Behind[]> {
  return store.read(function* (): Unit<Behind[]> {
    const found = yield* query<Omit<Behind, 'oldestAt'> & Record<(typeof FOLLOWED)[number], number | null>>(
      sql.raw(BEHIND),
    )
    return found.map(({ marketId, entries, ...oldest }) => {
      const times = FOLLOWED.flatMap((table) => oldest[table] ?? [])
      return { marketId, entries, oldestAt: times.length > 0 ? Math.min(...times) : null }
    })
  })
}

const FOLLOWED = ['match', 'match_reversal', 'classification', 'stall_move'] as const

const BEHIND = `
  select c.market_id as "marketId", c.seq - coalesce(r.seq, 0) as entries,
    ${FOLLOWED.map(
      (table) => `(
        select one.at from "${table}" one
        where one.market_id = c.market_id and one.seq > coalesce(r.seq, 0) order by one.seq limit 1
      ) as "${table}"`,
    ).join(', ')}
  from market_counter c left join rollup_cursor r on r.market_id = c.market_id
  where c.market_id <> 0 and c.seq > coalesce(r.seq, 0)`

/** What a section's stalls sold in a window, all of them: never to be shown as it is (docs/rollups.md). */
export interface SectionVolume {
  section: string
  totalVnd: number
  saleCount: number
}

/** Volume by section over the 30 days up to `day`. */
export function sumSections(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
  day: string,
): Promise<SectionVolume[]> {
  return store.read((tx) =>
    prepared(
      tx,
      'section_volumes',
      () => {
        // Summed before they are named: a name looked up for each day's row would cost as much as the sums.
        const sums = tx
          .select({
            sectionId: sectionDay.sectionId,
            totalVnd: sql<number>`sum(${sectionDay.totalVnd})`.as('total'),
            saleCount: sql<number>`sum(${sectionDay.saleCount})`.as('sales'),
          })
          .from(sectionDay)
          .where(inWindow(sectionDay))
          .groupBy(sectionDay.sectionId)
          .as('sums')
        return tx
          .select({ section: section.name, totalVnd: sums.totalVnd, saleCount: sums.saleCount })
          .from(sums)
          .innerJoin(section, eq(section.id, sums.sectionId))
      },
      windowUpTo(marketId, day),
    ),
  )
}

/** A market's 30 days. Like the above, counted of everybody. */
export interface MarketWindow {
  activeStalls: number
  saleCount: number
  /** Of those sales, the ones whose payer's account the source told: the next two know of no other. */
  payerSaleCount: number
  payers: number
  /** Payers who paid on two or more different days. */
  repeatPayers: number
}

/** The market's figures over the 30 days up to `day`. */
export async function readMarketWindow(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
  day: string,
): Promise<MarketWindow> {
  const days = await store.read((tx) =>
    prepared(
      tx,
      'market_days',
      () => tx.select().from(marketDay).where(inWindow(marketDay)),
      windowUpTo(marketId, day),
    ),
  )
  const sum = (key: 'saleCount' | 'payerSaleCount') => days.reduce((total, one) => total + one[key], 0)
  const last = days.find(({ businessDay }) => businessDay === day)
  return {
    activeStalls: last?.activeStalls30d ?? 0,
    saleCount: sum('saleCount'),
    payerSaleCount: sum('payerSaleCount'),
    payers: last?.payers30d ?? 0,
    repeatPayers: last?.repeatPayers30d ?? 0,
  }
}

const inWindow = (of: typeof marketDay | typeof sectionDay) =>
  and(
    eq(of.marketId, sql.placeholder('marketId')),
    between(of.businessDay, sql.placeholder('from'), sql.placeholder('to')),
  )

const windowUpTo = (marketId: number, day: string) => ({
  marketId,
  from: addDays(day, 1 - WINDOW_DAYS),
  to: day,
})
