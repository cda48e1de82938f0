import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../server/http/app.ts'
import type { Doors } from '../../server/http/door.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { accountProof } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import type { Identity } from '../../server/storage/session.ts'
import { listStalls, type StallEntry } from '../../server/storage/stall.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { boardOf, openTestServer, OPERATOR, textOf, type TestServer } from './test-server.ts'

/** Paid before the clerk paired his phone; nobody else pays it. */
const BEFORE = 7_654_321
/** Stands in for what the operator is to send, where it is looked for everywhere. */
const DRAWN = 6_789_123
const TIME = '2026-11-22 08:30:00'
const A_DAY = 86_400_000

let server: TestServer
let policies: Doors['policies']
let market: Market
let stall: StallEntry
let source: string
let room: string
let her: Identity
let stalls = 0
beforeAll(async () => {
  server = openTestServer()
  policies = createApp(server.services, false).policies
  market = await server.addMarket('Chợ Thử Tiền')
})
afterAll(() => server.close())
beforeEach(async () => {
  stalls += 1
  stall = await server.addStall(market, `P${stalls}`)
  source = await server.addSource([stall])
  room = `/vendor/${stall.stall.code}`
  her = { role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id }
})

const pay = (amount: number, content: string, one = stall) =>
  server.pay(source, { accountNumber: one.accounts[0]!.accountNumber, content, amount, time: TIME })
const proofs = async () =>
  (await server.services.store.db.select().from(accountProof)).filter((one) => one.stallId === stall.stall.id)
const newest = async () => (await proofs()).at(-1)!
const start = (cookie: string) => server.post(`${room}/proof/start`, {}, cookie)
const answer = (cookie: string, amount: string) => server.post(`${room}/proof`, { amount }, cookie)
const page = async (cookie: string) => (await server.get(`${room}/proof`, cookie)).text()
const step = async (cookie: string) => /data-proof="([^"]+)"/.exec(await page(cookie))?.[1]
const stateOf = async () => {
  const entries = await listStalls(server.services.store, marketScope(market.id))
  return entries.find((one) => one.stall.id === stall.stall.id)!.accounts.map((one) => one.state)
}
const dotted = (amount: number) => amount.toLocaleString('de-DE')

/** Everything that session can get on any route, of any of the market's addresses; one text a route. */
async function everything(cookie: string): Promise<{ path: string; text: string }[]> {
  const found: { path: string; text: string }[] = []
  for (const { method, path } of policies) {
    if (method !== 'get') continue
    const address = path
      .replace(':stallCode', stall.stall.code)
      .replace(':market', market.code)
      .replace(/:(sourceId|code|file)/, 'x')
    for (const query of ['', '?after=0', '?day=2026-11-22', '?period=month', '?q=P']) {
      found.push({ path, text: await textOf(await server.get(address + query, cookie)) })
    }
  }
  return found
}

