import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { businessDay, vietnamTime } from '../../shared/business-day.ts'
import type { BackfillRequest } from './source.ts'

const TRANSACTIONS_URL = 'https://userapi.sepay.vn/v2/transactions'
const PAGE_SIZE = 100
const REQUEST_TIMEOUT_MS = 10_000
const MAX_ATTEMPTS = 5
const FIRST_BACKOFF_MS = 500
const MAX_RETRY_AFTER_MS = 60_000
/** A hundred entries with the longest memos we accept, every character escaped, are below this. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024

export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>

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
 * Throws an Error, without having yielded the page at fault: token refused, no answer after MAX_ATTEMPTS,
 * an answer that is not a page, a cursor that does not move forward. No message quotes the token or the answer.
 */
export async function* listHistory(
  request: BackfillRequest,
  wait: Wait = waitFor,
): AsyncGenerator<HistoryPage> {
  let cursor = request.cursor
  // Every id of this run: a server that sends us back or round in a circle must end on one of them.
  const passed = new Set<string>(cursor === null ? [] : [cursor])
  for (;;) {
    const { data, meta } = parseAnswer(await getPage(pageUrl(cursor, request.since), request, wait))
    const idOf = (entry: unknown) => identified.safeParse(entry).data?.id
    // Documented as "after the id"; the older API included it, and then the last entry would come for ever.
    const entries = data.filter((entry) => cursor === null || idOf(entry) !== cursor)
    if (entries.length === 0) return
    const ids = entries.flatMap((entry) => idOf(entry) ?? [])
    const last = ids.at(-1)
    if (last === undefined || passed.has(last))
      throw new Error('SePay history: the cursor does not move forward')
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

function parseAnswer(body: Uint8Array) {
  try {
    return answerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    throw new Error('SePay history: the answer is not a page of transactions')
  }
}

/** Asks until there is a page; what time may heal is asked again, anything else is an Error at once. */
async function getPage(url: string, request: BackfillRequest, wait: Wait): Promise<Uint8Array> {
  // `fetch` quotes an unusable header value in its error, and that value is the token.
  if (!/^[\x21-\x7e]+$/.test(request.apiToken))
    throw new Error('SePay history: the API token has characters no token has')
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask(url, request)
    if (answer.status === 200) return answer.body
    if (answer.status === 401 || answer.status === 403)
      throw new Error(`SePay history: the API token is refused (HTTP ${answer.status})`)
    if (answer.status !== 0 && answer.status !== 429 && answer.status < 500)
      throw new Error(`SePay history: refused (HTTP ${answer.status})`)
    if (attempt === MAX_ATTEMPTS)
      throw new Error(`SePay history: no page after ${attempt} attempts (last: ${answer.problem})`, {
        cause: answer.cause,
      })
    await wait(answer.retryAfterMs ?? FIRST_BACKOFF_MS * 2 ** (attempt - 1), request.signal)
  }
}

interface Answer {
  /** 0 when there was no whole answer: no connection, time-out, redirect, too large. */
  status: number
  body: Uint8Array
  problem: string
  cause?: unknown
  retryAfterMs?: number
}

async function ask(url: string, { apiToken, signal }: BackfillRequest): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${apiToken}`, accept: 'application/json' },
      // The token goes to SePay's host and to no other.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    })
    const body = await readBody(response)
    const answer = { status: response.status, body, problem: `HTTP ${response.status}` }
    const retryAfter = response.headers.get('retry-after') ?? ''
    if (response.status !== 429 || !/^\d{1,9}$/.test(retryAfter)) return answer
    return { ...answer, retryAfterMs: Math.min(Number(retryAfter) * 1000, MAX_RETRY_AFTER_MS) }
  } catch (error) {
    signal.throwIfAborted()
    const problem = error instanceof Error ? error.message : 'unknown'
    return { status: 0, body: new Uint8Array(), problem, cause: error }
  }
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_PAGE_BYTES) throw new Error(`answer larger than ${MAX_PAGE_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal })
}
