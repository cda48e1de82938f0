import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { takings } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { run } from '../../server/storage/unit.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const A_DAY = 86_400_000

let server: TestServer
let market: Market
beforeEach(async () => {
  server = openTestServer()
  server.clock.now -= 2 * A_DAY
  market = await server.addMarket('Chợ Phù Cát')
  server.clock.now += 2 * A_DAY
})
afterEach(() => server.close())

/** Twelve stalls, ten in one section and two in another; five were paid yesterday, one pays today. */
async function fill() {
  const stalls = []
  for (let index = 1; index <= 12; index += 1) {
    const options = { section: index > 10 ? 'Cá' : 'Rau', consentTextVersion: CONSENT_TEXT_VERSION }
    stalls.push(await server.addStall(market, `S${index}`, options))
  }
  const source = await server.addSource(stalls)
  for (const [index, { accounts, stall }] of stalls.slice(0, 6).entries()) {
    const time = index === 5 ? '2026-11-22 08:00:00' : '2026-11-21 10:00:00'
    const { accountNumber } = accounts[0]!
    await server.pay(source, { accountNumber, content: stall.reference, amount: 7_654_321, time })
  }
  return stalls
}
const board = () => server.signIn(boardOf(market))
const read = async (path: string, cookie: string) => {
  const response = await server.get(path, cookie)
  expect(response.status).toBe(200)
  return (await response.text()).replace(/\s+/g, ' ')
}
const plain = (page: string) => page.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ')

describe('the board’s first page', () => {
  it('says the sentence first, as of yesterday, never of today', async () => {
    // They agreed a day before they were entered, and were open that day.
    server.clock.now -= 2 * A_DAY
    await fill().finally(() => (server.clock.now += 2 * A_DAY))
    const home = await server.get('/home', await board())
    expect(home.headers.get('location')).toBe('/board/cho-phu-cat/adoption')
    const page = await read('/board/cho-phu-cat/adoption', await board())
    expect(plain(page)).toContain('5 trong 12 sạp đang bán có khách chuyển khoản trong 30 ngày')
    expect(plain(page)).toContain('Số liệu đến hết ngày 21/11, không tính hôm nay')
    expect(page).toContain('href="/board/cho-phu-cat"')
  })
})

describe('with stalls that were open before', () => {
  beforeEach(async () => {
    server.clock.now -= 2 * A_DAY
    await fill()
    server.clock.now += 2 * A_DAY
  })

  it('opens each figure to its numerator, denominator, window and version', async () => {
    const page = plain(await read('/board/cho-phu-cat/adoption', await board()))
    expect(page).toContain('5 trong 12 sạp, từ 23/10 đến 21/11')
    expect(page).toContain('từ 24/08 đến 21/11: từ 50 khoản, trên 10 ngày chợ')
    expect(page.match(/Bản định nghĩa/g)!.length).toBeGreaterThanOrEqual(6)
  })

  it('hides a section of two, and the one of ten that would give it away', async () => {
    const page = plain(await read('/board/cho-phu-cat/adoption', await board()))
    expect(page).toContain('Cá 2 – dưới 10 sạp: không nêu')
    expect(page).toContain('Rau 10 – không nêu, để giữ kín dãy nhỏ')
  })

  it('lists whom to visit, and who was paid only today among them', async () => {
    const page = plain(await read('/board/cho-phu-cat/adoption', await board()))
    expect(page).toContain('Nên ghé thăm: 7 sạp')
    expect(page).toMatch(/Chưa bắt đầu: 7 .*S6 Rau Chủ S6/)
    expect(page).not.toContain('Chủ S5')
  })

  it('recomputes from the ledger and says that it agrees, or where it does not', async () => {
    const cookie = await board()
    expect(plain(await read('/board/cho-phu-cat/adoption?recompute=yes', cookie))).toContain(
      'Đã tính lại từ sổ: 5 con số, khớp hết.',
    )
    await server.services.store.write((tx) =>
      run(tx.update(takings).set({ saleCount: 0 }).where(eq(takings.businessDay, '2026-11-21'))),
    )
    const page = plain(await read('/board/cho-phu-cat/adoption?recompute=yes', cookie))
    expect(page).toContain('Tính lại từ sổ ra khác ở 3 trong 5 con số')
    expect(page).toContain('Cả chợ · Còn dùng (30 ngày): đang ghi 0, sổ ra 5')
  })

  it('shows no money anywhere', async () => {
    expect(await read('/board/cho-phu-cat/adoption?recompute=yes', await board())).not.toMatch(
      /\d{3}đ|7\.?654/,
    )
  })

  it('is for this market’s board and the operator', async () => {
    const other = await server.addMarket('Chợ Khác')
    expect(
      (await server.get('/board/cho-phu-cat/adoption', await server.signIn(boardOf(other)))).status,
    ).toBe(404)
    expect((await server.get('/board/cho-phu-cat/adoption', await server.signIn(OPERATOR))).status).toBe(200)
  })
})

it('a market of nine says how many there are and no more', async () => {
  for (let index = 1; index <= 9; index += 1)
    await server.addStall(market, `S${index}`, { consentTextVersion: CONSENT_TEXT_VERSION })
  server.clock.now += 2 * A_DAY
  const page = plain(await read('/board/cho-phu-cat/adoption', await board()))
  expect(page).toContain('9 sạp đang bán. Chợ dưới 10 sạp thì không nêu')
  expect(page).not.toContain('Từng bậc')
})

it('on its first day a market’s board begins with its registry', async () => {
  const young = await server.addMarket('Chợ Mới')
  const cookie = await server.signIn(boardOf(young))
  expect((await server.get('/home', cookie)).headers.get('location')).toBe('/board/cho-moi')
  expect(await read('/board/cho-moi/adoption', cookie)).not.toContain('/data/cho-moi')
})

it('an empty market is shown the way to its first stall', async () => {
  expect(await read('/board/cho-phu-cat/adoption', await board())).toContain('/board/cho-phu-cat/stalls/new')
})
