import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { payableCode } from '../../server/sources/payable-code.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { tenancy } from '../../server/storage/kit.sqlite.ts'
import { launchBrowser } from '../chromium.ts'
import { readQr } from '../qr-reader.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB, type TestStall, knowEverything } from '../small-market.ts'

let browser: Browser
let market: RunningMarket
let stall: TestStall
let phone: BrowserContext
let page: Page
let home: string
let ids = 0
const clock = { now: Date.now() }

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())
beforeEach(async () => {
  clock.now = Date.now()
  market = await runSmallMarket(clock)
  stall = market.lan
  phone = await browser.newContext({ viewport: { width: 360, height: 900 } })
  page = await phone.newPage()
  home = await enter(market.lan)
})
afterEach(async () => {
  await phone.close()
  await market.close()
})

const enter = async (whose: TestStall) => {
  const { vendorId } = (await market.store.db.select().from(tenancy)).findLast(
    (row) => row.stallId === whose.id,
  )!
  const identity = { role: 'vendor' as const, marketId: whose.marketId, vendorId }
  await page.goto(`${market.url}/enter/${await invite(market.store, identity, 'test', clock.now)}`)
  await page.click('main form button')
  await page.waitForURL('**/vendor/*')
  await knowEverything(market.store)
  await page.reload()
  return page.url()
}
const pay = async (amount: number) => {
  ids += 1
  const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const told = { id: ids, accountNumber: stall.accountNumber, content: stall.reference, amount, time }
  expect((await market.pay(told)).status).toBe(200)
}
/** Addresses of what is kept on the phone, the kept page's text by its address. */
const kept = () =>
  page.evaluate(async () => {
    const pages: Record<string, string> = {}
    for (const name of await caches.keys()) {
      if (!name.startsWith('pages-')) continue
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        pages[new URL(request.url).pathname] = await (await cache.match(request))!.text()
      }
    }
    return pages
  })
const until = async (path: string, words: string) => {
  await expect.poll(async () => (await kept())[path] ?? '').toContain(words)
}
const goOffline = async () => {
  await phone.setOffline(true)
  // Being offline does not end a stream that is open.
  market.server.dropConnections()
}

it('without network her last takings, list and code are there within a second, saying of when they are', async () => {
  await pay(50_000)
  const path = new URL(home).pathname
  await until(path, '50.000đ')
  await until(`${path}/code`, 'NGUYEN THI THU')
  // A payment while the page is open is kept too, without another visit.
  await pay(21_000)
  await until(path, '71.000đ')
  await goOffline()
  const begin = Date.now()
  await page.reload()
  expect((await page.textContent('[data-field=total]'))?.trim()).toBe('71.000đ')
  const elapsed = Date.now() - begin
  console.log(`offline reload: ${elapsed} ms`)
  expect(elapsed).toBeLessThan(1_000)
  expect(await page.locator('[data-field=lines] > li').count()).toBe(2)
  const said = /^Mất mạng — số liệu lúc \d\d:\d\d$/
  expect((await page.textContent('[data-field=link]'))?.trim()).toMatch(said)
  expect(await page.getAttribute('[data-link]', 'data-link')).toBe('down')
  await page.goto(`${home}/code`)
  const account = {
    bankBin: MB,
    accountNumber: stall.accountNumber,
    virtualAccount: null,
    holderType: 'individual' as const,
  }
  expect(readQr(await page.screenshot())).toBe(payableCode(account, stall.reference))
  await page.goto(home)
  await phone.setOffline(false)
  // And is live again by itself.
  await expect.poll(() => page.getAttribute('[data-link]', 'data-link'), { timeout: 15_000 }).toBe('up')
  await pay(1_000)
  await expect.poll(() => page.textContent('[data-field=total]')).toContain('72.000đ')
})

it('says of when the figures are, not of when they were opened', async () => {
  await pay(50_000)
  await until(new URL(home).pathname, '50.000đ')
  await goOffline()
  const since = Date.now() - 3 * 3_600_000
  await page.evaluate(async (at) => {
    for (const name of (await caches.keys()).filter((one) => one.startsWith('pages-'))) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        const answer = (await cache.match(request))!
        const headers = new Headers(answer.headers)
        headers.set('date', new Date(at).toUTCString())
        await cache.put(request, new Response(await answer.text(), { headers }))
      }
    }
  }, since)
  const clockOf = new Date(since + 7 * 3_600_000).toISOString().slice(11, 16)
  await page.reload()
  expect(await page.textContent('[data-field=link]')).toContain(`số liệu lúc ${clockOf}`)
  // Nor after the page's own script has found out for itself.
  await page.waitForTimeout(2_500)
  expect(await page.textContent('[data-field=link]')).toContain(`số liệu lúc ${clockOf}`)
})

