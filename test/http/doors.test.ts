import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../server/http/app.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { tenancy } from '../../server/storage/kit.sqlite.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { listSections } from '../../server/storage/market.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { getTakings } from '../../server/storage/takings.ts'
import {
  fillMarket,
  knowEverything,
  MORNING,
  scopeOf,
  TODAY,
  type FilledMarket,
  type TestStall,
} from '../small-market.ts'
import type { Identity } from '../../server/storage/session.ts'

let market: RunningMarket
let other: FilledMarket
let app: ReturnType<typeof createApp>
const clock = { now: MORNING }
beforeAll(async () => {
  market = await runSmallMarket(clock)
  other = await fillMarket(market.store, market.sourceId, 'cho-khac')
  app = createApp(market.server.services, false)
})
afterAll(() => market.close())

const OWN = { origin: 'http://localhost:4040', 'sec-fetch-site': 'same-origin' }
const request = (method: string, path: string, headers: Record<string, string> = {}) =>
  app.app.request(path, { method: method.toUpperCase(), headers: { ...OWN, ...headers } })

async function cookieOf(identity: Identity): Promise<string> {
  const code = await invite(market.store, identity, 'test', clock.now)
  const response = await app.app.request(`/enter/${code}`, {
    method: 'POST',
    headers: OWN,
    body: new URLSearchParams(),
  })
  expect(response.status).toBe(303)
  await knowEverything(market.store)
  return response.headers.get('set-cookie')!.split(';')[0]!
}
const vendorOf = async (stall: TestStall): Promise<Identity> => {
  const rows = await market.store.db.select().from(tenancy)
  const { vendorId } = rows.find((row) => row.stallId === stall.id)!
  return { role: 'vendor', marketId: stall.marketId, vendorId }
}
const speakerOf = async (row: string): Promise<Identity> => {
  const sections = await listSections(market.store, marketScope(market.marketId))
  const { id } = sections.find(({ name }) => name === row)!
  return { role: 'speaker', marketId: market.marketId, vendorId: null, sectionId: id }
}
/** An address of that route: the first market's, or the other's. */
const addressOf = (path: string, whose: FilledMarket, code: string) =>
  path
    .replace(':stallCode', whose.lan.code)
    .replace(':market', code)
    .replace(':sourceId', market.sourceId)
    .replace(':code', 'x')
    .replace(':file', 'x')

it('every route has a policy, and there is no other route', () => {
  const known = new Set(app.policies.map(({ method, path }) => `${method.toUpperCase()} ${path}`))
  const routes = app.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  expect(routes.filter((route) => !known.has(route))).toEqual([])
  expect(known.size).toBeGreaterThan(20)
})

it('what is open without a session is exactly this', () => {
  const open = app.policies
    .filter(({ policy }) => policy === 'open')
    .map(({ method, path }) => `${method} ${path}`)
  expect(open.toSorted()).toEqual(
    [
      'get /',
      'get /.well-known/jwks.json',
      'get /assets/:file',
      'get /data/:market/:file',
      'get /data/definitions.json',
      'get /enter/:code',
      'post /enter/:code',
      'get /enrol/:code',
      'post /enrol/:code',
      'get /healthz',
      'get /metrics',
      'get /openapi.json',
      'post /leave',
      'post /notifications/:sourceId',
      'post /notifications/:sourceId/:rest{.+}',
      'get /readyz',
      'get /s',
      'get /s/:stallCode',
      'get /s/:stallCode/qr.png',
      'get /s/:stallCode/qr.svg',
      'get /s/:stallCode/vietqr',
      'post /s/:stallCode/check',
      'post /s/:stallCode/report',
      'get /service-worker.js',
    ].toSorted(),
  )
})

it('without a session every other route is 401', async () => {
  const wrong: string[] = []
  for (const { method, path, policy } of app.policies) {
    if (policy === 'open') continue
    const { status } = await request(method, addressOf(path, market, 'cho-thu'))
    if (status !== 401) wrong.push(`${method} ${path} ${status}`)
  }
  expect(wrong).toEqual([])
})

describe('with somebody else’s session', () => {
  it.each<[string, () => Promise<Identity>, string[]]>([
    [
      'the board of another market',
      async () => ({ role: 'board', marketId: other.marketId, vendorId: null }),
      [],
    ],
    ['a vendor of another market', () => vendorOf(other.lan), []],
    ['another vendor of this market', () => vendorOf(market.hoa), []],
    [
      'the operator',
      async () => ({ role: 'operator', marketId: 0, vendorId: null }),
      ['/board/', '/operator'],
    ],
    ['the speaker of a row of this market', () => speakerOf('Dãy A'), ['/speaker']],
  ])('%s finds nothing of this market behind any door', async (_, identity, allowed) => {
    const cookie = await cookieOf(await identity())
    const wrong: string[] = []
    let tried = 0
    for (const { method, path, policy } of app.policies) {
      if (policy === 'open' || policy === 'signed_in' || allowed.some((prefix) => path.startsWith(prefix)))
        continue
      tried += 1
      const response = await request(method, addressOf(path, market, 'cho-thu'), { cookie })
      if (response.status !== 404) wrong.push(`${method} ${path} ${response.status}`)
    }
    expect(wrong).toEqual([])
    expect(tried).toBeGreaterThan(4)
  })

  it('the vendor herself comes in', async () => {
    const cookie = await cookieOf(await vendorOf(market.lan))
    expect((await request('get', `/vendor/${market.lan.code}`, { cookie })).status).toBe(200)
  })
})

