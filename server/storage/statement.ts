import { and, asc, eq, inArray, isNull, ne, sql, type SQL } from 'drizzle-orm'
import { accountKey, type BookedPrecision } from '../../shared/bank-transaction.ts'
import {
  bankNotification,
  bankTransaction,
  market,
  match,
  matchException,
  setting,
  source,
  sourceAccount,
  witness,
} from './kit.sqlite.ts'
import { knownOn } from './known.ts'
import { creditOfMatch, standing } from './match.ts'
import type { OperatorScope, StallScope } from './scope.ts'
import { STATEMENT, type AccountKey } from './source.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

const NO_MARKET = 0

/** What a statement may do: make transactions, or only witness those that are known. */
export const STATEMENT_MODES = ['counts', 'corroborates'] as const
export type StatementMode = (typeof STATEMENT_MODES)[number]

/** Whose statements are taken, and for which accounts. */
export interface StatementSource {
  id: string
  label: string
  mode: StatementMode
  accounts: AccountKey[]
}

/** The one source of what vendors bring of their own accounts: it only corroborates, and no operator need know of it. */
export const VENDORS_STATEMENTS = 'statement-vendors'

/** The sources whose statements an operator takes, oldest first. */
export function listStatementSources(store: Store, _scope: OperatorScope): Promise<StatementSource[]> {
  return store.read(function* (tx) {
    const sources = yield* rows(
      tx
        .select()
        .from(source)
        .where(and(eq(source.kind, STATEMENT), isNull(source.removedAt), ne(source.id, VENDORS_STATEMENTS)))
        .orderBy(asc(source.createdAt)),
    )
    const accounts = yield* rows(tx.select().from(sourceAccount).orderBy(sourceAccount.id))
    return sources.map(({ id, label, mode }) => ({
      id,
      label,
      mode: mode === 'counts' ? mode : 'corroborates',
      accounts: accounts
        .filter((account) => account.sourceId === id)
        .map(({ bankBin, accountNumber }) => ({ bankBin, accountNumber })),
    }))
  })
}

export function* addStatementSource(
  tx: Db,
  _scope: OperatorScope,
  row: { id: string; label: string; mode: StatementMode },
  now: number,
): Unit<void> {
  yield* run(tx.insert(source).values({ ...row, kind: STATEMENT, createdAt: now }))
}

/** Lets a vendor's statements of that account of hers be heard. Saying it again changes nothing. */
export function* bindVendorsStatements(
  tx: Db,
  _scope: StallScope,
  { bankBin, accountNumber }: AccountKey,
  now: number,
): Unit<void> {
  const row = { id: VENDORS_STATEMENTS, kind: STATEMENT, mode: 'corroborates', label: 'Người bán tự gửi' }
  const bound = { sourceId: VENDORS_STATEMENTS, bankBin, accountNumber, since: now }
  yield* run(
    tx
      .insert(source)
      .values({ ...row, createdAt: now })
      .onConflictDoNothing(),
  )
  yield* run(tx.insert(sourceAccount).values(bound).onConflictDoNothing())
}

/** A credit of her book, as her bank's statement should have it. */
export interface BookCredit {
  amountVnd: number
  businessDay: string
  bookedAt: number
  bookedPrecision: BookedPrecision
  /** The key of the row of a vendor's statement that told of it; null where none did. */
  toldBy: string | null
}

/** The credits of a stall into one account on some business days, oldest first; at most so many. */
export async function listBookCredits(
  store: Store,
  scope: StallScope,
  account: AccountKey,
  days: readonly string[],
  most: number,
): Promise<BookCredit[]> {
  const { amountVnd, bookedAt, bookedPrecision, bankBin, accountNumber } = bankTransaction
  const credits = await store.db
    .select({
      amountVnd,
      businessDay: match.businessDay,
      bookedAt,
      bookedPrecision,
      toldBy: witness.sourceKey,
      account: { bankBin, accountNumber },
    })
    .from(match)
    .innerJoin(bankTransaction, creditOfMatch)
    .leftJoin(
      witness,
      and(
        eq(witness.marketId, match.marketId),
        eq(witness.transactionSeq, match.transactionSeq),
        eq(witness.sourceId, VENDORS_STATEMENTS),
      ),
    )
    .where(and(knownOn(scope, days), standing(store.db)))
    .orderBy(bookedAt, bankTransaction.seq)
    .limit(most)
  return credits.filter((credit) => accountKey(credit.account) === accountKey(account))
}

const mappingsKey = (sourceId: string) => `statement_mappings:${sourceId}`

/** What a person once said of this source's columns, as it was written down; null before. */
export async function findMappings(
  store: Store,
  _scope: OperatorScope,
  sourceId: string,
): Promise<string | null> {
  const [row] = await store.db
    .select()
    .from(setting)
    .where(eq(setting.key, mappingsKey(sourceId)))
  return row?.value ?? null
}

