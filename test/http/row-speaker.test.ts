import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import type { RowNews, RowStall, RowTelling } from '../../shared/wire.ts'
import type { Market } from '../../server/storage/market.ts'
import type { Identity } from '../../server/storage/session.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const CANARY = 7_654_321
const PAYER = 'TRAN THI CANARY'
/** Long enough for what a stream has to say at once, and to be sure of what it does not. */
const QUIET_MS = 150

let server: TestServer
let market: Market
/** Of one row; the third is of another. */
let twelve: StallEntry
let fish: StallEntry
let far: StallEntry
let source: string
let tablet: string
beforeEach(async () => {
  server = openTestServer()
  market = await server.addMarket('Chợ Thử')
  const options = { consentTextVersion: CONSENT_TEXT_VERSION }
  twelve = await server.addStall(market, 'A12', options)
  fish = await server.addStall(market, 'Cá cô Bảy', options)
  far = await server.addStall(market, 'B1', { ...options, section: 'Dãy B' })
  source = await server.addSource([twelve, fish, far])
  tablet = await server.signIn(speakerOf(twelve.stall.sectionId))
})
afterEach(() => server.close())

const speakerOf = (sectionId: number): Identity => ({
  role: 'speaker',
  marketId: market.id,
  vendorId: null,
  sectionId,
})
const vendorCookie = ({ vendor }: StallEntry) =>
  server.signIn({ role: 'vendor', marketId: market.id, vendorId: vendor!.id })

/** As she does it, on her settings page. */
async function choose(entry: StallEntry, tells: RowTelling) {
  const path = `/vendor/${entry.stall.code}/row-speaker`
  expect((await server.post(path, { tells }, await vendorCookie(entry))).status).toBe(303)
}
const pay = (to: StallEntry, amount = CANARY, content = to.stall.reference) =>
  server.pay(source, {
    accountNumber: to.accounts[0]!.accountNumber,
    content: `${PAYER} ${content}`,
    amount,
  })

interface Listening {
  /** Everything that was sent, as sent. */
  raw(): string
  news(): RowNews[]
  /** The stalls it was last told of. */
  stalls(): RowStall[]
  ended(): boolean
  settled(): Promise<void>
  stop(): Promise<void>
}

async function listen(cookie = tablet, headers: Record<string, string> = {}): Promise<Listening> {
  const response = await server.request('/speaker/stream', { headers: { cookie, ...headers } })
  expect(response.status).toBe(200)
  const reader = response.body!.getReader()
  let text = ''
  let isOver = false
  void (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += Buffer.from(part.value as Uint8Array).toString()
    isOver = true
  })()
  const told = (event: string) =>
    text.split('\n\n').flatMap((message) => {
      const lines = message.split('\n')
      const data = lines.find((line) => line.startsWith('data: '))
      return data && lines.includes(`event: ${event}`) ? [JSON.parse(data.slice(6)) as unknown] : []
    })
  const settled = () => new Promise<void>((done) => setTimeout(done, QUIET_MS))
  await settled()
  return {
    raw: () => text,
    news: () => told('change') as RowNews[],
    stalls: () => (told('stalls').at(-1) ?? []) as RowStall[],
    ended: () => isOver,
    settled,
    stop: () => reader.cancel(),
  }
}

