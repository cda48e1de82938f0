import { findBank } from '@vietqr/core'
import { z } from 'zod'
import type { BankTransaction, Channel } from '../../shared/bank-transaction.ts'
import { addDays, businessDay } from '../../shared/business-day.ts'
import {
  accountNumber,
  bookedPrecision,
  memo,
  optionalText,
  parseJson,
  readFields,
  readPage,
  vietnamTime,
} from './entry.ts'
import { callApi, listByNumber, parseAnswer, type Wait } from './outside-api.ts'
import { isStale, knownToken, parseSignedJson, refused, signedBy, sortedJson } from './proof.ts'
import { UnreadableNotification } from './source.ts'
import type {
  Acknowledgement,
  BackfillPage,
  BackfillRequest,
  BankOf,
  IncomingRequest,
  Setup,
  Source,
  Verdict,
} from './source.ts'

/** The bank's reference in what the console's test call sends. */
const TEST_REFERENCE = 'MA_GIAO_DICH_THU_NGHIEM'
const MIDNIGHT = 0

/**
 * Whether Casso sent this; never throws. Any of `secrets` will do.
 * `v2`: `X-Casso-Signature: t=<milliseconds>,v1=<hex>`, HMAC-SHA512 over `<t>.<JSON with keys sorted at every depth>`,
 * at most five minutes off. The signature is over the JSON written anew, so it has to be parsed first; nothing else
 * looks at it before it is proven. Casso publishes no tolerance for `t`.
 * `v1`: `Secure-Token: <token>`.
 * Follows github.com/CassoHQ/casso-webhook-v2-verify-signature (0bfff92) and …/casso-webhook-handler-sample.
 */
function verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict {
  if (mode === 'v2') return verifySignature(request, secrets)
  if (mode !== 'v1') return refused('mismatch')
  const given = request.header('secure-token')
  return given === undefined ? refused('missing') : knownToken(secrets, given)
}

function verifySignature(request: IncomingRequest, keys: readonly string[]): Verdict {
  const header = request.header('x-casso-signature')
  if (header === undefined) return refused('missing')
  const [, time, hex] = /^t=(\d{13}),v1=([0-9a-f]{128})$/.exec(header) ?? []
  if (time === undefined || hex === undefined) return refused('malformed')
  if (isStale(Number(time), request.now)) return refused('stale')
  const body = parseSignedJson(request.rawBody)
  if (body === undefined) return refused('malformed')
  return signedBy(keys, 'sha512', hex, [`${time}.`, sortedJson(body)])
}

const id = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]).transform(String)
/** Whole đồng; what goes out is negative. */
const signedVnd = z.int().refine((amount) => amount !== 0, 'is nothing')
const account = accountNumber

const v2Entry = z.object({
  id,
  reference: optionalText,
  description: memo,
  amount: signedVnd,
  transactionDateTime: vietnamTime,
  accountNumber: account,
  bankName: optionalText,
  bankAbbreviation: optionalText,
  virtualAccountNumber: optionalText,
  counterAccountName: optionalText,
  counterAccountNumber: optionalText,
})
const v1Entry = z.object({
  id,
  tid: optionalText,
  description: memo,
  amount: signedVnd,
  when: vietnamTime,
  bank_sub_acc_id: account,
  bankName: optionalText,
  bankAbbreviation: optionalText,
  virtualAccount: optionalText,
  corresponsiveName: optionalText,
  corresponsiveAccount: optionalText,
})
/** `2021-04-15T00:00:00`, or the day alone: some banks tell no more. */
const historyTime = z
  .string()
  .transform((text) => (text.length === 10 ? `${text} 00:00:00` : text.replace('T', ' ')))
  .pipe(vietnamTime)
const historyEntry = v1Entry
  .omit({ bank_sub_acc_id: true, bankName: true, bankAbbreviation: true })
  .extend({ when: historyTime, bankSubAccId: account })

type Entry = z.output<typeof v1Entry>

const REASONS: Record<string, UnreadableNotification['reason']> = {
  amount: 'bad_amount',
  when: 'bad_time',
  transactionDateTime: 'bad_time',
}

/**
 * The transactions of a webhook's body: v2 tells one, v1 a list. Throws UnreadableNotification naming the field; the
 * readable ones of a list go with it.
 */
function normalise(rawBody: Uint8Array, bankOf: BankOf): BankTransaction[] {
  const envelope = z.object({ data: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]) })
  const { data } = readFields(envelope, parseJson(rawBody), {})
  if (!Array.isArray(data)) return [readV2(data, bankOf)]
  const { transactions, unreadable } = readPage(data, null, (entry) =>
    written('push', readFields(v1Entry, entry, REASONS), bankOf),
  )
  const [first] = unreadable
  if (!first) return transactions
  const { reason, field, detail } = first.error
  throw new UnreadableNotification(reason, `data.${field}`, detail, transactions)
}

function readV2(value: unknown, bankOf: BankOf): BankTransaction {
  const entry = readFields(v2Entry, value, REASONS)
  return written(
    'push',
    {
      ...entry,
      tid: entry.reference,
      when: entry.transactionDateTime,
      bank_sub_acc_id: entry.accountNumber,
      virtualAccount: entry.virtualAccountNumber,
      corresponsiveName: entry.counterAccountName,
      corresponsiveAccount: entry.counterAccountNumber,
    },
    bankOf,
  )
}

