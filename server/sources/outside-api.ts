import { setTimeout as sleep } from 'node:timers/promises'

const REQUEST_TIMEOUT_MS = 10_000
const MAX_ATTEMPTS = 5
const FIRST_BACKOFF_MS = 500
const MAX_RETRY_AFTER_MS = 60_000
/** A hundred entries with the longest memos we accept, every character escaped, are below this. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>

export interface Call {
  /** Whose API, for errors: `SePay history`. */
  name: string
  url: string
  /** A POST; without it a GET. */
  body?: string
  /** What proves us: sent to this host and no other, and quoted in no error. */
  credentials: Readonly<Record<string, string>>
  /** The header that tells after how many seconds to come again. */
  retryAfterHeader?: string
  /** Whether asking twice does no harm. */
  repeatable?: boolean
  signal: AbortSignal
  wait?: Wait | undefined
}

/**
 * Asks another company's API until there is a 2xx; what time may heal (429, 5xx, no connection, time-out) is asked
 * again, anything else is an Error at once. Returns the body's bytes. No error quotes credentials or an answer.
 */
export async function callApi(call: Call): Promise<Uint8Array> {
  const { name, credentials, repeatable = true, signal, wait = waitFor } = call
  // `fetch` quotes an unusable header value in its error, and that value is the token.
  if (!Object.values(credentials).every((value) => /^[\x21-\x7e]+( [\x21-\x7e]+)?$/.test(value)))
    throw new Error(`${name}: the API token has characters no token has`)
  const attempts = repeatable ? MAX_ATTEMPTS : 1
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask(call)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    if (answer.status === 401 || answer.status === 403)
      throw new Error(`${name}: the API token is refused (HTTP ${answer.status})`)
    if (answer.status !== 0 && answer.status !== 429 && answer.status < 500)
      throw new Error(`${name}: refused (HTTP ${answer.status})`)
    if (attempt === attempts)
      throw new Error(`${name}: no page after ${attempt} attempts (last: ${answer.problem})`, {
        cause: answer.cause,
      })
    await wait(answer.retryAfterMs ?? FIRST_BACKOFF_MS * 2 ** (attempt - 1), signal)
  }
}

/** The JSON of an answer, by that check; `shape` says in an error what it is not. */
export function parseAnswer<T>(
  name: string,
  shape: string,
  body: Uint8Array,
  check: { parse(value: unknown): T },
): T {
  try {
    return check.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    throw new Error(`${name}: the answer is not ${shape}`)
  }
}

/** One page of a list that is asked for by number. */
interface NumberedPage {
  page: number
  pages: number
  entries: readonly unknown[]
}

/**
 * A list page by page, each with whether it is the last. The list may grow meanwhile and push entries to a later page;
 * throws an Error where a page is not the one asked for, or brings nothing new.
 */
export async function* listByNumber(
  name: string,
  getPage: (page: number) => Promise<NumberedPage>,
): AsyncGenerator<{ entries: readonly unknown[]; isLast: boolean }> {
  const passed = new Set<string>()
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const told = await getPage(page)
    const before = passed.size
    for (const entry of told.entries) passed.add(JSON.stringify(entry))
    if (told.page !== page || (told.entries.length > 0 && passed.size === before))
      throw new Error(`${name}: the pages do not move forward`)
    pages = told.pages
    yield { entries: told.entries, isLast: page >= pages }
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

async function ask({ url, body, credentials, retryAfterHeader, signal }: Call): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...credentials,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    })
    const bytes = await readBody(response)
    const answer = { status: response.status, body: bytes, problem: `HTTP ${response.status}` }
    const retryAfter = response.headers.get(retryAfterHeader ?? 'retry-after') ?? ''
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
    if (size > MAX_ANSWER_BYTES) throw new Error(`answer larger than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal })
}
