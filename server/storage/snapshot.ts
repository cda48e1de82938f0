import { and, asc, eq, isNull } from 'drizzle-orm'
import { signingKey, snapshot } from './kit.sqlite.ts'
import type { MarketScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

export type Snapshot = typeof snapshot.$inferSelect
export type SigningKey = typeof signingKey.$inferSelect
export type NewKey = Pick<SigningKey, 'kid' | 'publicJwk' | 'privateJwk'>

export async function findSnapshot(
  store: Store,
  scope: MarketScope,
  businessDay: string,
  definitionsVersion: string,
): Promise<Snapshot | undefined> {
  const [row] = await store.db
    .select()
    .from(snapshot)
    .where(isOf(scope, businessDay, definitionsVersion))
  return row
}

/** Writes a day's figures, once: of two who write the same day, both get what the first one wrote. */
export function* recordSnapshot(tx: Db, scope: MarketScope, row: Omit<Snapshot, 'marketId'>): Unit<Snapshot> {
  yield* run(
    tx
      .insert(snapshot)
      .values({ ...row, marketId: scope.marketId })
      .onConflictDoNothing(),
  )
  const [stored] = yield* rows(
    tx
      .select()
      .from(snapshot)
      .where(isOf(scope, row.businessDay, row.definitionsVersion)),
  )
  return stored!
}

/** Every public key that ever signed: an old signature is checked with an old key. */
export function listPublicKeys(store: Store): Promise<Pick<SigningKey, 'kid' | 'publicJwk' | 'retiredAt'>[]> {
  return Promise.resolve(
    store.db
      .select({ kid: signingKey.kid, publicJwk: signingKey.publicJwk, retiredAt: signingKey.retiredAt })
      .from(signingKey)
      .orderBy(asc(signingKey.createdAt)),
  )
}

/** The key that signs from now on: the one in use, or, where there is none yet, this one. */
export function* firstKey(tx: Db, fresh: NewKey, now: number): Unit<SigningKey> {
  const [current] = yield* rows(tx.select().from(signingKey).where(isNull(signingKey.retiredAt)))
  return current ?? (yield* addKey(tx, fresh, now))
}

/** Signs with this key from now on; the one before stays published. */
export function* rotateKey(tx: Db, fresh: NewKey, now: number): Unit<SigningKey> {
  yield* run(tx.update(signingKey).set({ retiredAt: now }).where(isNull(signingKey.retiredAt)))
  return yield* addKey(tx, fresh, now)
}

export async function findCurrentKey(store: Store): Promise<SigningKey | undefined> {
  const [current] = await store.db.select().from(signingKey).where(isNull(signingKey.retiredAt))
  return current
}

function* addKey(tx: Db, fresh: NewKey, now: number): Unit<SigningKey> {
  const [added] = yield* rows(
    tx
      .insert(signingKey)
      .values({ ...fresh, createdAt: now, retiredAt: null })
      .returning(),
  )
  return added!
}

function isOf(scope: MarketScope, businessDay: string, definitionsVersion: string) {
  return and(
    eq(snapshot.marketId, scope.marketId),
    eq(snapshot.businessDay, businessDay),
    eq(snapshot.definitionsVersion, definitionsVersion),
  )
}
