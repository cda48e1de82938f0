import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../server/http/app.ts'
import type { Doors } from '../../server/http/door.ts'
import type { Market } from '../../server/storage/market.ts'
import type { Identity } from '../../server/storage/session.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { openTestServer, textOf, type TestServer } from './test-server.ts'

/** Amounts nobody else pays, and every sum they could be part of. */
const YESTERDAY = 6_543_217
const TODAY_BEFORE = 7_654_321
const CASH_BEFORE = 8_765_432
const ASKED_BEFORE = 4_321_765
const AFTER = 3_217_654
const BEFORE = [YESTERDAY, TODAY_BEFORE, CASH_BEFORE, ASKED_BEFORE]
const SUMS = [TODAY_BEFORE + AFTER, TODAY_BEFORE + YESTERDAY, CASH_BEFORE + AFTER, CASH_BEFORE + TODAY_BEFORE]
const A_DAY = 86_400_000
/** Long enough for a stream in this process to read what it was woken for. */
const WOKEN_MS = 50

let server: TestServer
let policies: Doors['policies']
let market: Market
let stall: StallEntry
let source: string
let stalls = 0
beforeAll(async () => {
  server = openTestServer()
  policies = createApp(server.services, false).policies
  market = await server.addMarket('Chợ Máy')
})
afterAll(() => server.close())

let room: string
let her: Identity
/** Her first phone: it was there before any money. */
let first: string
beforeEach(async () => {
  stalls += 1
  stall = await server.addStall(market, `M${stalls}`)
  source = await server.addSource([stall])
  room = `/vendor/${stall.stall.code}`
  her = { role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id }
  first = await server.pair(her)
  await pay(YESTERDAY, '2026-11-21 10:00:00')
  await pay(TODAY_BEFORE, '2026-11-22 08:00:00')
  const key = `cash-before-number-${stalls}`
  await server.post(`${room}/cash`, { key, amount: String(CASH_BEFORE) }, first)
  const [reference] = await reserve(first)
  await server.post(
    `${room}/sales/issue`,
    { reference: reference!, amount: String(ASKED_BEFORE), age: '0' },
    first,
  )
})

const pay = (amount: number, time: string) =>
  server.pay(source, {
    accountNumber: stall.accounts[0]!.accountNumber,
    content: stall.stall.reference,
    amount,
    time,
  })
async function reserve(cookie: string): Promise<string[]> {
  const answer = await server.post(`${room}/sales/reserve`, { count: '1' }, cookie)
  return ((await answer.json()) as { references: string[] }).references
}

const formsOf = (amount: number) => [String(amount), amount.toLocaleString('de-DE')]
const shows = (text: string, amounts: readonly number[]) =>
  amounts.filter((amount) => formsOf(amount).some((form) => text.includes(form)))

/** All that this phone can be told on any page of hers, in every address it has. */
async function everything(cookie: string): Promise<string> {
  const paths = policies
    .filter(({ method, path }) => method === 'get' && path.startsWith('/vendor/:stallCode'))
    .map(({ path }) => path.replace('/vendor/:stallCode', room))
  expect(paths.length).toBeGreaterThan(6)
  const queries = ['', '?after=0', '?day=2026-11-21', '?day=2026-11-22', '?period=month', '?period=yesterday']
  const texts: string[] = []
  for (const path of paths) {
    for (const query of queries) texts.push(await textOf(await server.get(path + query, cookie)))
  }
  return texts.join('\n')
}

/** The waiting phone's name in the forms of the settings, as the phone that asks sees it. */
async function answerTo(cookie: string, action: 'admit' | 'sign-out'): Promise<Response> {
  const page = await (await server.get(`${room}/settings`, cookie)).text()
  const [, phone] = new RegExp(`phones/${action}"[^>]*>\\s*<input[^>]*value="([^"]+)"`).exec(page) ?? []
  if (!phone) throw new Error(`nothing to ${action}`)
  return server.post(`${room}/phones/${action}`, { phone }, cookie)
}

