import { z } from 'zod'
import { businessDay, vietnamTime } from '../../shared/business-day.ts'
import { callApi, parseAnswer, type Wait } from './outside-api.ts'
import type { BackfillRequest } from './source.ts'

const TRANSACTIONS_URL = 'https://userapi.sepay.vn/v2/transactions'
const PAGE_SIZE = 100
const NAME = 'SePay history'

/** Entries of one answer as SePay sent them, oldest first, and the id of the last one. */
interface HistoryPage {
  entries: unknown[]
  cursor: string
}

/** SePay's ids are UUIDs; to us they are opaque. */
export const historyId = z.string().regex(/^[\w-]{1,64}$/)

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.array(z.unknown()).max(PAGE_SIZE),
  meta: z.object({ pagination: z.object({ has_more: z.boolean() }) }),
})
const identified = z.object({ id: historyId })

/**
 * Lists SePay's own history after a cursor (or, without one, from an instant), page by page, oldest first.
 * Follows developer.sepay.vn/en/sepay-api/v2 (`GET /v2/transactions`, `since_id` with ascending order): never
 * by page number, since the list grows meanwhile.
 *
 * Throws an Error, without having yielded the page at fault: token refused, no answer after several attempts,
 * an answer that is not a page, a cursor that does not move forward. No message quotes the token or the answer.
 */
export async function* listHistory(request: BackfillRequest, wait?: Wait): AsyncGenerator<HistoryPage> {
  let cursor = request.cursor
  // Every id of this run: a server that sends us back or round in a circle must end on one of them.
  const passed = new Set<string>(cursor === null ? [] : [cursor])
  for (;;) {
    const body = await callApi({
      name: NAME,
      url: pageUrl(cursor, request.since),
      credentials: { authorization: `Bearer ${request.access['apiToken'] ?? ''}` },
      signal: request.signal,
      wait,
    })
    const { data, meta } = parseAnswer(NAME, 'a page of transactions', body, answerSchema)
    const idOf = (entry: unknown) => identified.safeParse(entry).data?.id
    // Documented as "after the id"; the older API included it, and then the last entry would come for ever.
    const entries = data.filter((entry) => cursor === null || idOf(entry) !== cursor)
    if (entries.length === 0) return
    const ids = entries.flatMap((entry) => idOf(entry) ?? [])
    const last = ids.at(-1)
    if (last === undefined || passed.has(last)) throw new Error(`${NAME}: the cursor does not move forward`)
    for (const id of ids) passed.add(id)
    cursor = last
    yield { entries, cursor }
    if (!meta.pagination.has_more) return
  }
}

function pageUrl(cursor: string | null, since: number): string {
  const query = new URLSearchParams({ per_page: String(PAGE_SIZE), transaction_date_sort: 'asc' })
  if (cursor !== null) query.set('since_id', cursor)
  else query.set('transaction_date_from', `${businessDay(since, 0)} ${vietnamTime(since)}:00`)
  return `${TRANSACTIONS_URL}?${query}`
}
