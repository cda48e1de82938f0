import { decode } from '@vietqr/core'
import { sql } from 'drizzle-orm'
import { create } from 'qrcode'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../chromium.ts'
import { readQr } from '../qr-reader.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'

let market: RunningMarket
let browser: Browser
beforeAll(async () => {
  market = await runSmallMarket()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await market.close()
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(market.url + path, { headers })
const payloadOf = async (query = '') => {
  const answer = (await (await get(`/s/${market.lan.code}/vietqr${query}`)).json()) as { payload: string }
  return answer.payload
}

it('the static code names her account and carries her stall’s reference, without an amount', async () => {
  expect(decode(await payloadOf())).toEqual({
    initiation: 'static',
    service: 'QRIBFTTA',
    bankBin: '970422',
    accountNumber: market.lan.accountNumber,
    purpose: market.lan.reference,
  })
})

it('with an amount it is the same reference, dynamic, and nothing is written', async () => {
  const before = market.store.db.get(sql`select total_changes() as n`)
  expect(decode(await payloadOf('?amount=50.000'))).toMatchObject({
    initiation: 'dynamic',
    amountVnd: 50_000,
    purpose: market.lan.reference,
  })
  await get(`/s/${market.lan.code}?amount=50000`)
  await get(`/s/${market.lan.code}/qr.svg?amount=50000`)
  expect(market.store.db.get(sql`select total_changes() as n`)).toEqual(before)
})

it.each(['0', '-5', '1.5', '500000000', 'mot tram', '1e6'])(
  'an amount of %s is refused with 400',
  async (amount) => {
    expect((await get(`/s/${market.lan.code}/vietqr?amount=${amount}`)).status).toBe(400)
  },
)

it('the PNG is read back by another decoder', async () => {
  const response = await get(`/s/${market.lan.code}/qr.png`)
  expect(response.headers.get('content-type')).toBe('image/png')
  expect(readQr(new Uint8Array(await response.arrayBuffer()))).toBe(await payloadOf())
})

it('the SVG is read back by another decoder, with correction M and four quiet modules', async () => {
  const svg = await (await get(`/s/${market.lan.code}/qr.svg`)).text()
  const payload = await payloadOf()
  const side = create(payload, { errorCorrectionLevel: 'M' }).modules.size + 8
  expect(svg).toContain(`viewBox="0 0 ${side} ${side}"`)
  const page = await browser.newPage({ viewport: { width: 400, height: 400 } })
  await page.goto(`${market.url}/s/${market.lan.code}/qr.svg`)
  expect(readQr(await page.screenshot())).toBe(payload)
})

it.each(['svg', 'png'])('an unchanged %s is not sent again', async (type) => {
  const first = await get(`/s/${market.lan.code}/qr.${type}`)
  const etag = first.headers.get('etag')!
  await first.arrayBuffer()
  const again = await get(`/s/${market.lan.code}/qr.${type}`, { 'if-none-match': etag })
  expect(again.status).toBe(304)
  const other = await get(`/s/${market.lan.code}/qr.${type}?amount=1000`, { 'if-none-match': etag })
  expect(other.status).toBe(200)
})

it('a code written by hand in capitals finds its stall', async () => {
  const response = await get(`/s?code=${market.lan.code.toUpperCase()}`)
  expect(response.url).toBe(`${market.url}/s/${market.lan.code}`)
  expect(response.status).toBe(200)
})