function written(channel: Channel, entry: Entry, bankOf: BankOf): BankTransaction {
  const bank = findBank(entry.bankAbbreviation ?? '') ?? findBank(entry.bankName ?? '')
  return {
    channel,
    sourceKey: `${channel}:${entry.id}`,
    bankBin: bank?.bin ?? bankOf(entry.bank_sub_acc_id),
    accountNumber: entry.bank_sub_acc_id,
    virtualAccount: entry.virtualAccount,
    direction: entry.amount < 0 ? 'out' : 'in',
    amountVnd: Math.abs(entry.amount),
    bookedAt: entry.when,
    bookedPrecision: bookedPrecision(entry.when),
    remittanceText: entry.description,
    bankReference: entry.tid,
    sourceCode: null,
    payerName: entry.corresponsiveName,
    payerAccount: entry.corresponsiveAccount,
    isTest: entry.tid === TEST_REFERENCE,
  }
}

/** Casso calls a delivery done on a 2xx. */
function acknowledge(): Acknowledgement {
  return { status: 200, body: { success: true } }
}

const NAME = 'Casso history'
const TRANSACTIONS_URL = 'https://oauth.casso.vn/v2/transactions'
const PAGE_SIZE = 100
const answerSchema = z.object({
  error: z.literal(0),
  data: z.object({
    page: z.int(),
    totalPages: z.int(),
    records: z.array(z.unknown()).max(PAGE_SIZE),
  }),
})

/**
 * Casso's own history from the cursor's day on, page by page, oldest first. Follows
 * developer.casso.vn/casso-api/api/lay-giao-dich (`GET /v2/transactions`, `Authorization: Apikey <key>`). It filters by
 * day only and pages by number; the list grows at its end, and what is told late is found by the days told again.
 * The bank is not told: it is looked up among the source's accounts.
 *
 * Throws an Error, without having yielded the page at fault: key refused, no answer after several attempts, an answer
 * that is not that page, a page that brings nothing new. No message quotes the key or the answer.
 */
export async function* backfill(request: BackfillRequest, wait?: Wait): AsyncGenerator<BackfillPage> {
  const { cursor, since, until, access, bankOf, signal } = request
  // The cursor is a day; the one before it is told again, for late transfers post the next day.
  const fromDate = cursor === null ? businessDay(since, MIDNIGHT) : addDays(cursor, -1)
  const today = businessDay(until, MIDNIGHT)
  const pages = listByNumber(NAME, async (page) => {
    const query = new URLSearchParams({
      fromDate,
      sort: 'ASC',
      page: String(page),
      pageSize: String(PAGE_SIZE),
    })
    const body = await callApi({
      name: NAME,
      url: `${TRANSACTIONS_URL}?${query}`,
      credentials: { authorization: `Apikey ${access['apiKey'] ?? ''}` },
      signal,
      wait,
    })
    const { data } = parseAnswer(NAME, 'a page of transactions', body, answerSchema)
    return { page: data.page, pages: data.totalPages, entries: data.records }
  })
  for await (const { entries, isLast } of pages) {
    // Half of a day is not the day: until the last page is there, the next fetch begins where this one did.
    yield readPage(entries, isLast ? today : cursor, (record) => {
      const { bankSubAccId, ...entry } = readFields(historyEntry, record, REASONS)
      const told = { ...entry, bank_sub_acc_id: bankSubAccId, bankName: null, bankAbbreviation: null }
      const transaction = written('backfill', told, bankOf)
      const isDayOnly = businessDay(entry.when, MIDNIGHT) !== businessDay(entry.when - 1, MIDNIGHT)
      return isDayOnly ? { ...transaction, bookedPrecision: 'day' } : transaction
    })
  }
}

const setup = ({ address, mode }: Setup): string[] => [
  'Vào my.casso.vn, mở «Thiết lập», «Tích hợp», bấm «Thêm tích hợp», chọn Webhook.',
  'Ngân hàng nhận webhook: chọn các tài khoản của sạp.',
  `Webhook URL: ${address}`,
  mode.id === 'v2'
    ? 'Chọn Webhook V2. Khoá bảo mật của Casso phải giống khoá ở đây; Casso tự sinh khoá thì đổi khoá của nguồn này thành khoá đó.'
    : 'Key bảo mật: dán khoá bí mật ở trên.',
  'Bấm «Gọi thử»: Casso phải báo thành công, và nguồn này hiện giờ «nghe lần cuối».',
]

export const casso = {
  kind: 'casso',
  name: 'Casso',
  console: 'my.casso.vn',
  modes: [
    { id: 'v2', words: 'Webhook V2', hint: 'nên dùng: chữ ký đổi theo từng tin', signs: true },
    { id: 'v1', words: 'Secure-Token', hint: 'một khoá gửi kèm mỗi tin', signs: false },
  ],
  secret: {
    label: 'Khoá bảo mật',
    hint: 'Casso đã cho khoá thì dán khoá đó vào đây; để trống thì Chợ 4.0 tạo giúp, rồi dán sang Casso.',
    madeHere: true,
  },
  access: [
    {
      name: 'apiKey',
      label: 'API key',
      hint: 'Để hỏi lại những khoản Casso gọi không tới. Lấy ở my.casso.vn, «Thiết lập», «API Keys».',
    },
  ],
  // Casso's list of banks and their conditions is not public.
  hears: [],
  setup,
  verify,
  tellsBareNumbers: true,
  normalise,
  acknowledge,
  backfill,
} satisfies Source
