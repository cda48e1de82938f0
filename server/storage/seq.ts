import { eq, sql } from 'drizzle-orm'
import { marketCounter } from './kit.sqlite.ts'
import type { Db } from './store.ts'
import { rows, type Unit } from './unit.ts'

/** The last seq that a commit took. */
export function* lastSeq(tx: Db, marketId: number): Unit<number> {
  const [row] = yield* rows(tx.select().from(marketCounter).where(eq(marketCounter.marketId, marketId)))
  return row?.seq ?? 0
}

/**
 * Takes the market's next `count` sequence numbers, in order. The counter's row stays locked until the commit, so
 * that whoever reads by seq sees rows in the order in which they became visible.
 */
export function* takeSeqs(tx: Db, marketId: number, count: number): Unit<number[]> {
  const [row] = yield* rows(
    tx
      .insert(marketCounter)
      .values({ marketId, seq: count })
      .onConflictDoUpdate({
        target: marketCounter.marketId,
        set: { seq: sql`${marketCounter.seq} + excluded.seq` },
      })
      .returning(),
  )
  return Array.from({ length: count }, (_, index) => row!.seq - count + 1 + index)
}
