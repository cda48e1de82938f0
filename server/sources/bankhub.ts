import { z } from 'zod'
import type { BankTransaction, Channel } from '../../shared/bank-transaction.ts'
import { addDays, businessDay } from '../../shared/business-day.ts'
import {
  accountNumber,
  amountVnd,
  bookedPrecision,
  memo,
  optionalText,
  parseJson,
  readFields,
  readPage,
  vietnamTime,
} from './entry.ts'
import { callApi, listByNumber, parseAnswer, type Wait } from './outside-api.ts'
import { knownToken, refused } from './proof.ts'
import { sepayBank, verifyApiKey } from './sepay.ts'
import type {
  Access,
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

const BASE = 'https://bankhub-api.sepay.vn/v1'
const NAME = 'SePay Bank Hub'
const PAGE_SIZE = 100
const MIDNIGHT = 0

/**
 * Whether Bank Hub sent this, told before anything of it is parsed; never throws. `apikey`: `Authorization: Apikey
 * <key>`; `secret-key`: `X-Secret-Key: <key>`. Any of `secrets` will do. Nothing is signed.
 * Follows developer.sepay.vn/vi/bankhub/thong-bao-bien-dong-so-du.
 */
function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict {
  if (mode === 'apikey') return verifyApiKey(request, secrets)
  if (mode !== 'secret-key') return refused('mismatch')
  const given = request.header('x-secret-key')
  return given === undefined ? refused('missing') : knownToken(secrets, given)
}

const entry = z.object({
  transaction_id: z.string().regex(/^[\w-]{1,64}$/),
  gateway: sepayBank,
  transaction_date: vietnamTime,
  account_number: accountNumber,
  va: optionalText,
  payment_code: optionalText,
  content: memo,
  transfer_type: z.enum(['credit', 'debit']),
  amount: amountVnd,
  reference_code: optionalText,
})
const REASONS: Record<string, UnreadableNotification['reason']> = {
  gateway: 'unknown_bank',
  transaction_date: 'bad_time',
  amount: 'bad_amount',
}

/** The one transaction of a notification. Throws UnreadableNotification naming the field. */
function normalise(rawBody: Uint8Array): BankTransaction[] {
  return [readEntry('push', parseJson(rawBody))]
}

function readEntry(channel: Channel, value: unknown): BankTransaction {
  const told = readFields(entry, value, REASONS)
  return {
    channel,
    sourceKey: `${channel}:${told.transaction_id}`,
    bankBin: told.gateway,
    accountNumber: told.account_number,
    virtualAccount: told.va,
    direction: told.transfer_type === 'credit' ? 'in' : 'out',
    amountVnd: told.amount,
    bookedAt: told.transaction_date,
    bookedPrecision: bookedPrecision(told.transaction_date),
    remittanceText: told.content,
    bankReference: told.reference_code,
    sourceCode: told.payment_code,
    payerName: null,
    payerAccount: null,
    // Tests have a host of their own, which this source does not speak with.
    isTest: false,
  }
}

function acknowledge(): Acknowledgement {
  return { status: 200, body: { success: true } }
}

const token = z.object({ access_token: z.string().regex(/^[\x21-\x7e]{1,500}$/) })

/** A bearer token for one piece of work (developer.sepay.vn/vi/bankhub/api/tao-token). Throws an Error. */
async function getToken(access: Access, signal: AbortSignal, wait?: Wait): Promise<string> {
  const basic = Buffer.from(`${access['clientId'] ?? ''}:${access['clientSecret'] ?? ''}`).toString('base64')
  const body = await callApi({
    name: NAME,
    url: `${BASE}/token`,
    credentials: { authorization: `Basic ${basic}` },
    body: '',
    signal,
    wait,
  })
  return parseAnswer(NAME, 'a token', body, token).access_token
}

const answerSchema = z.object({
  data: z.array(z.unknown()).max(PAGE_SIZE),
  meta: z.object({ page: z.int(), total_pages: z.int() }),
})

/**
 * Bank Hub's own history from the cursor's day on, page by page, newest first, as it gives it. Follows
 * developer.sepay.vn/en/bankhub/api/api-giao-dich/danh-sach-giao-dich (`GET /v1/transaction`). What comes meanwhile
 * pushes entries to later pages, so that some are told twice and none is passed over; the cursor moves at the end.
 *
 * Throws an Error, without having yielded the page at fault: credentials refused, no answer after several attempts,
 * an answer that is not that page, a page that brings nothing new. No message quotes credentials or the answer.
 */
export async function* backfill(request: BackfillRequest, wait?: Wait): AsyncGenerator<BackfillPage> {
  const { access, cursor, since, until, signal } = request
  const from = cursor === null ? businessDay(since, MIDNIGHT) : addDays(cursor, -1)
  const bearer = await getToken(access, signal, wait)
  const pages = listByNumber(NAME, async (page) => {
    const query = new URLSearchParams({
      page: String(page),
      per_page: String(PAGE_SIZE),
      company_xid: access['companyXid'] ?? '',
      start_transaction_date: from,
    })
    const body = await callApi({
      name: NAME,
      url: `${BASE}/transaction?${query}`,
      credentials: { authorization: `Bearer ${bearer}` },
      signal,
      wait,
    })
    const { data, meta } = parseAnswer(NAME, 'a page of transactions', body, answerSchema)
    return { page: meta.page, pages: meta.total_pages, entries: data }
  })
  for await (const { entries, isLast } of pages) {
    const after = isLast ? businessDay(until, MIDNIGHT) : cursor
    yield readPage(entries, after, (row) => readEntry('backfill', withPushNames(row)))
  }
}

/** The history's names for what the notification calls otherwise. */
function withPushNames(value: unknown): Record<string, unknown> {
  const row: Record<string, unknown> = Object(value)
  const direction = row['transfer_type']
  return {
    ...row,
    gateway: row['brand_name'],
    content: row['transaction_content'],
    reference_code: row['reference_number'],
    transfer_type: direction === 'in' ? 'credit' : direction === 'out' ? 'debit' : direction,
  }
}

const link = z.object({ hosted_link_url: z.url({ protocol: /^https$/, hostname: /(^|\.)sepay\.vn$/ }) })

/**
 * The address of SePay's own page on which a vendor links her account (developer.sepay.vn/vi/bankhub/api/link-token/
 * tao-link-token): her bank's password is typed there and never passes through us. Throws an Error.
 */
export async function linkAccount(access: Access, returnUrl: string, signal: AbortSignal): Promise<string> {
  const body = await callApi({
    name: NAME,
    url: `${BASE}/link-token/create`,
    credentials: { authorization: `Bearer ${await getToken(access, signal)}` },
    body: JSON.stringify({
      company_xid: access['companyXid'] ?? '',
      purpose: 'LINK_BANK_ACCOUNT',
      completion_redirect_uri: returnUrl,
      language: 'vi',
    }),
    signal,
  })
  return parseAnswer(NAME, 'a link of SePay', body, link).hosted_link_url
}

/**
 * developer.sepay.vn/vi/bankhub/tong-quan (2026-11): TPBank besides what SePay hears; personal accounts at all of them,
 * household businesses at MSB. Conditions are those SePay has elsewhere for the same banks.
 */
const hears: readonly Hearing[] = [
  { bankBin: '970415', holders: ['individual'], condition: 'purpose_prefix', purposePrefix: 'SEVQR' }, // VietinBank
  { bankBin: '970416', holders: ['individual'], condition: 'none' }, // ACB
  { bankBin: '970418', holders: ['individual'], condition: 'virtual_account' }, // BIDV
  { bankBin: '970422', holders: ['individual'], condition: 'none' }, // MBBank
  { bankBin: '970423', holders: ['individual'], condition: 'none' }, // TPBank
  { bankBin: '970426', holders: ['individual', 'household_business'], condition: 'virtual_account' }, // MSB
  { bankBin: '970432', holders: ['individual'], condition: 'none' }, // VPBank
  { bankBin: '970448', holders: ['individual'], condition: 'none' }, // OCB
  { bankBin: '970452', holders: ['individual'], condition: 'none' }, // KienLongBank
]

const setup = ({ address, mode }: Setup): string[] => [
  'Bank Hub cần hợp đồng với SePay: SePay cấp Client ID, Client Secret và Company XID của chợ.',
  `Báo SePay địa chỉ nhận biến động số dư (IPN): ${address}`,
  `Kiểu chứng thực: ${mode.words}, với khoá bí mật ở trên.`,
  'Cho phép nguồn này báo các tài khoản của sạp: từ lúc đó tiểu thương tự nối tài khoản của mình ở trang «Cài đặt», trên trang của SePay.',
]

export const bankhub = {
  kind: 'bankhub',
  name: 'SePay Bank Hub',
  console: 'SePay',
  modes: [
    { id: 'apikey', words: 'API Key', hint: 'khoá gửi kèm mỗi tin', signs: false },
    { id: 'secret-key', words: 'X-Secret-Key', hint: 'khoá gửi kèm mỗi tin, ở chỗ khác', signs: false },
  ],
  secret: {
    label: 'Khoá bí mật',
    hint: 'Để trống thì Chợ 4.0 tạo giúp, rồi đưa cho SePay.',
    madeHere: true,
  },
  access: [
    { name: 'clientId', label: 'Client ID', hint: 'SePay cấp cùng hợp đồng Bank Hub.' },
    { name: 'clientSecret', label: 'Client Secret', hint: 'SePay cấp cùng Client ID.' },
    { name: 'companyXid', label: 'Company XID', hint: 'Mã công ty của chợ ở Bank Hub.' },
  ],
  hears,
  setup,
  verify,
  normalise,
  acknowledge,
  backfill,
  linkAccount,
} satisfies Source
