import { beforeEach, expect, it } from 'vitest'
import { findDifferences } from '../../server/storage/audit.ts'
import { match, matchException, sale } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { boardOf, openTestServer, OPERATOR, TODAY, type TestServer } from './test-server.ts'

const SHARED = { bankBin: '970422', accountNumber: '0999888777', accountName: 'TRAN VAN HOA' }
const HOME = '/operator/inbox/cho-phu-cat'

let server: TestServer
let operator: string
let market: Market
let c1: StallEntry
let c2: StallEntry
let sourceId: string
beforeEach(async () => {
  server = openTestServer()
  operator = await server.signIn(OPERATOR)
  market = await server.addMarket('Chợ Phù Cát')
  c1 = await server.addStall(market, 'C1', { account: SHARED })
  c2 = await server.addStall(market, 'C2', { account: SHARED })
  sourceId = await server.addSource([c1])
  return () => server.close()
})

const page = async (path = HOME) => (await server.get(path, operator)).text()
const post = (verb: string, fields: Record<string, string | string[]>) =>
  server.post(`${HOME}/${verb}`, fields, operator)
const matches = () => server.services.store.db.select().from(match)
/** A credit that waits. Returns its seq. */
async function undecided(content = 'tien ca tuoi chi Nga dat', amount = 120_000): Promise<string> {
  await server.pay(sourceId, { accountNumber: SHARED.accountNumber, content, amount })
  const [last] = (await server.services.store.db.select().from(matchException)).slice(-1)
  return String(last!.transactionSeq)
}
/** The choices of the first card: what is sent, what it says, and why. */
const offers = (shown: string) =>
  [...shown.matchAll(/value="((?:stall|kind):\w+)"[\s\S]*?<span\s*>([^<]*)<small>([^<]*)/g)].map(
    ([, value, words, why]) => [value, words!.trim(), why],
  )

it('offers the stalls of the account, each with its key and why', async () => {
  await undecided()
  const shown = await page()
  expect(offers(shown)).toEqual([
    [`stall:${c1.stall.code}`, 'C1 · Chủ C1', 'nhận tiền ở tài khoản này'],
    [`stall:${c2.stall.code}`, 'C2 · Chủ C2', 'nhận tiền ở tài khoản này'],
  ])
  expect(shown).toContain('aria-keyshortcuts="2"')
  expect(shown).not.toMatch(/type="radio"[^>]*checked/)
})

it('records a choice with why it was likely, and offers the same first the next time, chosen by nobody', async () => {
  const transactionSeq = await undecided()
  const response = await post('choose', { transactionSeq, choice: `stall:${c2.stall.code}` })
  expect(response.headers.get('location')).toBe(`${HOME}?assigned=${c2.stall.code}`)
  expect(await matches()).toMatchObject([
    { stallId: c2.stall.id, rule: 'assigned', by: 'operator', reason: 'nhận tiền ở tài khoản này' },
  ])
  await undecided()
  const shown = await page()
  expect(offers(shown)[0]).toEqual([
    `stall:${c2.stall.code}`,
    'C2 · Chủ C2',
    'lần trước khoản giống vậy đã ghi ở đây · nhận tiền ở tài khoản này',
  ])
  expect(shown).not.toMatch(/type="radio"[^>]*checked/)
  expect(await matches()).toHaveLength(1)
})

it('settles the open sale that it is', async () => {
  const identity = { role: 'vendor', marketId: market.id, vendorId: c2.vendor!.id } as const
  const hers = await server.signIn(identity)
  const at = `/vendor/${c2.stall.code}/sales`
  const reserved = await (await server.post(`${at}/reserve`, { count: '1' }, hers)).json()
  const [reference] = (reserved as { references: string[] }).references
  await server.post(`${at}/issue`, { reference: reference!, amount: '120000', age: '0' }, hers)
  const transactionSeq = await undecided()
  expect(offers(await page())[0]![2]).toContain('vừa tính đúng số tiền này')
  await post('choose', { transactionSeq, choice: `stall:${c2.stall.code}` })
  const [asked] = await server.services.store.db.select().from(sale)
  expect(await matches()).toMatchObject([{ saleSeq: asked!.seq, stallId: c2.stall.id }])
})

it('takes no choice that it does not offer, and says so', async () => {
  const transactionSeq = await undecided()
  const stranger = await server.addStall(market, 'A1')
  for (const choice of [`stall:${stranger.stall.code}`, 'stall:nowhere', 'kind:family', '']) {
    const response = await post('choose', { transactionSeq, choice })
    expect(response.status).toBe(409)
    expect(await response.text()).toContain('Xem lại rồi chọn')
  }
  expect((await post('choose', { transactionSeq: 'x', choice: '' })).status).toBe(400)
  expect(await matches()).toEqual([])
})

it('offers no stall whose vendor had not agreed', async () => {
  await server.addStall(market, 'C3', { account: SHARED, consented: false })
  await undecided()
  expect(offers(await page()).map(([, words]) => words)).toEqual(['C1 · Chủ C1', 'C2 · Chủ C2'])
})

