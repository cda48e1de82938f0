import { sql } from 'drizzle-orm'
import { dailyOutcome, marketDay, sectionDay, takings, type bankTransaction } from './kit.sqlite.ts'
import type { Db } from './store.ts'
import { run, type Unit } from './unit.ts'

/** How a row of takings is added to the one that is there; columns a writer leaves at 0 stay as they are. */
export const ADD_TO_TAKINGS = {
  target: [takings.marketId, takings.businessDay, takings.stallId],
  set: {
    totalVnd: sql`${takings.totalVnd} + excluded.total_vnd`,
    saleCount: sql`${takings.saleCount} + excluded.sale_count`,
    unclearCount: sql`${takings.unclearCount} + excluded.unclear_count`,
    cashVnd: sql`${takings.cashVnd} + excluded.cash_vnd`,
    cashCount: sql`${takings.cashCount} + excluded.cash_count`,
  },
}

/** How a day's outcome is added to the one that is there. */
export const ADD_TO_OUTCOME = {
  target: [dailyOutcome.marketId, dailyOutcome.businessDay, dailyOutcome.sourceId, dailyOutcome.outcome],
  set: {
    transactionCount: sql`${dailyOutcome.transactionCount} + excluded.transaction_count`,
    amountVnd: sql`${dailyOutcome.amountVnd} + excluded.amount_vnd`,
  },
}

/** How what the follower found is added to a section's day. */
export const ADD_TO_SECTION_DAY = {
  target: [sectionDay.marketId, sectionDay.businessDay, sectionDay.sectionId],
  set: {
    totalVnd: sql`${sectionDay.totalVnd} + excluded.total_vnd`,
    saleCount: sql`${sectionDay.saleCount} + excluded.sale_count`,
    activeStalls30d: sql`${sectionDay.activeStalls30d} + excluded.active_stalls30d`,
  },
}

/** The same for the market's day. */
export const ADD_TO_MARKET_DAY = {
  target: [marketDay.marketId, marketDay.businessDay],
  set: {
    totalVnd: sql`${marketDay.totalVnd} + excluded.total_vnd`,
    saleCount: sql`${marketDay.saleCount} + excluded.sale_count`,
    activeStalls30d: sql`${marketDay.activeStalls30d} + excluded.active_stalls30d`,
    payerSaleCount: sql`${marketDay.payerSaleCount} + excluded.payer_sale_count`,
    payers30d: sql`${marketDay.payers30d} + excluded.payers30d`,
    repeatPayers30d: sql`${marketDay.repeatPayers30d} + excluded.repeat_payers30d`,
  },
}

/** Counts one credit in (`sign` 1) or out (−1) of what became of its day's money. */
export function* addToOutcome(
  tx: Db,
  credit: Pick<typeof bankTransaction.$inferSelect, 'marketId' | 'businessDay' | 'sourceId' | 'amountVnd'>,
  outcome: (typeof dailyOutcome.$inferSelect)['outcome'],
  sign: 1 | -1,
): Unit<void> {
  const { marketId, businessDay, sourceId } = credit
  const amountVnd = sign * credit.amountVnd
  yield* run(
    tx
      .insert(dailyOutcome)
      .values({ marketId, businessDay, sourceId, outcome, transactionCount: sign, amountVnd })
      .onConflictDoUpdate(ADD_TO_OUTCOME),
  )
}
