import { and, asc, eq, getTableColumns, isNotNull, isNull, or } from 'drizzle-orm'
import { source, sourceAlarm } from './kit.sqlite.ts'
import type { OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { run, type Unit } from './unit.ts'

type SourceAlarm = typeof sourceAlarm.$inferSelect
export type NewAlarm = Pick<SourceAlarm, 'sourceId' | 'kind' | 'since' | 'raisedAt'>

/** Those that are not over yet, oldest first. */
export async function listOpenAlarms(store: Store): Promise<SourceAlarm[]> {
  return store.db.select().from(sourceAlarm).where(isNull(sourceAlarm.endedAt)).orderBy(asc(sourceAlarm.id))
}

/** Those of which the operator was not yet told what they are by now. */
export async function listUntoldAlarms(
  store: Store,
  _scope: OperatorScope,
): Promise<(SourceAlarm & { label: string })[]> {
  const { told, endedAt, id } = sourceAlarm
  return store.db
    .select({ ...getTableColumns(sourceAlarm), label: source.label })
    .from(sourceAlarm)
    .innerJoin(source, eq(source.id, sourceAlarm.sourceId))
    .where(or(eq(told, 'nothing'), and(eq(told, 'raised'), isNotNull(endedAt))))
    .orderBy(asc(id))
}

export function* raiseAlarm(tx: Db, alarm: NewAlarm): Unit<void> {
  yield* run(tx.insert(sourceAlarm).values(alarm))
}

export function* endAlarm(tx: Db, id: number, endedAt: number): Unit<void> {
  yield* run(tx.update(sourceAlarm).set({ endedAt, tries: 0 }).where(eq(sourceAlarm.id, id)))
}

/** What the operator was told of it last, or one more try that failed. */
export function* noteTelling(tx: Db, id: number, told: SourceAlarm['told'], tries: number): Unit<void> {
  yield* run(tx.update(sourceAlarm).set({ told, tries }).where(eq(sourceAlarm.id, id)))
}
