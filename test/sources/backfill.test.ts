import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { backfill } from '../../server/sources/backfill.ts'
import { createIntake } from '../../server/domain/intake.ts'
import type { Seal } from '../../server/domain/seal.ts'
import { sepay } from '../../server/sources/sepay.ts'
import { bankTransaction, witness } from '../../server/storage/kit.sqlite.ts'
import { findSource } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { source } from '../../server/storage/kit.sqlite.ts'
import { sepayBody } from '../sepay.ts'
import {
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  SOURCE,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'

const URL = 'https://userapi.sepay.vn/v2/transactions'
const openSeal: Seal = {
  fingerprint: '',
  close: async (secret) => secret,
  open: async (sealed) => sealed,
  payerKey: (_, payerAccount) => payerAccount,
}

/** SePay's own history: what it would tell, oldest first, two a page. */
let history: Record<string, unknown>[] = []
let asked: URLSearchParams[] = []
let failing = false
const outside = setupServer(
  http.get(URL, ({ request }) => {
    const query = new globalThis.URL(request.url).searchParams
    asked.push(query)
    if (failing && query.has('since_id')) return new HttpResponse('{"status":"succ', { status: 200 })
    const since = query.get('since_id')
    const rest = since === null ? history : history.slice(history.findIndex((row) => row['id'] === since) + 1)
    const pagination = { total: 0, per_page: 2, current_page: 1, last_page: 1, has_more: rest.length > 2 }
    return HttpResponse.json({ status: 'success', data: rest.slice(0, 2), meta: { pagination } })
  }),
)
let market: SmallMarket
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
afterAll(() => outside.close())
beforeEach(async () => {
  market = await openSmallMarket()
  await market.store.db.update(source).set({ apiToken: 'token' })
  history = []
  asked = []
  failing = false
})
afterEach(() => market.close())

const entry = (id: number, amount: number) => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  transaction_date: '2026-11-22 09:00:00',
  account_number: market.lan.accountNumber,
  va: '',
  transfer_type: 'in',
  amount_in: amount,
  amount_out: 0,
  transaction_content: `CK ${market.lan.reference}`,
  reference_number: `FT26326${String(id).padStart(9, '0')}`,
  code: null,
  bank_brand_name: 'MBBank',
})
const pushed = (id: number, amount: number) => {
  const body = sepayBody({
    id,
    amount,
    accountNumber: market.lan.accountNumber,
    content: `CK ${market.lan.reference}`,
  })
  const raw = new TextEncoder().encode(body)
  return { ...messageOf(...sepay.normalise(raw)), rawBody: raw }
}
const run = async (at = MORNING + 60_000) => {
  const row = (await findSource(market.store, SOURCE))!
  const intake = createIntake(market.store, () => {})
  return backfill(market.store, openSeal, intake, row, () => at, AbortSignal.timeout(10_000))
}
const takings = () => getTakings(market.store, scopeOf(market.lan), TODAY)

it('brings what no push brought, and recognises what one did', async () => {
  const intake = createIntake(market.store, () => {})
  await intake.submit(pushed(1, 1_000))
  await intake.submit(pushed(3, 3_000))
  history = [entry(1, 1_000), entry(2, 2_000), entry(3, 3_000), entry(4, 4_000), entry(5, 5_000)]
  expect(await run()).toBe(5)
  expect(await takings()).toMatchObject({ totalVnd: 15_000, saleCount: 5 })
  expect(await market.store.db.select().from(witness)).toHaveLength(2)
  // And a push that comes after all is recognised too.
  await intake.submit(pushed(5, 5_000))
  expect(await takings()).toMatchObject({ totalVnd: 15_000, saleCount: 5 })
})

it('goes on from the last entry it recorded', async () => {
  history = [entry(1, 1_000), entry(2, 2_000), entry(3, 3_000)]
  await run()
  history.push(entry(4, 4_000))
  asked = []
  expect(await run(MORNING + 120_000)).toBe(1)
  expect(asked[0]!.get('since_id')).toBe(entry(3, 0).id)
  expect(asked[0]!.has('transaction_date_from')).toBe(false)
})

it('looks back after a registration, so that what was nobody’s is told again', async () => {
  history = [{ ...entry(1, 9_000), account_number: 'MOI0001' }]
  await run(MORNING - 60_000)
  expect((await market.store.db.select().from(bankTransaction)).map((row) => row.notCounted)).toEqual([
    'unknown_account',
  ])
  const fresh = await market.addStall({ name: 'M1', accountNumber: 'MOI0001' })
  history = [{ ...history[0]!, transaction_content: fresh.reference }]
  await run(MORNING + 60_000)
  expect((await getTakings(market.store, scopeOf(fresh), TODAY)).totalVnd).toBe(9_000)
})

it('a page that cannot be read moves no cursor past what was recorded, and the next run loses nothing', async () => {
  history = [entry(1, 1_000), entry(2, 2_000), entry(3, 3_000)]
  failing = true
  await expect(run()).rejects.toThrow('not a page')
  expect(await takings()).toMatchObject({ totalVnd: 3_000, saleCount: 2 })
  failing = false
  await run(MORNING + 120_000)
  expect(await takings()).toMatchObject({ totalVnd: 6_000, saleCount: 3 })
})
