import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Refusal, Verdict } from './source.ts'

/** How far a signed time may be from ours. */
const MAX_DRIFT_MS = 300_000

/** What sources sign is two deep; the stack bears far more. */
const MAX_DEPTH = 32

export const refused = (reason: Refusal['reason']): Refusal => ({ ok: false, reason })

/** With an empty key anyone can sign. */
const real = (keys: readonly string[]) => keys.filter((key) => key !== '')

/**
 * Whether `hex`, lower-case, is the HMAC of the parts one after another under any of `keys`: two are good while one
 * is being changed. Upper-case hex would be a second spelling of the same proof, and is nobody's.
 */
export function signedBy(
  keys: readonly string[],
  algorithm: 'sha256' | 'sha512',
  hex: string,
  parts: readonly (string | Uint8Array)[],
): Verdict {
  const given = Buffer.from(hex, 'hex')
  const genuine = real(keys).some((key) => {
    const hmac = createHmac(algorithm, key)
    for (const part of parts) hmac.update(part)
    const wanted = hmac.digest()
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  })
  return genuine ? { ok: true } : refused('mismatch')
}

/** Whether a fixed token is one of `keys`. Hashed first, so that the comparison tells nothing of their length. */
export function knownToken(keys: readonly string[], given: string): Verdict {
  const genuine = real(keys).some((key) => timingSafeEqual(sha256(given), sha256(key)))
  return genuine ? { ok: true } : refused('mismatch')
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

export function isStale(signedAt: number, now: number): boolean {
  return !(Math.abs(now - signedAt) <= MAX_DRIFT_MS)
}

/** Base64 has bits that mean nothing in its last character; a proof in another spelling is not the one that was made. */
export function isCanonicalBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}

/**
 * JSON whose signature covers its meaning and not its bytes. Parsed before it is proven, so nothing but the signature
 * may look at it. Undefined where it is no JSON, or nested beyond reason, or where something is spelled in one of two ways that mean the same
 * (1e5, 1.0, \u00E9, a tab between fields), for then the bytes could change and the signature not.
 */
export function parseSignedJson(rawBody: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rawBody)
    const value: unknown = JSON.parse(text)
    const escapes = text.match(/\\(?:u[0-9a-fA-F]{4}|.)/g) ?? []
    const outside = text.replaceAll(/"(?:\\.|[^"\\])*"/g, '""')
    const numbers = outside.match(/-?\d[\w.+-]*/g) ?? []
    const hasOneSpelling =
      !/[\t\r]/.test(outside) &&
      escapes.every((escape) => escape === escape.toLowerCase()) &&
      numbers.every((number) => String(Number(number)) === number)
    return hasOneSpelling && depthOf(outside) <= MAX_DEPTH ? value : undefined
  } catch {
    return undefined
  }
}

/** How deep JSON is nested, its strings being empty. */
function depthOf(outside: string): number {
  let [depth, deepest] = [0, 0]
  for (const character of outside) {
    if ('[{'.includes(character)) depth += 1
    if (']}'.includes(character)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** Keys sorted at every depth, arrays and nulls as they are. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