describe('a new stall’s first phone', () => {
  it('is not cut, shows the code without an amount, and proves the account by an odd amount', async () => {
    const phone = await server.pair(her)
    const first = await server.get(`${room}/proof`, phone)
    // No page of it stays on a phone: the service worker keeps only what bears this.
    expect(first.headers.get('x-keep-for')).toBeNull()
    const begin = await first.text()
    expect(begin).toContain(stall.accounts[0]!.accountName)
    expect((await start(phone)).status).toBe(303)
    const waiting = await page(phone)
    expect(waiting).toMatch(/<svg/)
    expect(waiting).toMatch(/<noscript><meta http-equiv="refresh" content="\d+"/)
    const proof = await newest()
    expect(proof).toMatchObject({ amountVnd: null, transactionSeq: null })

    expect((await pay(3_218, `CK ${proof.reference}`)).status).toBe(200)
    const asking = await page(phone)
    expect(asking).not.toMatch(/3\.?218/)
    expect(asking).not.toContain('http-equiv="refresh"')
    expect(await stateOf()).toEqual(['proposed'])
    expect((await answer(phone, '3.218đ')).headers.get('location')).toBe(`${room}/proof`)
    const done = await page(phone)
    expect(done).toContain('data-try="3218"')
    expect(done).toContain('Máy này nghe và xem được cả sổ của sạp.')
    expect(await stateOf()).toEqual(['active'])
    // Proven like any other: her customers' money is a sale from now on, and the test money never was.
    await pay(50_000, stall.stall.reference)
    const home = await (await server.get(room, phone)).text()
    expect(home).toContain('50.000đ')
    expect(home).not.toMatch(/3\.?218|53\.218/)
  })

  it('is told of a round amount plainly, and waits for another', async () => {
    const phone = await server.pair(her)
    await start(phone)
    const { reference } = await newest()
    for (const guessable of [5_000, 1_000, 500, 20_001, 1_000_001]) {
      await pay(guessable, reference)
      expect(await page(phone)).toContain('Số này dễ đoán')
      expect((await answer(phone, String(guessable))).status).toBe(409)
    }
    await pay(5_001, reference)
    expect(await step(phone)).toBe('asks')
    // The first that counts is asked about, whatever comes after it.
    await pay(7_777, reference)
    await answer(phone, '7777')
    expect(await page(phone)).toContain('Chưa đúng, còn 2 lần')
    await answer(phone, '5 001')
    expect((await newest()).triesUsed).toBe(1)
    await answer(phone, '5001')
    expect(await step(phone)).toBe('proven')
  })

  it('asks again for the same test money, and for another only when the first is over', async () => {
    const phone = await server.pair(her)
    await start(phone)
    await start(phone)
    expect(await proofs()).toHaveLength(1)
    server.clock.now += A_DAY
    expect(await page(phone)).toContain('đã quá một ngày')
    await start(phone)
    expect(await proofs()).toHaveLength(2)
    // Money under the first reference is a test still, and answers nothing.
    await pay(3_219, (await proofs())[0]!.reference)
    expect(await step(phone)).toBe('waits')
    expect((await answer(phone, '3219')).status).toBe(409)
    server.clock.now -= A_DAY
  })

  it('is told when no source tells of the account, instead of waiting for ever', async () => {
    stall = await server.addStall(market, `U${stalls}`)
    room = `/vendor/${stall.stall.code}`
    const phone = await server.pair({ ...her, vendorId: stall.vendor!.id })
    expect(await step(phone)).toBe('unheard')
  })
})