it('a page that names payers is not shown after their day; her code still is', async () => {
  await pay(50_000)
  const path = new URL(home).pathname
  await until(path, '50.000đ')
  await until(`${path}/code`, 'NGUYEN THI THU')
  await goOffline()
  await page.evaluate(async () => {
    for (const name of (await caches.keys()).filter((one) => one.startsWith('pages-'))) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        const answer = (await cache.match(request))!
        const headers = new Headers(answer.headers)
        if (headers.has('x-keep-until')) headers.set('x-keep-until', String(Date.now() - 1))
        await cache.put(request, new Response(await answer.text(), { headers }))
      }
    }
  })
  await page.goto(home)
  expect(await page.textContent('h1')).toBe('Mất mạng')
  await page.click('text=Mã QR sạp')
  expect(await page.textContent('.holder')).toBe('NGUYEN THI THU')
})

it('leaving empties the phone: without network there is nothing of hers', async () => {
  await until(new URL(home).pathname, 'Chuyển khoản')
  await page.goto(`${home}/settings`)
  await page.click('form[action="/leave"] button')
  await page.waitForURL((url) => url.pathname === '/')
  await expect.poll(() => page.evaluate(() => caches.keys())).toEqual([])
  await goOffline()
  await expect(page.goto(home)).rejects.toThrow('ERR_INTERNET_DISCONNECTED')
})

it('another vendor on the same phone never sees a page of the one before', async () => {
  const path = new URL(home).pathname
  await until(path, 'Chuyển khoản')
  await until(`${path}/code`, 'NGUYEN THI THU')
  // Nobody tapped «Ra khỏi máy này»: the cookie is simply replaced.
  const other = await enter(market.hoa)
  await until(new URL(other).pathname, 'Chuyển khoản')
  expect(Object.keys(await kept()).filter((one) => one.startsWith(path))).toEqual([])
  await goOffline()
  await page.goto(home)
  expect(await page.textContent('h1')).toBe('Mất mạng')
  await page.goto(other)
  expect(await page.textContent('.stall-name')).toBe('Sạp A2')
})

it('a session ended elsewhere ends what was kept at the next answer', async () => {
  const path = new URL(home).pathname
  await until(`${path}/code`, 'NGUYEN THI THU')
  await phone.clearCookies()
  await page.goto(home)
  await expect.poll(async () => Object.keys(await kept())).toEqual([])
})

it('keeps neither the stream nor anything that is written', async () => {
  const path = new URL(home).pathname
  await page.goto(`${home}/book`)
  await page.click('.banknotes label >> nth=0')
  await page.click('[data-cash] button')
  await expect.poll(() => page.textContent('.total')).toBe('10.000đ')
  await until(`${path}/book`, '10.000đ')
  const addresses = await page.evaluate(async () => {
    const names = await caches.keys()
    const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
    return lists.flat().map((request) => new URL(request.url).pathname)
  })
  expect(addresses.filter((one) => /stream|cash$|enter|leave/.test(one))).toEqual([])
  expect(addresses.filter((one) => one.startsWith('/assets/')).length).toBeGreaterThan(5)
})

it('stand mode keeps the screen awake, and says so in words where the phone refuses', async () => {
  await page.goto(`${home}/stand`)
  await phone.grantPermissions(['screen-wake-lock'])
  await page.reload()
  await expect.poll(() => page.isHidden('[data-awake]')).toBe(true)
  const words = page.locator('text=Để màn hình này mở và cắm sạc thì loa mới đọc')
  expect(await words.isVisible()).toBe(true)
  await pay(50_000)
  await expect.poll(() => page.textContent('.lines li:first-child .amount')).toBe('50.000đ')
  await pay(1_234_000)
  await expect.poll(() => page.textContent('.lines li:first-child .amount')).toBe('1.234.000đ')
  const refusing = await phone.newPage()
  await refusing.addInitScript(`navigator.wakeLock.request = () => Promise.reject(new Error('low battery'))`)
  await refusing.goto(`${home}/stand`)
  await expect.poll(() => refusing.isVisible('[data-awake]')).toBe(true)
})
