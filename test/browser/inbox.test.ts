import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { match, tenancy } from '../../server/storage/kit.sqlite.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import type { Identity } from '../../server/storage/session.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { knowEverything } from '../small-market.ts'

const ACCOUNT = 'CHUNG1'

let browser: Browser
let market: RunningMarket
const clock = { now: Date.parse('2026-11-22T09:00:00+07:00') }
let ids = 0

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket(clock)
  for (const name of ['C1', 'C2']) await market.addStall({ name, accountNumber: ACCOUNT })
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  for (let left = 3; left > 0; left -= 1) {
    ids += 1
    await market.pay({
      id: ids,
      accountNumber: ACCOUNT,
      content: `tien ${'abc'[left - 1]}`,
      amount: ids * 1_000,
    })
  }
})

async function enter(identity: Identity, javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled })
  const page = await context.newPage()
  await page.goto(`${market.url}/enter/${await invite(market.store, identity, 'test', clock.now)}`)
  await page.click('main form button')
  await page.waitForLoadState()
  return page
}
async function open(javaScriptEnabled: boolean): Promise<Page> {
  const page = await enter({ role: 'operator', marketId: 0, vendorId: null }, javaScriptEnabled)
  await page.goto(`${market.url}/operator/inbox/cho-thu`)
  return page
}
const decided = async () =>
  (await market.store.db.select().from(match).orderBy(match.seq)).map((row) => row.rule)
const amounts = (page: Page) => page.locator('.credit h3').allInnerTexts()

it('is decided by keyboard alone: a number, Enter, and the next one has the keys', async () => {
  const page = await open(true)
  expect(await page.locator('[data-keys]').isVisible()).toBe(true)
  const before = await amounts(page)
  const done = await decided()
  await page.keyboard.press('2')
  await Promise.all([page.waitForURL(/assigned=/), page.keyboard.press('Enter')])
  expect(await page.locator('.notice-good').innerText()).toContain('Đã ghi là của sạp C2')
  expect(await amounts(page)).toEqual(before.slice(1))
  // Onto the second, back to the first, and it is no sale.
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('credit')
  await page.keyboard.press('j')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('x')
  await Promise.all([page.waitForURL(/aside=family/), page.keyboard.press('Enter')])
  expect(await amounts(page)).toEqual(before.slice(2))
  expect(await decided()).toEqual([...done, 'assigned', 'not_a_sale'])
  // A digit in a text is a digit.
  const [details] = await page.locator('.credit details').all()
  await details!.locator('summary').click()
  await page.locator('input[name=reason]').first().pressSequentially('1x jk')
  expect(await page.locator('input[name=reason]').first().inputValue()).toBe('1x jk')
  expect(await page.locator('input[type=radio]:checked').count()).toBe(0)
  await page.context().close()
})

it('is decided in two taps, without any script', async () => {
  const page = await open(false)
  const before = await amounts(page)
  const done = await decided()
  await page.locator('.choice').first().click()
  await page.locator('.candidates button').first().click()
  await page.waitForURL(/assigned=/)
  await page.locator('[data-not-a-sale] summary').first().click()
  await page.locator('[data-not-a-sale] button').first().click()
  await page.waitForURL(/aside=/)
  expect(await amounts(page)).toEqual(before.slice(2))
  expect(await decided()).toEqual([...done, 'assigned', 'not_a_sale'])
  await page.context().close()
})

it('lets the vendor’s open page lose what was undone, and say so', async () => {
  const { lan, marketId, store } = market
  const { vendorId } = (await store.db.select().from(tenancy)).find((row) => row.stallId === lan.id)!
  const page = await enter({ role: 'vendor', marketId, vendorId })
  await knowEverything(store)
  await page.goto(`${market.url}/vendor/${lan.code}`)
  for (const amount of [50_000, 20_000]) {
    ids += 1
    await market.pay({ id: ids, accountNumber: lan.accountNumber, content: lan.reference, amount })
  }
  const lines = page.locator('[data-field=lines] > li')
  const total = page.locator('[data-field=total]')
  await expect.poll(() => total.innerText()).toBe('70.000đ')
  const hers = (await store.db.select().from(match)).find((row) => row.stallId === lan.id)!
  const undoing = { marketId, matchSeq: hers.seq, by: 'operator', reason: 'nhầm' }
  const news = await store.write((tx) => reverseMatch(tx, operatorScope(), undoing, clock.now))
  market.server.services.feed.publish(news)
  await expect.poll(() => total.innerText()).toBe('20.000đ')
  expect(await lines.count()).toBe(1)
  expect(await lines.first().innerText()).toContain('20.000đ')
  expect(await page.locator('[data-field=news]').textContent()).toContain('Đã gỡ khoản 50.000đ')
  await page.context().close()
})