describe('a clerk who paired his own phone as hers', () => {
  let first: string
  let clerk: string
  let board: string
  let operator: string
  beforeEach(async () => {
    first = await server.pair(her)
    await pay(BEFORE, stall.stall.reference)
    clerk = await server.pair(her)
    board = await server.signIn(boardOf(market))
    // Signing in lets every phone know everything: here the clerk's must not.
    clerk = await server.pair(her)
    operator = await server.signIn(OPERATOR)
    clerk = await server.pair(her)
  })

  it('finds reference and amount of the test money on no route that his phone or the board can get', async () => {
    expect((await start(clerk)).status).toBe(303)
    expect((await newest()).amountVnd).toBeGreaterThan(1_000)
    // Four digits stand on many a page by chance; these seven do not.
    await server.services.store.db.update(accountProof).set({ amountVnd: DRAWN })
    const { reference } = await newest()
    const canaries = [reference, String(DRAWN), dotted(DRAWN)]
    const shown = async (cookie: string) =>
      (await everything(cookie))
        .filter(({ text }) => canaries.some((canary) => text.includes(canary)))
        .map(({ path }) => path)
    expect(await shown(clerk)).toEqual([])
    // Nor as a picture of them.
    expect(await page(clerk)).not.toContain('class="code"')
    expect(await shown(board)).toEqual([])
    expect(new Set(await shown(operator))).toEqual(new Set(['/operator/proofs']))
    // And after the operator's transfer came, which the stall's other phones are not told of either.
    await pay(DRAWN, reference)
    expect(await step(clerk)).toBe('asks')
    for (const cookie of [clerk, board, first]) expect(await shown(cookie)).toEqual([])
    expect(server.logged.join('\n')).not.toContain(reference)
  })

  it('guesses three times, near or far with the same answer, and must wait for other money', async () => {
    await start(clerk)
    const { reference, amountVnd } = await newest()
    expect((await answer(clerk, '4321')).status).toBe(409)
    await pay(amountVnd!, reference)
    const answers: string[] = []
    for (const guess of [amountVnd! - 1, 499_999_999]) {
      expect((await answer(clerk, String(guess))).headers.get('location')).toBe(`${room}/proof`)
      answers.push((await page(clerk)).replace(/còn \d lần/, ''))
    }
    expect(answers[0]).toBe(answers[1])
    await answer(clerk, String(amountVnd! + 1))
    expect(await page(clerk)).toContain('Ba lần chưa đúng')
    expect((await answer(clerk, String(amountVnd))).status).toBe(409)
    expect(await step(clerk)).toBe('begins')
    expect(await (await server.get(room, clerk)).text()).not.toContain(dotted(BEFORE))
  })

  it('is refused a sixth start on the same day, from whatever phone', async () => {
    for (let one = 0; one < 5; one += 1) {
      const phone = await server.pair(her)
      expect((await start(phone)).status).toBe(303)
    }
    const refused = await start(clerk)
    expect(refused.status).toBe(409)
    expect(await refused.text()).toContain('Hôm nay đã thử năm lần')
    expect(await proofs()).toHaveLength(5)
    server.clock.now += A_DAY
    expect((await start(clerk)).status).toBe(303)
    server.clock.now -= A_DAY
  })

  it('cannot pay himself: an amount that the operator did not draw answers nothing', async () => {
    await start(clerk)
    const { reference, amountVnd } = await newest()
    await pay(3_333 === amountVnd ? 3_334 : 3_333, reference)
    expect(await step(clerk)).toBe('waits')
    expect((await answer(clerk, '3333')).status).toBe(409)
    expect(await (await server.get('/operator/proofs', operator)).text()).toContain('Chuyển lại cho đúng')
  })

  it('opens no cash that was noted before any money came, by the first account there ever was', async () => {
    stall = await server.addStall(market, `C${stalls}`)
    source = await server.addSource([stall])
    room = `/vendor/${stall.stall.code}`
    her = { ...her, vendorId: stall.vendor!.id }
    const own = await server.pair(her)
    await server.post(`${room}/cash`, { key: `cash-number-of-${stalls}`, amount: '8.765.432' }, own)
    clerk = await server.pair(her)
    await start(clerk)
    const { reference, amountVnd } = await newest()
    await pay(amountVnd!, reference)
    await answer(clerk, String(amountVnd))
    expect(await step(clerk)).toBe('proven')
    const told = (await everything(clerk)).map(({ text }) => text).join('\n')
    expect(told).not.toContain('8.765.432')
    expect((await server.get(`${room}/book`, clerk)).status).toBe(404)
  })

  it('is on the operator’s page no more once his phone is signed out, and after a day', async () => {
    await start(clerk)
    const { reference } = await newest()
    const listed = async () => (await server.get('/operator/proofs', operator)).text()
    expect(await listed()).toContain(stall.stall.name)
    expect(reference).toMatch(/^ZQK/)
    server.clock.now += A_DAY
    expect(await listed()).not.toContain(stall.stall.name)
    server.clock.now -= A_DAY
    await server.post('/leave', {}, clerk)
    expect(await listed()).not.toContain(stall.stall.name)
  })

  it('opens nothing by an account of his own that he proposed, nor by a stall of his own', async () => {
    // He proposes his account, pays himself with the stall's reference, and so it comes into use.
    const his = { accountNumber: `CLERK${stalls}` }
    stall = await server.addStall(market, stall.stall.name, { account: his, vendor: stall.vendor!.name })
    source = await server.addSource([stall])
    await pay(2_222_222, stall.stall.reference)
    expect(await stateOf()).toEqual(['active', 'retired'])
    clerk = await server.pair(her)
    await start(clerk)
    const { reference, amountVnd } = await newest()
    await pay(amountVnd!, reference)
    await answer(clerk, String(amountVnd))
    expect(await page(clerk)).toContain('Máy này xem được sổ từ khi dùng tài khoản này.')
    const told = (await everything(clerk)).map(({ text }) => text).join('\n')
    expect(told).toContain('2.222.222đ')
    expect(told).not.toContain(dotted(BEFORE))
    expect(told).not.toContain(dotted(BEFORE + 2_222_222))

    // A stall of his own under her name, into his account: her other stall stays shut.
    const hers = stall
    const other = await server.addStall(market, `Q${stalls}`, { vendor: hers.vendor!.name })
    expect(other.vendor!.id).toBe(hers.vendor!.id)
    source = await server.addSource([other])
    const again = await server.pair(her)
    await server.post(`/vendor/${other.stall.code}/proof/start`, {}, again)
    const all = await server.services.store.db.select().from(accountProof)
    const own = all.at(-1)!
    expect(own.stallId).toBe(other.stall.id)
    await pay(own.amountVnd!, own.reference, other)
    await server.post(`/vendor/${other.stall.code}/proof`, { amount: String(own.amountVnd) }, again)
    const reply = await (await server.get(`/vendor/${other.stall.code}/proof`, again)).text()
    expect(reply).toContain('data-proof="proven"')
    expect(reply).toContain(`${room}/proof`)
    stall = hers
    expect((await server.get(`${room}/book?period=month`, again)).status).toBe(404)
    const opened = (await everything(again)).map(({ text }) => text).join('\n')
    expect(opened).not.toContain('2.222.222')
  })
})

