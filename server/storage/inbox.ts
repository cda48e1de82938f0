import { and, desc, eq, inArray, isNotNull, notExists, notInArray, sql } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import type { ExceptionReason, NotCountedReason, Published } from './decision.ts'
import {
  bankTransaction,
  change,
  classification,
  dailyOutcome,
  match,
  matchException,
  transactionText,
} from './kit.sqlite.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './sqlite.ts'
import { addToTakings, standing } from './takings.ts'
import { rows, run, type Unit } from './unit.ts'

const MAX_DAYS = 31
const MAX_OPEN = 200

/** Exceptions about a message rather than about money nobody has decided on. */
const ABOUT_A_MESSAGE: ExceptionReason[] = ['unreadable', 'content_changed']

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
    .orderBy(matchException.businessDay, matchException.seq)
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

/**
 * A person says whose an undecided credit is. What it was is hers to say: it starts as unclear, outside her takings.
 * Throws `conflict` if somebody decided it meanwhile, `not_found` if there is no such credit.
 */
export function* assign(
  tx: Db,
  _scope: OperatorScope,
  decision: { marketId: number; transactionSeq: number; stallId: number; by: string; reason: string },
  now: number,
): Unit<Published> {
  const { marketId, transactionSeq, stallId, by, reason } = decision
  const [credit] = yield* rows(
    tx
      .select()
      .from(bankTransaction)
      .where(and(eq(bankTransaction.marketId, marketId), eq(bankTransaction.seq, transactionSeq))),
  )
  if (!credit || credit.direction !== 'in' || credit.notCounted !== null) {
    throw new AppError('not_found', `no undecided credit ${transactionSeq} in market ${marketId}`)
  }
  const [decided] = yield* rows(
    tx
      .select()
      .from(match)
      .where(and(eq(match.marketId, marketId), eq(match.transactionSeq, transactionSeq), standing(tx))),
  )
  if (decided) throw new AppError('conflict', `credit ${transactionSeq} is already decided`)

  const { businessDay, amountVnd, sourceId } = credit
  const [matchSeq, classificationSeq, changeSeq] = yield* takeSeqs(tx, marketId, 3)
  yield* run(
    tx.insert(match).values({
      marketId,
      seq: matchSeq!,
      transactionSeq,
      businessDay,
      stallId,
      rule: 'assigned',
      by,
      reason,
      at: now,
    }),
  )
  const kind = 'unclear'
  yield* run(
    tx
      .insert(classification)
      .values({ marketId, seq: classificationSeq!, transactionSeq, classification: kind, by, at: now }),
  )
  yield* addToTakings(tx, stallScope(marketId, stallId), businessDay, amountVnd, kind, 1)
  yield* moveOutcome(tx, marketId, businessDay, sourceId, 'undecided', -1, -amountVnd)
  yield* moveOutcome(tx, marketId, businessDay, sourceId, 'matched', 1, amountVnd)
  yield* run(
    tx.insert(change).values({ marketId, seq: changeSeq!, stallId, transactionSeq, kind: 'credit', at: now }),
  )
  return { marketId, stallId, seq: changeSeq! }
}

function* moveOutcome(
  tx: Db,
  marketId: number,
  businessDay: string,
  sourceId: string,
  outcome: 'matched' | 'undecided',
  transactionCount: number,
  amountVnd: number,
): Unit<void> {
  yield* run(
    tx
      .insert(dailyOutcome)
      .values({ marketId, businessDay, sourceId, outcome, transactionCount, amountVnd })
      .onConflictDoUpdate({
        target: [
          dailyOutcome.marketId,
          dailyOutcome.businessDay,
          dailyOutcome.sourceId,
          dailyOutcome.outcome,
        ],
        set: {
          transactionCount: sql`${dailyOutcome.transactionCount} + excluded.transaction_count`,
          amountVnd: sql`${dailyOutcome.amountVnd} + excluded.amount_vnd`,
        },
      }),
  )
}