describe('a code that the clerk used himself', () => {
  it('shows nothing of before on any page, as a phone of hers or a helper’s, only what comes then', async () => {
    for (const kind of ['owner', 'helper'] as const) {
      const clerk = await server.pair(her, kind)
      expect(shows(await everything(clerk), [...BEFORE, ...SUMS])).toEqual([])
    }
    const clerk = await server.pair(her)
    await pay(AFTER, '2026-11-22 08:30:00')
    const told = await everything(clerk)
    expect(shows(told, [...BEFORE, ...SUMS])).toEqual([])
    expect(shows(told, [AFTER])).toEqual([AFTER])
    expect(shows(await everything(first), BEFORE)).toEqual(BEFORE)
  })

  it('shows nothing of before when her phones were all signed out first, book, cash and sales included', async () => {
    await server.post('/leave', {}, first)
    const clerk = await server.pair(her)
    expect((await server.get(`${room}/book`, clerk)).status).toBe(200)
    expect((await server.get(`${room}/charge`, clerk)).status).toBe(200)
    expect(shows(await everything(clerk), [...BEFORE, ...SUMS])).toEqual([])
    await pay(AFTER, '2026-11-22 08:30:00')
    // Cash taken back afterwards would tell what it was.
    const again = await server.pair(her)
    await answerTo(clerk, 'admit')
    const told = (await everything(clerk)) + (await everything(again))
    expect(shows(told, [...BEFORE, ...SUMS])).toEqual([])
    expect(shows(told, [AFTER])).toEqual([AFTER])
  })

  it('is told of on her other phones, and cannot answer for itself or send one of hers away', async () => {
    const clerk = await server.pair(her)
    const home = await (await server.get(room, first)).text()
    expect(home).toContain('Có máy mới xin nghe')
    expect(home).toContain('điện thoại Android')
    expect(await (await server.get(room, clerk)).text()).not.toContain('Có máy mới xin nghe')
    const settings = await (await server.get(`${room}/settings`, first)).text()
    const phones = [...settings.matchAll(/name="phone" value="([^"]+)"/g)].map(([, phone]) => phone!)
    for (const phone of phones) {
      for (const action of ['admit', 'sign-out']) {
        expect((await server.post(`${room}/phones/${action}`, { phone }, clerk)).status).toBe(404)
      }
    }
    for (const path of ['settings', 'withdraw', 'classify', 'cash', 'sales/reserve']) {
      const answer = await server.post(`${room}/${path}`, { withdraw: 'yes' }, clerk)
      expect([path, answer.status]).toEqual([path, 404])
    }
    expect((await server.get(room, first)).status).toBe(200)
  })
})

describe('an open page of hers', () => {
  const heard = async (cookie: string, meanwhile: () => Promise<unknown>) => {
    const stream = await server.get(`${room}/stream?after=0`, cookie)
    const reader = stream.body!.getReader()
    let text = ''
    const read = (async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read())
        text += Buffer.from(part.value as Uint8Array).toString('utf8')
    })()
    await sleep(WOKEN_MS)
    await meanwhile()
    // Any news of the stall wakes the stream; without any it looks by itself, at its next ping.
    await pay(AFTER, '2026-11-22 08:30:00')
    await sleep(WOKEN_MS)
    await reader.cancel()
    await read
    return [...text.matchAll(/event: phone\ndata: (.+)/g)].map(([, data]) => data)
  }

  it('is told of a new phone, and of its being let in, without any money', async () => {
    expect(await heard(first, () => server.pair(her))).toEqual(['{"isWaiting":true}'])
    expect(await heard(first, () => answerTo(first, 'admit'))).toEqual(['{"isWaiting":false}'])
    expect(await heard(first, async () => {})).toEqual([])
  })

  it('of a phone that only hears is told nothing of other phones', async () => {
    const helper = await server.pair(her, 'helper')
    expect(await heard(helper, () => server.pair(her))).toEqual([])
  })
})

