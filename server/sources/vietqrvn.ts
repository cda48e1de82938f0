import { hkdfSync } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { accountNumber, amountVnd, memo, optionalText, parseJson, readFields } from './entry.ts'
import { isCanonicalBase64url, knownToken, refused } from './proof.ts'
import type {
  Acknowledgement,
  BankOf,
  IncomingRequest,
  Refusal,
  Setup,
  Source,
  UnreadableNotification,
  Verdict,
} from './source.ts'

const ALGORITHM = 'HS512'
const ISSUER = 'cho-4.0'
/** VietQR.vn wants 59 to 300 seconds. */
const LIFETIME_S = 300

/**
 * The token VietQR.vn tells of money with: `Authorization: Basic` with the source's id and its secret → a JWT that says
 * who gave it (`iss`), for which source (`aud`) and until when. Its key comes from the secret, so changing the secret
 * ends its tokens with it. Follows api.vietqr.vn/vi/api-vietqr (API Get Token; `POST …/api/token_generate`).
 */
async function giveToken(
  request: IncomingRequest,
  secrets: readonly string[],
): Promise<{ ok: true; body: Record<string, unknown> } | Refusal> {
  const authorization = request.header('authorization')
  if (authorization === undefined) return refused('missing')
  const secret = secrets.find((one) => {
    const basic = Buffer.from(`${request.sourceId}:${one}`).toString('base64')
    return one !== '' && knownToken([`Basic ${basic}`], authorization).ok
  })
  if (secret === undefined) return refused('mismatch')
  const issuedAt = Math.floor(request.now / 1000)
  const token = await new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience(request.sourceId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_S)
    .sign(keyOf(secret))
  return { ok: true, body: { access_token: token, token_type: 'Bearer', expires_in: LIFETIME_S } }
}

function keyOf(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha512', secret, '', 'VietQR.vn access token', 64))
}

/**
 * Whether who sent this has a token of ours that is still good: algorithm, issuer, audience and expiry are the ones we
 * give and no others. The message itself is not signed; for its optional `sign` VietQR.vn publishes no rule.
 */
async function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Promise<Verdict> {
  if (mode !== 'token') return refused('mismatch')
  const authorization = request.header('authorization')
  if (authorization === undefined) return refused('missing')
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization)?.[1]
  if (token === undefined || !token.split('.').every(isCanonicalBase64url)) return refused('malformed')
  let refusal = refused('mismatch')
  for (const secret of secrets.filter((one) => one !== '')) {
    try {
      await jwtVerify(token, keyOf(secret), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: request.sourceId,
        requiredClaims: ['exp'],
        maxTokenAge: LIFETIME_S,
        typ: 'JWT',
        currentDate: new Date(request.now),
      })
      return { ok: true }
    } catch (error) {
      if (error instanceof errors.JWTExpired) refusal = refused('stale')
    }
  }
  return refusal
}

const entry = z.object({
  transactionid: z.string().regex(/^[\w.-]{1,100}$/),
  /** Epoch milliseconds; some of its pages show them as text. */
  transactiontime: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{13}$/)
        .transform(Number),
    ])
    .refine((time) => time > 0 && time < 1e13, 'is not epoch milliseconds'),
  referencenumber: optionalText,
  amount: amountVnd,
  content: memo,
  bankaccount: accountNumber,
  transType: z.enum(['C', 'D']),
  orderId: optionalText,
})
const REASONS: Record<string, UnreadableNotification['reason']> = {
  amount: 'bad_amount',
  transactiontime: 'bad_time',
}

/**
 * The one transaction of a `transaction-sync` (api.vietqr.vn/vi/api-vietqr/trien-khai-api-transaction-sync). It never
 * names the bank: that is the one of the source's own account. Throws UnreadableNotification naming the field.
 */
function normalise(rawBody: Uint8Array, bankOf: BankOf): BankTransaction[] {
  const told = readFields(entry, parseJson(rawBody), REASONS)
  return [
    {
      channel: 'push',
      sourceKey: `push:${told.transactionid}`,
      bankBin: bankOf(told.bankaccount),
      accountNumber: told.bankaccount,
      virtualAccount: null,
      direction: told.transType === 'C' ? 'in' : 'out',
      amountVnd: told.amount,
      bookedAt: told.transactiontime,
      bookedPrecision: 'second',
      remittanceText: told.content,
      bankReference: told.referencenumber,
      sourceCode: told.orderId,
      payerName: null,
      payerAccount: null,
      isTest: false,
    },
  ]
}

/** Its own words, with the id under which we know the transaction: theirs. */
function acknowledge([told]: readonly BankTransaction[]): Acknowledgement {
  const reftransactionid = told?.sourceKey.slice('push:'.length) ?? ''
  return {
    status: 200,
    body: { error: false, errorReason: '000', toastMessage: '', object: { reftransactionid } },
  }
}

const setup = ({ address, sourceId }: Setup): string[] => [
  'Vào vietqr.vn, khai báo kết nối (merchant connection), hoặc gửi cho VietQR.vn những điều sau.',
  `URL gốc: ${address}`,
  `Lấy token: ${address}/api/token_generate. Báo giao dịch: ${address}/bank/api/transaction-sync`,
  `Username: ${sourceId}. Password: khoá bí mật ở trên.`,
  'Cho phép nguồn này báo đúng những tài khoản đã nối ở VietQR.vn: tin của VietQR.vn không nói tên ngân hàng.',
]

export const vietqrvn = {
  kind: 'vietqrvn',
  name: 'VietQR.vn',
  console: 'vietqr.vn',
  modes: [{ id: 'token', words: 'Token do Chợ 4.0 cấp', signs: false }],
  secret: {
    label: 'Mật khẩu cho VietQR.vn',
    hint: 'Để trống thì Chợ 4.0 tạo giúp, rồi đưa cho VietQR.vn.',
    madeHere: true,
  },
  access: [],
  hears: [],
  setup,
  tellsAt: '/bank/api/transaction-sync',
  asks: { '/api/token_generate': giveToken },
  verify,
  tellsBareNumbers: true,
  normalise,
  acknowledge,
} satisfies Source
