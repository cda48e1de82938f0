import { readFileSync } from 'node:fs'
import { delay, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { backfill } from '../../server/sources/sepay.ts'
import type { BackfillPage, BackfillRequest } from '../../server/sources/source.ts'

const URL_V2 = 'https://userapi.sepay.vn/v2/transactions'
const TOKEN = 'token-nobody-may-read'
const published = JSON.parse(
  readFileSync(new URL('../fixtures/notifications/sepay/userapi-v2.json', import.meta.url), 'utf8'),
)

const entry = (id: string, changes: Record<string, unknown> = {}) => ({
  ...published.data[0],
  id,
  reference_number: 'FT26304123456789',
  ...changes,
})
const page = (entries: unknown[], hasMore = false) => ({
  status: 'success',
  data: entries,
  meta: { pagination: { has_more: hasMore } },
})

type Reply = () => Response | Promise<Response>
const json =
  (body: unknown): Reply =>
  () =>
    new HttpResponse(JSON.stringify(body))
const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  () =>
    new HttpResponse('no', { status: code, headers })

const never: Reply = async () => {
  await delay('infinite')
  return HttpResponse.error()
}

let asked: { query: Record<string, string>; authorization: string | null }[] = []
let waits: number[] = []
/** The older history, which is asked where this one gives nothing, knows nothing either. */
const server = setupServer(
  http.get('https://my.sepay.vn/userapi/transactions/list', () => new HttpResponse(null, { status: 401 })),
)

beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
beforeEach(() => {
  asked = []
  waits = []
})
afterEach(() => {
  server.resetHandlers()
  vi.restoreAllMocks()
})
afterAll(() => server.close())

/** SePay gives these answers one after the other, and the last one for ever. */
function answers(...replies: Reply[]) {
  server.use(
    http.get(URL_V2, ({ request }) => {
      const query = Object.fromEntries(new URL(request.url).searchParams)
      asked.push({ query, authorization: request.headers.get('authorization') })
      const reply = replies[Math.min(asked.length, replies.length) - 1]
      return reply?.() ?? HttpResponse.error()
    }),
  )
}

/** What a back-fill gave, page by page, and how it ended. */
async function run(changes: Partial<BackfillRequest> = {}) {
  const request = {
    access: { apiToken: TOKEN },
    cursor: null,
    since: Date.UTC(2026, 9, 30, 17, 0, 0),
    until: Date.UTC(2026, 9, 30, 18, 0, 0),
    bankOf: () => '000000',
    signal: new AbortController().signal,
    ...changes,
  }
  const pages: BackfillPage[] = []
  let error: unknown = null
  try {
    for await (const each of backfill(request, async (milliseconds) => void waits.push(milliseconds)))
      pages.push(each)
  } catch (caught) {
    error = caught
  }
  const keys = pages.map(({ transactions }) => transactions.map(({ sourceKey }) => sourceKey))
  return { pages, keys, cursors: pages.map(({ cursor }) => cursor), error }
}

test('the published page is read exactly', async () => {
  answers(json({ ...published, meta: { pagination: { has_more: false } } }))
  const { pages, error } = await run()
  expect(error).toBeNull()
  expect(pages).toEqual([
    {
      transactions: [
        {
          channel: 'backfill',
          sourceKey: 'backfill:07ad3dc9-0000-4000-8000-0afffe87053b',
          bankBin: '970416',
          accountNumber: '0000000002',
          virtualAccount: null,
          direction: 'in',
          amountVnd: 50_000,
          bookedAt: Date.UTC(2026, 9, 31, 4, 24, 40),
          bookedPrecision: 'second',
          remittanceText: 'Giao dich sandbox 31/10/2026 11:24:40',
          bankReference: 'SBCF7A82A9EBC8',
          sourceCode: 'DH1709',
          payerName: null,
          payerAccount: null,
          isTest: true,
        },
      ],
      rawEntries: [new TextEncoder().encode(JSON.stringify(published.data[0]))],
      unreadable: [],
      cursor: '07ad3dc9-0000-4000-8000-0afffe87053b',
    },
  ])
})

describe('paging', () => {
  test('the first question has a time, each next one the last id, none a page number', async () => {
    answers(json(page([entry('a1'), entry('a2')], true)), json(page([entry('a3')])))
    const { keys, cursors, error } = await run()
    expect(error).toBeNull()
    expect(keys).toEqual([['backfill:a1', 'backfill:a2'], ['backfill:a3']])
    expect(cursors).toEqual(['a2', 'a3'])
    const always = { per_page: '100', transaction_date_sort: 'asc' }
    expect(asked).toEqual([
      {
        query: { ...always, transaction_date_from: '2026-10-31 00:00:00' },
        authorization: `Bearer ${TOKEN}`,
      },
      { query: { ...always, since_id: 'a2' }, authorization: `Bearer ${TOKEN}` },
    ])
  })

  test('with a cursor it goes on from there', async () => {
    answers(json(page([entry('a4')])))
    expect((await run({ cursor: 'a3' })).cursors).toEqual(['a4'])
    expect(asked[0]?.query).toMatchObject({ since_id: 'a3' })
    expect(asked[0]?.query).not.toHaveProperty('transaction_date_from')
  })

  test('an empty page is the end, also where more is promised', async () => {
    answers(json(page([entry('a1')], true)), json(page([], true)))
    expect(await run()).toMatchObject({ cursors: ['a1'], error: null })
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['repeats', ['a1', 'a2']],
    ['goes back', ['a0', 'a1']],
    ['stays at the cursor it was given', ['start']],
    ['has no ids', ['']],
  ])('a server that %s is an error, not a circle', async (_, ids) => {
    answers(
      json(page([entry('a1'), entry('a2')], true)),
      json(
        page(
          ids.map((id) => entry(id)),
          true,
        ),
      ),
    )
    const { cursors, error } = await run({ cursor: 'start' })
    expect(cursors).toEqual(['a2'])
    expect(String(error)).toContain('does not move forward')
    expect(asked).toHaveLength(2)
  })
})

describe('entries', () => {
  test('money out takes the outgoing amount', async () => {
    answers(json(page([entry('a1', { transfer_type: 'out', amount_in: 0, amount_out: 7000 })])))
    expect((await run()).pages[0]?.transactions[0]).toMatchObject({ direction: 'out', amountVnd: 7000 })
  })

  test('an entry that cannot be read is kept with its bytes and stops nothing', async () => {
    const bad = [
      entry('b1', { amount_in: '50000.00' }),
      entry('b2', { amount_in: 0 }),
      entry('b3', { bank_brand_name: 'Bank' }),
      entry('b4', { transaction_date: '2026-02-30 00:00:00' }),
      entry('b5', { transfer_type: 'credit' }),
      null,
    ]
    answers(json(page([entry('a1'), ...bad, entry('a2')], true)), json(page([entry('a3')])))
    const { pages, keys, error } = await run()
    expect(error).toBeNull()
    expect(keys).toEqual([['backfill:a1', 'backfill:a2'], ['backfill:a3']])
    const reasons = pages[0]?.unreadable.map((each) => each.error.reason)
    expect(reasons).toEqual([
      'bad_amount',
      'bad_amount',
      'unknown_bank',
      'bad_time',
      'malformed',
      'malformed',
    ])
    const kept = pages[0]?.unreadable.map(({ raw }) => JSON.parse(new TextDecoder().decode(raw)))
    expect(kept).toEqual(bad)
  })

  test('an entry without an id at the end of a page does not lose the page', async () => {
    answers(json(page([entry('a1'), null], true)), json(page([entry('a2')])))
    expect(await run()).toMatchObject({ cursors: ['a1', 'a2'], error: null })
  })

  test('raw entries stand beside their transactions', async () => {
    answers(json(page([entry('b1', { amount_in: 0 }), entry('a1'), entry('a2')])))
    const { pages } = await run()
    const ids = pages[0]?.rawEntries.map((raw) => `backfill:${JSON.parse(new TextDecoder().decode(raw)).id}`)
    expect(ids).toEqual(pages[0]?.transactions.map(({ sourceKey }) => sourceKey))
  })
})

describe('what time may heal is asked again', () => {
  const good = json(page([entry('a1')]))

  test('too many requests: after the time SePay asks for', async () => {
    answers(status(429, { 'retry-after': '2' }), good)
    expect(await run()).toMatchObject({ cursors: ['a1'], error: null })
    expect(waits).toEqual([2000])
  })

  test.each([
    ['86400', 60_000],
    ['soon', 500],
    ['-1', 500],
  ])('Retry-After %j waits %i ms', async (retryAfter, expected) => {
    answers(status(429, { 'retry-after': retryAfter }), good)
    expect((await run()).error).toBeNull()
    expect(waits).toEqual([expected])
  })

  test('500, then a dropped connection, then a page', async () => {
    answers(status(500), () => HttpResponse.error(), good)
    expect(await run()).toMatchObject({ cursors: ['a1'], error: null })
    expect(waits).toEqual([500, 1000])
  })

  test.each([
    ['500', status(500), 'HTTP 500'],
    ['429', status(429, { 'retry-after': '1' }), 'HTTP 429'],
    ['no connection', () => HttpResponse.error(), 'fetch failed'],
  ])('%s for ever is an error after five attempts', async (_, reply, said) => {
    answers(reply)
    const { pages, error } = await run()
    expect(pages).toEqual([])
    expect(String(error)).toContain(said)
    expect(asked).toHaveLength(5)
    expect(waits).toHaveLength(4)
  })

  test('a failure in the middle keeps the pages before it, and the older history does not cover it up', async () => {
    server.use(
      http.get('https://my.sepay.vn/userapi/transactions/list', () =>
        HttpResponse.json({ status: 200, transactions: [] }),
      ),
    )
    answers(json(page([entry('a1')], true)), status(503))
    const { cursors, error } = await run()
    expect(cursors).toEqual(['a1'])
    expect(error).toBeInstanceOf(Error)
  })
})

describe('what it will not heal is an error at once', () => {
  test.each([401, 403])('a refused token (%i), which is not quoted', async (code) => {
    answers(status(code))
    const { error } = await run()
    expect(String(error)).toContain(`token is refused (HTTP ${code})`)
    expect(String(error)).not.toContain(TOKEN)
    expect(asked).toHaveLength(1)
  })

  test.each(['', 'with space', 'line\nbreak', 'không'])(
    'a token no header can carry (%j) is not sent nor quoted',
    async (apiToken) => {
      const { error } = await run({ access: { apiToken } })
      expect(String(error)).toBe('Error: SePay history: the API token has characters no token has')
      expect(asked).toHaveLength(0)
    },
  )

  test.each([400, 404, 422])('HTTP %i', async (code) => {
    answers(status(code))
    expect(String((await run()).error)).toContain(`HTTP ${code}`)
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['half a page', () => new HttpResponse(JSON.stringify(page([entry('a1')])).slice(0, 200))],
    [
      'not UTF-8',
      () =>
        new HttpResponse(
          Buffer.from(JSON.stringify(page([entry('a1', { transaction_content: 'caf\u00e9' })])), 'latin1'),
        ),
    ],
    ['a page that says it failed', json({ ...page([entry('a1')]), status: 'error' })],
    ['an HTML page', () => HttpResponse.html('<h1>Bảo trì</h1>')],
    ['an error in a 200', json({ status: 'error', message: 'x' })],
    ['no word of more', json({ status: 'success', data: [entry('a1')], meta: {} })],
    [
      'more entries than asked for',
      json(page(Array.from({ length: 101 }, (_, index) => entry(`a${index}`)))),
    ],
  ] as [string, Reply][])('%s: no page, and the cursor stays', async (_, reply) => {
    answers(reply)
    const { pages, error } = await run()
    expect(pages).toEqual([])
    expect(String(error)).toBe('Error: SePay history: the answer is not a page of transactions')
  })
})

test('the token follows no redirect', async () => {
  let elsewhere = 0
  server.use(
    http.get('https://elsewhere.example/', () => {
      elsewhere += 1
      return HttpResponse.json(page([entry('a1')]))
    }),
  )
  answers(status(302, { location: 'https://elsewhere.example/' }))
  const { pages, error } = await run()
  expect(pages).toEqual([])
  expect(error).toBeInstanceOf(Error)
  expect(elsewhere).toBe(0)
})

test('an answer larger than any page is not read to its end', async () => {
  answers(() => new HttpResponse(JSON.stringify(page([entry('a1')])) + ' '.repeat(9 * 1024 * 1024)))
  const { pages, error } = await run()
  expect(pages).toEqual([])
  expect(String(error)).toContain('larger than')
})

test('a question without an answer is given up in time, and asked again', async () => {
  const soon = AbortSignal.timeout(30)
  const limits = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(soon)
  answers(never, json(page([entry('a1')])))
  const { cursors, error } = await run()
  expect(error).toBeNull()
  expect(cursors).toEqual(['a1'])
  expect(limits).toHaveBeenCalledWith(10_000)
})

describe('it stops when it is told to', () => {
  test('in the middle of a question', async () => {
    answers(never)
    const { error } = await run({ signal: AbortSignal.timeout(50) })
    expect(error).toMatchObject({ name: 'TimeoutError' })
    expect(asked).toHaveLength(1)
  })

  test('in the middle of a wait', async () => {
    answers(status(429, { 'retry-after': '60' }))
    const pages = backfill({
      access: { apiToken: TOKEN },
      cursor: 'a',
      since: 0,
      until: 1,
      bankOf: () => '000000',
      signal: AbortSignal.timeout(50),
    })
    await expect(pages.next()).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('before it began', async () => {
    answers(status(500))
    const { error } = await run({ signal: AbortSignal.abort(new Error('shutting down')) })
    expect(String(error)).toContain('shutting down')
    expect(asked).toHaveLength(0)
  })
})