describe('the vendor who lost her phones', () => {
  it('sees her whole book again after saying what the operator sent', async () => {
    const lost = await server.pair(her)
    await pay(BEFORE, stall.stall.reference)
    await server.post('/leave', {}, lost)
    const phone = await server.pair(her)
    expect(await (await server.get(`${room}/book?day=2026-11-22`, phone)).text()).not.toContain(
      dotted(BEFORE),
    )
    await start(phone)
    const { reference, amountVnd } = await newest()
    await pay(amountVnd!, reference)
    await answer(phone, dotted(amountVnd!))
    expect(await page(phone)).toContain('Máy này nghe và xem được cả sổ của sạp.')
    expect(await (await server.get(`${room}/book?day=2026-11-22`, phone)).text()).toContain(dotted(BEFORE))
  })

  it('is let in without a yes: a phone that waits stops waiting by her proof', async () => {
    await server.pair(her)
    await pay(BEFORE, stall.stall.reference)
    const second = await server.pair(her)
    expect((await server.get(`${room}/book`, second)).status).toBe(404)
    await start(second)
    const { reference, amountVnd } = await newest()
    await pay(amountVnd!, reference)
    await answer(second, String(amountVnd))
    expect(await (await server.get(`${room}/book?day=2026-11-22`, second)).text()).toContain(dotted(BEFORE))
  })

  it('proves nothing from a helper’s phone', async () => {
    await server.pair(her)
    const helper = await server.pair(her, 'helper')
    expect((await server.get(`${room}/proof`, helper)).status).toBe(404)
    expect((await start(helper)).status).toBe(404)
    expect(await (await server.get(room, helper)).text()).not.toContain('/proof')
  })

  it('two phones at once: each is asked about its own money', async () => {
    await server.pair(her)
    await pay(BEFORE, stall.stall.reference)
    const [one, two] = [await server.pair(her), await server.pair(her)]
    await start(one)
    await start(two)
    const [first, second] = await proofs()
    await pay(second!.amountVnd!, second!.reference)
    expect([await step(one), await step(two)]).toEqual(['waits', 'asks'])
    await pay(first!.amountVnd!, first!.reference)
    await answer(two, String(second!.amountVnd))
    await answer(one, String(first!.amountVnd))
    expect([await step(one), await step(two)]).toEqual(['proven', 'proven'])
    expect(await stateOf()).toEqual(['active'])
  })
})

