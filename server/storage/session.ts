import { createHash } from 'node:crypto'
import { and, asc, eq, gt, gte, inArray, isNull } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { hasRecords, takeCut } from './cut.ts'
import { session, signInCode, tenancy } from './kit.sqlite.ts'
import { stallScope, type MarketScope, type StallScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { stallsHeldBy } from './stall.ts'
import type { PHONE_KINDS, ROLES } from './tables.ts'
import { rows, run, type Unit } from './unit.ts'

export type Role = (typeof ROLES)[number]

/** Who a door opens for. An operator belongs to no market: 0. */
export interface Identity {
  role: Role
  marketId: number
  vendorId: number | null
  /** Whose row it speaks for: a speaker's only. */
  sectionId?: number | null
}

export type PhoneKind = (typeof PHONE_KINDS)[number]

/** A session as its door sees it; for board and operator the last three say nothing. */
export interface SignedIn extends Identity {
  /** Names it, and opens nothing. */
  tokenHash: string
  kind: PhoneKind
  waiting: boolean
  seesAfter: number
}

/** A phone that listens to a vendor's stalls. `tokenHash` names it, and opens nothing. */
export type Phone = Pick<
  typeof session.$inferSelect,
  'tokenHash' | 'device' | 'kind' | 'waiting' | 'createdAt' | 'seesAfter'
>

const SIGNED_IN = {
  tokenHash: session.tokenHash,
  role: session.role,
  marketId: session.marketId,
  vendorId: session.vendorId,
  sectionId: session.sectionId,
  kind: session.kind,
  waiting: session.waiting,
  seesAfter: session.seesAfter,
}

/** At rest a token is only its hash; 256 random bits need no salt and no stretching. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** Issues a one-time code. `code` is random and leaves this process only in the link it is part of. */
export function* issueSignInCode(
  tx: Db,
  code: string,
  identity: Identity,
  issuedBy: string,
  now: number,
  lifetimeMs: number,
): Unit<void> {
  yield* run(
    tx.insert(signInCode).values({
      ...identity,
      codeHash: hashToken(code),
      issuedBy,
      issuedAt: now,
      expiresAt: now + lifetimeMs,
    }),
  )
}

/** Whom a code that is still good would let in; looking does not use it up. */
export async function findSignInCode(store: Store, code: string, now: number): Promise<Identity | undefined> {
  const [row] = await store.db
    .select({
      role: signInCode.role,
      marketId: signInCode.marketId,
      vendorId: signInCode.vendorId,
      sectionId: signInCode.sectionId,
    })
    .from(signInCode)
    .where(
      and(eq(signInCode.codeHash, hashToken(code)), isNull(signInCode.usedAt), gt(signInCode.expiresAt, now)),
    )
  return row
}

/** Uses a code up: the second to try gets `gone`. */
export function* redeemSignInCode(tx: Db, code: string, now: number): Unit<Identity & { issuedBy: string }> {
  const [row] = yield* rows(
    tx
      .update(signInCode)
      .set({ usedAt: now })
      .where(
        and(
          eq(signInCode.codeHash, hashToken(code)),
          isNull(signInCode.usedAt),
          gt(signInCode.expiresAt, now),
        ),
      )
      .returning(),
  )
  if (!row) throw new AppError('gone', 'sign-in code used, expired or unknown')
  const { role, marketId, vendorId, sectionId, issuedBy } = row
  return { role, marketId, vendorId, sectionId, issuedBy }
}

export function* openSession(
  tx: Db,
  token: string,
  identity: Identity,
  device: string,
  kind: PhoneKind,
  knowsPast: boolean,
  now: number,
  lifetimeMs: number,
): Unit<void> {
  const { marketId, vendorId } = identity
  const phone = { kind, waiting: false, seesAfter: 0 }
  if (vendorId !== null && !knowsPast) {
    // Whoever issued its code could have kept it: a new phone knows nothing of before, whosever hand it is in.
    for (const { id, seesAfter } of yield* stallsHeldBy(tx, marketId, vendorId)) {
      const hers = stallScope(marketId, id, { seesAfter, onlyDay: null })
      if (phone.seesAfter === 0 && (yield* hasRecords(tx, hers)))
        phone.seesAfter = yield* takeCut(tx, marketId)
    }
    phone.waiting = (yield* phonesOf(tx, marketId, vendorId, now)).some(saysYes)
  }
  yield* run(
    tx.insert(session).values({
      ...identity,
      ...phone,
      tokenHash: hashToken(token),
      device,
      createdAt: now,
      expiresAt: now + lifetimeMs,
    }),
  )
}

export async function findSession(store: Store, token: string, now: number): Promise<SignedIn | undefined> {
  const [row] = await store.db
    .select(SIGNED_IN)
    .from(session)
    .where(
      and(eq(session.tokenHash, hashToken(token)), isNull(session.revokedAt), gt(session.expiresAt, now)),
    )
  return row
}

/** The same for many at once, by what names them. */
export function findSessions(store: Store, tokenHashes: readonly string[], now: number): Promise<SignedIn[]> {
  return store.read((tx) =>
    rows(
      tx
        .select(SIGNED_IN)
        .from(session)
        .where(
          and(
            inArray(session.tokenHash, [...tokenHashes]),
            isNull(session.revokedAt),
            gt(session.expiresAt, now),
          ),
        ),
    ),
  )
}

/** A phone of whoever holds a stall, and since when she does, as a seq: what was recorded up to there was another's. */
export interface Listener extends SignedIn {
  stallId: number
  heldAfter: number
}

/** The phones that may listen to some stalls now, oldest first. */
export function listListeners(
  store: Store,
  scope: MarketScope,
  stallIds: readonly number[],
  now: number,
): Promise<Listener[]> {
  return store.read((tx) =>
    rows(
      tx
        .select({ ...SIGNED_IN, stallId: tenancy.stallId, heldAfter: tenancy.seesAfter })
        .from(tenancy)
        .innerJoin(
          session,
          and(eq(session.marketId, tenancy.marketId), eq(session.vendorId, tenancy.vendorId)),
        )
        .where(
          and(
            eq(tenancy.marketId, scope.marketId),
            inArray(tenancy.stallId, [...stallIds]),
            isNull(tenancy.endedAt),
            isNull(session.revokedAt),
            gt(session.expiresAt, now),
          ),
        )
        .orderBy(asc(session.createdAt)),
    ),
  )
}

/** Her own phone that nobody need say yes to any more can say it to others. */
const saysYes = (phone: Phone): boolean => phone.kind === 'owner' && !phone.waiting

function phonesOf(tx: Db, marketId: number, vendorId: number, now: number): Unit<Phone[]> {
  const { tokenHash, device, kind, waiting, createdAt, seesAfter } = session
  return rows(
    tx
      .select({ tokenHash, device, kind, waiting, createdAt, seesAfter })
      .from(session)
      .where(
        and(
          eq(session.marketId, marketId),
          eq(session.vendorId, vendorId),
          isNull(session.revokedAt),
          gt(session.expiresAt, now),
        ),
      )
      .orderBy(asc(session.createdAt)),
  )
}

/** The phones that listen now, oldest first; `isThis` marks the one that asks. */
export async function listPhones(
  store: Store,
  { marketId }: StallScope,
  own: SignedIn,
  now: number,
): Promise<(Phone & { isThis: boolean })[]> {
  const found = await store.read((tx) => phonesOf(tx, marketId, own.vendorId!, now))
  return found.map((phone) => ({ ...phone, isThis: phone.tokenHash === own.tokenHash }))
}

/** A yes of `by`: the waiting phone now knows what the phone that said it knows, and not more. */
export function* admitPhone(
  tx: Db,
  { marketId }: StallScope,
  by: SignedIn,
  tokenHash: string,
  now: number,
): Unit<void> {
  const phone = (yield* phonesOf(tx, marketId, by.vendorId!, now)).find((one) => one.tokenHash === tokenHash)
  if (!phone?.waiting) throw new AppError('not_found', 'no such phone is waiting')
  yield* openPast(tx, phone, by.seesAfter)
}

/** Nobody need say yes to this phone any more, and it knows all that was recorded after that seq. */
export function* openPast(
  tx: Db,
  { tokenHash, seesAfter }: Pick<Phone, 'tokenHash' | 'seesAfter'>,
  after: number,
): Unit<void> {
  yield* run(
    tx
      .update(session)
      .set({ waiting: false, seesAfter: Math.min(seesAfter, after) })
      .where(eq(session.tokenHash, tokenHash)),
  )
}

/** Signs another of her phones out at once; none that knows more than `by`, which asks for it. */
export function* revokePhone(
  tx: Db,
  { marketId }: StallScope,
  by: SignedIn,
  tokenHash: string,
  now: number,
): Unit<void> {
  const ended = yield* rows(
    tx
      .update(session)
      .set({ revokedAt: now })
      .where(
        and(
          eq(session.tokenHash, tokenHash),
          eq(session.marketId, marketId),
          eq(session.vendorId, by.vendorId!),
          gte(session.seesAfter, by.seesAfter),
          isNull(session.revokedAt),
        ),
      )
      .returning({ createdAt: session.createdAt }),
  )
  if (ended.length === 0) throw new AppError('not_found', 'no such phone that this one may sign out')
}

export function* revokeSession(tx: Db, token: string, now: number): Unit<void> {
  yield* run(
    tx
      .update(session)
      .set({ revokedAt: now })
      .where(eq(session.tokenHash, hashToken(token))),
  )
}

/** Ends all sessions of a vendor, for a phone that is lost. Returns how many there were. */
export function* revokeVendorSessions(
  tx: Db,
  scope: MarketScope,
  vendorId: number,
  now: number,
): Unit<number> {
  const ended = yield* rows(
    tx
      .update(session)
      .set({ revokedAt: now })
      .where(
        and(eq(session.marketId, scope.marketId), eq(session.vendorId, vendorId), isNull(session.revokedAt)),
      )
      .returning({ createdAt: session.createdAt }),
  )
  return ended.length
}

/** Whether anybody ever was, or may still become, operator: the first-run link is printed only while not. */
export async function hasOperator(store: Store): Promise<boolean> {
  const found = await store.db
    .select({ role: signInCode.role })
    .from(signInCode)
    .where(eq(signInCode.role, 'operator'))
    .limit(1)
  return found.length > 0
}