describe('her second phone', () => {
  it('sees all that the first sees after the first said yes', async () => {
    const second = await server.pair(her)
    expect((await answerTo(first, 'admit')).status).toBe(303)
    expect(shows(await everything(second), BEFORE)).toEqual(BEFORE)
    expect(await (await server.get(room, first)).text()).not.toContain('Có máy mới xin nghe')
  })

  it('is signed out at once when she says it is not hers, in the middle of listening too', async () => {
    const second = await server.pair(her)
    const stream = await server.get(`${room}/stream?after=0`, second)
    expect((await answerTo(first, 'sign-out')).status).toBe(303)
    await pay(AFTER, '2026-11-22 08:30:00')
    expect(shows(await textOf(stream), [AFTER])).toEqual([])
    expect((await server.get(room, second)).status).toBe(401)
    expect((await server.get(room, first)).status).toBe(200)
  })

  it('admitted by a phone that knows little knows as little, and cannot send away one that knows more', async () => {
    const cookie = await server.signIn(her)
    await server.post('/leave', {}, first)
    await server.post('/leave', {}, cookie)
    const young = await server.pair(her)
    const younger = await server.pair(her)
    await answerTo(young, 'admit')
    expect(shows(await everything(younger), BEFORE)).toEqual([])
    const page = await (await server.get(`${room}/settings`, younger)).text()
    // The yes made them equals: each may end the other.
    expect(page.match(/phones\/sign-out/g)).toHaveLength(1)
    expect((await answerTo(younger, 'sign-out')).status).toBe(303)
    expect((await server.get(room, young)).status).toBe(401)
  })

  it('cannot send away a phone that knows more, once nobody is left to say yes', async () => {
    const helper = await server.pair(her, 'helper')
    await answerTo(first, 'admit')
    const page = await (await server.get(`${room}/settings`, first)).text()
    const [, phone] = /phones\/sign-out"[^>]*>\s*<input[^>]*value="([^"]+)"/.exec(page)!
    await server.post('/leave', {}, first)
    const next = await server.pair(her)
    expect(await (await server.get(`${room}/settings`, next)).text()).not.toContain('phones/sign-out')
    expect((await server.post(`${room}/phones/sign-out`, { phone: phone! }, next)).status).toBe(404)
    expect((await server.get(room, helper)).status).toBe(200)
  })

  it('of another vendor is none of hers', async () => {
    const other = await server.addStall(market, `X${stalls}`)
    const stranger = await server.pair({ ...her, vendorId: other.vendor!.id })
    await server.pair(her)
    const page = await (await server.get(`${room}/settings`, first)).text()
    const [, phone] = /phones\/admit"[^>]*>\s*<input[^>]*value="([^"]+)"/.exec(page)!
    const theirs = `/vendor/${other.stall.code}/phones`
    expect((await server.post(`${theirs}/admit`, { phone: phone! }, stranger)).status).toBe(404)
    expect((await server.post(`${theirs}/sign-out`, { phone: phone! }, stranger)).status).toBe(404)
  })
})

describe('a helper’s phone', () => {
  it('hears today only, from her yes on the whole of it, and never reaches yesterday', async () => {
    const helper = await server.pair(her, 'helper')
    await answerTo(first, 'admit')
    const told = await everything(helper)
    // Also today's cash: it stands under the day's sum.
    expect(shows(told, [TODAY_BEFORE, CASH_BEFORE])).toEqual([TODAY_BEFORE, CASH_BEFORE])
    expect(shows(told, [YESTERDAY, ASKED_BEFORE, TODAY_BEFORE + YESTERDAY])).toEqual([])
    for (const path of ['book', 'charge'])
      expect((await server.get(`${room}/${path}`, helper)).status).toBe(404)
  })

  it('has forgotten today when tomorrow begins, and says yes to nobody', async () => {
    const helper = await server.pair(her, 'helper')
    await answerTo(first, 'admit')
    await server.post('/leave', {}, first)
    const next = await server.pair(her)
    expect(await (await server.get(room, next)).text()).not.toContain('bấm «Cho phép»')
    server.clock.now += A_DAY
    expect(shows(await everything(helper), [...BEFORE, ...SUMS])).toEqual([])
    server.clock.now -= A_DAY
  })
})
