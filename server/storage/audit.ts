import { sql } from 'drizzle-orm'
import type { Store } from './store.ts'
import { query } from './unit.ts'

/** A counted figure that the ledger does not bear out. */
export interface Difference {
  table: 'takings' | 'daily_outcome'
  key: string
  counted: string
  recomputed: string
}

interface Figure {
  key: string
  figure: string
}

/**
 * Recomputes every counted figure from the ledger and names each that differs; an empty list is what is expected.
 * Reads the whole ledger, so it is the operator's command and never a page.
 */
export function findDifferences(store: Store): Promise<Difference[]> {
  return store.read(function* () {
    const differences: Difference[] = []
    for (const [table, counted, recomputed] of [
      ['takings', COUNTED_TAKINGS, RECOMPUTED_TAKINGS],
      ['daily_outcome', COUNTED_OUTCOMES, RECOMPUTED_OUTCOMES],
    ] as const) {
      const before = byKey(yield* query<Figure>(sql.raw(counted)))
      const after = byKey(yield* query<Figure>(sql.raw(recomputed)))
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        const found = {
          table,
          key,
          counted: before.get(key) ?? 'nothing',
          recomputed: after.get(key) ?? 'nothing',
        }
        if (found.counted !== found.recomputed) differences.push(found)
      }
    }
    return differences
  })
}

const byKey = (figures: readonly Figure[]) => new Map(figures.map(({ key, figure }) => [key, figure]))

// Plain SQL on purpose: an audit that shares the application's query code would share its mistakes.
const TAKINGS_FIGURE = `'total ' || total || ', sales ' || sales || ', unclear ' || unclear ||
  ', cash ' || cash || ', notes ' || notes`
const OUTCOME_FIGURE = `'count ' || n || ', amount ' || amount`

const COUNTED_TAKINGS = `
  select 'market ' || market_id || ', day ' || business_day || ', stall ' || stall_id as key, ${TAKINGS_FIGURE} as figure
  from (
    select *, total_vnd as total, sale_count as sales, unclear_count as unclear, cash_vnd as cash, cash_count as notes
    from takings
  ) as figures
  where total <> 0 or sales <> 0 or unclear <> 0 or cash <> 0 or notes <> 0`

const RECOMPUTED_TAKINGS = `
  with standing as (
    select m.market_id, m.business_day, m.stall_id, coalesce(m.part_vnd, t.amount_vnd) as amount_vnd,
      (select c.classification from classification c
        where c.market_id = m.market_id and c.transaction_seq = m.transaction_seq
          and (c.stall_id is null or c.stall_id = m.stall_id)
        order by c.seq desc limit 1) as kind
    from "match" m
    join bank_transaction t on t.market_id = m.market_id and t.seq = m.transaction_seq
    where not exists (select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq)
  )
  select 'market ' || market_id || ', day ' || business_day || ', stall ' || stall_id as key, ${TAKINGS_FIGURE} as figure
  from (
    select market_id, business_day, stall_id, sum(total) as total, sum(sales) as sales, sum(unclear) as unclear,
      sum(cash) as cash, sum(notes) as notes
    from (
      select market_id, business_day, stall_id,
        case when kind = 'sale' then amount_vnd else 0 end as total,
        case when kind = 'sale' then 1 else 0 end as sales,
        case when kind = 'unclear' then 1 else 0 end as unclear,
        0 as cash, 0 as notes
      from standing
      union all
      select market_id, business_day, stall_id, 0, 0, 0, amount_vnd, case when amount_vnd < 0 then -1 else 1 end
      from cash_sale
    ) as counted group by market_id, business_day, stall_id
  ) as figures
  where total <> 0 or sales <> 0 or unclear <> 0 or cash <> 0 or notes <> 0`

const COUNTED_OUTCOMES = `
  select 'market ' || market_id || ', day ' || business_day || ', source ' || source_id || ', ' || outcome as key, ${OUTCOME_FIGURE} as figure
  from (select *, transaction_count as n, amount_vnd as amount from daily_outcome) as figures
  where n <> 0 or amount <> 0`

const RECOMPUTED_OUTCOMES = `
  select 'market ' || market_id || ', day ' || business_day || ', source ' || source_id || ', ' || outcome as key, ${OUTCOME_FIGURE} as figure
  from (
    select market_id, business_day, source_id, outcome, count(*) as n, sum(amount_vnd) as amount
    from (
      select t.market_id, t.business_day, t.source_id, t.amount_vnd,
        case
          when t.not_counted is not null then 'not_counted'
          when exists (
            select 1 from "match" m where m.market_id = t.market_id and m.transaction_seq = t.seq and m.stall_id = 0
              and not exists (select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq)
          ) then 'not_counted'
          when exists (
            select 1 from "match" m where m.market_id = t.market_id and m.transaction_seq = t.seq
              and not exists (select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq)
          ) then 'matched'
          else 'undecided'
        end as outcome
      from bank_transaction t where t.direction = 'in'
    ) as decided
    group by market_id, business_day, source_id, outcome
  ) as figures`
