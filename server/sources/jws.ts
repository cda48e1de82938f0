import { compactVerify, createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, errors } from 'jose'
import type { CompactVerifyGetKey, JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { AppError } from '../../shared/app-error.ts'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import {
  accountNumber,
  amountVnd,
  bookedPrecision,
  memo,
  optionalText,
  parseJson,
  readFields,
} from './entry.ts'
import { isCanonicalBase64url, isStale, refused } from './proof.ts'
import { UnreadableNotification } from './source.ts'
import type { Acknowledgement, IncomingRequest, Setup, Source, Verdict } from './source.ts'

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/
const KEYS_TIMEOUT_MS = 5_000
const MAX_KEYS_LENGTH = 8_000
/** Key sets behind an address, so that one is fetched when its keys change and not with every message. */
const remoteKeys = new Map<string, CompactVerifyGetKey>()

/**
 * Whether the bank whose keys these are signed this for this very source, at most five minutes ago. The body is a
 * compact JWS (RFC 7515) over a JSON object with `iat` (RFC 7519, epoch seconds) and `aud`, the source's id; RS256,
 * ES256 or EdDSA. Each of `secrets` is a JWK Set (RFC 7517) or the https address of one. Throws AppError `unavailable`
 * where an address gives no keys, so that the bank comes again.
 *
 * The contract is ours: no bank in Vietnam publishes one for signed notifications to a merchant.
 */
async function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Promise<Verdict> {
  if (mode !== 'jws') return refused('mismatch')
  const jws = textOf(request.rawBody)
  if (jws === '') return refused('missing')
  if (!COMPACT.test(jws) || !jws.split('.').every(isCanonicalBase64url) || !hasPlainHeader(jws))
    return refused('malformed')
  for (const secret of secrets) {
    const payload = await payloadBy(secret, jws)
    if (payload) return judge(payload, request)
  }
  return refused('mismatch')
}

const claims = z.object({ iat: z.int().nonnegative(), aud: z.string() })

function judge(payload: Uint8Array, { sourceId, now }: IncomingRequest): Verdict {
  let signed: unknown
  try {
    signed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return refused('malformed')
  }
  const parsed = claims.safeParse(signed)
  if (!parsed.success) return refused('malformed')
  // Signed for somebody else, and passed on to us.
  if (parsed.data.aud !== sourceId) return refused('mismatch')
  return isStale(parsed.data.iat * 1000, now) ? refused('stale') : { ok: true }
}

/** The payload if one of these keys signed it. */
async function payloadBy(secret: string, jws: string): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(jws, keysOf(secret), { algorithms: ALGORITHMS })).payload
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw new AppError('unavailable', 'the keys of this source cannot be had')
  }
}

/** What is the message's fault and not the key set's. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  )
}

function keysOf(secret: string): CompactVerifyGetKey {
  if (!secret.startsWith('https:')) return createLocalJWKSet(JSON.parse(secret) as JSONWebKeySet)
  const keys =
    remoteKeys.get(secret) ?? createRemoteJWKSet(new URL(secret), { timeoutDuration: KEYS_TIMEOUT_MS })
  remoteKeys.set(secret, keys)
  return keys
}

/** No header may change what the payload is (RFC 7797). */
function hasPlainHeader(jws: string): boolean {
  try {
    const header = decodeProtectedHeader(jws)
    return header.crit === undefined && !('b64' in header)
  } catch {
    return false
  }
}

function textOf(rawBody: Uint8Array): string {
  return new TextDecoder('latin1').decode(rawBody)
}

const entry = z.object({
  id: z.string().regex(/^[\w.:-]{1,100}$/),
  bankBin: z.string().regex(/^\d{6}$/),
  accountNumber,
  virtualAccount: optionalText,
  direction: z.enum(['in', 'out']),
  amountVnd,
  bookedAt: z.int().positive().max(1e11),
  remittanceText: memo,
  bankReference: optionalText,
  payerName: optionalText,
  payerAccount: optionalText,
})
const REASONS: Record<string, UnreadableNotification['reason']> = {
  bankBin: 'unknown_bank',
  amountVnd: 'bad_amount',
  bookedAt: 'bad_time',
}

/**
 * The one transaction of a verified message, under our own names: `id`, `bankBin`, `accountNumber`, `direction`,
 * `amountVnd`, `bookedAt` (epoch seconds), `remittanceText` and, where there is one, `virtualAccount`,
 * `bankReference`, `payerName`, `payerAccount`. Throws UnreadableNotification naming the field.
 */
function normalise(rawBody: Uint8Array): BankTransaction[] {
  const payload = Buffer.from(textOf(rawBody).split('.')[1] ?? '', 'base64url')
  const { id, bookedAt: seconds, ...told } = readFields(entry, parseJson(payload), REASONS)
  const bookedAt = seconds * 1000
  return [
    {
      ...told,
      channel: 'push',
      sourceKey: `push:${id}`,
      bookedAt,
      bookedPrecision: bookedPrecision(bookedAt),
      sourceCode: null,
      isTest: false,
    },
  ]
}

/** The same for a message told again. */
function acknowledge(): Acknowledgement {
  return { status: 200, body: { received: true } }
}

/** Public keys: nothing to guess, so no least length. */
function keysProblem(secret: string): string | undefined {
  const words = 'Dán khoá công khai của ngân hàng: JWK Set {"keys":[…]}, hoặc địa chỉ https của nó.'
  if (secret.length > MAX_KEYS_LENGTH) return words
  if (secret.startsWith('https:')) return URL.canParse(secret) ? undefined : words
  try {
    const { keys } = JSON.parse(secret) as { keys: Record<string, unknown>[] }
    if (keys.some((key) => 'd' in key || 'k' in key)) return 'Đây là khoá riêng. Chỉ đưa khoá công khai.'
    createLocalJWKSet({ keys })
    return keys.length > 0 ? undefined : words
  } catch {
    return words
  }
}

const setup = ({ address, sourceId }: Setup): string[] => [
  'Chỉ dùng khi có ngân hàng chịu ký tin: chưa thấy ngân hàng nào công bố cách làm này.',
  `Đưa cho ngân hàng: POST ${address}, thân tin là JWS rút gọn, ký RS256, ES256 hoặc EdDSA.`,
  `Trong tin: aud là ${sourceId}, iat là giờ ký, không quá năm phút. Các trường còn lại xem docs/sources.md.`,
]

export const jws = {
  kind: 'jws',
  name: 'Ngân hàng tự ký',
  console: 'ngân hàng',
  modes: [{ id: 'jws', words: 'JWS', signs: true }],
  secret: {
    label: 'Khoá công khai của ngân hàng',
    hint: 'JWK Set, hoặc địa chỉ https của nó.',
    madeHere: false,
    problem: keysProblem,
  },
  access: [],
  hears: [],
  setup,
  verify,
  normalise,
  acknowledge,
} satisfies Source
