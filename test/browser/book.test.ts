import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { businessDay } from '../../shared/business-day.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { readBook } from '../../server/storage/book.ts'
import { cashSale, tenancy } from '../../server/storage/kit.sqlite.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { scopeOf, type TestStall, knowEverything } from '../small-market.ts'

let browser: Browser
let market: RunningMarket
let stall: TestStall
let phone: BrowserContext
let page: Page
let book: string
let ids = 0
const clock = { now: Date.now() }

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket(clock)
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  clock.now = Date.now()
  ids += 1
  stall = await market.addStall({ name: `K${ids}`, vendor: `Chủ K${ids}` })
  const { vendorId } = (await market.store.db.select().from(tenancy)).findLast(
    (row) => row.stallId === stall.id,
  )!
  const code = await invite(
    market.store,
    { role: 'vendor', marketId: stall.marketId, vendorId },
    'test',
    clock.now,
  )
  // What a page does by itself is looked at here; the worker has its own test.
  phone = await browser.newContext({ viewport: { width: 360, height: 740 }, serviceWorkers: 'block' })
  page = await phone.newPage()
  await page.goto(`${market.url}/enter/${code}`)
  await page.click('main form button')
  await page.waitForURL('**/vendor/*')
  await knowEverything(market.store)
  book = `${page.url()}/book`
  await page.goto(book)
})
afterEach(() => phone.close())

const note = async (amount: number) => {
  await page.click(`.banknotes label:has([value="${amount}"])`)
  await page.click('[data-cash] button')
}
const notes = async () =>
  (await market.store.db.select().from(cashSale)).filter((row) => row.stallId === stall.id)
const total = () => page.textContent('.total')
const waiting = () => page.locator('[data-field=pending] > li').count()
const figures = async () => (await readBook(market.store, scopeOf(stall), [businessDay(Date.now(), 0)]))[0]!

it('cash is in her book after two taps, and can be taken back', async () => {
  await note(50_000)
  await expect.poll(total).toBe('50.000đ')
  expect(await page.textContent('[data-field=said]')).toContain('Đã ghi 50.000đ tiền mặt')
  expect(await waiting()).toBe(0)
  await page.fill('[name=other]', '12.000')
  await page.click('[data-cash] button')
  await expect.poll(total).toBe('62.000đ')
  await page.click('[data-book=lists] summary >> nth=0')
  await page.click('[data-book] form[action$=undo] button >> nth=0')
  await expect.poll(total).toBe('50.000đ')
  expect(await figures()).toMatchObject({ cashVnd: 50_000, cashCount: 1 })
})

it('without network cash waits on the phone, outlives a reload, and is sent once when there is one', async () => {
  await phone.setOffline(true)
  await note(20_000)
  await note(10_000)
  await expect.poll(waiting).toBe(2)
  expect(await page.textContent('[data-field=said]')).toContain('Có mạng lại sẽ gửi')
  expect(await total()).toBe('0đ')
  expect(await notes()).toEqual([])
  await phone.setOffline(false)
  await page.reload()
  await expect.poll(total).toBe('30.000đ')
  await expect.poll(waiting).toBe(0)
  expect((await notes()).map((row) => row.amountVnd)).toEqual([20_000, 10_000])
})

it('a crash between sending and deleting counts nothing twice', async () => {
  let recorded: () => void
  const arrived = new Promise<void>((resolve) => (recorded = resolve))
  // The server has it, the phone never hears so.
  await page.route('**/cash', async (route) => {
    // A connection the server has just let go of is no crash: tried again.
    await route.fetch({ maxRetries: 3 })
    await route.abort()
    recorded()
  })
  await note(50_000)
  await arrived
  expect(await notes()).toHaveLength(1)
  expect(await waiting()).toBe(1)
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  // The page dies here; the next one finds the note and tells it again.
  await page.close()
  page = await phone.newPage()
  const again = page.waitForResponse((response) => response.url().endsWith('/cash'))
  await page.goto(book)
  expect((await again).status()).toBe(200)
  await expect.poll(waiting).toBe(0)
  expect(await notes()).toHaveLength(1)
  expect(await figures()).toMatchObject({ cashVnd: 50_000, cashCount: 1 })
})

it('two tabs sending at once count once', async () => {
  await phone.setOffline(true)
  await note(50_000)
  await expect.poll(waiting).toBe(1)
  await phone.setOffline(false)
  const tabs = await Promise.all([phone.newPage(), phone.newPage()])
  await Promise.all(tabs.map((tab) => tab.goto(book)))
  await expect.poll(waiting).toBe(0)
  expect(await notes()).toHaveLength(1)
})

it('the server’s refusal is shown, blocks nothing after it, and is hers to drop', async () => {
  await page.route('**/cash', (route) => route.fulfill({ status: 400, body: '{}' }), { times: 1 })
  await note(50_000)
  await note(20_000)
  await expect.poll(total).toBe('20.000đ')
  expect(await page.textContent('[data-field=pending]')).toContain('sổ không nhận khoản này')
  await page.click('[data-field=pending] button')
  expect(await waiting()).toBe(0)
})

it('a transfer and her word on it change the figures on the page; nothing is ever said of cash', async () => {
  const said: unknown[] = []
  await page.exposeFunction('noteAnnounced', (one: unknown) => void said.push(one))
  await page.evaluate(`document.addEventListener('announced', (event) => noteAnnounced(event.detail))`)
  await page.click('[data-speaker]')
  await page.waitForSelector('[data-speaker=on]')
  await note(20_000)
  await expect.poll(total).toBe('20.000đ')
  expect(said).toEqual([])
  const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  await market.pay({
    id: 1000 + ids,
    accountNumber: stall.accountNumber,
    content: stall.reference,
    amount: 30_000,
    time,
  })
  await expect.poll(total).toBe('50.000đ')
  await page.click('[data-book] .line-sale summary')
  await page.click('[data-book] button[value=family]')
  await expect.poll(total).toBe('20.000đ')
})

it('leaving waits until cash has reached the book', async () => {
  await page.route('**/cash', (route) => route.abort())
  await note(50_000)
  await expect.poll(waiting).toBe(1)
  await page.goto(book.replace('/book', '/settings'))
  await page.click('form[action="/leave"] button')
  await expect.poll(() => page.textContent('form[action="/leave"] [data-unsent]')).toContain('Còn 1 khoản')
  await page.unrouteAll()
  await page.click('form[action="/leave"] button')
  await page.waitForURL((url) => url.pathname === '/')
  expect(await notes()).toHaveLength(1)
})
