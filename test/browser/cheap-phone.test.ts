import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { tenancy } from '../../server/storage/kit.sqlite.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { knowEverything, type TestStall } from '../small-market.ts'

/** Chromium's own throttling; the figures are of this machine slowed down, not of a phone. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }
const CHEAP_CPU = { rate: 6 }
const LINES = 40

let browser: Browser
let market: RunningMarket
let stall: TestStall
const clock = { now: Date.now() }

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket(clock)
  stall = await market.addStall({ name: 'Lô chậm', vendor: 'Chị Chậm' })
  for (let id = 1; id <= LINES; id += 1) {
    const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    const content = `${stall.reference} mua hang ${id}`
    await market.pay({ id, accountNumber: stall.accountNumber, content, amount: id * 1_000, time })
  }
})
afterAll(async () => {
  await browser.close()
  await market.close()
})

interface Seen {
  listMs: number
  paintMs: number
  shift: number
  slowestTapMs: number
}

/** What a page says of itself: when its list was there, its largest paint, how far it jumped, its slowest answer. */
const watch = `
  window.seen = { listMs: 0, paintMs: 0, shift: 0, slowestTapMs: 0 }
  const each = (type, note, more) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...more })
  each('largest-contentful-paint', (one) => { seen.paintMs = one.startTime })
  each('layout-shift', (one) => { if (!one.hadRecentInput) seen.shift += one.value })
  each('event', (one) => {
    if (one.interactionId) seen.slowestTapMs = Math.max(seen.slowestTapMs, one.duration)
  }, { durationThreshold: 16 })
  const look = () => {
    const line = document.querySelector('[data-field=lines] li')
    if (line && line.getBoundingClientRect().height > 0)
      requestAnimationFrame(() => { seen.listMs = performance.now() })
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)`
const seenBy = (page: Page) => page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)

/** A phone that was signed in before and opens its page with nothing kept, on slow 3G and a slow processor. */
async function slowPhone(): Promise<Page> {
  const rows = await market.store.db.select().from(tenancy)
  const { vendorId } = rows.findLast((row) => row.stallId === stall.id)!
  const code = await invite(
    market.store,
    { role: 'vendor', marketId: stall.marketId, vendorId },
    'test',
    clock.now,
  )
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.goto(`${market.url}/enter/${code}`)
  await page.click('main form button')
  await page.waitForURL('**/vendor/*')
  await knowEverything(market.store)
  await page.addInitScript(watch)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.clearBrowserCache')
  await session.send('Network.emulateNetworkConditions', SLOW_3G)
  await session.send('Emulation.setCPUThrottlingRate', CHEAP_CPU)
  return page
}

it('on slow 3G and a six times slower processor her list is there within two seconds, and nothing jumps', async () => {
  const page = await slowPhone()
  await page.goto(`${market.url}/vendor/${stall.code}`)
  expect(await page.locator('[data-field=lines] li').count()).toBe(LINES)
  await expect.poll(async () => (await seenBy(page)).listMs).toBeGreaterThan(0)
  // What comes late must not push the list about either.
  await page.waitForTimeout(1_000)
  const { listMs, paintMs, shift } = await seenBy(page)
  console.log(
    `slow 3G, 6× CPU: list ${Math.round(listMs)} ms, largest paint ${Math.round(paintMs)} ms, shift ${shift}`,
  )
  expect(listMs).toBeGreaterThan(400)
  expect(listMs).toBeLessThan(2_000)
  expect(paintMs).toBeLessThan(2_500)
  expect(shift).toBeLessThan(0.1)
  await page.context().close()
})

it('on a six times slower processor every key of «Tính tiền» answers within 200 ms', async () => {
  const page = await slowPhone()
  const asked = () => page.textContent('[data-charge-asked]')
  await page.goto(`${market.url}/vendor/${stall.code}/charge`)
  // Until its script has come over the slow network no key answers at all.
  await expect.poll(async () => page.click('[data-key="1"]').then(asked)).not.toBe('0đ')
  await page.keyboard.press('Escape')
  for (const key of ['1', '2', '3', '000', 'back', 'back', '5']) await page.click(`[data-key="${key}"]`)
  expect(await asked()).toBe('12.305đ')
  await expect.poll(async () => (await seenBy(page)).slowestTapMs).toBeGreaterThan(0)
  const { slowestTapMs } = await seenBy(page)
  console.log(`6× CPU: slowest key ${slowestTapMs} ms`)
  expect(slowestTapMs).toBeLessThan(200)
  await page.context().close()
})
