import { and, asc, eq, getTableColumns, gt, isNull, max, ne, or, sql } from 'drizzle-orm'
import { alarmTelling, source, sourceAlarm } from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { run, type Unit } from './unit.ts'

export type SourceAlarm = typeof sourceAlarm.$inferSelect
export type NewAlarm = Pick<SourceAlarm, 'sourceId' | 'bankBin' | 'kind' | 'since' | 'raisedAt'>
export type AlarmTelling = typeof alarmTelling.$inferSelect

/** What an alarm is by now, and how often telling that in one way has failed. */
export interface UntoldAlarm extends SourceAlarm {
  label: string
  state: AlarmTelling['state']
  failed: Pick<AlarmTelling, 'tries' | 'triedAt'> | null
}

/** Those that are not over yet, oldest first. */
export async function listOpenAlarms(store: Store): Promise<SourceAlarm[]> {
  return store.db.select().from(sourceAlarm).where(isNull(sourceAlarm.endedAt)).orderBy(asc(sourceAlarm.id))
}

/** When the last silence of a whole source was over, by the source's id. */
export async function lastSilenceEnds(store: Store): Promise<Map<string, number>> {
  const { sourceId, bankBin, kind, endedAt } = sourceAlarm
  const found = await store.db
    .select({ sourceId, endedAt: max(endedAt) })
    .from(sourceAlarm)
    .where(and(eq(kind, 'silent'), isNull(bankBin)))
    .groupBy(sourceId)
  return new Map(found.map((row) => [row.sourceId, row.endedAt ?? 0]))
}

/** Those of which the operator was not yet told in this way what they are by now; none that ended before `endedAfter`. */
export async function listUntoldAlarms(
  store: Store,
  _scope: OperatorScope,
  way: AlarmTelling['way'],
  endedAfter: number,
): Promise<UntoldAlarm[]> {
  const { id, sourceId, endedAt } = sourceAlarm
  const { alarmId, outcome, tries, triedAt } = alarmTelling
  const state = sql<AlarmTelling['state']>`case when ${endedAt} is null then 'raised' else 'ended' end`
  return store.db
    .select({
      ...getTableColumns(sourceAlarm),
      label: source.label,
      state,
      failed: { tries, triedAt },
    })
    .from(sourceAlarm)
    .innerJoin(source, eq(source.id, sourceId))
    .leftJoin(alarmTelling, and(eq(alarmId, id), eq(alarmTelling.way, way), eq(alarmTelling.state, state)))
    .where(and(or(isNull(endedAt), gt(endedAt, endedAfter)), or(isNull(outcome), ne(outcome, 'told'))))
    .orderBy(asc(id))
}

export function* raiseAlarm(tx: Db, alarm: NewAlarm): Unit<void> {
  yield* run(tx.insert(sourceAlarm).values(alarm))
}

export function* endAlarm(tx: Db, id: number, endedAt: number): Unit<void> {
  yield* run(tx.update(sourceAlarm).set({ endedAt }).where(eq(sourceAlarm.id, id)))
}

/** How one more try to tell the operator went. */
export function* noteTelling(tx: Db, telling: Omit<AlarmTelling, 'tries'>): Unit<void> {
  const { alarmId, state, way, tries } = alarmTelling
  const { outcome, triedAt } = telling
  yield* run(
    tx
      .insert(alarmTelling)
      .values({ ...telling, tries: 1 })
      .onConflictDoUpdate({
        target: [alarmId, state, way],
        set: { outcome, triedAt, tries: sql`${tries} + 1` },
      }),
  )
}
