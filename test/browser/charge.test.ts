import { decode, encode } from '@vietqr/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { sale as saleTable, tenancy } from '../../server/storage/kit.sqlite.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts, setMakesCodes } from '../../server/storage/source.ts'
import { isReference } from '../../shared/reference.ts'
import { launchBrowser } from '../chromium.ts'
import { readQr } from '../qr-reader.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB, type TestStall, knowEverything } from '../small-market.ts'

let browser: Browser
let market: RunningMarket
let stall: TestStall
let phone: BrowserContext
let page: Page
let heard: string[][]
const clock = { now: Date.now() }
let nextId = 50_000

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
  nextId += 100
  stall = await market.addStall({ name: `T${nextId}`, vendor: `Chủ ${nextId}` })
  phone = await browser.newContext({
    viewport: { width: 360, height: 740 },
    permissions: ['screen-wake-lock'],
  })
  page = await open(phone)
})
afterEach(() => phone.close())

/** Signs in on that phone, turns the voice on, and opens «Tính tiền» with a pool of references. */
async function open(context: BrowserContext): Promise<Page> {
  const rows = await market.store.db.select().from(tenancy)
  const { vendorId } = rows.findLast((row) => row.stallId === stall.id)!
  const identity = { role: 'vendor' as const, marketId: stall.marketId, vendorId }
  const code = await invite(market.store, identity, 'test', clock.now)
  const opened = await context.newPage()
  heard = []
  await opened.exposeFunction('noteAnnounced', (one: { words: string[] }) => void heard.push(one.words))
  await opened.addInitScript(`document.addEventListener('announced', (event) => noteAnnounced(event.detail))`)
  await opened.goto(`${market.url}/enter/${code}`)
  await opened.click('main form button')
  await opened.waitForURL('**/vendor/*')
  await knowEverything(market.store)
  await opened.goto(`${market.url}/vendor/${stall.code}/charge`)
  await opened.click('[data-speaker]')
  await opened.waitForSelector('[data-speaker=on]')
  await expect.poll(() => poolOf(opened)).toHaveLength(20)
  return opened
}
const kept = (one: Page) =>
  one.evaluate(
    (key) => JSON.parse(localStorage.getItem(key) ?? '{"pool":[],"sales":[]}') as Kept,
    `cho:sales:${stall.code}`,
  )
