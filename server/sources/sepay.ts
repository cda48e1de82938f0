import { z } from 'zod'
import type { BankTransaction, Channel } from '../../shared/bank-transaction.ts'
import {
  accountNumber,
  amountVnd,
  bankName,
  bookedPrecision,
  decimalVnd,
  memo,
  optionalText,
  parseJson,
  readFields,
  readPage,
  vietnamTime,
} from './entry.ts'
import type { Wait } from './outside-api.ts'
import { isStale, knownToken, refused, signedBy } from './proof.ts'
import { historyId, listHistory } from './sepay-history.ts'
import { legacyId, listLegacyHistory } from './sepay-legacy-history.ts'
import type {
  Acknowledgement,
  BackfillPage,
  BackfillRequest,
  Hearing,
  IncomingRequest,
  Setup,
  Source,
  UnreadableNotification,
  Verdict,
} from './source.ts'

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
  if (mode === 'hmac') return verifySignature(request, secrets)
  if (mode === 'apikey') return verifyApiKey(request, secrets)
  return refused('mismatch')
}

function verifySignature(request: IncomingRequest, keys: readonly string[]): Verdict {
  const signature = request.header('x-sepay-signature')
  const timestamp = request.header('x-sepay-timestamp')
  if (signature === undefined || timestamp === undefined) return refused('missing')
  const hex = /^sha256=([0-9a-f]{64})$/.exec(signature)?.[1]
  if (hex === undefined || !/^\d{1,12}$/.test(timestamp)) return refused('malformed')
  if (isStale(Number(timestamp) * 1000, request.now)) return refused('stale')
  return signedBy(keys, 'sha256', hex, [`${timestamp}.`, request.rawBody])
}

/** `Authorization: Apikey <key>`, which Bank Hub knows too. */
export function verifyApiKey(request: IncomingRequest, keys: readonly string[]): Verdict {
  const authorization = request.header('authorization')
  if (authorization === undefined) return refused('missing')
  const given = /^Apikey (.+)$/.exec(authorization)?.[1]
  return given === undefined ? refused('malformed') : knownToken(keys, given)
}

/** A bank by the name SePay has for it → its BIN. */
export const sepayBank = bankName(RENAMED_BANKS)

/** What we need of an entry, under the webhook's names. Fields we do not know are ignored. */
const entryFields = {
  gateway: sepayBank,
  transactionDate: vietnamTime,
  accountNumber,
  subAccount: optionalText,
  code: optionalText,
  content: memo,
  transferType: z.enum(['in', 'out']),
  transferAmount: amountVnd,
  referenceCode: optionalText,
}
const pushEntry = z.object({
  id: z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(String),
  ...entryFields,
})
const historyEntry = z.object({ id: historyId, ...entryFields })
const legacyEntry = z.object({
  id: legacyId,
  ...entryFields,
  transferAmount: decimalVnd.pipe(amountVnd),
})

const REASONS: Record<string, UnreadableNotification['reason']> = {
  gateway: 'unknown_bank',
  transactionDate: 'bad_time',
  transferAmount: 'bad_amount',
}

/**
 * The one transaction of a webhook's body (developer.sepay.vn/vi/sepay-webhooks/tich-hop-webhook).
 * Throws UnreadableNotification; what it says of the message is a field's name, never a memo.
 */
function normalise(rawBody: Uint8Array): BankTransaction[] {
  return [readEntry('push', pushEntry, parseJson(rawBody))]
}