/**
 * The same of every source that an operator takes statements of that bank from, the oldest first: what he said serves
 * the vendors' own statements too.
 */
export function listMappings(store: Store, _scope: StallScope, bankBin: string): Promise<string[]> {
  return store.read(function* (tx) {
    const takes = tx
      .select({ id: sourceAccount.sourceId })
      .from(sourceAccount)
      .where(eq(sourceAccount.bankBin, bankBin))
    const sources = yield* rows(
      tx
        .select({ id: source.id })
        .from(source)
        .where(and(eq(source.kind, STATEMENT), isNull(source.removedAt), inArray(source.id, takes)))
        .orderBy(asc(source.createdAt)),
    )
    const keys = sources.map(({ id }) => mappingsKey(id))
    const written = yield* rows(tx.select().from(setting).where(inArray(setting.key, keys)))
    return keys.flatMap((key) => written.find((row) => row.key === key)?.value ?? [])
  })
}

export function* writeMappings(tx: Db, _scope: OperatorScope, sourceId: string, value: string): Unit<void> {
  const row = { key: mappingsKey(sourceId), value }
  yield* run(tx.insert(setting).values(row).onConflictDoUpdate({ target: setting.key, set: row }))
}

/** What one statement added to a day. */
export interface AddedDay {
  businessDay: string
  /** Credits by what became of them, and debits. */
  matched: number
  undecided: number
  notCounted: number
  outgoing: number
}

/**
 * What the messages of a source that were received at exactly that moment (epoch milliseconds: one statement's all
 * are) made of the ledger: transactions by day, oldest first, and how many known ones they witnessed.
 */
export function getAdded(
  store: Store,
  _scope: OperatorScope,
  sourceId: string,
  receivedAt: number,
): Promise<{ days: AddedDay[]; witnessed: number }> {
  return store.read(function* (tx) {
    const markets = yield* rows(tx.select({ id: market.id }).from(market))
    const days = new Map<string, AddedDay>()
    let witnessed = 0
    const isCounted = sql`${bankTransaction.direction} = 'in' and ${bankTransaction.notCounted} is null`
    const countOf = (condition: SQL) => sql<number>`count(case when ${condition} then 1 end)`
    for (const marketId of [NO_MARKET, ...markets.map(({ id }) => id)]) {
      const added = yield* rows(
        tx
          .select({
            businessDay: bankTransaction.businessDay,
            matched: countOf(sql`${isCounted} and ${matchException.seq} is null`),
            undecided: countOf(sql`${isCounted} and ${matchException.seq} is not null`),
            notCounted: countOf(
              sql`${bankTransaction.direction} = 'in' and ${bankTransaction.notCounted} is not null`,
            ),
            outgoing: countOf(sql`${bankTransaction.direction} = 'out'`),
          })
          .from(bankTransaction)
          .leftJoin(
            matchException,
            and(
              eq(matchException.marketId, bankTransaction.marketId),
              eq(matchException.businessDay, bankTransaction.businessDay),
              eq(matchException.transactionSeq, bankTransaction.seq),
              ne(matchException.reason, 'content_changed'),
            ),
          )
          .where(
            and(
              eq(bankTransaction.marketId, marketId),
              eq(bankTransaction.sourceId, sourceId),
              eq(bankTransaction.recordedAt, receivedAt),
            ),
          )
          .groupBy(bankTransaction.businessDay),
      )
      for (const { businessDay, ...counts } of added) {
        const day = days.get(businessDay) ?? {
          businessDay,
          matched: 0,
          undecided: 0,
          notCounted: 0,
          outgoing: 0,
        }
        days.set(businessDay, {
          businessDay,
          matched: day.matched + counts.matched,
          undecided: day.undecided + counts.undecided,
          notCounted: day.notCounted + counts.notCounted,
          outgoing: day.outgoing + counts.outgoing,
        })
      }
      const [told] = yield* rows(
        tx
          .select({ count: sql<number>`count(*)` })
          .from(witness)
          .innerJoin(
            bankNotification,
            and(
              eq(bankNotification.marketId, witness.marketId),
              eq(bankNotification.seq, witness.notificationSeq),
            ),
          )
          .where(
            and(
              eq(witness.marketId, marketId),
              eq(witness.sourceId, sourceId),
              eq(bankNotification.receivedAt, receivedAt),
            ),
          ),
      )
      witnessed += told?.count ?? 0
    }
    const inOrder = [...days.values()].sort((a, b) => (a.businessDay < b.businessDay ? -1 : 1))
    return { days: inOrder, witnessed }
  })
}