it('takes a credit for no sale, shows it under «không tính», and offers that the next time', async () => {
  const transactionSeq = await undecided()
  const response = await post('not-a-sale', { transactionSeq, kind: 'loan' })
  expect(await page(response.headers.get('location')!)).toContain('không phải tiền bán, mượn, vay')
  expect(await matches()).toMatchObject([{ stallId: 0, rule: 'not_a_sale', by: 'operator' }])
  const day = await page(`${HOME}?day=${TODAY}`)
  expect(day).toContain('Người ghi: không phải tiền bán, mượn, vay')
  expect(day).toContain('120.000đ')
  const again = await undecided()
  expect(offers(await page())[0]).toEqual([
    'kind:loan',
    'Không phải tiền bán: mượn, vay',
    'lần trước khoản giống vậy đã ghi ở đây',
  ])
  await post('choose', { transactionSeq: again, choice: 'kind:loan' })
  expect(await matches()).toHaveLength(2)
  expect((await matches()).map((one) => one.classification)).toEqual(['loan', 'loan'])
  expect((await post('not-a-sale', { transactionSeq, kind: 'loan' })).status).toBe(409)
  expect((await post('not-a-sale', { transactionSeq, kind: 'sale' })).status).toBe(400)
  expect(await findDifferences(server.services.store)).toEqual([])
})

it('splits a credit over stalls whose parts add up, and shows the form again where they do not', async () => {
  const transactionSeq = await undecided()
  const [one, two] = ['C1', ' c2']
  const splitUp = (stallName: string[], amount: string[], reason = 'hai nơi') =>
    post('split', { transactionSeq, stallName, amount, reason })
  for (const [codes, amounts, words, reason] of [
    [[one, two], ['70.000', '49.999'], 'Các phần cộng lại 119.999đ, phải đúng 120.000đ'],
    [[one, two], ['70.000', 'x'], 'Mỗi phần ghi một số tiền'],
    [[one, ''], ['70.000', '50.000'], 'Mỗi phần chọn một sạp'],
    [[one, 'nowhere'], ['70.000', '50.000'], 'Mỗi phần chọn một sạp'],
    [[one, one], ['70.000', '50.000'], 'hai sạp khác nhau'],
    [[one], ['120.000'], 'hai sạp khác nhau'],
    [[one, two], ['70.000', '50.000'], 'Ghi vì sao biết', ' '],
  ] as [string[], string[], string, string?][]) {
    const response = await splitUp(codes, amounts, reason)
    expect(response.status).toBe(400)
    const again = await response.text()
    expect(again).toMatch(new RegExp(`role="alert">[^<]*${words}`))
    expect(again).toContain(`value="${amounts[0]}"`)
  }
  await server.addStall(market, 'C3', { account: SHARED, consented: false })
  expect((await splitUp([one, 'C3'], ['70.000', '50.000'])).status).toBe(400)
  expect(await matches()).toEqual([])

  const heard: number[] = []
  server.services.feed.subscribe((news) => heard.push(...news.map(({ stallId }) => stallId)))
  const done = await splitUp([one, two, '', ''], ['70.000', '50.000', '', ''])
  const after = await page(done.headers.get('location')!)
  expect(after).toContain('Đã chia')
  expect(after).toMatch(/>\s*khớp/)
  expect(heard).toEqual([c1.stall.id, c2.stall.id])
  expect(await matches()).toMatchObject([
    { stallId: c1.stall.id, partVnd: 70_000, rule: 'split', reason: 'hai nơi' },
    { stallId: c2.stall.id, partVnd: 50_000, rule: 'split', reason: 'hai nơi' },
  ])
  const decided = await page(`${HOME}/decided`)
  expect(decided).toContain('một phần của 120.000đ')
  const [part] = await matches()
  const undone = await post('undo', { matchSeq: String(part!.seq), reason: 'nhầm' })
  expect(await page(undone.headers.get('location')!)).toContain('1 khoản chờ người xem')
  expect(await findDifferences(server.services.store)).toEqual([])
})

it('adds up for each source by itself', async () => {
  const other = await server.addSource([c1])
  await undecided('tien ca', 10_000)
  const content = c1.stall.reference
  await server.pay(other, { accountNumber: SHARED.accountNumber, content, amount: 7_000 })
  const shown = await page()
  expect(shown.match(/>\s*khớp/g)).toHaveLength(2)
  for (const sum of ['10.000đ', '7.000đ']) expect(shown.split(sum).length - 1).toBeGreaterThanOrEqual(2)
  expect(shown).not.toContain('17.000đ')
})

it('is the operator’s alone', async () => {
  const transactionSeq = await undecided()
  const board = await server.signIn(boardOf(market))
  const fields = {
    transactionSeq,
    choice: `stall:${c1.stall.code}`,
    kind: 'loan',
    matchSeq: '1',
    reason: 'x',
  }
  for (const verb of ['choose', 'not-a-sale', 'assign', 'split', 'undo']) {
    expect((await server.post(`${HOME}/${verb}`, fields, board)).status).toBe(404)
  }
  expect((await server.get(`${HOME}/decided`, board)).status).toBe(404)
  expect(await matches()).toEqual([])
})
