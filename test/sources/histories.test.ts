import { readFileSync } from 'node:fs'
import { delay, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { backfill as bankhub } from '../../server/sources/bankhub.ts'
import { backfill as casso } from '../../server/sources/casso.ts'
import { backfill as sepay } from '../../server/sources/sepay.ts'
import type { BackfillPage, BackfillRequest } from '../../server/sources/source.ts'

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/notifications/${path}`, import.meta.url), 'utf8'))

const SINCE = Date.parse('2026-11-20T08:00:00+07:00')
const UNTIL = Date.parse('2026-11-22T09:00:00+07:00')
const KEY = 'key-nobody-may-read'

type Reply = (asked: URLSearchParams) => Response | Promise<Response>
const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  () =>
    new HttpResponse('no', { status: code, headers })
const never: Reply = async () => {
  await delay('infinite')
  return HttpResponse.error()
}

let asked: { query: URLSearchParams; authorization: string | null }[] = []
let waits: number[] = []
const outside = setupServer()
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
beforeEach(() => {
  asked = []
  waits = []
})
afterEach(() => {
  outside.resetHandlers()
  vi.restoreAllMocks()
})
afterAll(() => outside.close())

/** The source gives these answers one after the other, and the last one for ever. */
function answers(url: string, ...replies: Reply[]) {
  outside.use(
    http.get(url, ({ request }) => {
      const query = new URL(request.url).searchParams
      asked.push({ query, authorization: request.headers.get('authorization') })
      return replies[Math.min(asked.length, replies.length) - 1]!(query)
    }),
  )
}

interface History {
  name: string
  url: string
  access: Record<string, string>
  authorization: string
  retryAfter: string
  run: typeof casso
  /** A page with these ids, the `page`th of `pages`. */
  page(ids: readonly number[], page?: number, pages?: number): Reply
  before?: () => void
}

const cassoRecord = (id: number) => ({
  ...read('casso/history.json').data.records[0],
  id,
  amount: 5_000,
  when: '2026-11-21 10:42:10',
})
const bankhubRow = (id: number) => ({ ...read('bankhub/history.json').data[0], transaction_id: `x-${id}` })

const paged: History[] = [
  {
    name: 'Casso',
    url: 'https://oauth.casso.vn/v2/transactions',
    access: { apiKey: KEY },
    authorization: `Apikey ${KEY}`,
    retryAfter: 'retry-after',
    run: casso,
    page:
      (ids, page = 1, totalPages = 1) =>
      () =>
        HttpResponse.json({ error: 0, data: { page, totalPages, records: ids.map(cassoRecord) } }),
  },
  {
    name: 'Bank Hub',
    url: 'https://bankhub-api.sepay.vn/v1/transaction',
    access: { clientId: 'client', clientSecret: KEY, companyXid: 'company' },
    authorization: 'Bearer token-of-an-hour',
    retryAfter: 'retry-after',
    run: bankhub,
    page:
      (ids, page = 1, total_pages = 1) =>
      () =>
        HttpResponse.json({ data: ids.map(bankhubRow), meta: { page, total_pages } }),
    before: () =>
      outside.use(
        http.post('https://bankhub-api.sepay.vn/v1/token', ({ request }) => {
          const basic = `Basic ${Buffer.from(`client:${KEY}`).toString('base64')}`
          if (request.headers.get('authorization') !== basic) return new HttpResponse(null, { status: 401 })
          return HttpResponse.json(
            { code: 201, access_token: 'token-of-an-hour', ttl: 60_000 },
            { status: 201 },
          )
        }),
      ),
  },
]

async function run({ run: backfill, access }: History, changes: Partial<BackfillRequest> = {}) {
  const request: BackfillRequest = {
    access,
    cursor: null,
    since: SINCE,
    until: UNTIL,
    bankOf: () => '970416',
    signal: new AbortController().signal,
    ...changes,
  }
  const pages: BackfillPage[] = []
  let error: unknown = null
  try {
    for await (const page of backfill(request, async (milliseconds) => void waits.push(milliseconds)))
      pages.push(page)
  } catch (caught) {
    error = caught
  }
  const ids = pages.map(({ transactions }) =>
    transactions.map((one) => Number(one.sourceKey.match(/\d+$/)![0])),
  )
  return { pages, ids, cursors: pages.map(({ cursor }) => cursor), error }
}

describe.each(paged)('the history of $name', (history) => {
  beforeEach(() => history.before?.())
  const { url, page } = history

  test('is told page by page, and its cursor moves only when all of it was', async () => {
    answers(url, page([1, 2], 1, 3), page([3], 2, 3), page([4], 3, 3))
    const { ids, cursors, error } = await run(history, { cursor: '2026-11-19' })
    expect(error).toBeNull()
    expect(ids).toEqual([[1, 2], [3], [4]])
    expect(cursors).toEqual(['2026-11-19', '2026-11-19', '2026-11-22'])
    expect(asked.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3'])
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([history.authorization]))
    // The day before the cursor is told again.
    expect([...asked[0]!.query.values()]).toContain('2026-11-18')
  })

  test('begins where it is told to when there is no cursor, and ends on an empty page', async () => {
    answers(url, page([]))
    expect(await run(history)).toMatchObject({ ids: [[]], cursors: ['2026-11-22'], error: null })
    expect([...asked[0]!.query.values()]).toContain('2026-11-20')
  })

  test.each([
    ['repeats a page', [1, 2], 2],
    ['goes back to an earlier page', [3], 1],
    ['jumps ahead', [3], 4],
  ])('a server that %s is an error, not a circle', async (_, ids, number) => {
    answers(url, page([1, 2], 1, 9), page(ids, number, 9))
    const { ids: told, error } = await run(history)
    expect(told).toEqual([[1, 2]])
    expect(String(error)).toContain('do not move forward')
    expect(asked).toHaveLength(2)
  })

  test('entries pushed to a later page meanwhile are told twice and stop nothing', async () => {
    answers(url, page([1, 2], 1, 2), page([2, 3], 2, 2))
    expect(await run(history)).toMatchObject({
      ids: [
        [1, 2],
        [2, 3],
      ],
      error: null,
    })
  })

  test('429 waits as long as asked, 500 and a dropped line a little, then it goes on', async () => {
    answers(
      url,
      status(429, { [history.retryAfter]: '3' }),
      status(500),
      () => HttpResponse.error(),
      page([1]),
    )
    expect(await run(history)).toMatchObject({ ids: [[1]], error: null })
    expect(waits).toEqual([3_000, 1_000, 2_000])
  })

  test('an answer that never comes is given up in time', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const limits = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(200))
    answers(url, never, page([1]))
    expect(await run(history)).toMatchObject({ ids: [[1]], error: null })
    expect(limits).toHaveBeenCalledWith(10_000)
  })

  test.each([
    ['refused for ever', status(503), 'no page after 5 attempts'],
    ['a refused key', status(401), 'token is refused'],
    ['half a page', async () => new HttpResponse('{"error":0,"data":{"page":1,'), 'not a page'],
    ['a page of something else', () => HttpResponse.json({ error: 1, data: null }), 'not a page'],
  ] as [string, Reply, string][])(
    '%s: no page, no cursor, and no key in the error',
    async (_, reply, words) => {
      answers(url, reply)
      const { pages, error } = await run(history)
      expect(pages).toEqual([])
      expect(String(error)).toContain(words)
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(KEY)
    },
  )

  test('a failure in the middle keeps the pages before it, and the cursor where it was', async () => {
    answers(url, page([1], 1, 2), status(404))
    const { cursors, error } = await run(history, { cursor: '2026-11-21' })
    expect(cursors).toEqual(['2026-11-21'])
    expect(error).toBeInstanceOf(Error)
  })

  test('stops when it is told to', async () => {
    answers(url, page([1]))
    const { error } = await run(history, { signal: AbortSignal.abort(new Error('shutting down')) })
    expect(String(error)).toContain('shutting down')
  })
})

describe('entries', () => {
  test('Casso’s published record is read, with its day alone, and its bank is the account’s', async () => {
    answers(paged[0]!.url, () => HttpResponse.json(read('casso/history.json')))
    expect((await run(paged[0]!)).pages[0]?.transactions).toMatchObject([
      {
        channel: 'backfill',
        sourceKey: 'backfill:5789',
        bankBin: '970416',
        accountNumber: '8007041027107',
        direction: 'out',
        amountVnd: 193_000,
        bookedAt: Date.parse('2021-04-15T00:00:00+07:00'),
        bookedPrecision: 'day',
        bankReference: 'TF2104152395814062',
      },
    ])
  })

  test('Bank Hub’s row is read', async () => {
    paged[1]!.before?.()
    answers(paged[1]!.url, () => HttpResponse.json(read('bankhub/history.json')))
    expect((await run(paged[1]!)).pages[0]?.transactions).toMatchObject([
      { bankBin: '970422', direction: 'in', amountVnd: 100_000, bankReference: 'FT00000000000002' },
    ])
  })

  test('one that cannot be read is kept with its bytes and stops nothing', async () => {
    const bad = { ...cassoRecord(2), amount: 0.5 }
    answers(paged[0]!.url, () =>
      HttpResponse.json({ error: 0, data: { page: 1, totalPages: 1, records: [cassoRecord(1), bad, null] } }),
    )
    const { pages, ids } = await run(paged[0]!)
    expect(ids).toEqual([[1]])
    expect(pages[0]!.unreadable.map(({ error }) => error.reason)).toEqual(['bad_amount', 'malformed'])
    expect(JSON.parse(new TextDecoder().decode(pages[0]!.unreadable[0]!.raw))).toEqual(bad)
  })
})

describe('SePay’s older history, where the newer one gives nothing', () => {
  const OLD = 'https://my.sepay.vn/userapi/transactions/list'
  const history: History = {
    ...paged[0]!,
    name: 'SePay v1',
    access: { apiToken: KEY },
    run: sepay,
  }
  const row = (id: number, changes: Record<string, unknown> = {}) => ({
    ...read('sepay/userapi-v1.json').transactions[0],
    id: String(id),
    ...changes,
  })
  const list = (rows: unknown[]) => HttpResponse.json({ status: 200, error: null, transactions: rows })
  beforeEach(() =>
    outside.use(
      http.get('https://userapi.sepay.vn/v2/transactions', () => new HttpResponse(null, { status: 403 })),
    ),
  )

  test('is read exactly, amounts being text, under the webhook’s own keys', async () => {
    answers(OLD, () => HttpResponse.json(read('sepay/userapi-v1.json')))
    const { pages, cursors, error } = await run(history, { cursor: 'uuid-of-v2' })
    expect(error).toBeNull()
    expect(cursors).toEqual(['uuid-of-v2'])
    expect(pages[0]?.transactions).toEqual([
      expect.objectContaining({
        channel: 'push',
        sourceKey: 'push:4743476',
        bankBin: '970422',
        accountNumber: '100000001',
        direction: 'in',
        amountVnd: 100_000,
        bookedAt: Date.parse('2024-11-17T07:39:49+07:00'),
        bankReference: 'FT24323320170551',
      }),
    ])
    expect(Object.fromEntries(asked[0]!.query)).toEqual({
      transaction_date_min: '2026-11-20 08:00:00',
      transaction_date_max: '2026-11-22 09:01:00',
      limit: '1000',
    })
  })

  test('amounts are whole đồng as decimal text, and nothing else', async () => {
    const wrong = ['100000.50', '-5.00', '1e5', '', '1,000', 100_000, null, '0.00']
    answers(OLD, () =>
      list([
        row(1, { amount_out: '7000.00', amount_in: '0.00' }),
        ...wrong.map((amount_in, index) => row(10 + index, { amount_in })),
      ]),
    )
    const { pages } = await run(history)
    expect(pages[0]!.transactions).toMatchObject([{ direction: 'out', amountVnd: 7_000 }])
    expect(pages[0]!.unreadable.map(({ error }) => error.reason)).toEqual(wrong.map(() => 'bad_amount'))
  })

  test('a window that is full is asked again in halves, so that nothing is cut off', async () => {
    const full = Array.from({ length: 1_000 }, (_, index) => row(index))
    let calls = 0
    answers(OLD, () => {
      calls += 1
      return calls === 1 ? list(full) : list([row(5_000 + calls)])
    })
    const { ids, error } = await run(history)
    expect(error).toBeNull()
    expect(ids).toEqual([[5_002], [5_003]])
    const [first, second] = asked.slice(1).map(({ query }) => Object.fromEntries(query))
    expect(first!['transaction_date_min']).toBe('2026-11-20 08:00:00')
    expect(second!['transaction_date_max']).toBe('2026-11-22 09:01:00')
    expect(first!['transaction_date_max']! >= second!['transaction_date_min']!).toBe(true)
  })

  test('a minute with more than it tells is an error and no silent gap', async () => {
    const full = Array.from({ length: 1_000 }, (_, index) => row(index))
    answers(OLD, () => list(full))
    expect(String((await run(history)).error)).toContain('HTTP 403')
    expect(asked.length).toBeLessThan(50)
  })

  test('429 waits as long as its own header says', async () => {
    answers(OLD, status(429, { 'x-sepay-userapi-retry-after': '2' }), () => list([row(1)]))
    expect((await run(history)).ids).toEqual([[1]])
    expect(waits).toEqual([2_000])
  })

  test.each([
    ['a refused token', status(401)],
    ['half a page', async () => new HttpResponse('{"status":200,"transa')],
    ['an error in a 200', () => HttpResponse.json({ status: 500, transactions: [] })],
  ] as [string, Reply][])('%s too: what the newer one said is told', async (_, reply) => {
    answers(OLD, reply)
    const { pages, error } = await run(history)
    expect(pages).toEqual([])
    expect(String(error)).toBe('Error: SePay history: the API token is refused (HTTP 403)')
  })
})
