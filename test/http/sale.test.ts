import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { mintReference } from '../../shared/reference.ts'
import type { SaleFacts } from '../../shared/sale-state.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { openTestServer, type TestServer } from './test-server.ts'
import { MORNING, seededRandom } from '../small-market.ts'

let server: TestServer
let stall: StallEntry
let cookie: string
let sourceId: string

beforeAll(async () => {
  server = openTestServer()
  const market = await server.addMarket('Chợ Thử')
  stall = await server.addStall(market, 'A1')
  sourceId = await server.addSource([stall])
  cookie = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id })
})
afterAll(() => server.close())
beforeEach(() => void (server.clock.now = MORNING))

const send = (word: string, fields: Record<string, string>) =>
  server.post(`/vendor/${stall.stall.code}/sales/${word}`, fields, cookie)
const reserve = async (count = '1') => {
  const answer = await send('reserve', { count })
  return ((await answer.json()) as { references: string[] }).references
}

it('reserves, issues, cancels, and answers with the sale as it stands', async () => {
  const [reference] = await reserve()
  const asked = await send('issue', { reference: reference!, amount: '50000', age: '0' })
  expect(await asked.json()).toEqual({
    reference,
    amountVnd: 50_000,
    issuedAt: MORNING,
    cancelledAt: null,
    credits: [],
  })
  server.clock.now += 10_000
  const { accountNumber } = stall.accounts[0]!
  await server.pay(sourceId, { accountNumber, content: reference!, amount: 50_000 })
  const again = (await (
    await send('issue', { reference: reference!, amount: '50000', age: '10000' })
  ).json()) as SaleFacts
  expect(again).toMatchObject({ issuedAt: MORNING, credits: [{ amountVnd: 50_000 }] })
  const [other] = await reserve()
  const taken = await send('cancel', { reference: other!, age: '0' })
  expect(await taken.json()).toMatchObject({ cancelledAt: server.clock.now })
})

it('takes the phone’s word of how long ago, but not before the reference existed', async () => {
  const [reference] = await reserve()
  server.clock.now += 60_000
  const told = await send('issue', { reference: reference!, amount: '1000', age: '20000' })
  expect(await told.json()).toMatchObject({ issuedAt: MORNING + 40_000 })
  const [second] = await reserve()
  const boast = await send('issue', { reference: second!, amount: '1000', age: '99999999' })
  expect(await boast.json()).toMatchObject({ issuedAt: MORNING + 60_000 })
})

it.each([
  ['issue', { reference: 'x', amount: '1', age: '0' }, 400],
  ['issue', { amount: '0', age: '0' }, 400],
  ['issue', { amount: '500000000', age: '0' }, 400],
  ['issue', { amount: '1000', age: 'x' }, 400],
  ['issue', { reference: mintReference(seededRandom(5)), amount: '1000', age: '0' }, 404],
  ['cancel', { reference: mintReference(seededRandom(5)), age: '0' }, 404],
  ['reserve', { count: '1000' }, 400],
])('refuses %s %o', async (word, fields, status) => {
  const [reference] = await reserve()
  expect((await send(word, { reference: reference!, ...fields })).status).toBe(status)
})

it('refuses another amount for a reference that has one', async () => {
  const [reference] = await reserve()
  await send('issue', { reference: reference!, amount: '1000', age: '0' })
  expect((await send('issue', { reference: reference!, amount: '2000', age: '0' })).status).toBe(409)
})

it('the page carries her account, what stands before a reference, and her newest sales', async () => {
  const page = await (await server.get(`/vendor/${stall.stall.code}/charge`, cookie)).text()
  expect(page).toContain(stall.accounts[0]!.accountNumber)
  expect(page).toMatch(/data-sales="\[\{&quot;reference&quot;/)
  expect(page).toContain('data-amount="1000"')
  const market = await server.addMarket('Chợ Vietin')
  const vietin = await server.addStall(market, 'V1', { account: { bankBin: '970415' } })
  const hers = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: vietin.vendor!.id })
  const other = await (await server.get(`/vendor/${vietin.stall.code}/charge`, hers)).text()
  expect(other).toContain('&quot;purposePrefix&quot;:&quot;SEVQR &quot;')
})
