import { and, asc, eq, gt, inArray, isNull, lt, max, ne, or, sql } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { consent, payeeAccount, source, sourceAccount, sourceHeard, sourceSecret } from './kit.sqlite.ts'
import type { MarketScope, OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

export type SourceRow = typeof source.$inferSelect
export type Heard = typeof sourceHeard.$inferSelect
/** The bank of what is heard of a source as a whole. */
export const ANY_BANK = ''

/** The kind of a source whose files a person brings: nothing is sent to its address, and it has no secret. */
export const STATEMENT = 'statement'
const isHeardLive = ne(source.kind, STATEMENT)

export interface AccountKey {
  bankBin: string
  accountNumber: string
}

export interface SourceListing extends SourceRow {
  accounts: AccountKey[]
  /** When its newest message came, by whichever channel, as far as the listeners have written it down; or null. */
  lastHeardAt: number | null
}

export function listSources(store: Store, _scope: OperatorScope): Promise<SourceListing[]> {
  return store.read(function* (tx) {
    const sources = yield* rows(
      tx
        .select()
        .from(source)
        .where(and(isNull(source.removedAt), isHeardLive))
        .orderBy(asc(source.createdAt)),
    )
    const accounts = yield* rows(tx.select().from(sourceAccount).orderBy(sourceAccount.id))
    const heard = yield* rows(tx.select().from(sourceHeard))
    return sources.map((row) => ({
      ...row,
      accounts: accounts.filter((account) => account.sourceId === row.id),
      lastHeardAt: newest(heard.filter((one) => one.sourceId === row.id)),
    }))
  })
}

const newest = (heard: readonly Heard[]): number | null =>
  heard.length === 0 ? null : Math.max(...heard.map((one) => one.heardAt))

/** When every source was last heard, by each channel and bank. */
export async function listHeard(store: Store, _scope: OperatorScope): Promise<Heard[]> {
  return store.db.select().from(sourceHeard)
}

/** Writes down when sources were heard; what another server of this database heard later stays. */
export function* noteHeard(tx: Db, heard: readonly Heard[]): Unit<void> {
  for (const one of heard) {
    yield* run(
      tx
        .insert(sourceHeard)
        .values(one)
        .onConflictDoUpdate({
          target: [sourceHeard.sourceId, sourceHeard.channel, sourceHeard.bankBin],
          set: { heardAt: one.heardAt },
          setWhere: lt(sourceHeard.heardAt, one.heardAt),
        }),
    )
  }
}

/** A source that may still speak, for the route that hears it. */
export async function findSource(store: Store, sourceId: string): Promise<SourceRow | undefined> {
  const [row] = await store.db
    .select()
    .from(source)
    .where(and(eq(source.id, sourceId), isNull(source.removedAt), isHeardLive))
  return row
}

/** The sealed secrets that are valid now, newest first. */
export async function listSecrets(store: Store, sourceId: string, now: number): Promise<string[]> {
  const found = await store.db
    .select({ secret: sourceSecret.secret })
    .from(sourceSecret)
    .where(
      and(
        eq(sourceSecret.sourceId, sourceId),
        or(isNull(sourceSecret.expiresAt), gt(sourceSecret.expiresAt, now)),
      ),
    )
    .orderBy(sql`${sourceSecret.id} desc`)
  return found.map((row) => row.secret)
}

export function* addSource(
  tx: Db,
  _scope: OperatorScope,
  row: Pick<SourceRow, 'id' | 'kind' | 'mode' | 'label' | 'apiToken'> & { secret: string },
  now: number,
): Unit<void> {
  const { secret, ...rest } = row
  yield* run(tx.insert(source).values({ ...rest, createdAt: now }))
  yield* run(tx.insert(sourceSecret).values({ sourceId: row.id, secret, createdAt: now }))
}

/** A new secret; the ones before it stay good until `overlapUntil`. */
export function* rotateSecret(
  tx: Db,
  _scope: OperatorScope,
  sourceId: string,
  secret: string,
  now: number,
  overlapUntil: number,
): Unit<void> {
  yield* liveSource(tx, sourceId)
  yield* run(
    tx
      .update(sourceSecret)
      .set({ expiresAt: overlapUntil })
      .where(and(eq(sourceSecret.sourceId, sourceId), isNull(sourceSecret.expiresAt))),
  )
  yield* run(tx.insert(sourceSecret).values({ sourceId, secret, createdAt: now }))
}

/** The token its history is fetched with, sealed. */
export function* setApiToken(tx: Db, _scope: OperatorScope, sourceId: string, apiToken: string): Unit<void> {
  yield* liveSource(tx, sourceId)
  yield* run(tx.update(source).set({ apiToken }).where(eq(source.id, sourceId)))
}

/** Whether the codes of sales paid into its accounts are asked of it. */
export function* setMakesCodes(
  tx: Db,
  _scope: OperatorScope,
  sourceId: string,
  makesCodes: boolean,
): Unit<void> {
  yield* liveSource(tx, sourceId)
  yield* run(tx.update(source).set({ makesCodes }).where(eq(source.id, sourceId)))
}

/** It is not believed any more; what it said stays. */
export function* removeSource(tx: Db, _scope: OperatorScope, sourceId: string, now: number): Unit<void> {
  yield* liveSource(tx, sourceId)
  yield* run(tx.update(source).set({ removedAt: now, unboundVersion: null }).where(eq(source.id, sourceId)))
  yield* run(tx.delete(sourceSecret).where(eq(sourceSecret.sourceId, sourceId)))
  yield* run(tx.delete(sourceAccount).where(eq(sourceAccount.sourceId, sourceId)))
}

/** Says which accounts a source may speak for. Binding again what is bound changes nothing. */
export function* bindAccounts(
  tx: Db,
  _scope: OperatorScope,
  sourceId: string,
  accounts: readonly AccountKey[],
  now: number,
): Unit<void> {
  yield* liveSource(tx, sourceId)
  for (const { bankBin, accountNumber } of accounts) {
    yield* run(
      tx.insert(sourceAccount).values({ sourceId, bankBin, accountNumber, since: now }).onConflictDoNothing(),
    )
  }
}

export function* unbindAccount(
  tx: Db,
  _scope: OperatorScope,
  sourceId: string,
  account: AccountKey,
): Unit<void> {
  yield* run(
    tx
      .delete(sourceAccount)
      .where(
        and(
          eq(sourceAccount.sourceId, sourceId),
          eq(sourceAccount.bankBin, account.bankBin),
          eq(sourceAccount.accountNumber, account.accountNumber),
        ),
      ),
  )
  yield* run(tx.update(source).set({ unboundVersion: null }).where(eq(source.id, sourceId)))
}

/** Where the next back-fill goes on from, moved only after the page before it is recorded, and when one last came to its end. */
export function* advanceBackfill(
  tx: Db,
  sourceId: string,
  cursor: string | null,
  finishedAt: number | null,
): Unit<void> {
  yield* run(
    tx
      .update(source)
      .set({ backfillCursor: cursor, backfilledAt: finishedAt })
      .where(eq(source.id, sourceId)),
  )
}

/** When an account, a consent or a binding was last added: from then on money may be ours that was nobody's. */
export function newestRegistrationAt(store: Store): Promise<number> {
  return store.read(function* (tx) {
    const [accounts] = yield* rows(tx.select({ at: max(payeeAccount.proposedAt) }).from(payeeAccount))
    const [consents] = yield* rows(tx.select({ at: max(consent.at) }).from(consent))
    const [bindings] = yield* rows(tx.select({ at: max(sourceAccount.since) }).from(sourceAccount))
    return Math.max(accounts?.at ?? 0, consents?.at ?? 0, bindings?.at ?? 0)
  })
}

/** Every account of a market's registry, for binding them all at once. */
export function* accountKeysOf(tx: Db, scope: MarketScope): Unit<AccountKey[]> {
  return yield* rows(
    tx
      .selectDistinct({ bankBin: payeeAccount.bankBin, accountNumber: payeeAccount.accountNumber })
      .from(payeeAccount)
      .where(eq(payeeAccount.marketId, scope.marketId)),
  )
}

/** The accounts that some source may speak for as money comes; a statement comes too late to be heard. */
export async function listBoundAccounts(store: Store): Promise<AccountKey[]> {
  return store.db
    .select({ bankBin: sourceAccount.bankBin, accountNumber: sourceAccount.accountNumber })
    .from(sourceAccount)
    .where(
      inArray(sourceAccount.sourceId, store.db.select({ id: source.id }).from(source).where(isHeardLive)),
    )
}

/** Whether some source may speak for that account as money comes. */
export async function isHeard(store: Store, { bankBin, accountNumber }: AccountKey): Promise<boolean> {
  const [bound] = await store.db
    .select({ sourceId: source.id })
    .from(sourceAccount)
    .innerJoin(source, eq(source.id, sourceAccount.sourceId))
    .where(
      and(eq(sourceAccount.bankBin, bankBin), eq(sourceAccount.accountNumber, accountNumber), isHeardLive),
    )
    .limit(1)
  return bound !== undefined
}

function* liveSource(tx: Db, sourceId: string): Unit<void> {
  const [row] = yield* rows(
    tx
      .select()
      .from(source)
      .where(and(eq(source.id, sourceId), isNull(source.removedAt))),
  )
  if (!row) throw new AppError('not_found', `source ${sourceId}`)
}
