import { and, between, eq, inArray, lt, sql } from 'drizzle-orm'
import { addDays, businessDay } from '../../shared/business-day.ts'
import { bankTransaction, dailyOutcome, marketCounter, sourceHour } from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { run, type Unit } from './unit.ts'

export type SourceHour = typeof sourceHour.$inferSelect

/** Four weeks, by which an hour is compared with the same hour of other weeks, and a day. */
const KEPT_HOURS = 29 * 24
const KEYS_PER_QUERY = 500

/** Adds what was heard to each hour's counts, and forgets the hours that nothing is compared with any more. */
export function* addToHours(tx: Db, counts: readonly SourceHour[]): Unit<void> {
  const { sourceId, hour, bankBin, channel, withinS, count } = sourceHour
  for (const row of counts) {
    yield* run(
      tx
        .insert(sourceHour)
        .values(row)
        .onConflictDoUpdate({
          target: [hour, sourceId, bankBin, channel, withinS],
          set: { count: sql`${count} + excluded.count` },
        }),
    )
  }
  if (counts.length === 0) return
  const newest = Math.max(...counts.map((row) => row.hour))
  yield* run(tx.delete(sourceHour).where(lt(hour, newest - KEPT_HOURS)))
}

/** What was heard of every source in these hours (whole hours since 1970), by hour, bank, channel and delay. */
export async function listHours(
  store: Store,
  _scope: OperatorScope,
  hours: readonly number[],
): Promise<SourceHour[]> {
  return store.db
    .select()
    .from(sourceHour)
    .where(inArray(sourceHour.hour, [...hours]))
}

export type PushCount = Pick<SourceHour, 'sourceId' | 'hour' | 'bankBin' | 'count'>

/** How much every source pushed of each bank in these hours, however late. */
export async function countPushes(
  store: Store,
  _scope: OperatorScope,
  hours: readonly number[],
): Promise<PushCount[]> {
  const { sourceId, hour, bankBin, channel, count } = sourceHour
  return store.db
    .select({ sourceId, hour, bankBin, count: sql<number>`sum(${count})`.mapWith(Number) })
    .from(sourceHour)
    .where(and(inArray(hour, [...hours]), eq(channel, 'push')))
    .groupBy(hour, sourceId, bankBin)
}

export type PushDelay = Pick<SourceHour, 'sourceId' | 'bankBin' | 'withinS' | 'count'>

/** How late every source pushed of each bank, from one of these hours to the other, both included. */
export async function countDelays(
  store: Store,
  _scope: OperatorScope,
  first: number,
  last: number,
): Promise<PushDelay[]> {
  const { sourceId, hour, bankBin, channel, withinS, count } = sourceHour
  return store.db
    .select({ sourceId, bankBin, withinS, count: sql<number>`sum(${count})`.mapWith(Number) })
    .from(sourceHour)
    .where(and(between(hour, first, last), eq(channel, 'push')))
    .groupBy(sourceId, bankBin, withinS)
}

/** Of these keys of a source, those under which a transaction is recorded, and when it was: by whoever told it first. */
export async function findRecorded(
  store: Store,
  sourceId: string,
  keys: readonly string[],
): Promise<{ sourceKey: string; recordedAt: number }[]> {
  const { marketId, sourceKey, recordedAt } = bankTransaction
  const markets = store.db.select({ id: marketCounter.marketId }).from(marketCounter)
  const found: { sourceKey: string; recordedAt: number }[] = []
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    const page = await store.db
      .select({ sourceKey, recordedAt })
      .from(bankTransaction)
      .where(
        and(
          // Named one by one, so that each is a look-up in the key.
          inArray(marketId, markets),
          eq(bankTransaction.sourceId, sourceId),
          inArray(sourceKey, keys.slice(start, start + KEYS_PER_QUERY)),
        ),
      )
    found.push(...page)
  }
  return found
}

/** Of each source's incoming credits of the last 7 days: how many have their stall, how many wait for a person. */
export async function countOutcomesBySource(
  store: Store,
  _scope: OperatorScope,
  now: number,
): Promise<{ sourceId: string; outcome: string; n: number }[]> {
  const today = businessDay(now, 0)
  const markets = store.db.select({ id: marketCounter.marketId }).from(marketCounter)
  const { sourceId, outcome, transactionCount } = dailyOutcome
  return store.db
    .select({ sourceId, outcome, n: sql<number>`sum(${transactionCount})`.mapWith(Number) })
    .from(dailyOutcome)
    .where(
      and(
        inArray(dailyOutcome.marketId, markets),
        between(dailyOutcome.businessDay, addDays(today, -6), today),
      ),
    )
    .groupBy(sourceId, outcome)
}
