import { encode } from '@vietqr/core'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { toBuffer } from 'qrcode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { payableCode } from '../../server/sources/payable-code.ts'
import { incident } from '../../server/storage/kit.sqlite.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB } from '../small-market.ts'

const STRANGERS = encode({ bankBin: '970436', accountNumber: '6666666666' })

let browser: Browser
let market: RunningMarket
let phone: BrowserContext
let page: Page
let asked: Request[]

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket()
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  phone = await browser.newContext({ viewport: { width: 360, height: 740 } })
  page = await phone.newPage()
  asked = []
  page.on('request', (request) => void asked.push(request))
})
afterEach(() => phone.close())

const own = () =>
  payableCode(
    { bankBin: MB, accountNumber: market.lan.accountNumber, virtualAccount: null, holderType: 'individual' },
    market.lan.reference,
  )
const address = () => `${market.url}/s/${market.lan.code}`
const photoOf = async (payload: string, width = 900) => ({
  name: 'tem.png',
  mimeType: 'image/png',
  buffer: await toBuffer(payload, { width, margin: 6 }),
})
const verdict = async () => (await page.textContent('#verdict h2'))?.replaceAll(/\s+/g, ' ').trim()

describe('a photographed code', () => {
  it('is read on the phone: only its text is sent, never the picture', async () => {
    await page.goto(address())
    const photo = await photoOf(own())
    await page.setInputFiles('[data-photo]', photo)
    await page.waitForSelector('#verdict')
    expect(await verdict()).toBe('ĐÚNG mã sạp này')
    const writes = asked.filter((request) => request.method() !== 'GET')
    expect(writes.map((request) => new URL(request.url()).pathname)).toEqual([`/s/${market.lan.code}/check`])
    expect(writes[0]!.postData()).toBe(new URLSearchParams({ payload: own() }).toString())
    const sent = asked.map((request) => (request.postDataBuffer()?.length ?? 0) + request.url().length)
    expect(Math.max(...sent)).toBeLessThan(photo.buffer.length / 2)
    expect(
      asked.every((request) => request.url().startsWith(market.url) || request.url().startsWith('data:')),
    ).toBe(true)
  })

  it('of a stranger is not the stall’s, and one tap reports it', async () => {
    await page.goto(address())
    await page.setInputFiles('[data-photo]', await photoOf(STRANGERS, 2400))
    await page.waitForSelector('#verdict')
    expect(await verdict()).toBe('KHÔNG PHẢI mã sạp này')
    await page.click('#verdict button')
    await page.waitForURL('**?reported')
    expect(await page.textContent('.notice-good')).toContain('Cảm ơn')
    const kept = await market.store.db.select().from(incident)
    expect(kept).toMatchObject([{ stallId: market.lan.id, payload: STRANGERS }])
  })

  it('with no code in it, or no picture at all, sends nothing and says what to do', async () => {
    await page.goto(address())
    const blank = await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 40 } })
    for (const buffer of [blank, Buffer.from('not a picture')]) {
      await page.setInputFiles('[data-photo]', { name: 'a.png', mimeType: 'image/png', buffer })
      await expect.poll(() => page.textContent('[data-field=photo]')).toContain('Không thấy mã nào')
      await page.evaluate(`document.querySelector('[data-field=photo]').textContent = ''`)
    }
    expect(asked.filter((request) => request.method() !== 'GET')).toEqual([])
  })

  it('is read by the phone’s own detector where it has one; nothing more is loaded', async () => {
    await page.addInitScript(`globalThis.BarcodeDetector = class {
      static getSupportedFormats() { return Promise.resolve(['qr_code']) }
      detect() { return Promise.resolve([{ rawValue: ${JSON.stringify(own())} }]) }
    }`)
    await page.goto(address())
    await page.setInputFiles('[data-photo]', await photoOf('anything'))
    await page.waitForSelector('#verdict')
    expect(await verdict()).toBe('ĐÚNG mã sạp này')
    expect(asked.filter((request) => /jsqr/i.test(request.url()))).toEqual([])
  })
})

describe('without script', () => {
  it('she is told how to compare by eye, and the pasted text is compared by the server', async () => {
    const bare = await browser.newContext({ javaScriptEnabled: false })
    page = await bare.newPage()
    await page.goto(address())
    expect(await page.textContent('#check')).toMatch(/tên phải là\s+NGUYEN THI THU/)
    expect(await page.isVisible('[data-photo]')).toBe(false)
    await page.click('#check summary')
    await page.fill('[name=payload]', own())
    await page.click('#check form button')
    expect(await verdict()).toBe('ĐÚNG mã sạp này')
    await page.goto(address())
    await page.fill('[name=amount]', '50.000')
    await page.click('.ask-amount button')
    expect(page.url()).toContain('?amount=50.000')
    expect(await page.textContent('.due')).toContain('50.000đ')
    await bare.close()
  })
})

it('first load is at most 15 KB on the wire, and the decoder is not in it', async () => {
  const session = await phone.newCDPSession(page)
  await session.send('Network.enable')
  const sizes: Record<string, number> = {}
  const urls = new Map<string, string>()
  session.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sizes[urls.get(requestId) ?? ''] = encodedDataLength
  })
  await page.goto(address(), { waitUntil: 'networkidle' })
  const sum = Object.values(sizes).reduce((bytes, size) => bytes + size, 0)
  console.log(`first load: ${sum} bytes on the wire`, sizes)
  expect(Object.keys(sizes).length).toBeGreaterThanOrEqual(3)
  expect(Object.keys(sizes).join()).not.toMatch(/jsqr/i)
  expect(sum).toBeLessThanOrEqual(15 * 1024)
})

it('nothing is cut at 320 pixels, and a wrong input has a red border', async () => {
  await page.setViewportSize({ width: 320, height: 700 })
  await page.goto(`${address()}?amount=nhieu`)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  const colour = await page.evaluate(`getComputedStyle(document.querySelector('[name=amount]')).borderColor`)
  expect(colour).toBe('rgb(138, 0, 0)')
})
