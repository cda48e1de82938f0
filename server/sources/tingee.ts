import { z } from 'zod'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import {
  accountNumber,
  amountVnd,
  bankName,
  bookedPrecision,
  memo,
  optionalText,
  parseJson,
  readFields,
  vietnamTime,
} from './entry.ts'
import { isStale, refused, signedBy } from './proof.ts'
import type {
  Acknowledgement,
  IncomingRequest,
  Setup,
  Source,
  UnreadableNotification,
  Verdict,
} from './source.ts'

/** `yyyyMMddHHmmss`, Vietnam time, as `parseVietnamTime` reads it. */
const spaced = (digits: string) =>
  digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3 $4:$5:$6')

/**
 * Whether Tingee sent this, told before anything of it is parsed; never throws. `x-signature` is the HMAC-SHA512 of
 * `<x-request-timestamp>:<raw body>`; the time is yyyyMMddHHmmssSSS in Vietnam, at most five minutes off. Any of
 * `secrets` will do. Follows developers.tingee.vn (webhook).
 */
function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict {
  const signature = request.header('x-signature')
  const timestamp = request.header('x-request-timestamp')
  if (mode !== 'hmac') return refused('mismatch')
  if (signature === undefined || timestamp === undefined) return refused('missing')
  const time = vietnamTime.safeParse(spaced(timestamp.slice(0, 14)))
  if (!/^[0-9a-f]{128}$/.test(signature) || !/^\d{17}$/.test(timestamp) || !time.success)
    return refused('malformed')
  if (isStale(time.data, request.now)) return refused('stale')
  return signedBy(secrets, 'sha512', signature, [`${timestamp}:`, request.rawBody])
}

const entry = z.object({
  transactionCode: z.string().regex(/^[\w-]{1,64}$/),
  amount: amountVnd,
  content: memo,
  bank: bankName(),
  accountNumber,
  vaAccountNumber: optionalText,
  transactionDate: z.string().transform(spaced).pipe(vietnamTime),
})
const REASONS: Record<string, UnreadableNotification['reason']> = {
  amount: 'bad_amount',
  bank: 'unknown_bank',
  transactionDate: 'bad_time',
}

/** The one credit of a webhook's body (developers.tingee.vn). Throws UnreadableNotification naming the field. */
function normalise(rawBody: Uint8Array): BankTransaction[] {
  const told = readFields(entry, parseJson(rawBody), REASONS)
  return [
    {
      channel: 'push',
      sourceKey: `push:${told.transactionCode}`,
      bankBin: told.bank,
      accountNumber: told.accountNumber,
      virtualAccount: told.vaAccountNumber,
      // Tingee tells only of money that comes in.
      direction: 'in',
      amountVnd: told.amount,
      bookedAt: told.transactionDate,
      bookedPrecision: bookedPrecision(told.transactionDate),
      remittanceText: told.content,
      bankReference: told.transactionCode,
      sourceCode: null,
      payerName: null,
      payerAccount: null,
      isTest: false,
    },
  ]
}

/** `00` is done; a message told again is done as well. Anything else is sent again, five times. */
function acknowledge(): Acknowledgement {
  return { status: 200, body: { code: '00', message: 'Success' } }
}

const setup = ({ address }: Setup): string[] => [
  'Vào app.tingee.vn, mở phần dành cho nhà phát triển, chép Secret Token: đó là khoá của nguồn này.',
  `Đặt webhook nhận biến động số dư: ${address}`,
  'Chuyển thử một khoản nhỏ: nguồn này phải hiện giờ «nghe lần cuối».',
]

export const tingee = {
  kind: 'tingee',
  name: 'Tingee',
  console: 'app.tingee.vn',
  modes: [{ id: 'hmac', words: 'HMAC-SHA512', signs: true }],
  secret: { label: 'Secret Token', hint: 'Chép ở app.tingee.vn.', madeHere: false },
  access: [],
  hears: [],
  setup,
  verify,
  normalise,
  acknowledge,
} satisfies Source