describe('a session', () => {
  it('is opened once by its link, and not at all after 15 minutes', async () => {
    const identity = await vendorOf(market.lan)
    const code = await invite(market.store, identity, 'test', clock.now)
    const enter = () =>
      app.app.request(`/enter/${code}`, { method: 'POST', headers: OWN, body: new URLSearchParams() })
    // Looking, as a link's preview does, uses nothing up.
    expect((await request('get', `/enter/${code}`)).status).toBe(200)
    expect((await enter()).status).toBe(303)
    expect((await enter()).status).toBe(410)
    const late = await invite(market.store, identity, 'test', clock.now - 15 * 60_000)
    expect((await request('get', `/enter/${late}`)).status).toBe(410)
  })

  it('ends when she leaves, and leaves no usable token in the database', async () => {
    const cookie = await cookieOf(await vendorOf(market.lan))
    const { session, signInCode } = await import('../../server/storage/kit.sqlite.ts')
    const stored = JSON.stringify([
      await market.store.db.select().from(session),
      await market.store.db.select().from(signInCode),
    ])
    expect(stored).not.toContain(cookie.split('=')[1])
    expect((await request('get', '/', { cookie })).headers.get('location')).toBe('/home')
    await request('post', '/leave', { cookie })
    // Whoever comes back with the old cookie finds a page, not a circle.
    expect((await request('get', '/', { cookie })).status).toBe(200)
    expect((await request('get', `/vendor/${market.lan.code}`, { cookie })).status).toBe(401)
  })

  it('of a lost phone is ended by the board, and only by the board of its market', async () => {
    const cookie = await cookieOf(await vendorOf(market.lan))
    const signOut = async (marketId: number) => {
      const board = await cookieOf({ role: 'board', marketId, vendorId: null })
      return request('post', `/board/cho-thu/stalls/${market.lan.code}/sign-out`, { cookie: board })
    }
    expect((await signOut(other.marketId)).status).toBe(404)
    expect((await request('get', `/vendor/${market.lan.code}`, { cookie })).status).toBe(200)
    expect((await signOut(market.marketId)).status).toBe(200)
    expect((await request('get', `/vendor/${market.lan.code}`, { cookie })).status).toBe(401)
  })

  it('is not lent to other sites: a write from elsewhere is 403, as a form or as JSON', async () => {
    const cookie = await cookieOf(await vendorOf(market.lan))
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      {},
      { 'sec-fetch-site': 'same-site', origin: 'https://evil.example', 'content-type': 'application/json' },
    ]) {
      const response = await app.app.request(`/vendor/${market.lan.code}/settings`, {
        method: 'POST',
        headers: { cookie, ...(headers as Record<string, string>) },
        body: new URLSearchParams({ announce: 'chime', thousand: 'ngàn', odd: 'lẻ' }),
      })
      expect(response.status).toBe(403)
    }
  })
})

it('a consent withdrawn counts nothing from then on, and a new sign-in asks for it again', async () => {
  const stall = await market.addStall({ name: 'W1' })
  const identity = await vendorOf(stall)
  const cookie = await cookieOf(identity)
  const pay = (id: number) => market.pay({ id, accountNumber: stall.accountNumber, content: stall.reference })
  await pay(1)
  clock.now += 60_000
  const refused = await app.app.request(`/vendor/${stall.code}/withdraw`, {
    method: 'POST',
    headers: { ...OWN, cookie },
    body: new URLSearchParams(),
  })
  expect(refused.status).toBe(400)
  const body = new URLSearchParams({ withdraw: 'yes' })
  const done = await app.app.request(`/vendor/${stall.code}/withdraw`, {
    method: 'POST',
    headers: { ...OWN, cookie },
    body,
  })
  expect(done.status).toBe(200)
  await pay(2)
  expect((await getTakings(market.store, scopeOf(stall), TODAY)).saleCount).toBe(1)
  expect((await request('get', `/vendor/${stall.code}`, { cookie })).status).toBe(401)
  const code = await invite(market.store, identity, 'test', clock.now)
  expect(await (await request('get', `/enter/${code}`)).text()).toContain('Tôi đồng ý')
})

it('an unknown stall is a friendly 404 for people and a plain one for machines', async () => {
  const page = await request('get', '/s/khong-co', { accept: 'text/html' })
  expect(page.status).toBe(404)
  expect(await page.text()).toContain('Xem lại')
  const json = await request('get', '/s/khong-co/vietqr')
  expect(await json.json()).toMatchObject({ error: { code: 'not_found' } })
})

it('no page runs foreign script: the policy is on every answer', async () => {
  const response = await request('get', '/')
  expect(response.headers.get('content-security-policy')).toMatch(
    /default-src 'none'; script-src 'self'; style-src 'self'/,
  )
  expect(await response.text()).not.toMatch(/<script(?![^>]*src=)|style="|onclick/)
})

it('readiness is red while a commit waits for ever, by one probe for all who ask, and green again after it', async () => {
  const { services } = market.server
  const hanging = Promise.withResolvers<void>()
  const probe = vi.fn<() => Promise<void>>(() => hanging.promise)
  const stuck = createApp({ ...services, store: { ...services.store, probe } }, false)
  const ask = async () => (await stuck.app.request('/readyz')).status
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const asked = Promise.all([ask(), ask()])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await asked).toEqual([503, 503])
    expect(probe).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
    hanging.resolve()
    await hanging.promise
    expect(await ask()).toBe(200)
  } finally {
    vi.useRealTimers()
  }
})
