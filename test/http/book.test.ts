import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Market } from '../../server/storage/market.ts'
import { readBook } from '../../server/storage/book.ts'
import { cashSale, market as marketTable } from '../../server/storage/kit.sqlite.ts'
import { stallScope } from '../../server/storage/scope.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { run } from '../../server/storage/unit.ts'
import { openTestServer, TODAY, type TestServer } from './test-server.ts'

let server: TestServer
let market: Market
let lan: StallEntry
let cookie: string
let sourceId: string
let path: string

const DAY = 86_400_000
async function open(dayStartsAtMinutes = 0, marketDays = 'daily') {
  server = openTestServer()
  // She agreed two weeks ago: what was paid before her consent counts nowhere.
  server.clock.now -= 14 * DAY
  market = await server.addMarket('Chợ Thử', dayStartsAtMinutes)
  await server.services.store.changeRegistry((tx) => run(tx.update(marketTable).set({ marketDays })))
  lan = await server.addStall(market, 'A1')
  sourceId = await server.addSource([lan])
  server.clock.now += 14 * DAY
  cookie = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: lan.vendor!.id })
  path = `/vendor/${lan.stall.code}`
}
beforeEach(() => open())
afterEach(() => server.close())

const pay = (amount: number, time: string, content = lan.stall.reference) =>
  server.pay(sourceId, { accountNumber: lan.accounts[0]!.accountNumber, amount, content, time })
const page = async (query = '') => {
  const response = await server.get(`${path}/book${query}`, cookie)
  return { response, text: (await response.text()).replace(/\s+/g, ' ') }
}
const cash = (fields: Record<string, string>, accept = 'application/json', who = cookie) =>
  server.request(`${path}/cash`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { accept, cookie: who, origin: server.publicUrl },
  })
const KEY = '3f0e9c1a-0000-4000-8000-000000000001'
const dayOf = async (day: string) =>
  (await readBook(server.services.store, stallScope(market.id, lan.stall.id), [day]))[0]!
const total = (text: string) => /class="total"[^>]*>([^<]*)</.exec(text)?.[1]

describe('her book', () => {
  it('adds a day up: transfers and cash, against her usual market day', async () => {
    for (const [day, amount] of [
      ['18', 100_000],
      ['19', 300_000],
      ['20', 200_000],
    ] as const) {
      await pay(amount, `2026-11-${day} 09:00:00`)
    }
    await pay(150_000, `${TODAY} 08:00:00`)
    await cash({ key: KEY, amount: '70000' })
    const { text } = await page()
    expect(total(text)).toBe('220.000đ')
    expect(text).toContain('1 lần chuyển khoản · 1 lần tiền mặt')
    expect(text).toContain('Ngày chợ thường bán 200.000đ, hôm nay hơn 20.000đ.')
    const week = (await page('?period=week')).text
    expect(total(week)).toBe('820.000đ')
    expect(week).toMatch(/<svg[^>]*role="img"[^>]*aria-labelledby="bars-title bars-desc"/)
    expect(week.match(/<rect/g)).toHaveLength(7)
    expect(week).toContain(`href="${path}/book?day=2026-11-20"`)
    expect(total((await page('?period=month')).text)).toBe('820.000đ')
    expect(total((await page('?period=yesterday')).text)).toBe('0đ')
    expect(total((await page('?day=2026-11-20')).text)).toBe('200.000đ')
  })

  it('a night market’s day is one day on both sides of midnight', async () => {
    await server.close()
    await open(15 * 60)
    server.clock.now = Date.parse('2026-11-22T02:30:00+07:00')
    await pay(40_000, '2026-11-21 20:00:00')
    await pay(60_000, '2026-11-22 02:00:00')
    await cash({ key: KEY, amount: '5000', at: String(server.clock.now) })
    const { text } = await page()
    expect(text).toContain('Tiền bán hôm nay 21/11')
    expect(total(text)).toBe('105.000đ')
    server.clock.now += 13 * 3_600_000
    expect(total((await page()).text)).toBe('0đ')
    expect(total((await page('?period=yesterday')).text)).toBe('105.000đ')
  })

  it('a weekday market is measured against its market days only', async () => {
    await server.close()
    await open(0, '1,4')
    await pay(100_000, '2026-11-19 09:00:00')
    await pay(900_000, '2026-11-18 09:00:00')
    const { text } = await page()
    expect(text).toContain('Ngày chợ thường bán 100.000đ. Ngày này chợ không họp.')
    expect((await page('?period=week')).text.match(/không họp chợ/g)).toHaveLength(5)
  })

  it('shows the payer in full today and masked from tomorrow on', async () => {
    await pay(50_000, `${TODAY} 08:00:00`, `NGUYEN THI LAN ck ${lan.stall.reference}`)
    expect((await page()).text).toContain('NGUYEN THI LAN')
    server.clock.now += DAY
    const { text } = await page(`?day=${TODAY}`)
    expect(text).not.toContain('NGUYEN')
    expect(text).toContain('•••')
    expect(text).toContain('50.000đ')
  })

  it.each(['?period=year', '?day=2026-11-23', '?day=2026-02-30', '?day=x', "?day=2026-11-22'"])(
    'refuses %s',
    async (query) => expect((await page(query)).response.status).toBe(400),
  )
})

