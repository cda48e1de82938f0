import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { findBank } from '@vietqr/core'
import { z } from 'zod'
import type { BankTransaction, Channel } from '../../shared/bank-transaction.ts'
import { parseVietnamTime } from '../../shared/business-day.ts'
import { wellFormed } from '../../shared/display-text.ts'
import { historyId, listHistory } from './sepay-history.ts'
import type { Wait } from './sepay-history.ts'
import { UnreadableNotification } from './source.ts'
import type {
  Acknowledgement,
  BackfillPage,
  BackfillRequest,
  IncomingRequest,
  Source,
  Verdict,
} from './source.ts'

const MAX_DRIFT_SECONDS = 300
const MAX_MEMO_LENGTH = 10_000
const MAX_FIELD_LENGTH = 200

/** Names SePay keeps (qr.sepay.vn/banks.json) for banks our table calls by their newer ones. */
const RENAMED_BANKS = new Map([
  ['BVBank', '970454'],
  ['CBBank', '970444'],
  ['DongABank', '970406'],
  ['LienVietPostBank', '970449'],
  ['Oceanbank', '970414'],
])

/**
 * Test mode's own references: `SB` and 10 to 12 hexadecimal digits (developer.sepay.vn/vi/tien-ich-khac/
 * test-mode/mo-phong-giao-dich). `code` and `subAccount` may be filled in a test too, so they decide nothing.
 * Digits alone could be some bank's own number: a payment taken for a test is worse than a test taken for one.
 */
const TEST_REFERENCE = /^SB(?=\d*[A-F])[0-9A-F]{10,12}$/

/**
 * Whether SePay sent this, told before anything of it is parsed; never throws.
 * `hmac`: `X-SePay-Signature: sha256=<hex>` over `<X-SePay-Timestamp>.<raw body>`, at most five minutes off.
 * `apikey`: `Authorization: Apikey <key>`. Any of `secrets` will do, so that they can be rotated.
 * Follows developer.sepay.vn/vi/sepay-webhooks/xac-thuc and …/bao-mat.
 */
function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict {
  // With an empty key anyone can sign.
  const keys = secrets.filter((secret) => secret !== '')
  if (mode === 'hmac') return verifySignature(request, keys)
  if (mode === 'apikey') return verifyApiKey(request, keys)
  return { ok: false, reason: 'mismatch' }
}

function verifySignature(request: IncomingRequest, keys: readonly string[]): Verdict {
  const signature = request.header('x-sepay-signature')
  const timestamp = request.header('x-sepay-timestamp')
  if (signature === undefined || timestamp === undefined) return { ok: false, reason: 'missing' }
  const hex = /^sha256=([0-9a-fA-F]{64})$/.exec(signature)?.[1]
  if (hex === undefined || !/^\d{1,12}$/.test(timestamp)) return { ok: false, reason: 'malformed' }
  const drift = Math.floor(request.now / 1000) - Number(timestamp)
  if (Math.abs(drift) > MAX_DRIFT_SECONDS) return { ok: false, reason: 'stale' }
  const given = Buffer.from(hex, 'hex')
  const genuine = keys.some((key) =>
    timingSafeEqual(
      given,
      createHmac('sha256', key).update(`${timestamp}.`).update(request.rawBody).digest(),
    ),
  )
  return genuine ? { ok: true } : { ok: false, reason: 'mismatch' }
}

function verifyApiKey(request: IncomingRequest, keys: readonly string[]): Verdict {
  const authorization = request.header('authorization')
  if (authorization === undefined) return { ok: false, reason: 'missing' }
  const given = /^Apikey (.+)$/.exec(authorization)?.[1]
  if (given === undefined) return { ok: false, reason: 'malformed' }
  // Hashed, so that both sides are of one length and the comparison tells nothing of the key's.
  const genuine = keys.some((key) => timingSafeEqual(sha256(given), sha256(key)))
  return genuine ? { ok: true } : { ok: false, reason: 'mismatch' }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

const optionalText = z
  .string()
  .max(MAX_FIELD_LENGTH)
  .nullish()
  .transform((text) => (text ? wellFormed(text) : null))

/** What we need of an entry, under the webhook's names. Fields we do not know are ignored. */
const entryFields = {
  gateway: z.string().max(MAX_FIELD_LENGTH),
  transactionDate: z.string(),
  accountNumber: z
    .string()
    .transform((text) => text.replaceAll(' ', ''))
    .pipe(z.string().regex(/^[A-Za-z0-9]{1,34}$/)),
  subAccount: optionalText,
  code: optionalText,
  content: z.string().max(MAX_MEMO_LENGTH).nullable(),
  transferType: z.enum(['in', 'out']),
  transferAmount: z.int().positive(),
  referenceCode: optionalText,
}
const pushEntry = z.object({
  id: z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(String),
  ...entryFields,
})
const historyEntry = z.object({ id: historyId, ...entryFields })

const REASONS = new Map<string, UnreadableNotification['reason']>([
  ['gateway', 'unknown_bank'],
  ['transactionDate', 'bad_time'],
  ['transferAmount', 'bad_amount'],
])

/**
 * The one transaction of a webhook's body (developer.sepay.vn/vi/sepay-webhooks/tich-hop-webhook).
 * Throws UnreadableNotification; what it says of the message is a field's name, never a memo.
 */
function normalise(rawBody: Uint8Array): BankTransaction[] {
  return [readEntry('push', pushEntry, parseJson(rawBody))]
}

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new UnreadableNotification('malformed', 'body', 'is not JSON in UTF-8')
  }
}

