import { decode } from '@vietqr/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { payableCode } from '../../server/sources/payable-code.ts'
import { launchBrowser } from '../chromium.ts'
import { readQr } from '../qr-reader.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB, type TestStall, knowEverything } from '../small-market.ts'

let browser: Browser
let market: RunningMarket
let stall: TestStall
let phone: BrowserContext
const clock = { now: Date.parse('2026-11-22T09:00:00+07:00') }
let nextId = 1

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket(clock)
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  // The page compares the server's clock with its own to tell old news from new.
  clock.now = Date.now()
  nextId += 100
  stall = await market.addStall({ name: `B${nextId}`, vendor: `Chủ ${nextId}` })
  // Without her service worker: what is measured here is the first visit, before there is one.
  phone = await browser.newContext({ viewport: { width: 360, height: 740 }, serviceWorkers: 'block' })
})

const vendorOf = async (one: TestStall) => {
  const { tenancy } = await import('../../server/storage/kit.sqlite.ts')
  const rows = await market.store.db.select().from(tenancy)
  return rows.findLast((row) => row.stallId === one.id)!.vendorId
}
const signIn = async (): Promise<Page> => {
  const identity = { role: 'vendor' as const, marketId: stall.marketId, vendorId: await vendorOf(stall) }
  const code = await invite(market.store, identity, 'test', clock.now)
  const page = await phone.newPage()
  await listen(page)
  await page.goto(`${market.url}/enter/${code}`)
  await page.click('main form button')
  await page.waitForURL('**/vendor/*')
  await knowEverything(market.store)
  await page.reload()
  return page
}
/** Notes what the page announces, across reloads, in this test's own memory. */
interface Announced {
  seq: number
  words: string[]
  scheduledAt: number
}
const heard = new WeakMap<Page, Announced[]>()
const listen = async (page: Page) => {
  const list: Announced[] = []
  heard.set(page, list)
  await page.exposeFunction('noteAnnounced', (one: Announced) => void list.push(one))
  await page.addInitScript(`document.addEventListener('announced', (event) => noteAnnounced(event.detail))`)
}
const turnOn = async (page: Page) => {
  await page.click('[data-speaker]')
  await page.waitForSelector('[data-speaker=on]')
}
const pay = async (amount: number, content = stall.reference) => {
  nextId += 1
  // Vietnam's wall clock, as SePay tells it.
  const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const response = await market.pay({ id: nextId, accountNumber: stall.accountNumber, content, amount, time })
  expect(response.status).toBe(200)
}
const until = async (page: Page, count: number) => {
  await expect.poll(() => heard.get(page)!.length).toBeGreaterThanOrEqual(count)
  return heard.get(page)!
}
const total = (page: Page) => page.textContent('[data-field=total]').then((text) => text?.trim())

it('a signed notification is said aloud within a second, and her takings have grown', async () => {
  const page = await signIn()
  expect(await page.textContent('[data-field=speaker]')).toMatch(/^Loa (bật|đang tắt — chạm để bật)$/)
  await turnOn(page)
  const before = Date.now()
  await pay(50_000)
  const [first] = await until(page, 1)
  expect(first!.words).toEqual(['da-nhan', 'nam', 'muoi', 'ngan', 'dong'])
  expect(first!.scheduledAt - before).toBeLessThan(1_000)
  await expect.poll(() => total(page)).toBe('50.000đ')
  expect(await page.textContent('[data-field=lines]')).toContain('50.000đ')
})

it('is announced exactly once across a reload and two tabs', async () => {
  const page = await signIn()
  await turnOn(page)
  const second = await phone.newPage()
  await listen(second)
  await second.goto(page.url())
  await pay(21_000)
  await until(page, 1)
  await page.reload()
  await turnOn(page)
  await pay(15_000)
  await expect.poll(() => total(page)).toBe('36.000đ')
  await expect.poll(() => total(second)).toBe('36.000đ')
  await expect.poll(() => [...heard.get(page)!, ...heard.get(second)!].length).toBe(2)
  const seqs = [...heard.get(page)!, ...heard.get(second)!].map((one) => one.seq)
  expect(new Set(seqs).size).toBe(2)
})

it('misses nothing while the connection was down', async () => {
  const page = await signIn()
  await turnOn(page)
  await pay(1_000)
  await until(page, 1)
  market.server.dropConnections()
  await pay(2_000)
  await pay(3_000)
  await expect.poll(() => total(page)).toBe('6.000đ')
  expect(await page.locator('[data-field=lines] > li').count()).toBe(3)
})

it('money without her reference is a chime and a question, outside takings until she taps', async () => {
  const page = await signIn()
  await turnOn(page)
  await pay(10_000)
  await pay(5_000_000, 'luong thang 11')
  const list = await until(page, 2)
  expect(list[1]!.words).not.toContain('trieu')
  await expect.poll(() => page.textContent('[data-field=unclear]')).toContain('1 khoản chưa rõ')
  expect(await total(page)).toBe('10.000đ')
  await page.click('li.line-unclear button[value=sale]')
  await expect.poll(() => total(page)).toBe('5.010.000đ')
})

it('a hostile memo runs nothing and is shown as text', async () => {
  const page = await signIn()
  const alarms: string[] = []
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => alarms.push(dialog.message())))
  page.on('console', (message) => message.type() === 'error' && alarms.push(message.text()))
  await pay(1_000, `<script>alert(1)</script><img src=x onerror=alert(2)> ${stall.reference}`)
  await page.waitForSelector('[data-field=lines] > li')
  await page.reload()
  expect(await page.textContent('[data-field=lines]')).toContain('<script>alert(1)</script>')
  expect(alarms).toEqual([])
})

it('the list stands before any script runs', async () => {
  const page = await signIn()
  await pay(12_000)
  const bare = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await phone.storageState(),
  })
  const still = await bare.newPage()
  await still.goto(page.url())
  expect(await still.textContent('[data-field=lines]')).toContain('12.000đ')
  expect(await total(still)).toBe('12.000đ')
  await bare.close()
})

it('the stall page works without script, and the code on its picture is the one @vietqr/core encodes', async () => {
  const bare = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 900 } })
  const page = await bare.newPage()
  await page.goto(`${market.url}/s/${stall.code}`)
  const text = await page.textContent('main')
  for (const word of ['Chợ Thử', stall.name, 'NGUYEN THI THU', 'MBBank', stall.accountNumber]) {
    expect(text).toContain(word)
  }
  const account = {
    bankBin: MB,
    accountNumber: stall.accountNumber,
    virtualAccount: null,
    holderType: 'individual' as const,
  }
  const payload = payableCode(account, stall.reference)
  expect(readQr(await page.screenshot({ fullPage: true }))).toBe(payload)
  expect(decode(payload)).toMatchObject({ accountNumber: stall.accountNumber, purpose: stall.reference })
  await bare.close()
})

it('first load of the vendor’s page is at most 30 KB gzip without the voice', async () => {
  const page = await signIn()
  const sizes: Record<string, number> = {}
  const session = await phone.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const urls = new Map<string, string>()
  session.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    // What the page before still had under way has no address here.
    const url = urls.get(requestId)
    if (url) sizes[url] = encodedDataLength
  })
  await page.reload({ waitUntil: 'load' })
  await page.waitForTimeout(300)
  const counted = Object.entries(sizes).filter(([url]) => !/clips/.test(url))
  const sum = counted.reduce((bytes, [, size]) => bytes + size, 0)
  console.log(`first load: ${sum} bytes on the wire`, sizes)
  expect(counted.length).toBeGreaterThanOrEqual(3)
  expect(sum).toBeLessThanOrEqual(30 * 1024)
})