function readEntry(
  channel: Channel,
  schema: typeof pushEntry | typeof historyEntry | typeof legacyEntry,
  value: unknown,
): BankTransaction {
  const entry = readFields(schema, value, REASONS)
  return {
    channel,
    sourceKey: `${channel}:${entry.id}`,
    bankBin: entry.gateway,
    accountNumber: entry.accountNumber,
    virtualAccount: entry.subAccount,
    direction: entry.transferType,
    amountVnd: entry.transferAmount,
    bookedAt: entry.transactionDate,
    bookedPrecision: bookedPrecision(entry.transactionDate),
    remittanceText: entry.content,
    bankReference: entry.referenceCode,
    sourceCode: entry.code,
    // SePay knows only the receiver's side.
    payerName: null,
    payerAccount: null,
    isTest: TEST_REFERENCE.test(entry.referenceCode ?? ''),
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
 * followed and the errors). Its ids are not the webhook's, hence the channel in `sourceKey`. Where it gives no page
 * at all, the older API is asked (`listLegacyHistory`); if that fails too, the newer one's error is thrown.
 */
export async function* backfill(request: BackfillRequest, wait?: Wait): AsyncGenerator<BackfillPage> {
  let hasPage = false
  try {
    for await (const { entries, cursor } of listHistory(request, wait)) {
      hasPage = true
      yield readPage(entries, cursor, (entry) => readEntry('backfill', historyEntry, withPushNames(entry)))
    }
  } catch (error) {
    request.signal.throwIfAborted()
    if (hasPage) throw error
    yield* legacyBackfill(request, wait, error)
  }
}

/**
 * The older API's ids are the webhook's: its entries are told under the webhook's keys, so that what a push brought,
 * or the newer API under another id, is never counted twice. The newer API's cursor stays where it is.
 */
async function* legacyBackfill(
  request: BackfillRequest,
  wait: Wait | undefined,
  cause: unknown,
): AsyncGenerator<BackfillPage> {
  let hasPage = false
  try {
    for await (const entries of listLegacyHistory(request, wait)) {
      hasPage = true
      yield readPage(entries, request.cursor, (entry) =>
        readEntry('push', legacyEntry, withLegacyNames(entry)),
      )
    }
  } catch (error) {
    request.signal.throwIfAborted()
    throw hasPage ? error : cause
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

/** The older API says the direction only by which of its two amounts is zero, both as decimal text. */
function withLegacyNames(entry: unknown): Record<string, unknown> {
  const row: Record<string, unknown> = Object(entry)
  const isOut = /^0+(\.0+)?$/.test(String(row['amount_in']))
  const transfer_type = isOut ? 'out' : 'in'
  return { ...withPushNames({ ...row, transfer_type }), subAccount: row['sub_account'] }
}

const STALL: Hearing['holders'] = ['individual', 'household_business']

/**
 * Read from developer.sepay.vn (2026-11): `sepay-webhooks/tai-khoan-ngan-hang` and `tien-ich-khac/test-mode/tao-va`
 * list ACB, BIDV (virtual account obligatory), KienLongBank, MBBank, MSB (obligatory), OCB, Sacombank and VPBank
 * (both: individual and household business) and VietinBank (enterprise); the webhook's sample comes from Vietcombank;
 * VietinBank's page asks for SEVQR. A bank named without
 * saying for whom is listed for both kinds of account that a stall may have.
 */
const hears: readonly Hearing[] = [
  { bankBin: '970403', holders: STALL, condition: 'none' }, // Sacombank
  { bankBin: '970415', holders: STALL, condition: 'purpose_prefix', purposePrefix: 'SEVQR' }, // VietinBank
  { bankBin: '970416', holders: STALL, condition: 'none' }, // ACB
  { bankBin: '970418', holders: STALL, condition: 'virtual_account' }, // BIDV
  { bankBin: '970422', holders: STALL, condition: 'none' }, // MBBank
  { bankBin: '970426', holders: STALL, condition: 'virtual_account' }, // MSB
  { bankBin: '970432', holders: STALL, condition: 'none' }, // VPBank
  { bankBin: '970436', holders: STALL, condition: 'none' }, // Vietcombank
  { bankBin: '970448', holders: STALL, condition: 'none' }, // OCB
  { bankBin: '970452', holders: STALL, condition: 'none' }, // KienLongBank
]

const setup = ({ address, label, mode, sourceId }: Setup): string[] => [
  'Vào my.sepay.vn, mở «Tích hợp WebHooks», bấm «Thêm webhook».',
  `Tên: «${label}». URL nhận webhook: ${address}. Sự kiện: «Có tiền vào» (chọn cả vào và ra cũng được). Định dạng: JSON.`,
  '«Tự động gửi lại»: bật.',
  'Chọn các tài khoản ngân hàng của sạp. Đừng bật «Bỏ qua nếu không có mã thanh toán», đừng lọc tiền tố: mã của sạp do Chợ 4.0 tự đọc.',
  `Kiểu chứng thực: ${mode.words}, dán khoá bí mật ở trên. SePay tự sinh khoá khác thì giữ khoá của SePay, rồi đổi khoá của nguồn ${sourceId} thành khoá đó.`,
  'Lưu, rồi bấm «Gửi thử»: nguồn này phải hiện giờ «nghe lần cuối».',
]

export const sepay = {
  kind: 'sepay',
  name: 'SePay',
  console: 'my.sepay.vn',
  modes: [
    { id: 'hmac', words: 'HMAC-SHA256', hint: 'nên dùng: chữ ký đổi theo từng tin', signs: true },
    { id: 'apikey', words: 'API Key', hint: 'một khoá gửi kèm mỗi tin', signs: false },
  ],
  secret: {
    label: 'Khoá bí mật',
    hint: 'Để trống thì Chợ 4.0 tạo giúp, rồi dán sang SePay. SePay đã cho sẵn khoá thì dán khoá đó vào đây.',
    madeHere: true,
  },
  access: [
    {
      name: 'apiToken',
      label: 'API token',
      hint: 'Để hỏi lại những khoản SePay gọi không tới (sau 33 phút SePay thôi gọi). Lấy ở my.sepay.vn, Cấu hình công ty, API Access, «Thêm API».',
    },
  ],
  hears,
  setup,
  verify,
  normalise,
  acknowledge,
  backfill,
} satisfies Source