describe('the stream of a row', () => {
  it('tells nothing of anybody until she agrees', async () => {
    const heard = await listen()
    await pay(twelve)
    await heard.settled()
    expect(heard.stalls()).toEqual([])
    expect(heard.news()).toEqual([])
    await heard.stop()
  })

  it('tells the amount of who chose amounts, and never payer or memo', async () => {
    await choose(twelve, 'amount')
    const heard = await listen()
    expect(heard.stalls()).toMatchObject([{ name: 'A12', number: 12, tellsAmount: true }])
    await pay(twelve)
    await heard.settled()
    expect(heard.news()).toEqual([
      { seq: expect.any(Number), stall: 'A12', amountVnd: CANARY, recordedAt: server.clock.now },
    ])
    expect(heard.raw()).not.toContain('CANARY')
    expect(heard.raw()).not.toContain(twelve.stall.reference)
    await heard.stop()
  })

  it('never bears the amount of who chose her name only, nor does the page', async () => {
    await choose(fish, 'name')
    const heard = await listen()
    expect(heard.stalls()).toMatchObject([{ name: 'Cá cô Bảy', number: null, tellsAmount: false }])
    await pay(fish)
    await heard.settled()
    expect(heard.news()).toMatchObject([{ stall: 'Cá cô Bảy', amountVnd: null }])
    const page = await (await server.get('/speaker', tablet)).text()
    for (const text of [heard.raw(), page])
      for (const form of [String(CANARY), '7.654.321', '7,654,321', '7654']) expect(text).not.toContain(form)
    expect(page).not.toContain('Cá cô Bảy')
    await heard.stop()
  })

  it('never tells of an unclear credit, nor when it is called a sale later', async () => {
    // Proves the account: before it, money without the reference is nobody's.
    await pay(fish, 10_000)
    server.clock.now += 1_000
    await choose(fish, 'amount')
    const heard = await listen()
    const { accountNumber } = fish.accounts[0]!
    await server.pay(source, { accountNumber, content: 'luong thang 11', amount: CANARY })
    await heard.settled()
    const mine = await vendorCookie(fish)
    // The newest is on top.
    const page = await (await server.get(`/vendor/${fish.stall.code}`, mine)).text()
    const transactionSeq = /name="transactionSeq"\s+value="([1-9]\d*)"/.exec(page)![1]!
    const path = `/vendor/${fish.stall.code}/classify`
    const said = await server.post(path, { transactionSeq, classification: 'sale' }, mine)
    expect(said.status).toBeLessThan(400)
    await heard.settled()
    expect(heard.news()).toEqual([])
    expect(heard.raw()).not.toContain(String(CANARY))
    await heard.stop()
    const again = await listen(tablet, { 'last-event-id': '0' })
    expect(again.raw()).not.toContain(String(CANARY))
    await again.stop()
  })

  it('does not cheer a sale that is still short: her own phone gives the alarm', async () => {
    await choose(twelve, 'amount')
    const mine = await vendorCookie(twelve)
    const sales = `/vendor/${twelve.stall.code}/sales`
    const answer = await server.post(`${sales}/reserve`, { count: '1' }, mine)
    const [reference] = ((await answer.json()) as { references: string[] }).references
    await server.post(`${sales}/issue`, { reference: reference!, amount: '200000', age: '0' }, mine)
    const heard = await listen()
    await pay(twelve, 200, reference)
    await heard.settled()
    expect(heard.news()).toEqual([])
    await pay(twelve, 199_800, reference)
    await heard.settled()
    expect(heard.news()).toMatchObject([{ amountVnd: 199_800 }])
    await heard.stop()
  })

  it('never tells of another row', async () => {
    await choose(far, 'amount')
    await choose(twelve, 'name')
    const heard = await listen()
    expect(heard.stalls().map(({ name }) => name)).toEqual(['A12'])
    await pay(far)
    await heard.settled()
    expect(heard.news()).toEqual([])
    await heard.stop()
  })

  it('loses a vendor at once who stops, and her amounts when she goes back to her name', async () => {
    await choose(twelve, 'amount')
    const heard = await listen()
    await choose(twelve, 'name')
    await heard.settled()
    expect(heard.stalls()).toMatchObject([{ name: 'A12', tellsAmount: false }])
    await choose(twelve, 'nothing')
    await heard.settled()
    expect(heard.stalls()).toEqual([])
    await pay(twelve)
    await heard.settled()
    expect(heard.news()).toEqual([])
    await heard.stop()
  })

  it('loses her with her consent, and does not get her back when she agrees to the rest again', async () => {
    await choose(twelve, 'amount')
    const heard = await listen()
    const mine = await vendorCookie(twelve)
    await server.post(`/vendor/${twelve.stall.code}/withdraw`, { withdraw: 'yes' }, mine)
    await heard.settled()
    expect(heard.stalls()).toEqual([])
    server.clock.now += 60_000
    await vendorCookie(twelve)
    await pay(twelve)
    await heard.stop()
    const again = await listen()
    expect(again.stalls()).toEqual([])
    expect(again.news()).toEqual([])
    await again.stop()
  })

  it('gives no history: nothing from before she agreed, nothing older than a minute', async () => {
    await pay(twelve)
    server.clock.now += 1_000
    await choose(twelve, 'amount')
    await pay(twelve, 10_000)
    const since = { 'last-event-id': '0' }
    const soon = await listen(tablet, since)
    expect(soon.news()).toMatchObject([{ amountVnd: 10_000 }])
    await soon.stop()
    server.clock.now += 61_000
    const late = await listen(tablet, since)
    expect(late.news()).toEqual([])
    await late.stop()
  })

  it('starts from nothing with a new holder of the stall, whatever the old one chose', async () => {
    await choose(twelve, 'amount')
    const more = { vendor: 'Người Mới', consentTextVersion: CONSENT_TEXT_VERSION }
    await server.addStall(market, 'A12', more)
    const heard = await listen()
    expect(heard.stalls()).toEqual([])
    await heard.stop()
  })

  it('numbers no stall whose number another of the row has, agreeing or not', async () => {
    await choose(twelve, 'name')
    await server.addStall(market, 'C12', { section: 'Dãy A' })
    const heard = await listen()
    expect(heard.stalls()).toMatchObject([{ name: 'A12', number: null }])
    await heard.stop()
  })
})

