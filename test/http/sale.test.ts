import { decode, encode } from '@vietqr/core'
import { delay, http, HttpResponse, passthrough } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { orderCodeOf } from '../../server/sources/payos-request.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import { matchException } from '../../server/storage/kit.sqlite.ts'
import { getSale, issueSale, reserveSales } from '../../server/storage/sale.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { mintReference } from '../../shared/reference.ts'
import type { SaleFacts } from '../../shared/sale-state.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { sender } from '../fixtures/notifications/payos/sender.ts'
import { OPERATOR, openTestServer, TODAY, type TestServer } from './test-server.ts'
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

describe('a code that payOS makes', () => {
  const REQUESTS = 'https://api-merchant.payos.vn/v2/payment-requests'
  const KEYS = { clientId: 'client-of-a-test', apiKey: 'api-key-nobody-may-read' }
  const CHECKSUM = 'checksum-key-nobody-may-read'
  /** Our own server is not outside. */
  const outside = setupServer(http.all('http://localhost:*/notifications/*', () => passthrough()))
  let seller: StallEntry
  let neighbour: StallEntry
  let hers: string
  let payosId: string
  let operator: string
  let asked: { orderCode: number; amount: number; description: string }[]

  beforeAll(async () => {
    outside.listen({ onUnhandledFrame: 'error' })
    const { store, seal } = server.services
    const market = await server.addMarket('Chợ payOS')
    seller = await server.addStall(market, 'P1')
    neighbour = await server.addStall(market, 'P2')
    hers = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: seller.vendor!.id })
    const wanted = { kind: 'payos', mode: 'checksum', label: 'payOS', access: KEYS, secret: CHECKSUM }
    payosId = (await addInstance(store, seal, operatorScope(), wanted, MORNING)).id
    await store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), payosId, seller.accounts, MORNING))
    operator = await server.signIn(OPERATOR)
    await letMake('source')
  })
  beforeEach(() => void (asked = []))
  afterEach(() => outside.resetHandlers())
  afterAll(() => outside.close())

  const letMake = (by: string) => server.post(`/operator/sources/${payosId}/codes`, { by }, operator)
  const account = () => seller.accounts[0]!
  /** What payOS answers with, made of what it was asked for. */
  const codeFor = ({ amount: amountVnd, description }: (typeof asked)[number]) =>
    encode({ ...account(), amountVnd, purpose: `CS7AB12 ${description}` })
  const payosMakes = (payload = codeFor) =>
    outside.use(
      http.post(REQUESTS, async ({ request }) => {
        const one = (await request.json()) as (typeof asked)[number]
        asked.push(one)
        return HttpResponse.json({ code: '00', data: { qrCode: payload(one) } })
      }),
    )
  const tell = (word: string, fields: Record<string, string>, who = hers) =>
    server.post(`/vendor/${seller.stall.code}/sales/${word}`, fields, who)
  const newReference = async () =>
    ((await (await tell('reserve', { count: '1' })).json()) as { references: string[] }).references[0]!
  const askFor = async (reference: string, amount = 50_000) => {
    const response = await tell('code', { reference, amount: String(amount), age: '0' })
    expect(response.status).toBe(200)
    return (await response.json()) as { dueVnd: number; payload: string | null }
  }
  const saleNow = async (reference: string, amount = 50_000) =>
    (await (await tell('issue', { reference, amount: String(amount), age: '0' })).json()) as SaleFacts
  const pay = async (reference: string, amountVnd: number, memo: string, part = 0) => {
    const told = sender.write(
      {
        id: orderCodeOf({ reference, part }),
        bankBin: account().bankBin,
        accountNumber: account().accountNumber,
        virtualAccount: null,
        direction: 'in',
        amountVnd,
        bookedAt: MORNING,
        memo,
        bankReference: `FT${reference}${part}`,
      },
      'checksum',
    )
    const proving = { mode: 'checksum', secret: CHECKSUM, sourceId: payosId, now: MORNING }
    const { body, headers } = await sender.prove(told, { ...proving, ask: () => Promise.reject(new Error()) })
    return server.request(`/notifications/${payosId}`, { method: 'POST', body, headers })
  }
  const takings = async () =>
    (await getTakings(server.services.store, stallScope(seller.stall.marketId, seller.stall.id), TODAY))
      .totalVnd

  it('bears the amount, the sale and her account, and its money pays the sale once', async () => {
    payosMakes()
    const reference = await newReference()
    const { dueVnd, payload } = await askFor(reference)
    expect(dueVnd).toBe(50_000)
    expect(decode(payload!)).toMatchObject({
      bankBin: account().bankBin,
      accountNumber: account().accountNumber,
      amountVnd: 50_000,
      purpose: `CS7AB12 ${reference}`,
    })
    expect(asked).toHaveLength(1)
    const before = await takings()
    for (let time = 0; time < 2; time += 1)
      expect((await pay(reference, 50_000, `CS7AB12 ${reference}`)).status).toBe(200)
    expect((await saleNow(reference)).credits).toHaveLength(1)
    expect(await takings()).toBe(before + 50_000)
  })

  it('finds its sale by its number where the memo was cut, and nobody else’s', async () => {
    const [reference, amount] = [await newReference(), 30_000]
    await saleNow(reference, amount)
    expect((await pay(reference, amount, 'CS7AB12 ZQK')).status).toBe(200)
    expect((await saleNow(reference, amount)).credits).toEqual([
      { amountVnd: amount, recordedAt: expect.any(Number) },
    ])
    // The number of another stall's sale, paid into this account.
    const scope = stallScope(neighbour.stall.marketId, neighbour.stall.id)
    const foreign = mintReference(seededRandom(77))
    const { store } = server.services
    await store.write((tx) => reserveSales(tx, scope, 1, () => foreign, MORNING))
    await store.write((tx) => issueSale(tx, scope, foreign, amount, MORNING, MORNING))
    const before = await takings()
    expect((await pay(foreign, amount, 'CS7AB12 ZQK')).status).toBe(200)
    expect((await store.read((tx) => getSale(tx, scope, foreign, MORNING))).credits).toEqual([])
    expect(await takings()).toBe(before)
    const raised = await store.db.select().from(matchException)
    expect(raised.map(({ reason }) => reason)).toEqual(['wrong_account'])
  })

  it('for what is still missing is another, under a number of its own', async () => {
    payosMakes()
    const reference = await newReference()
    await askFor(reference)
    await pay(reference, 20_000, reference)
    const { dueVnd, payload } = await askFor(reference)
    expect(dueVnd).toBe(30_000)
    expect(decode(payload!).amountVnd).toBe(30_000)
    expect(asked.map(({ orderCode }) => orderCode)).toEqual(
      [0, 1].map((part) => orderCodeOf({ reference, part })),
    )
    await pay(reference, 30_000, 'cut', 1)
    expect((await saleNow(reference)).credits).toHaveLength(2)
    expect(await askFor(reference)).toEqual({ dueVnd: 0, payload: null })
  })

  it.each([
    ['does not answer', () => outside.use(http.post(REQUESTS, () => delay('infinite')))],
    ['is down', () => outside.use(http.post(REQUESTS, () => new HttpResponse(null, { status: 500 })))],
    ['has it made before', () => outside.use(http.post(REQUESTS, () => HttpResponse.json({ code: '231' })))],
    ['makes another amount', () => payosMakes((one) => codeFor({ ...one, amount: one.amount - 1 }))],
    [
      'cuts the reference',
      () => payosMakes((one) => codeFor({ ...one, description: one.description.slice(0, 9) })),
    ],
    [
      'leads elsewhere',
      () =>
        payosMakes(({ amount, description }) =>
          encode({
            bankBin: account().bankBin,
            accountNumber: '999',
            amountVnd: amount,
            purpose: description,
          }),
        ),
    ],
  ])('that %s: none, within two seconds, and the sale is there all the same', async (_, begin) => {
    begin()
    const { missed } = server.services.meter.codes
    const reference = await newReference()
    const began = performance.now()
    expect(await askFor(reference)).toEqual({ dueVnd: 50_000, payload: null })
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(server.services.meter.codes.missed).toBe(missed + 1)
    expect(server.logged.at(-1)).toContain('no code from the source')
    expect(await saleNow(reference)).toMatchObject({ amountVnd: 50_000, cancelledAt: null })
  })

  it('is taken back at payOS with its sale; that payOS cannot changes nothing', async () => {
    payosMakes()
    const cancelled: string[] = []
    outside.use(
      http.post(`${REQUESTS}/:order/cancel`, ({ params }) => {
        cancelled.push(String(params['order']))
        return new HttpResponse('{"code":"00"}', { status: cancelled.length === 1 ? 200 : 500 })
      }),
    )
    for (const time of [1, 2]) {
      const reference = await newReference()
      await askFor(reference)
      const response = await tell('cancel', { reference, age: '0' })
      expect(await response.json()).toMatchObject({ reference, cancelledAt: MORNING })
      expect(cancelled).toHaveLength(time)
      expect(cancelled.at(-1)).toBe(String(orderCodeOf({ reference, part: 0 })))
      expect((await askFor(reference)).payload).toBeNull()
    }
    expect(asked).toHaveLength(2)
  })

  it('is asked for where the operator said so and nowhere else', async () => {
    payosMakes()
    const asks = async (entry: StallEntry, who: string) =>
      (await (await server.get(`/vendor/${entry.stall.code}/charge`, who)).text()).includes(
        '&quot;asksSource&quot;:true',
      )
    expect(await asks(seller, hers)).toBe(true)
    // Heard by SePay alone.
    expect(await asks(stall, cookie)).toBe(false)
    const [reference] = await reserve()
    const other = await send('code', { reference: reference!, amount: '1000', age: '0' })
    expect(await other.json()).toEqual({ dueVnd: 1_000, payload: null })

    const page = async () => (await server.get(`/operator/sources/${payosId}`, operator)).text()
    expect(await page()).toContain('Để điện thoại tự tạo mã')
    await letMake('phone')
    expect(await page()).toContain('Để payOS tạo mã tính tiền')
    expect(await asks(seller, hers)).toBe(false)
    expect((await askFor(await newReference())).payload).toBeNull()
    await letMake('source')
    expect(await asks(seller, hers)).toBe(true)
    expect(asked).toEqual([])
    const sepayPage = await (await server.get(`/operator/sources/${sourceId}`, operator)).text()
    expect(sepayPage).not.toContain('Mã tính tiền')
    // Another vendor's phone gets no code of hers.
    expect(
      (await tell('code', { reference: await newReference(), amount: '1000', age: '0' }, cookie)).status,
    ).toBe(404)
  })

  it('leaves its keys in no line of the log, whatever went wrong above', () => {
    expect(server.logged.join()).toContain('no code from the source')
    expect(server.logged.join()).not.toMatch(/nobody-may-read|client-of-a-test/)
  })
})
