import { and, desc, eq, gte, ne } from 'drizzle-orm'
import { vietnamTime } from '../../shared/business-day.ts'
import { UNDO } from './cash.ts'
import { bankTransaction, cashSale, match } from './kit.sqlite.ts'
import { knownNotes } from './known.ts'
import type { StallScope } from './scope.ts'
import type { Store } from './store.ts'
import { creditOfMatch, standing } from './match.ts'
import { figuresOf } from './takings.ts'

/** A day's cash on a phone; a busier stall sees the newest. */
const MAX_NOTES = 200
/** As many of the newest credits say how late the bank is just now. */
const MAX_DELAYS = 5

/** The figures of one day in her book. */
export interface BookDay {
  businessDay: string
  /** Transfers classified as sales. */
  transferVnd: number
  transferCount: number
  unclearCount: number
  cashVnd: number
  cashCount: number
}

/** One cash note of a day's list. */
export interface CashLine {
  key: string
  amountVnd: number
  /** `10:42`, Vietnam time. */
  time: string
  undone: boolean
}

/** The figures of these days, in their order; a day without takings has zeros. One key lookup a day. */
export async function readBook(store: Store, scope: StallScope, days: readonly string[]): Promise<BookDay[]> {
  const figures = await store.read((tx) => figuresOf(tx, scope, days))
  return days.map((businessDay) => {
    const day = figures.get(businessDay)
    return {
      businessDay,
      transferVnd: day?.totalVnd ?? 0,
      transferCount: day?.saleCount ?? 0,
      unclearCount: day?.unclearCount ?? 0,
      cashVnd: day?.cashVnd ?? 0,
      cashCount: day?.cashCount ?? 0,
    }
  })
}

/** The cash she noted on one day, newest first; what she took back says so. */
export async function listCash(store: Store, scope: StallScope, businessDay: string): Promise<CashLine[]> {
  const notes = await store.db
    .select()
    .from(cashSale)
    .where(
      and(
        eq(cashSale.marketId, scope.marketId),
        eq(cashSale.businessDay, businessDay),
        eq(cashSale.stallId, scope.stallId),
        knownNotes(scope),
      ),
    )
    .orderBy(desc(cashSale.seq))
    .limit(MAX_NOTES)
  const keys = new Set(notes.map((note) => note.idempotencyKey))
  return notes
    .filter((note) => !note.idempotencyKey.startsWith(UNDO))
    .map(({ idempotencyKey, amountVnd, at }) => ({
      key: idempotencyKey,
      amountVnd,
      time: vietnamTime(at),
      undone: keys.has(`${UNDO}${idempotencyKey}`),
    }))
}

/** How long the newest credits of a stall's day took from the bank's booking to our recording, in milliseconds. */
export async function listDelays(
  store: Store,
  scope: StallScope,
  businessDay: string,
  since: number,
): Promise<number[]> {
  const found = await store.db
    .select({ bookedAt: bankTransaction.bookedAt, recordedAt: bankTransaction.recordedAt })
    .from(match)
    .innerJoin(bankTransaction, creditOfMatch)
    .where(
      and(
        eq(match.marketId, scope.marketId),
        eq(match.businessDay, businessDay),
        eq(match.stallId, scope.stallId),
        gte(bankTransaction.recordedAt, since),
        // Of a bank that tells only the day nothing can be said.
        ne(bankTransaction.bookedPrecision, 'day'),
        standing(store.db),
      ),
    )
    .orderBy(desc(match.seq))
    .limit(MAX_DELAYS)
  return found.map(({ bookedAt, recordedAt }) => recordedAt - bookedAt)
}
