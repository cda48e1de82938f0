import { z } from 'zod'
import { businessDay, vietnamTime } from '../../shared/business-day.ts'
import { callApi, parseAnswer, type Wait } from './outside-api.ts'
import type { BackfillRequest } from './source.ts'

const NAME = 'SePay history v1'
const TRANSACTIONS_URL = 'https://my.sepay.vn/userapi/transactions/list'
/** Of at most 5,000 that it gives; a window that is full is asked again in halves. */
const LIMIT = 1_000
const MINUTE = 60_000

/** The webhook's own ids, as decimal text. */
export const legacyId = z.string().regex(/^\d{1,20}$/)

const answerSchema = z.object({ status: z.literal(200), transactions: z.array(z.unknown()).max(LIMIT) })

/**
 * The entries of SePay's older history between `since` and `until`, window by window of booking time. Follows
 * docs.sepay.vn/api-giao-dich.html (`GET /userapi/transactions/list`): its order is not documented and `since_id`
 * includes the id itself, so neither is relied on. Entries are as SePay sent them, amounts as decimal text.
 *
 * Throws an Error, without having yielded the window at fault: token refused, no answer after several attempts, an
 * answer that is no list, more than LIMIT entries in one minute. No message quotes the token or the answer.
 */
export async function* listLegacyHistory(
  { access, since, until, signal }: BackfillRequest,
  wait?: Wait,
): AsyncGenerator<unknown[]> {
  const windows: [from: number, to: number][] = [[since, until]]
  for (let window = windows.pop(); window; window = windows.pop()) {
    const [from, to] = window
    const query = new URLSearchParams({
      transaction_date_min: clock(from),
      transaction_date_max: clock(to + MINUTE),
      limit: String(LIMIT),
    })
    const body = await callApi({
      name: NAME,
      url: `${TRANSACTIONS_URL}?${query}`,
      credentials: { authorization: `Bearer ${access['apiToken'] ?? ''}` },
      retryAfterHeader: 'x-sepay-userapi-retry-after',
      signal,
      wait,
    })
    const { transactions } = parseAnswer(NAME, 'a list of transactions', body, answerSchema)
    if (transactions.length < LIMIT) {
      yield transactions
      continue
    }
    if (to - from < 2 * MINUTE) throw new Error(`${NAME}: more entries in a minute than it tells`)
    const middle = from + Math.floor((to - from) / 2 / MINUTE) * MINUTE
    // Both ends are included: what is booked in the middle is told twice, and recognised.
    windows.push([middle, to], [from, middle])
  }
}

/** Down to the minute. */
function clock(at: number): string {
  return `${businessDay(at, 0)} ${vietnamTime(at)}:00`
}
