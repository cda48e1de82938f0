import { count, eq, isNull } from 'drizzle-orm'
import { market, setting, source, sourceSecret } from './kit.sqlite.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** Whether this database is the demo: a property of the data, so that play money can never pass for real. */
export async function isDemo(store: Store): Promise<boolean> {
  const [row] = await store.db.select().from(setting).where(eq(setting.key, 'demo'))
  return row?.value === 'yes'
}

export function* markAsDemo(tx: Db): Unit<void> {
  yield* run(tx.insert(setting).values({ key: 'demo', value: 'yes' }).onConflictDoNothing())
}

/** Whether nobody has set anything up yet. */
export async function isEmpty(store: Store): Promise<boolean> {
  const [markets] = await store.db.select({ n: count() }).from(market)
  const [sources] = await store.db.select({ n: count() }).from(source).where(isNull(source.removedAt))
  return markets!.n + sources!.n === 0
}

const SEAL_KEY = 'seal_key'

/** The fingerprint of the key that secrets in this database are sealed with: the first that came. */
export function* agreeOnSealKey(tx: Db, fingerprint: string): Unit<string> {
  yield* run(tx.insert(setting).values({ key: SEAL_KEY, value: fingerprint }).onConflictDoNothing())
  const [agreed] = yield* rows(tx.select().from(setting).where(eq(setting.key, SEAL_KEY)))
  return agreed!.value
}

/** From now on it is that one. What was sealed before nobody can open any more, so it goes. */
export function* replaceSealKey(tx: Db, fingerprint: string): Unit<void> {
  const row = { key: SEAL_KEY, value: fingerprint }
  yield* run(tx.insert(setting).values(row).onConflictDoUpdate({ target: setting.key, set: row }))
  yield* run(tx.delete(sourceSecret))
  yield* run(tx.update(source).set({ apiToken: null }))
}

const MOVING_FROM = 'moving_from'

/** The address another database is being moved here from; none once it is whole. */
export async function findMoveMark(store: Store): Promise<string | undefined> {
  const [row] = await store.db.select().from(setting).where(eq(setting.key, MOVING_FROM))
  return row?.value
}

export function* markAsMoving(tx: Db, from: string): Unit<void> {
  yield* run(tx.insert(setting).values({ key: MOVING_FROM, value: from }))
}

export function* unmarkAsMoving(tx: Db): Unit<void> {
  yield* run(tx.delete(setting).where(eq(setting.key, MOVING_FROM)))
}