it.each([
  '',
  '/book',
  '/book?period=week',
  '/book?period=month',
  '/book?day=2026-11-20',
  '/stand',
  '/settings',
])(
  'page %s holds nothing inline that the policy would refuse, and no word of the machine’s',
  async (tail) => {
    await pay(50_000, `${TODAY} 08:00:00`)
    await cash({ key: KEY, amount: '70000' })
    const text = await (await server.get(path + tail, cookie)).text()
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/)
    expect(text).not.toMatch(/undefined|\[object|NaN|>\s*false/)
    expect(text).toMatch(/href="[^"]*\/settings"[\s\S]*<span class="visually-hidden">Cài đặt/)
    for (const room of ['charge', 'code', 'book']) expect(text).toContain(`href="${path}/${room}"`)
  },
)

describe('cash over HTTP', () => {
  it('is one note when it is sent again, and a conflict under the same key with another amount', async () => {
    expect((await cash({ key: KEY, amount: '50000' })).status).toBe(200)
    expect((await cash({ key: KEY, amount: '50000' })).status).toBe(200)
    expect((await cash({ key: KEY, amount: '60000' })).status).toBe(409)
    expect(await dayOf(TODAY)).toMatchObject({ cashVnd: 50_000, cashCount: 1 })
  })

  it('counts on the day she took it when it was sent late; a clock that cannot be right is not believed', async () => {
    await cash({ key: `${KEY}-a`, amount: '10000', at: String(server.clock.now - DAY) })
    await cash({ key: `${KEY}-b`, amount: '20000', at: String(server.clock.now + DAY) })
    await cash({ key: `${KEY}-c`, amount: '30000', at: '0' })
    expect(await dayOf('2026-11-21')).toMatchObject({ cashVnd: 10_000 })
    expect(await dayOf(TODAY)).toMatchObject({ cashVnd: 50_000 })
  })

  it('works as a plain form, with the typed amount before the chosen one', async () => {
    const response = await cash({ key: KEY, amount: '10000', other: '45.000' }, 'text/html')
    expect([response.status, response.headers.get('location')]).toEqual([303, `${path}/book`])
    const { text } = await page()
    expect(text).toContain('45.000đ')
    expect(text).toMatch(/name="key" value="[\w-]{36}"/)
  })

  it.each([
    { key: 'short', amount: '1000' },
    { key: `undo:${KEY}`, amount: '1000' },
    { key: KEY, amount: '-1000' },
    { key: KEY, amount: '0' },
    { key: KEY, amount: '1.5' },
    { key: KEY, amount: '500000000' },
    { key: KEY },
    { amount: '1000' },
  ])('refuses %o', async (fields) => {
    expect((await cash(fields as Record<string, string>)).status).toBe(400)
    expect(await server.services.store.db.select().from(cashSale)).toEqual([])
  })

  it('is taken back from the list, once', async () => {
    await cash({ key: KEY, amount: '50000' })
    for (let times = 0; times < 2; times += 1) {
      expect((await server.post(`${path}/cash/undo`, { key: KEY }, cookie)).status).toBe(303)
    }
    expect(await dayOf(TODAY)).toMatchObject({ cashVnd: 0, cashCount: 0 })
    expect((await page()).text).toContain('đã bỏ')
  })
})

