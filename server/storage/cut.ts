import { and, asc, desc, eq, gt, gte } from 'drizzle-orm'
import { cashSale, cut, dailyOutcome, match, sale, takings } from './kit.sqlite.ts'
import type { StallScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** After every day there is. */
const NEVER = '9999-12-31'

/** Takes the market's next seq for somebody who may know only what is recorded from now on. */
export function* takeCut(tx: Db, marketId: number): Unit<number> {
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  yield* markCut(tx, marketId, seq!)
  return seq!
}

/** Notes up to which day the market's money and cash had come by this seq: banks date some of it ahead. */
export function* markCut(tx: Db, marketId: number, seq: number): Unit<void> {
  const days: string[] = []
  for (const table of [dailyOutcome, takings]) {
    const [newest] = yield* rows(
      tx
        .select({ businessDay: table.businessDay })
        .from(table)
        .where(eq(table.marketId, marketId))
        .orderBy(desc(table.businessDay))
        .limit(1),
    )
    if (newest) days.push(newest.businessDay)
  }
  const businessDay = days.sort().at(-1) ?? ''
  yield* run(tx.insert(cut).values({ marketId, seq, businessDay }).onConflictDoNothing())
}

/** The last day that may hold what this scope may not know; '' where nothing is hidden. Later days are known whole. */
export function* lastPartDay(
  tx: Db,
  { marketId, seesAfter }: Pick<StallScope, 'marketId' | 'seesAfter'>,
): Unit<string> {
  if (seesAfter === 0) return ''
  const [found] = yield* rows(
    tx
      .select({ businessDay: cut.businessDay })
      .from(cut)
      // A later cut says the same of what was recorded up to this one, only less sharply.
      .where(and(eq(cut.marketId, marketId), gte(cut.seq, seesAfter)))
      .orderBy(asc(cut.seq))
      .limit(1),
  )
  return found?.businessDay ?? NEVER
}

/**
 * Whether anything was recorded of a stall that this scope may know: money, cash, a sale asked for. By days: what a
 * bank told late of days before the cut is not looked for. A quiet stall's question reads the market's takings, so it
 * is for pairing and proving, and for no page of every day.
 */
export function* hasRecords(tx: Db, scope: StallScope): Unit<boolean> {
  const { marketId, stallId, seesAfter } = scope
  const partDay = yield* lastPartDay(tx, scope)
  const found = [
    yield* rows(
      tx
        .select({ day: takings.businessDay })
        .from(takings)
        .where(
          and(eq(takings.marketId, marketId), gt(takings.businessDay, partDay), eq(takings.stallId, stallId)),
        )
        .limit(1),
    ),
    yield* rows(
      tx
        .select({ seq: sale.seq })
        .from(sale)
        .where(and(eq(sale.marketId, marketId), eq(sale.stallId, stallId), gt(sale.seq, seesAfter)))
        .limit(1),
    ),
  ]
  for (const table of seesAfter === 0 ? [] : [match, cashSale]) {
    found.push(
      yield* rows(
        tx
          .select({ seq: table.seq })
          .from(table)
          .where(
            and(
              eq(table.marketId, marketId),
              eq(table.businessDay, partDay),
              eq(table.stallId, stallId),
              gt(table.seq, seesAfter),
            ),
          )
          .limit(1),
      ),
    )
  }
  return found.some((some) => some.length > 0)
}
