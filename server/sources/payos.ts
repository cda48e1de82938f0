import { z } from 'zod'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import {
  accountNumber,
  amountVnd,
  bookedPrecision,
  memo,
  optionalText,
  parseJson,
  readFields,
  vietnamTime,
} from './entry.ts'
import { announcePayos, cancelPaymentRequest, createPaymentRequest, referenceOf } from './payos-request.ts'
import { parseSignedJson, refused, signedBy, sortedJson } from './proof.ts'
import type {
  Acknowledgement,
  BankOf,
  IncomingRequest,
  Setup,
  Source,
  UnreadableNotification,
  Verdict,
} from './source.ts'

/** Of the sample that confirm-webhook sends, whose order nobody made. */
const TEST_REFERENCE = 'TF230204212323'

/** payOS publishes no rule for signing an object within `data`. */
const signable = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())])

/** Only `data` is signed; the rest must be just what every notification of a payment says. */
const envelope = z.object({
  code: z.literal('00'),
  desc: z.literal('success'),
  success: z.literal(true),
  data: z.record(z.string().regex(/^\w+$/), signable),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
})

/**
 * Whether payOS sent this; never throws. `signature` in the body is the HMAC-SHA256 of `data` as `key=value` joined by
 * `&`, keys sorted, under the channel's checksum key; any of `secrets` will do. No time is signed: an old message
 * told again is recognised by what it says. Follows payos.vn/docs/tich-hop-webhook/kiem-tra-du-lieu-voi-signature.
 */
function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict {
  if (mode !== 'checksum') return refused('mismatch')
  const body = parseSignedJson(request.rawBody)
  if (body !== undefined && Object(body).signature === undefined) return refused('missing')
  const parsed = envelope.safeParse(body)
  if (!parsed.success) return refused('malformed')
  const { data, signature } = parsed.data
  return signedBy(secrets, 'sha256', signature, [signedText(data)])
}

/** What payOS signs of `data`: nothing for null, also where it is a word; lists are JSON with sorted keys. */
export function signedText(data: Readonly<Record<string, z.output<typeof signable>>>): string {
  return Object.keys(data)
    .toSorted()
    .map((key) => {
      const value = data[key] ?? ''
      const text = Array.isArray(value) ? sortedJson(value) : String(value)
      return `${key}=${['null', 'undefined'].includes(text) ? '' : text}`
    })
    .join('&')
}

const transaction = {
  amount: amountVnd,
  description: memo,
  accountNumber,
  reference: z.string().min(1).max(200),
  virtualAccountNumber: optionalText,
  counterAccountName: optionalText,
  counterAccountNumber: optionalText,
}
const notification = z.object({
  data: z.object({
    ...transaction,
    orderCode: z.int().nonnegative(),
    transactionDateTime: vietnamTime,
    currency: z.literal('VND'),
    paymentLinkId: z.string().regex(/^[\w-]{1,64}$/),
    code: z.literal('00'),
  }),
})

const REASONS: Record<string, UnreadableNotification['reason']> = {
  amount: 'bad_amount',
  currency: 'bad_amount',
  transactionDateTime: 'bad_time',
}

/**
 * The one transaction of a webhook's body (payos.vn/docs/du-lieu-tra-ve/webhook). It never names the bank: that is
 * the one of the source's own account. Throws UnreadableNotification naming the field.
 */
function normalise(rawBody: Uint8Array, bankOf: BankOf): BankTransaction[] {
  const { data } = readFields(notification, parseJson(rawBody), REASONS)
  return [
    {
      channel: 'push',
      // One request may be paid in several transfers.
      sourceKey: `push:${data.paymentLinkId}:${data.reference}`,
      bankBin: bankOf(data.accountNumber),
      accountNumber: data.accountNumber,
      virtualAccount: data.virtualAccountNumber,
      direction: 'in',
      amountVnd: data.amount,
      bookedAt: data.transactionDateTime,
      bookedPrecision: bookedPrecision(data.transactionDateTime),
      remittanceText: data.description,
      bankReference: data.reference,
      sourceCode: referenceOf(data.orderCode),
      payerName: data.counterAccountName,
      payerAccount: data.counterAccountNumber,
      isTest: data.reference === TEST_REFERENCE,
    },
  ]
}

/** payOS wants a 2xx, also for the sample of confirm-webhook whose order nobody knows. */
function acknowledge(): Acknowledgement {
  return { status: 200, body: { success: true } }
}

const setup = ({ address, sourceId }: Setup): string[] => [
  'Vào my.payos.vn, mở kênh thanh toán của tài khoản này. Mỗi kênh là một tài khoản ngân hàng, một nguồn ở đây.',
  `Webhook URL: ${address}. Lưu lại: payOS gửi ngay một tin thử, nguồn này phải hiện giờ «nghe lần cuối».`,
  `Hoặc đưa Client ID và API Key rồi chạy: npm run source -- announce ${sourceId}`,
  'Cho phép nguồn này báo đúng một tài khoản: tài khoản của kênh.',
  'payOS chỉ báo tiền trả theo mã do nó tạo: có Client ID và API Key rồi thì bấm «Để payOS tạo mã tính tiền» ở trang của nguồn này.',
  'Nếu mã của payOS dẫn tới một tài khoản ảo (ACB: LOCCASS…), ghi số đó làm tài khoản ảo của sạp.',
]

export const payos = {
  kind: 'payos',
  name: 'payOS',
  console: 'my.payos.vn',
  modes: [{ id: 'checksum', words: 'Checksum Key', signs: true }],
  secret: {
    label: 'Checksum Key',
    hint: 'Chép ở my.payos.vn, trong kênh thanh toán.',
    madeHere: false,
  },
  access: [
    { name: 'clientId', label: 'Client ID', hint: 'Chép ở my.payos.vn, trong kênh thanh toán.' },
    { name: 'apiKey', label: 'API Key', hint: 'Chép cùng chỗ với Client ID.' },
  ],
  // payOS's list of banks and their conditions is not public.
  hears: [],
  setup,
  verify,
  tellsBareNumbers: true,
  normalise,
  acknowledge,
  announce: announcePayos,
  codes: { make: createPaymentRequest, withdraw: cancelPaymentRequest },
} satisfies Source