it('a stall’s new holder never sees her predecessor’s money: not by a first phone, a yes or a proof', async () => {
  const before = await server.pair(her)
  await pay(BEFORE, stall.stall.reference)
  expect((await server.get(room, before)).status).toBe(200)
  stall = await server.addStall(market, stall.stall.name, { vendor: `Mới ${stalls}` })
  source = await server.addSource([stall])
  const next: Identity = { ...her, vendorId: stall.vendor!.id }
  const first = await server.pair(next)
  const told = async (cookie: string) => (await everything(cookie)).map(({ text }) => text).join('\n')
  expect(await told(first)).not.toContain(dotted(BEFORE))
  // Nothing was recorded since it is hers: her first phone is cut from nothing, and proves her own account.
  expect(await page(first)).not.toContain('Đơn vị vận hành')
  await start(first)
  await pay(4_321, (await newest()).reference)
  await answer(first, '4321')
  expect(await page(first)).toContain('Máy này nghe và xem được cả sổ của sạp.')
  expect(await stateOf()).toEqual(['active', 'retired'])
  expect(await told(first)).not.toContain(dotted(BEFORE))
  const second = await server.pair(next)
  const settings = await (await server.get(`${room}/settings`, first)).text()
  const [, phone] = /phones\/admit"[^>]*>\s*<input[^>]*value="([^"]+)"/.exec(settings)!
  await server.post(`${room}/phones/admit`, { phone: phone! }, first)
  expect((await server.get(`${room}/book`, second)).status).toBe(200)
  expect(await told(second)).not.toContain(dotted(BEFORE))
})

it('test money is in no figure: every page and feed is what it was before it', async () => {
  const phone = await server.pair(her)
  await server.post(`${room}/row-speaker`, { tells: 'amount' }, phone)
  await pay(70_000, stall.stall.reference)
  const speaker = await server.signIn({
    role: 'speaker',
    marketId: market.id,
    vendorId: null,
    sectionId: stall.stall.sectionId,
  })
  const board = await server.signIn(boardOf(market))
  const watch = async () => {
    const paths: [string, string][] = [
      ...['', '/book', '/book?period=month', '/stand', '/charge', '/stream?after=0', '/settings'].map(
        (path): [string, string] => [room + path, phone],
      ),
      ['/speaker/stream?after=0', speaker],
      [`/board/${market.code}/adoption`, board],
      [`/board/${market.code}/adoption?recompute=yes`, board],
      [`/data/${market.code}/2026-11-21.json`, board],
    ]
    const texts: string[] = []
    for (const [path, cookie] of paths) texts.push(await textOf(await server.get(path, cookie)))
    // What is made anew for each page, and is no figure.
    return texts.map((text) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|data-cursor="\d+"/g, ''))
  }
  // The account is in use already; a newer proposal of the same woman gives something to prove.
  stall = await server.addStall(market, stall.stall.name, { account: { accountNumber: `NEW${stalls}` } })
  source = await server.addSource([stall])
  await start(phone)
  const { reference } = await newest()
  const before = await watch()
  await pay(4_567, `CK ${reference}`)
  await pay(4_568, reference)
  expect(await watch()).toEqual(before)
  const { store } = server.services
  expect(await findDifferences(store)).toEqual([])
  const inbox = await server.get(
    `/operator/inbox/${market.code}?day=2026-11-22`,
    await server.signIn(OPERATOR),
  )
  const text = await inbox.text()
  expect(text).toContain('tiền thử để chứng minh tài khoản')
  expect(text).not.toContain('KHÔNG')
})
