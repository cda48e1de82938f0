import { and, eq, gt, inArray, sql, type SQL } from 'drizzle-orm'
import { cashSale, match } from './kit.sqlite.ts'
import type { StallScope } from './scope.ts'

/** Of some matches those that the phone behind this scope may know. */
export function known({ seesAfter, onlyDay }: StallScope): SQL | undefined {
  return and(
    // Nothing is matched before it is recorded: said of `seq`, the index by day need not walk the past. The sum keeps
    // the planner from another index, by which it would read the whole market's present.
    ...(seesAfter > 0 ? [gt(match.seq, seesAfter), sql`${match.transactionSeq} + 0 > ${seesAfter}`] : []),
    onlyDay === null ? undefined : eq(match.businessDay, onlyDay),
  )
}

/** A stall's matches on some days, of those that the phone behind this scope may know; by their index. */
export function knownOn(scope: StallScope, days: readonly string[]): SQL | undefined {
  return and(
    eq(match.marketId, scope.marketId),
    inArray(match.businessDay, [...days]),
    eq(match.stallId, scope.stallId),
    known(scope),
  )
}

/** Of some cash notes those that the phone behind this scope may know. */
export function knownNotes({ seesAfter, onlyDay }: StallScope): SQL | undefined {
  return and(
    seesAfter > 0 ? gt(cashSale.seq, seesAfter) : undefined,
    onlyDay === null ? undefined : eq(cashSale.businessDay, onlyDay),
  )
}