describe('the app on her phone', () => {
  it('has a manifest of her stall that a browser takes', async () => {
    const response = await server.get(`${path}/app.webmanifest`, cookie)
    expect(response.headers.get('content-type')).toBe('application/manifest+json')
    const manifest = (await response.json()) as Record<string, unknown> & { icons: Record<string, string>[] }
    expect(manifest).toMatchObject({
      name: 'Sạp A1 · Chợ Thử',
      lang: 'vi',
      start_url: path,
      scope: '/vendor/',
      display: 'standalone',
    })
    expect(manifest.icons.map((icon) => `${icon['sizes']} ${icon['purpose']}`)).toEqual(
      expect.arrayContaining(['192x192 any', '512x512 any', '512x512 maskable']),
    )
    for (const icon of manifest.icons) {
      const picture = await server.get(icon['src']!)
      expect([picture.status, picture.headers.get('content-type')]).toEqual([200, icon['type']])
    }
    const html = await (await server.get(path, cookie)).text()
    expect(html).toContain(
      `<link rel="manifest" href="${path}/app.webmanifest" crossorigin="use-credentials"`,
    )
  })

  it('has a worker that is asked for anew, and a policy that lets it and the manifest in', async () => {
    const response = await server.get('/service-worker.js')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    const script = await response.text()
    const { files } = JSON.parse(/^const BUILD = (.*)$/m.exec(script)![1]!) as { files: string[] }
    for (const file of files) expect((await server.get(file)).status).toBe(200)
    expect(files.join()).not.toContain('jsQR')
    const policy = (await server.get('/')).headers.get('content-security-policy')
    expect(policy).toContain("manifest-src 'self'")
    expect(policy).toContain("worker-src 'self'")
  })

  it('keeps pages for this sign-in only, those with payers only until the day ends, and is emptied on leaving', async () => {
    const keepFor = async (which: string) => (await server.get(path, which)).headers.get('x-keep-for')
    const again = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: lan.vendor!.id })
    expect(await keepFor(cookie)).toMatch(/^[0-9a-f]{16}$/)
    expect(await keepFor(again)).not.toBe(await keepFor(cookie))
    const until = async (tail: string) => (await server.get(path + tail, cookie)).headers.get('x-keep-until')
    expect(Number(await until(''))).toBe(Date.parse('2026-11-23T00:00:00+07:00'))
    expect(Number(await until('/book'))).toBe(Date.parse('2026-11-23T00:00:00+07:00'))
    expect(await until('/code')).toBeNull()
    const left = await server.post('/leave', {}, again)
    expect(left.headers.get('clear-site-data')).toBe('"cache", "storage"')
    const withdrawn = await server.post(`${path}/withdraw`, { withdraw: 'yes' }, cookie)
    expect(withdrawn.headers.get('clear-site-data')).toBe('"cache", "storage"')
  })
})

describe('stand mode', () => {
  it('says how it works, shows amounts and never a payer, and says when the bank is late', async () => {
    const stand = async () => (await server.get(`${path}/stand`, cookie)).text()
    await pay(50_000, `${TODAY} 08:59:30`, `NGUYEN THI LAN ${lan.stall.reference}`)
    const text = await stand()
    expect(text).toContain('Để màn hình này mở và cắm sạc thì loa mới đọc.')
    expect(text).toContain('50.000đ')
    expect(text).not.toContain('NGUYEN')
    expect(text).toMatch(/data-bank-late hidden/)
    await pay(60_000, `${TODAY} 08:50:00`)
    await pay(70_000, `${TODAY} 08:51:00`)
    expect(await stand()).toMatch(/data-bank-late\s*>/)
    expect(await (await server.get(path, cookie)).text()).toMatch(/Ngân hàng \S+ đang báo chậm\. Khách/)
  })
})