function readEntry(
  channel: Channel,
  schema: typeof pushEntry | typeof historyEntry,
  value: unknown,
): BankTransaction {
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = String(issue?.path[0] ?? 'body')
    throw new UnreadableNotification(REASONS.get(field) ?? 'malformed', field, issue?.message ?? 'unreadable')
  }
  const entry = parsed.data
  return {
    channel,
    sourceKey: `${channel}:${entry.id}`,
    bankBin: parseBank(entry.gateway),
    accountNumber: entry.accountNumber,
    virtualAccount: entry.subAccount,
    direction: entry.transferType,
    amountVnd: entry.transferAmount,
    bookedAt: parseTime(entry.transactionDate),
    // Some banks (MB) tell only the minute, and SePay fills in the seconds.
    bookedPrecision: entry.transactionDate.endsWith(':00') ? 'minute' : 'second',
    remittanceText: wellFormed(entry.content ?? ''),
    bankReference: entry.referenceCode,
    sourceCode: entry.code,
    // SePay knows only the receiver's side.
    payerName: null,
    payerAccount: null,
    isTest: TEST_REFERENCE.test(entry.referenceCode ?? ''),
  }
}

function parseBank(gateway: string): string {
  const bank = findBank(RENAMED_BANKS.get(gateway) ?? gateway)
  if (bank === undefined) throw new UnreadableNotification('unknown_bank', 'gateway', 'is in no bank table')
  return bank.bin
}

function parseTime(text: string): number {
  try {
    return parseVietnamTime(text)
  } catch {
    throw new UnreadableNotification('bad_time', 'transactionDate', 'is not YYYY-MM-DD HH:mm:ss')
  }
}

/**
 * SePay calls a delivery done on a 2xx with `{"success":true}` (developer.sepay.vn/vi/sepay-webhooks/xu-ly-loi).
 * A message we cannot read gets it too: it is kept, and sending it again would not make it readable.
 */
function acknowledge(): Acknowledgement {
  return { status: 200, body: { success: true } }
}

/**
 * SePay's own history in the same words as its webhooks, page by page (see `listHistory` for the document
 * followed and the errors). Its ids are not the webhook's, hence the channel in `sourceKey`. An entry that
 * cannot be read goes to `unreadable` and stops nothing.
 */
export async function* backfill(request: BackfillRequest, wait?: Wait): AsyncGenerator<BackfillPage> {
  for await (const { entries, cursor } of listHistory(request, wait)) {
    const page: BackfillPage = { transactions: [], rawEntries: [], unreadable: [], cursor }
    for (const entry of entries) {
      const raw = new TextEncoder().encode(JSON.stringify(entry))
      try {
        page.transactions.push(readEntry('backfill', historyEntry, withPushNames(entry)))
        page.rawEntries.push(raw)
      } catch (error) {
        if (!(error instanceof UnreadableNotification)) throw error
        page.unreadable.push({ raw, error })
      }
    }
    yield page
  }
}

/** The history API's names for what the webhook calls otherwise. An entry that is no object has no fields. */
function withPushNames(entry: unknown): Record<string, unknown> {
  const row: Record<string, unknown> = Object(entry)
  return {
    id: row['id'],
    gateway: row['bank_brand_name'],
    transactionDate: row['transaction_date'],
    accountNumber: row['account_number'],
    subAccount: row['va'],
    code: row['code'],
    content: row['transaction_content'],
    transferType: row['transfer_type'],
    transferAmount: row['transfer_type'] === 'out' ? row['amount_out'] : row['amount_in'],
    referenceCode: row['reference_number'],
  }
}

export const sepay: Source = {
  kind: 'sepay',
  modes: ['hmac', 'apikey'],
  verify,
  normalise,
  acknowledge,
  backfill,
}
