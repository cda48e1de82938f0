import { and, desc, eq, gt, inArray, isNotNull, notExists, notInArray, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { NotASale } from './assignment.ts'
import type { ExceptionReason, NotCountedReason } from './decision.ts'
import {
  bankNotification,
  bankTransaction,
  dailyOutcome,
  erasable,
  match,
  matchException,
  source,
} from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Store } from './store.ts'
import { creditOfMatch, newestClassification, NO_STALL, standing } from './match.ts'
import { rows } from './unit.ts'

/** What came in is counted anew, credit by credit, beside what was counted as it came; older days are the audit's. */
const MAX_DAYS = 7
const MAX_OPEN = 200

/** Exceptions about a message rather than about money nobody has decided on. */
const ABOUT_A_MESSAGE: ExceptionReason[] = ['unreadable', 'content_changed']

const later = alias(matchException, 'later')

interface Sum {
  transactionCount: number
  amountVnd: number
}

/** By a rule, or by a person's word. */
export type NotCounted = Sum & ({ reason: NotCountedReason } | { saidToBe: NotASale })

const sumOf = (row: Sum | undefined): Sum => ({
  transactionCount: row?.transactionCount ?? 0,
  amountVnd: row?.amountVnd ?? 0,
})

/** A source's money of a day and what became of it; `in` is counted from the transactions, not from the other three. */
export interface InboxDay {
  businessDay: string
  sourceLabel: string
  in: Sum
  matched: Sum
  undecided: Sum
  notCounted: Sum
}

export interface UndecidedCredit {
  marketId: number
  transactionSeq: number
  businessDay: string
  bankBin: string
  accountNumber: string
  virtualAccount: string | null
  amountVnd: number
  bookedAt: number
  remittanceText: string
  payerName: string | null
  payerAccount: string | null
  reason: ExceptionReason
  sourceId: string
}

export interface Alert {
  sourceLabel: string
  reason: ExceptionReason
  detail: string | null
  at: number
}

/** The newest days of a market (0: money that is no market's), newest first, each by source. */
export function listInboxDays(store: Store, _scope: OperatorScope, marketId: number): Promise<InboxDay[]> {
  return store.read(function* (tx) {
    const newest = yield* rows(
      tx
        .selectDistinct({ day: dailyOutcome.businessDay })
        .from(dailyOutcome)
        .where(eq(dailyOutcome.marketId, marketId))
        .orderBy(desc(dailyOutcome.businessDay))
        .limit(MAX_DAYS),
    )
    const labels = new Map((yield* rows(tx.select().from(source))).map((row) => [row.id, row.label]))
    const ofDays = newest.map(({ day }) => day)
    if (ofDays.length === 0) return []
    const outcomes = yield* rows(
      tx
        .select()
        .from(dailyOutcome)
        .where(and(eq(dailyOutcome.marketId, marketId), inArray(dailyOutcome.businessDay, ofDays))),
    )
    const { businessDay: day } = bankTransaction
    // No bare column: SQLite would rather walk a whole market in its sources' order than find its days.
    const ofSource = sql<string>`${bankTransaction.sourceId} || ''`
    const cameIn = yield* rows(
      tx
        .select({
          businessDay: day,
          sourceId: ofSource,
          transactionCount: sql<number>`count(*)`,
          amountVnd: sql<number>`coalesce(sum(${bankTransaction.amountVnd}), 0)`,
        })
        .from(bankTransaction)
        .where(
          and(
            eq(bankTransaction.marketId, marketId),
            inArray(day, ofDays),
            eq(bankTransaction.direction, 'in'),
          ),
        )
        .groupBy(day, ofSource),
    )
    const days: InboxDay[] = []
    for (const businessDay of ofDays) {
      const isOfDay = (row: { businessDay: string }) => row.businessDay === businessDay
      const [parts, totals] = [outcomes.filter(isOfDay), cameIn.filter(isOfDay)]
      for (const sourceId of new Set([...totals, ...parts].map((row) => row.sourceId).sort())) {
        const part = (outcome: string) =>
          sumOf(parts.find((row) => row.sourceId === sourceId && row.outcome === outcome))
        days.push({
          businessDay,
          sourceLabel: labels.get(sourceId) ?? sourceId,
          in: sumOf(totals.find((row) => row.sourceId === sourceId)),
          matched: part('matched'),
          undecided: part('undecided'),
          notCounted: part('not_counted'),
        })
      }
    }
    return days
  })
}

/** Why a day's money was not counted: by a rule, or because a person said what it is. */
export function listNotCounted(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
  businessDay: string,
): Promise<NotCounted[]> {
  const sums = {
    transactionCount: sql<number>`count(*)`,
    amountVnd: sql<number>`sum(${bankTransaction.amountVnd})`,
  }
  return store.read(function* (tx) {
    const byRule = yield* rows(
      tx
        .select({ ...sums, reason: bankTransaction.notCounted })
        .from(bankTransaction)
        .where(
          and(
            eq(bankTransaction.marketId, marketId),
            eq(bankTransaction.businessDay, businessDay),
            eq(bankTransaction.direction, 'in'),
            isNotNull(bankTransaction.notCounted),
          ),
        )
        .groupBy(bankTransaction.notCounted),
    )
    const byPerson = yield* rows(
      tx
        .select({ amountVnd: bankTransaction.amountVnd, saidToBe: newestClassification(tx) })
        .from(match)
        .innerJoin(bankTransaction, creditOfMatch)
        .where(
          and(
            eq(match.marketId, marketId),
            eq(match.businessDay, businessDay),
            eq(match.stallId, NO_STALL),
            standing(tx),
          ),
        ),
    )
    const said = [...Map.groupBy(byPerson, (row) => row.saidToBe)].map(([kind, alike]) => ({
      saidToBe: kind as NotASale,
      transactionCount: alike.length,
      amountVnd: alike.reduce((vnd, one) => vnd + one.amountVnd, 0),
    }))
    return [...byRule.map((row) => ({ ...row, reason: row.reason! })), ...said]
  })
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
      marketId: bankTransaction.marketId,
      transactionSeq: bankTransaction.seq,
      businessDay: bankTransaction.businessDay,
      bankBin: bankTransaction.bankBin,
      accountNumber: bankTransaction.accountNumber,
      virtualAccount: bankTransaction.virtualAccount,
      amountVnd: bankTransaction.amountVnd,
      bookedAt: bankTransaction.bookedAt,
      remittanceText: erasable.remittanceText,
      payerName: erasable.payerName,
      payerAccount: erasable.payerAccount,
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
      erasable,
      and(eq(erasable.marketId, bankTransaction.marketId), eq(erasable.seq, bankTransaction.seq)),
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
        sourceLabel: sql<string>`coalesce(${source.label}, ${bankNotification.sourceId})`,
        reason: matchException.reason,
        detail: matchException.detail,
        at: matchException.at,
      })
      .from(matchException)
      .innerJoin(
        bankNotification,
        and(
          eq(bankNotification.marketId, matchException.marketId),
          eq(bankNotification.seq, matchException.notificationSeq),
        ),
      )
      .leftJoin(source, eq(source.id, bankNotification.sourceId))
      .where(and(eq(matchException.marketId, marketId), inArray(matchException.reason, ABOUT_A_MESSAGE)))
      .orderBy(desc(matchException.seq))
      .limit(MAX_OPEN),
  )
}
