import { randomBytes } from 'node:crypto'
import { AppError } from '../../shared/app-error.ts'
import { CONSENT_TEXT_VERSION, tellsOfVisits } from '../../shared/consent-text.ts'
import { giveConsent, newestDecision } from '../storage/consent.ts'
import {
  findSignInCode,
  issueSignInCode,
  openSession,
  redeemSignInCode,
  type Identity,
  type PhoneKind,
  type Role,
} from '../storage/session.ts'
import { isDemo } from '../storage/setting.ts'
import type { Store } from '../storage/store.ts'

/** A code is shown to somebody standing there, so it need not live long. */
export const CODE_LIFETIME_MS = 15 * 60_000
export const SESSION_LIFETIME_MS: Record<Role, number> = {
  vendor: 90 * 86_400_000,
  board: 30 * 86_400_000,
  operator: 7 * 86_400_000,
  speaker: 90 * 86_400_000,
}
const TOKEN_BYTES = 32

/** Random enough that nobody guesses it: a code, or a session. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/** Makes a one-time code that lets its bearer in as `identity`, good for `CODE_LIFETIME_MS`. */
export async function invite(
  store: Store,
  identity: Identity,
  issuedBy: string,
  now: number,
): Promise<string> {
  const code = newToken()
  await store.write((tx) => issueSignInCode(tx, code, identity, issuedBy, now, CODE_LIFETIME_MS))
  return code
}

/** Whom the code would let in, and whether she has still to be asked for her consent. Does not use it up. */
export async function lookAtCode(
  store: Store,
  code: string,
  now: number,
): Promise<(Identity & { needsConsent: boolean }) | undefined> {
  const identity = await findSignInCode(store, code, now)
  if (!identity) return undefined
  const { vendorId } = identity
  if (vendorId === null) return { ...identity, needsConsent: false }
  const said = await store.read((tx) => newestDecision(tx, vendorId))
  // A text that has changed since is put to her again.
  const needsConsent = said?.action !== 'given' || !tellsOfVisits(said.textVersion, said.at)
  return { ...identity, needsConsent }
}

/**
 * Uses the code up and opens a session; `consents` records a vendor's consent in the same breath.
 * Throws `gone` when the code is used, expired or unknown.
 */
export async function enter(
  store: Store,
  code: string,
  consents: boolean,
  device: string,
  kind: PhoneKind,
  now: number,
): Promise<{ token: string; identity: Identity; lifetimeMs: number }> {
  const token = newToken()
  // Play money has nothing to hide, and whoever tries it out wants to see the book.
  const knowsPast = await isDemo(store)
  // Only a consent changes what matching knows.
  const write = consents ? store.changeRegistry : store.write
  return write(function* (tx) {
    const { issuedBy: _, ...identity } = yield* redeemSignInCode(tx, code, now)
    const { vendorId, marketId, role } = identity
    // An invitation to enrol makes nobody of her yet.
    if (role === 'vendor' && vendorId === null) throw new AppError('gone', 'this code is for enrolling')
    if (consents && vendorId !== null) {
      yield* giveConsent(tx, {
        vendorId,
        marketId,
        textVersion: CONSENT_TEXT_VERSION,
        by: 'herself, at her first sign-in',
        at: now,
      })
    }
    const lifetimeMs = SESSION_LIFETIME_MS[role]
    yield* openSession(tx, token, identity, device, kind, knowsPast, now, lifetimeMs)
    return { token, identity, lifetimeMs }
  })
}
