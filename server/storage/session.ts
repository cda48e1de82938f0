import { createHash } from 'node:crypto'
import { and, eq, gt, isNull } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { session, signInCode } from './kit.sqlite.ts'
import type { ROLES } from './tables.ts'
import type { MarketScope } from './scope.ts'
import type { Db, Store } from './sqlite.ts'
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
export function* redeemSignInCode(tx: Db, code: string, now: number): Unit<Identity> {
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
  return { role: row.role, marketId: row.marketId, vendorId: row.vendorId, sectionId: row.sectionId }
}

export function* openSession(
  tx: Db,
  token: string,
  identity: Identity,
  device: string,
  now: number,
  lifetimeMs: number,
): Unit<void> {
  yield* run(
    tx.insert(session).values({
      ...identity,
      tokenHash: hashToken(token),
      device,
      createdAt: now,
      expiresAt: now + lifetimeMs,
    }),
  )
}

export async function findSession(store: Store, token: string, now: number): Promise<Identity | undefined> {
  const [row] = await store.db
    .select({
      role: session.role,
      marketId: session.marketId,
      vendorId: session.vendorId,
      sectionId: session.sectionId,
    })
    .from(session)
    .where(
      and(eq(session.tokenHash, hashToken(token)), isNull(session.revokedAt), gt(session.expiresAt, now)),
    )
  return row
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