interface Kept {
  pool: string[]
  sales: { facts: { reference: string } }[]
}
const poolOf = async (one: Page) => (await kept(one)).pool
const type = async (keys: string) => {
  for (const key of keys) await page.click(`[data-key="${key}"]`)
}
/** After a reload keys are dead until their script has come. */
const keysLive = async () => {
  const make = '[data-charge-make]'
  await expect.poll(() => page.keyboard.press('9').then(() => page.isEnabled(make))).toBe(true)
  while (await page.isEnabled(make)) await page.keyboard.press('Backspace')
}
/** Keys, then «Tạo mã»; returns the reference on the screen. */
const charge = async (amount: number) => {
  await page.keyboard.type(String(amount))
  await page.click('[data-charge-make]')
  await page.waitForSelector('dialog[data-face=code][open] svg')
  return (await kept(page)).sales[0]!.facts.reference
}
const face = () => page.getAttribute('dialog[open]', 'data-face')
const pay = async (amount: number, content: string) => {
  nextId += 1
  clock.now = Date.now()
  const time = new Date(clock.now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const response = await market.pay({ id: nextId, accountNumber: stall.accountNumber, content, amount, time })
  expect(response.status).toBe(200)
}
const saleRow = async (reference: string) =>
  (await market.store.db.select().from(saleTable)).find((row) => row.reference === reference)
/** The picture on the screen, as a shopper's bank app reads it. */
const scan = async () => decode(readQr(await page.screenshot()) ?? 'no code on the screen')

it('three taps make a code that says her account, the amount and a reference of her own', async () => {
  await type('5')
  await page.click('[data-key="000"]')
  expect(await page.textContent('[data-charge-asked]')).toBe('5.000đ')
  expect(await page.textContent('[data-charge-words]')).toBe('năm ngàn đồng')
  await page.click('[data-charge-make]')
  await page.waitForSelector('dialog[data-face=code][open] svg')
  const code = await scan()
  expect(code).toMatchObject({
    initiation: 'dynamic',
    bankBin: MB,
    accountNumber: stall.accountNumber,
    amountVnd: 5_000,
  })
  expect(isReference(code.purpose ?? '')).toBe(true)
  const box = (await page.locator('[data-charge-code] svg').boundingBox())!
  expect(box.width).toBeGreaterThanOrEqual(240)
  const text = await page.innerText('dialog')
  expect(text.split('\n').filter(Boolean)).toEqual([
    '5.000đ',
    'NGUYEN THI THU',
    'MBBank',
    stall.accountNumber,
    'Huỷ',
  ])
})

it('Enter on a keyboard makes the code, and does not press «Huỷ» with the same stroke', async () => {
  await page.keyboard.type('50000')
  await page.keyboard.press('Enter')
  await page.waitForSelector('dialog[data-face=code][open] svg')
  await page.waitForTimeout(200)
  expect(await face()).toBe('code')
  expect(await scan()).toMatchObject({ amountVnd: 50_000 })
})

it('without network a code is there within a second; its word follows when the network is back', async () => {
  await phone.setOffline(true)
  await type('20')
  await page.click('[data-key="000"]')
  const began = Date.now()
  await page.click('[data-charge-make]')
  await page.waitForSelector('dialog[data-face=code][open] svg')
  const took = Date.now() - began
  console.log(`code without network: ${took} ms`)
  expect(took).toBeLessThan(1_000)
  const code = await scan()
  expect(code).toMatchObject({ amountVnd: 20_000 })
  expect(await saleRow(code.purpose!)).toMatchObject({ amountVnd: null })
  await phone.setOffline(false)
  await expect.poll(async () => (await saleRow(code.purpose!))?.amountVnd).toBe(20_000)
})

it('turns green only when the bank’s signed word came, and says «đủ»', async () => {
  const reference = await charge(50_000)
  const forged = await fetch(`${market.url}/notifications/${market.sourceId}`, {
    method: 'POST',
    body: JSON.stringify({ id: 1, transferAmount: 50_000, content: reference }),
  })
  expect(forged.status).toBe(401)
  await page.waitForTimeout(300)
  expect(await face()).toBe('code')
  const began = Date.now()
  await pay(50_000, `CK ${reference}`)
  await page.waitForSelector('dialog[data-face=good][open]')
  console.log(`notification → green: ${Date.now() - began} ms`)
  expect(Date.now() - began).toBeLessThan(1_000)
  expect(await page.innerText('dialog[open]')).toMatch(/50\.000đ\s+Đủ/i)
  await expect.poll(() => heard).toEqual([['da-nhan', 'nam', 'muoi', 'ngan', 'dong', 'du-hoi']])
})

it('200đ for 200.000đ is an alarm; the code for the rest brings it to «đủ»', async () => {
  const reference = await charge(200_000)
  await pay(200, reference)
  await page.waitForSelector('dialog[data-face=bad][open]')
  expect(await page.innerText('dialog[open]')).toMatch(/Khoan! Mới nhận\s+200đ\s+Còn thiếu 199\.800đ/i)
  await expect
    .poll(() => heard[0]?.slice(0, 6))
    .toEqual(['khoan', 'moi-co', 'hai', 'tram', 'dong', 'con-thieu'])
  await page.click('[data-charge-again]')
  await page.waitForSelector('dialog[data-face=code][open]')
  expect(await scan()).toMatchObject({ amountVnd: 199_800, purpose: reference })
  await pay(199_800, reference)
  await page.waitForSelector('dialog[data-face=good][open]')
  expect(await page.innerText('dialog[open]')).toMatch(/200\.000đ\s+Đủ/i)
  // After the alarm has been said to its end.
  await expect.poll(() => heard.at(-1)?.at(-1)).toBe('du-hoi')
})

it('too much is said, and is not green', async () => {
  const reference = await charge(50_000)
  await pay(60_000, reference)
  await page.waitForSelector('dialog[data-face=warn][open]')
  expect(await page.innerText('dialog[open]')).toMatch(/60\.000đ\s+Dư 10\.000đ/i)
  await expect.poll(() => heard.at(-1)?.slice(-4)).toEqual(['du', 'muoi-huyen', 'ngan', 'dong'])
})

it('money before the phone’s word is still «đủ»: the phone knows what it asked', async () => {
  await page.route('**/sales/issue', (route) => route.abort())
  const reference = await charge(30_000)
  await pay(30_000, reference)
  await page.waitForSelector('dialog[data-face=good][open]')
  expect(await saleRow(reference)).toMatchObject({ amountVnd: null })
  await expect.poll(() => heard.at(-1)?.at(-1)).toBe('du-hoi')
  await page.unroute('**/sales/issue')
  await expect.poll(async () => (await saleRow(reference))?.amountVnd).toBe(30_000)
  // Told again in silence.
  await page.waitForTimeout(300)
  expect(heard).toHaveLength(1)
})

it('two shoppers with the same amount: each code is its own, the first one’s money leaves the second’s code', async () => {
  const first = await charge(40_000)
  await page.keyboard.press('Escape')
  const second = await charge(40_000)
  expect(second).not.toBe(first)
  await pay(40_000, first)
  await expect.poll(() => heard).toHaveLength(1)
  expect(await face()).toBe('code')
  expect(await scan()).toMatchObject({ purpose: second })
  await page.keyboard.press('Escape')
  const lines = await page.locator('[data-charge-sales] li').allInnerTexts()
  expect(lines.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual(['40.000đ chờ tiền', '40.000đ đủ'])
  await page.click('[data-charge-sales] button')
  await pay(40_000, second)
  await page.waitForSelector('dialog[data-face=good][open]')
})

it('cancelled while the money is on its way: it is taken in, and said', async () => {
  const reference = await charge(70_000)
  await page.click('[data-charge-cancel]')
  await expect.poll(async () => (await saleRow(reference))?.cancelledAt).not.toBeNull()
  await pay(70_000, reference)
  await page.waitForSelector('dialog[data-face=warn][open]')
  expect(await page.innerText('dialog[open]')).toMatch(/70\.000đ\s+Mã này đã huỷ/i)
  await expect.poll(() => heard.at(-1)?.at(-1)).toBe('da-huy')
})

it('keeps its state through a reload, and money that came meanwhile is there', async () => {
  const reference = await charge(80_000)
  await page.reload()
  await page.waitForSelector('dialog[data-face=code][open] svg')
  expect(await scan()).toMatchObject({ amountVnd: 80_000, purpose: reference })
  const address = page.url()
  await page.goto('about:blank')
  await pay(80_000, reference)
  await page.goto(address)
  await page.waitForSelector('dialog[data-face=good][open]')
})

it('shows money that the stream tells before the keypad’s own script has come', async () => {
  const slow = await browser.newContext({ serviceWorkers: 'block' })
  await page.close()
  page = await open(slow)
  // Once this phone has spoken, a page opened later asks the stream for everything since.
  await pay(10_000, await charge(10_000))
  await expect.poll(() => heard).toHaveLength(1)
  await page.click('[data-charge-done]')
  const reference = await charge(80_000)
  const address = page.url()
  await page.goto('about:blank')
  await pay(80_000, reference)
  await page.route('**/assets/charge-*.js', async (route) => {
    await new Promise((later) => setTimeout(later, 700))
    await route.continue()
  })
  await page.goto(address)
  await page.waitForSelector('dialog[data-face=good][open]')
  await slow.close()
})

it('money that comes while the code is being drawn is not covered by the code', async () => {
  const slow = await browser.newContext({ serviceWorkers: 'block' })
  await page.close()
  page = await open(slow)
  const reference = await charge(80_000)
  const { promise: paid, resolve: letDraw } = Promise.withResolvers<void>()
  await page.route('**/assets/charge-code-*.js', (route) => paid.then(() => route.continue()))
  await page.reload({ waitUntil: 'commit' })
  await page.waitForSelector('[data-charge-sales] li')
  await pay(80_000, reference)
  await page.waitForSelector('dialog[data-face=good][open]')
  const drawing = page.waitForResponse('**/assets/charge-code-*.js')
  letDraw()
  await (await drawing).finished()
  await page.waitForTimeout(200)
  expect(await face()).toBe('good')
  await slow.close()
})

it('keeps the screen awake while the code shows, and asks again when she comes back', async () => {
  await page.evaluate(() => {
    const asked: string[] = []
    const request = navigator.wakeLock.request.bind(navigator.wakeLock)
    navigator.wakeLock.request = async (kind) => {
      const lock = await request(kind)
      asked.push('held')
      lock.addEventListener('release', () => asked.push('released'))
      return lock
    }
    Object.assign(window, { wakeLocks: asked })
  })
  const locks = () => page.evaluate(() => (window as unknown as { wakeLocks: string[] }).wakeLocks)
  await charge(10_000)
  await expect.poll(locks).toEqual(['held'])
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await expect.poll(locks).toEqual(['held', 'released', 'held'])
  await page.click('[data-charge-cancel]')
  await expect.poll(locks).toEqual(['held', 'released', 'held', 'released'])
})

it('the keypad knows its limits and the keyboard', async () => {
  const asked = () => page.textContent('[data-charge-asked]')
  await type('0')
  expect(await asked()).toBe('0đ')
  expect(await page.isDisabled('[data-charge-make]')).toBe(true)
  await page.keyboard.type('499999999')
  expect(await asked()).toBe('499.999.999đ')
  await type('0')
  expect(await asked()).toBe('499.999.999đ')
  expect(await page.textContent('[data-charge-words]')).toBe('Nhiều nhất là 499.999.999đ')
  const box = (await page.locator('[data-charge-asked]').boundingBox())!
  expect(box.x + box.width).toBeLessThanOrEqual(360)
  await page.keyboard.press('Backspace')
  expect(await asked()).toBe('49.999.999đ')
  await page.keyboard.press('Escape')
  expect(await asked()).toBe('0đ')
  await page.keyboard.type('7000')
  await page.locator('[data-key=back]').click({ delay: 600 })
  expect(await asked()).toBe('0đ')
})

it('offers the amounts she uses most; no reference is ever used twice, on two phones or after a reload', async () => {
  const used = new Set<string>()
  for (const amount of [15_000, 15_000, 25_000]) {
    used.add(await charge(amount))
    await page.click('[data-charge-cancel]')
  }
  await expect.poll(async () => (await saleRow([...used][2]!))?.amountVnd).toBe(25_000)
  await page.reload()
  expect(await page.locator('[data-amount]').allInnerTexts()).toEqual(['15.000đ', '25.000đ'])
  await page.click('[data-amount="15000"]')
  await page.click('[data-charge-make]')
  await page.waitForSelector('dialog[data-face=code][open] svg')
  used.add((await kept(page)).sales[0]!.facts.reference)
  expect(used.size).toBe(4)
  const pool = await poolOf(page)
  expect(pool.filter((reference) => used.has(reference))).toEqual([])
  const helper = await browser.newContext()
  const second = await open(helper)
  const both = [...pool, ...used, ...(await poolOf(second))]
  expect(new Set(both).size).toBe(both.length)
  await helper.close()
})

it('shows the code that her source makes, and her own where none comes; what was shown stays', async () => {
  const { seal } = market.server.services
  const access = { clientId: 'client', apiKey: 'key' }
  const wanted = {
    kind: 'payos',
    mode: 'checksum',
    label: 'payOS',
    access,
    secret: 'a-checksum-key-of-a-test',
  }
  const account = { bankBin: MB, accountNumber: stall.accountNumber }
  const { id } = await addInstance(market.store, seal, operatorScope(), wanted, clock.now)
  await market.store.changeRegistry(function* (tx) {
    yield* bindAccounts(tx, operatorScope(), id, [account], clock.now)
    yield* setMakesCodes(tx, operatorScope(), id, true)
  })
  let asked = 0
  let comes = true
  let answerLate = async () => {}
  await page.route('**/sales/code', async (route) => {
    asked += 1
    const fields = new URLSearchParams(route.request().postData() ?? '')
    const amountVnd = Number(fields.get('amount'))
    const payload = encode({ ...account, amountVnd, purpose: `CS7AB12 ${fields.get('reference')}` })
    const answer = () => route.fulfill({ json: { dueVnd: amountVnd, payload } })
    if (comes) await answer()
    else answerLate = answer
  })
  await page.reload()
  await keysLive()
  const first = await charge(60_000)
  expect(await scan()).toMatchObject({ ...account, amountVnd: 60_000, purpose: `CS7AB12 ${first}` })
  comes = false
  await page.reload()
  await page.waitForSelector('dialog[data-face=code][open] svg')
  expect(await scan()).toMatchObject({ purpose: `CS7AB12 ${first}` })
  expect(asked).toBe(1)
  await page.keyboard.press('Escape')

  // Money that is faster than the code is not covered by it.
  await page.keyboard.type('70000')
  await page.click('[data-charge-make]')
  await page.waitForSelector('dialog[data-face=code][open]')
  expect(await page.innerText('dialog[open] [data-charge-code]')).toBe('Đang tạo mã…')
  const paid = (await kept(page)).sales[0]!.facts.reference
  await pay(70_000, paid)
  await page.waitForSelector('dialog[data-face=good][open]')
  await answerLate()
  await page.waitForTimeout(100)
  expect(await face()).toBe('good')
  await page.click('[data-charge-done]')

  // Nobody answers.
  const began = Date.now()
  const own = await charge(80_000)
  expect(Date.now() - began).toBeLessThan(3_000)
  expect(await scan()).toMatchObject({ ...account, amountVnd: 80_000, purpose: own })
  comes = true
  await page.reload()
  await page.waitForSelector('dialog[data-face=code][open] svg')
  expect(await scan()).toMatchObject({ purpose: own })
  expect(asked).toBe(3)
})

it('with no reference left it says so and makes no code; the pool is filled when the network is back', async () => {
  await phone.setOffline(true)
  const key = `cho:sales:${stall.code}`
  await page.evaluate((name) => localStorage.setItem(name, '{"pool":[],"sales":[]}'), key)
  await page.keyboard.type('5000')
  await page.click('[data-charge-make]')
  await expect.poll(() => page.textContent('[data-charge-words]')).toContain('Hết mã dự trữ')
  expect(await page.textContent('[data-charge-asked]')).toBe('5.000đ')
  await phone.setOffline(false)
  await expect.poll(() => poolOf(page)).toHaveLength(20)
})

it('two quick taps make one code', async () => {
  await page.keyboard.type('5000')
  await page.evaluate(() => {
    const make = document.querySelector<HTMLButtonElement>('[data-charge-make]')!
    make.click()
    make.click()
  })
  await page.waitForSelector('dialog[data-face=code][open] svg')
  expect((await kept(page)).sales).toHaveLength(1)
})
