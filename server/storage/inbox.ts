import { and, desc, eq, gt, inArray, isNotNull, notExists, notInArray, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { ExceptionReason, NotCountedReason } from './decision.ts'
import { bankTransaction, dailyOutcome, match, matchException, transactionText } from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Store } from './store.ts'
import { standing } from './match.ts'
import { rows } from './unit.ts'

const MAX_DAYS = 31
const MAX_OPEN = 200

/** Exceptions about a message rather than about money nobody has decided on. */
const ABOUT_A_MESSAGE: ExceptionReason[] = ['unreadable', 'content_changed']

const later = alias(matchException, 'later')

interface Sum {
  transactionCount: number
  amountVnd: number
}

/** A day's incoming money and what became of it; `in` is counted from the transactions, not from the other three. */
export interface InboxDay {
  businessDay: string
  in: Sum
  matched: Sum
  undecided: Sum
  notCounted: Sum
}

export interface UndecidedCredit {
  transactionSeq: number
  businessDay: string
  bankBin: string
  accountNumber: string
  amountVnd: number
  bookedAt: number
  remittanceText: string
  payerName: string | null
  reason: ExceptionReason
  sourceId: string
}

export interface Alert {
  seq: number
  businessDay: string
  reason: ExceptionReason
  detail: string | null
  at: number
}

/** The newest days of a market (0: money that is no market's), newest first. */
export function listInboxDays(store: Store, _scope: OperatorScope, marketId: number): Promise<InboxDay[]> {
  return store.read(function* (tx) {
    const sums = yield* rows(
      tx
        .select({
          businessDay: dailyOutcome.businessDay,
          outcome: dailyOutcome.outcome,
          transactionCount: sql<number>`sum(${dailyOutcome.transactionCount})`,
          amountVnd: sql<number>`sum(${dailyOutcome.amountVnd})`,
        })
        .from(dailyOutcome)
        .where(eq(dailyOutcome.marketId, marketId))
        .groupBy(dailyOutcome.businessDay, dailyOutcome.outcome)
        .orderBy(desc(dailyOutcome.businessDay))
        .limit(MAX_DAYS * 3),
    )
    const days: InboxDay[] = []
    for (const [businessDay, parts] of Map.groupBy(sums, (row) => row.businessDay)) {
      const part = (outcome: string): Sum => {
        const found = parts.find((row) => row.outcome === outcome)
        return { transactionCount: found?.transactionCount ?? 0, amountVnd: found?.amountVnd ?? 0 }
      }
      const [total] = yield* rows(
        tx
          .select({
            transactionCount: sql<number>`count(*)`,
            amountVnd: sql<number>`coalesce(sum(${bankTransaction.amountVnd}), 0)`,
          })
          .from(bankTransaction)
          .where(
            and(
              eq(bankTransaction.marketId, marketId),
              eq(bankTransaction.businessDay, businessDay),
              eq(bankTransaction.direction, 'in'),
            ),
          ),
      )
      days.push({
        businessDay,
        in: total!,
        matched: part('matched'),
        undecided: part('undecided'),
        notCounted: part('not_counted'),
      })
    }
    return days.slice(0, MAX_DAYS)
  })
}

/** Why a day's money was not counted. */
export async function listNotCounted(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
  businessDay: string,
): Promise<(Sum & { reason: NotCountedReason })[]> {
  const found = await store.db
    .select({
      reason: bankTransaction.notCounted,
      transactionCount: sql<number>`count(*)`,
      amountVnd: sql<number>`sum(${bankTransaction.amountVnd})`,
    })
    .from(bankTransaction)
    .where(
      and(
        eq(bankTransaction.marketId, marketId),
        eq(bankTransaction.businessDay, businessDay),
        eq(bankTransaction.direction, 'in'),
        isNotNull(bankTransaction.notCounted),
      ),
    )
    .groupBy(bankTransaction.notCounted)
  return found.map((row) => ({ ...row, reason: row.reason! }))
}

/** Money that waits for a person, oldest first. */
export async function listUndecided(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
): Promise<UndecidedCredit[]> {
  const { db } = store
  const found = await db
    .select({
      transactionSeq: bankTransaction.seq,
      businessDay: bankTransaction.businessDay,
      bankBin: bankTransaction.bankBin,
      accountNumber: bankTransaction.accountNumber,
      amountVnd: bankTransaction.amountVnd,
      bookedAt: bankTransaction.bookedAt,
      remittanceText: transactionText.remittanceText,
      payerName: transactionText.payerName,
      reason: matchException.reason,
      sourceId: bankTransaction.sourceId,
    })
    .from(matchException)
    .innerJoin(
      bankTransaction,
      and(
        eq(bankTransaction.marketId, matchException.marketId),
        eq(bankTransaction.seq, matchException.transactionSeq),
      ),
    )
    .leftJoin(
      transactionText,
      and(
        eq(transactionText.marketId, bankTransaction.marketId),
        eq(transactionText.transactionSeq, bankTransaction.seq),
      ),
    )
    .where(
      and(
        eq(matchException.marketId, marketId),
        // Only days that still have something open: the ledger is never read whole.
        inArray(
          matchException.businessDay,
          db
            .select({ day: dailyOutcome.businessDay })
            .from(dailyOutcome)
            .where(
              and(
                eq(dailyOutcome.marketId, marketId),
                eq(dailyOutcome.outcome, 'undecided'),
                sql`${dailyOutcome.transactionCount} > 0`,
              ),
            ),
        ),
        notInArray(matchException.reason, ABOUT_A_MESSAGE),
        // Of one that was decided and undone, the newest says why it waits.
        notExists(
          db
            .select({ one: sql`1` })
            .from(later)
            .where(
              and(
                eq(later.marketId, matchException.marketId),
                eq(later.businessDay, matchException.businessDay),
                gt(later.seq, matchException.seq),
                eq(later.transactionSeq, matchException.transactionSeq),
                notInArray(later.reason, ABOUT_A_MESSAGE),
              ),
            ),
        ),
        notExists(
          db
            .select({ one: sql`1` })
            .from(match)
            .where(
              and(
                eq(match.marketId, matchException.marketId),
                eq(match.transactionSeq, matchException.transactionSeq),
                standing(db),
              ),
            ),
        ),
      ),
    )
    .orderBy(matchException.businessDay, matchException.transactionSeq)
    .limit(MAX_OPEN)
  return found.map((row) => ({ ...row, remittanceText: row.remittanceText ?? '' }))
}

/** Messages that could not be read, or that say something else under an old key: newest first. */
export function listAlerts(store: Store, _scope: OperatorScope, marketId: number): Promise<Alert[]> {
  return Promise.resolve(
    store.db
      .select({
        seq: matchException.seq,
        businessDay: matchException.businessDay,
        reason: matchException.reason,
        detail: matchException.detail,
        at: matchException.at,
      })
      .from(matchException)
      .where(and(eq(matchException.marketId, marketId), inArray(matchException.reason, ABOUT_A_MESSAGE)))
      .orderBy(desc(matchException.seq))
      .limit(MAX_OPEN),
  )
}