describe('a tablet', () => {
  it('is set up by the board or the operator of its market, and by nobody else', async () => {
    const path = `/board/${market.code}/speakers/sign-in-code`
    const section = String(twelve.stall.sectionId)
    const page = await (await server.post(path, { section }, await server.signIn(boardOf(market)))).text()
    const [link] = /\/enter\/[\w-]+/.exec(page)!
    const look = await (await server.get(link)).text()
    expect(look).toContain('Máy này làm loa Dãy A')
    const entered = await server.post(link, {})
    expect(entered.headers.get('location')).toBe('/home')
    const cookie = entered.headers.getSetCookie()[0]!.split(';')[0]!
    expect((await server.get('/home', cookie)).headers.get('location')).toBe('/speaker')
    expect((await server.get('/speaker', cookie)).status).toBe(200)

    expect((await server.post(path, { section }, await server.signIn(OPERATOR))).status).toBe(200)
    const foreign = await server.addMarket('Chợ Khác')
    const theirs = await server.signIn(boardOf(foreign))
    expect((await server.post(path, { section }, theirs)).status).toBe(404)
    // A row of this market from the page of their own.
    const other = `/board/${foreign.code}/speakers/sign-in-code`
    expect((await server.post(other, { section }, theirs)).status).toBe(404)
    expect((await server.post(path, { section }, await vendorCookie(twelve))).status).toBe(404)
    expect((await server.post(path, { section }, tablet)).status).toBe(404)
  })

  it('listens alone: nobody else opens its page or its stream', async () => {
    const others = [OPERATOR, boardOf(market)].map((identity) => server.signIn(identity))
    for (const cookie of await Promise.all([...others, vendorCookie(twelve)]))
      for (const path of ['/speaker', '/speaker/stream'])
        expect((await server.get(path, cookie)).status).toBe(404)
  })

  it('is turned off by the board at once, with the codes that would make another', async () => {
    await choose(twelve, 'amount')
    const board = await server.signIn(boardOf(market))
    const section = String(twelve.stall.sectionId)
    const speakers = `/board/${market.code}/speakers`
    const page = await (await server.post(`${speakers}/sign-in-code`, { section }, board)).text()
    const [link] = /\/enter\/[\w-]+/.exec(page)!
    const other = await server.signIn(speakerOf(far.stall.sectionId))
    const heard = await listen()
    expect(await (await server.get(speakers, board)).text()).toContain('Tắt mọi loa')
    expect((await server.post(`${speakers}/sign-out`, { section }, board)).status).toBe(200)
    await heard.settled()
    expect(heard.ended()).toBe(true)
    await pay(twelve)
    expect(heard.news()).toEqual([])
    expect((await server.get('/speaker', tablet)).status).toBe(401)
    expect((await server.get(link)).status).toBe(410)
    // The tablet of the other row goes on.
    expect((await server.get('/speaker', other)).status).toBe(200)
  })
})

it('her settings say what she chose, and let her stop with one tap', async () => {
  const mine = await vendorCookie(twelve)
  const settings = async () => (await server.get(`/vendor/${twelve.stall.code}/settings`, mine)).text()
  expect(await settings()).not.toContain('loa dãy đừng báo')
  await choose(twelve, 'amount')
  expect(await settings()).toContain('loa dãy đừng báo')
  const path = `/vendor/${twelve.stall.code}/row-speaker`
  expect((await server.post(path, { tells: 'everything' }, mine)).status).toBe(400)
  expect((await server.post(path, { tells: 'nothing' }, await vendorCookie(fish))).status).toBe(404)
})
