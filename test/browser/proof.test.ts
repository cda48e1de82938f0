import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode } from '@vietqr/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { announcement } from '../../shared/spoken-amount.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { accountProof, tenancy } from '../../server/storage/kit.sqlite.ts'
import { launchBrowser } from '../chromium.ts'
import { readQr } from '../qr-reader.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import type { TestStall } from '../small-market.ts'

const AMOUNT = 4_815

let browser: Browser
let market: RunningMarket
let stall: TestStall
let phone: BrowserContext
const clock = { now: 0 }
let nextId = 1

beforeAll(async () => {
  browser = await launchBrowser()
  clock.now = Date.now()
  market = await runSmallMarket(clock)
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  clock.now = Date.now()
  nextId += 1
  stall = await market.addStall({ name: `B${nextId}`, vendor: `Chủ ${nextId}` })
  phone = await newPhone()
})

const newPhone = () => browser.newContext({ viewport: { width: 360, height: 740 }, serviceWorkers: 'block' })

async function pair(context: BrowserContext): Promise<Page> {
  const rows = await market.store.db.select().from(tenancy)
  const { vendorId } = rows.findLast((row) => row.stallId === stall.id)!
  const identity = { role: 'vendor' as const, marketId: stall.marketId, vendorId }
  const page = await context.newPage()
  await page.goto(`${market.url}/enter/${await invite(market.store, identity, 'test', clock.now)}`)
  await page.click('main form button')
  await page.waitForURL('**/vendor/*')
  return page
}
const pay = async (content: string, amount: number) => {
  nextId += 1
  const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const { accountNumber } = stall
  expect((await market.pay({ id: nextId, accountNumber, content, amount, time })).status).toBe(200)
}

/** The clips that sound on this page, by where in the recording each begins: what is really handed to the phone. */
async function listen(page: Page): Promise<string[]> {
  const times = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../web/voice/clips.json'), 'utf8'),
  ) as Record<string, [number, number]>
  const heard: string[] = []
  await page.exposeFunction('noteClip', (from: number) => {
    const [name = '?'] =
      Object.entries(times).find(([, [start]]) => Math.abs(start / 1000 - from) < 1e-6) ?? []
    heard.push(name)
  })
  await page.addInitScript(`
    const { start } = AudioBufferSourceNode.prototype
    AudioBufferSourceNode.prototype.start = function (at, from, ...rest) {
      void noteClip(from)
      return start.call(this, at, from, ...rest)
    }`)
  return heard
}

it('a new vendor proves her account at the stall: code, a neighbour’s odd amount, her word, her loudspeaker', async () => {
  const page = await pair(phone)
  const heard = await listen(page)
  await page.click('text=Chứng minh tài khoản')
  await page.click('text=Lấy mã để chuyển thử')
  const payload = readQr(await page.screenshot({ fullPage: true }))
  const code = decode(payload!)
  const [proof] = await market.store.db.select().from(accountProof)
  expect(code).toMatchObject({ accountNumber: stall.accountNumber, purpose: proof!.reference })
  expect(code.amountVnd).toBeUndefined()

  await pay(code.purpose!, AMOUNT)
  // By itself: she holds a bank's app in her hand, and taps nothing here.
  await page.waitForSelector('[data-proof=asks]', { timeout: 10_000 })
  expect(await page.textContent('main')).not.toContain('4.815')
  await page.fill('input[name=amount]', '4816')
  await page.click('text=Xong')
  await page.waitForSelector('text=Chưa đúng, còn 2 lần')
  await page.fill('input[name=amount]', '4.815đ')
  await page.click('text=Xong')
  await page.waitForSelector('[data-proof=proven]')
  await page.click('[data-try]')
  await expect.poll(() => heard.slice(-announcement(AMOUNT).length)).toEqual(announcement(AMOUNT))

  await page.click('text=Về sổ hôm nay')
  expect((await page.textContent('[data-field=total]'))?.trim()).toBe('0đ')
  expect(await page.locator('[data-field=lines] > li').count()).toBe(0)
  expect(await page.textContent('main')).not.toContain('Chứng minh tài khoản')
})

it('a vendor without script, whose phones are lost, is shown her book again', async () => {
  const lost = await pair(phone)
  await pay(stall.reference, 70_000)
  await lost.click('[aria-label="Cài đặt"], a.settings')
  await lost.click('form[action="/leave"] button')
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
  })
  const page = await pair(context)
  const book = `${market.url}/vendor/${stall.code}/book`
  await page.goto(book)
  expect(await page.textContent('main')).not.toContain('70.000đ')
  await page.click('text=Chứng minh tài khoản')
  await page.click('text=Nhờ chuyển tiền thử')
  expect(await page.locator('.code').count()).toBe(0)
  const proof = (await market.store.db.select().from(accountProof)).at(-1)!
  await pay(proof.reference, proof.amountVnd!)
  await page.waitForSelector('input[name=amount]', { timeout: 15_000 })
  await page.fill('input[name=amount]', String(proof.amountVnd))
  await page.click('text=Xong')
  await page.waitForSelector('text=Đúng rồi. Tài khoản này là của mình.')
  await page.goto(book)
  expect(await page.textContent('main')).toContain('70.000đ')
})
