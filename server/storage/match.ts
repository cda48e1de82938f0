import { and, desc, eq, gt, isNull, notExists, or, sql, type SQL } from 'drizzle-orm'
import type { Classification } from '../../shared/wire.ts'
import { bankTransaction, classification, match, matchReversal } from './kit.sqlite.ts'
import type { Db } from './store.ts'

/** Where a credit is matched that a person said is no stall's sale. */
export const NO_STALL = 0

/** The credit of the `match` row at hand. */
export const creditOfMatch = and(
  eq(bankTransaction.marketId, match.marketId),
  eq(bankTransaction.seq, match.transactionSeq),
)

/** What of its credit the `match` row at hand gives to its stall. */
export const matchedVnd = sql<number>`coalesce(${match.partVnd}, ${bankTransaction.amountVnd})`.mapWith(
  Number,
)

/** Newest first, sorted when found: in its key's order SQLite may walk all matches of a market to find a stall's few. */
export const newestMatchFirst = desc(sql`${match.seq} + 0`)

/** A match that nobody has undone. */
export function standing(tx: Db): SQL {
  return notExists(
    tx
      .select({ one: sql`1` })
      .from(matchReversal)
      .where(and(eq(matchReversal.marketId, match.marketId), eq(matchReversal.matchSeq, match.seq))),
  )
}

/** What the credit of the `match` row at hand, or this stall's part of it, was last said to be. */
export function newestClassification(tx: Db): SQL<Classification> {
  return sql<Classification>`coalesce((${tx
    .select({ kind: classification.classification })
    .from(classification)
    .where(
      and(
        eq(classification.marketId, match.marketId),
        eq(classification.transactionSeq, match.transactionSeq),
        gt(classification.seq, match.seq),
        or(isNull(classification.stallId), eq(classification.stallId, match.stallId)),
      ),
    )
    .orderBy(desc(classification.seq))
    .limit(1)}), ${match.classification})`
}
