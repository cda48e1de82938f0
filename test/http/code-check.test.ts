import { encode } from '@vietqr/core'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { payableCode } from '../../server/sources/payable-code.ts'
import { incident, sale } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { run } from '../../server/storage/unit.ts'
import { mintReference } from '../../shared/reference.ts'
import { seededRandom } from '../small-market.ts'
import { vectors } from '../vietqr/vectors.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const HOSTILE = '"><script>alert(1)</script></textarea><img src=x onerror=alert(1)>'
const STRANGERS = encode({ bankBin: '970436', accountNumber: '6666666666' })

let server: TestServer
let market: Market
let lan: StallEntry
let hoa: StallEntry

beforeEach(async () => {
  server = openTestServer()
  market = await server.addMarket('Chợ Phù Cát')
  lan = await server.addStall(market, 'A1')
  hoa = await server.addStall(market, 'A2')
})
afterEach(() => server.close())

const codeOf = ({ accounts, stall }: StallEntry) => payableCode(accounts[0]!, stall.reference)
const post = (verb: 'check' | 'report', payload: string) =>
  server.post(`/s/${lan.stall.code}/${verb}`, { payload })
/** The page, its emphasis taken out of the headline. */
const answer = async (payload: string) =>
  (await (await post('check', payload)).text()).replaceAll(/<\/?b>/g, '').replaceAll(/\s+/g, ' ')
const incidents = () => server.services.store.db.select().from(incident)
const changes = () => server.services.store.db.get(sql`select total_changes() as n`)

describe('a code put to a stall’s page', () => {
  it('is the stall’s: said at once, above everything, and nothing is written', async () => {
    const before = changes()
    const page = await answer(codeOf(lan))
    expect(changes()).toEqual(before)
    expect(page).toMatch(/verdict-right[\s\S]*ĐÚNG mã sạp này[\s\S]*<h1>/)
    expect(page).not.toContain('KHÔNG PHẢI')
    expect(page).not.toContain('Báo mã sai')
  })

  it('is a sale of hers', async () => {
    const reference = mintReference(seededRandom(3))
    const { id: stallId, marketId } = lan.stall
    await server.services.store.write((tx) =>
      run(tx.insert(sale).values({ marketId, seq: 900, stallId, reference, reservedAt: 1 })),
    )
    const page = await answer(payableCode(lan.accounts[0]!, reference, 45_000))
    expect(page).toContain('ĐÚNG mã sạp này')
    expect(page).toContain('45.000đ')
  })

  it('is her account without the market’s reference', async () => {
    const { bankBin, accountNumber } = lan.accounts[0]!
    const page = await answer(encode({ bankBin, accountNumber }))
    expect(page).toMatch(/verdict-right[\s\S]*ĐÚNG tài khoản sạp này[\s\S]*không phải mã in của chợ/)
  })

  it.each<[string, () => string, string]>([
    ['another stall’s', () => codeOf(hoa), 'Đó là mã của sạp khác'],
    [
      'another account in the same name',
      () => encode({ bankBin: '970422', accountNumber: '111', purpose: lan.stall.reference }),
      'tài khoản khác',
    ],
    ['another bank', () => STRANGERS, 'ngân hàng khác'],
    ['VNPAY', () => vectors.find(({ kind }) => kind === 'vnpayqr')!.payload, 'Đó là mã VNPAY-QR'],
    ['a link', () => 'https://evil.example', 'không phải mã chuyển khoản ngân hàng'],
    ['half a code', () => codeOf(lan).slice(0, 50), 'hỏng hoặc chép thiếu'],
  ])('is not, and says why: %s', async (_, payload, words) => {
    const page = await answer(payload())
    expect(page).toMatch(/verdict-wrong[\s\S]*KHÔNG PHẢI mã sạp này/)
    expect(page).toContain(words)
    expect(page).toContain('Báo mã sai')
    expect(page).not.toContain('ĐÚNG')
  })

  it('is nothing: the form says so', async () => {
    const response = await post('check', '  ')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('id="payload-error"')
  })

  it('is hostile: shown as text wherever it is said back', async () => {
    const page = await answer(HOSTILE)
    expect(page).toContain('KHÔNG PHẢI')
    expect(page).not.toMatch(/<script>|<img/)
    expect(page.match(/&lt;script&gt;/g)).toHaveLength(2)
    expect((await answer('x'.repeat(10_000))).length).toBeLessThan(20_000)
    expect((await post('check', 'x'.repeat(20_000))).status).toBe(413)
  })

  it('is not asked of a stall that is not there', async () => {
    expect((await server.post('/s/nowhere/check', { payload: 'x' })).status).toBe(404)
    expect((await server.post('/s/nowhere/report', { payload: 'x' })).status).toBe(404)
  })
})

describe('a report', () => {
  it('makes one incident and thanks; board and operator read where and when, and whose account', async () => {
    const response = await post('report', STRANGERS)
    expect(response.headers.get('location')).toBe(`/s/${lan.stall.code}?reported`)
    expect(await (await server.get(response.headers.get('location')!)).text()).toContain('Cảm ơn')
    expect(await incidents()).toMatchObject([
      { marketId: market.id, stallId: lan.stall.id, kind: 'wrong_code', payload: STRANGERS },
    ])
    const other = await server.addMarket('Chợ Kỳ Anh')
    const [board, stranger, operator] = [
      await server.signIn(boardOf(market)),
      await server.signIn(boardOf(other)),
      await server.signIn(OPERATOR),
    ]
    const shown = (await (await server.get(`/board/${market.code}`, board)).text()).replaceAll(/\s+/g, ' ')
    expect(shown).toContain('Có người báo mã lạ dán ở sạp A1 lúc 09:00 ngày 22/11')
    expect(shown).toMatch(/Vietcombank · <span class="reference">6666666666/)
    const all = (await (await server.get('/operator', operator)).text()).replaceAll(/\s+/g, ' ')
    expect(all).toContain('mã lạ dán ở sạp A1, Chợ Phù Cát lúc 09:00 ngày 22/11')
    expect(await (await server.get(`/board/${other.code}`, stranger)).text()).not.toContain('mã lạ')
    server.clock.now += 15 * 86_400_000
    const later = await server.signIn(boardOf(market))
    expect(await (await server.get(`/board/${market.code}`, later)).text()).not.toContain('mã lạ')
  })

  it('of the amount in it says nothing to the board', async () => {
    await post('report', encode({ bankBin: '970436', accountNumber: '666', amountVnd: 27_182_818 }))
    const board = await server.signIn(boardOf(market))
    const page = await (await server.get(`/board/${market.code}`, board)).text()
    expect(page).toContain('666')
    expect(page.replaceAll(/[\s.]/g, '')).not.toContain('27182818')
  })

  it('of the stall’s own code, or of nothing, is thanked for and not kept', async () => {
    for (const payload of [codeOf(lan), '', ' ']) expect((await post('report', payload)).status).toBe(303)
    expect(await incidents()).toEqual([])
  })

  it('is kept twenty times a stall and business day, and thanked for always', async () => {
    for (let n = 0; n < 25; n += 1) expect((await post('report', STRANGERS)).status).toBe(303)
    expect(await incidents()).toHaveLength(20)
    await server.post(`/s/${hoa.stall.code}/report`, { payload: STRANGERS })
    expect(await incidents()).toHaveLength(21)
    // However many there are of one stall, another's is seen.
    const board = await server.signIn(boardOf(market))
    const page = (await (await server.get(`/board/${market.code}`, board)).text()).replaceAll(/\s+/g, ' ')
    expect(page.match(/Có người báo mã lạ dán ở sạp A\d/g)).toEqual([
      'Có người báo mã lạ dán ở sạp A2',
      'Có người báo mã lạ dán ở sạp A1',
    ])
    expect(page.match(/\(20 tin báo\)/g)).toHaveLength(1)
    server.clock.now += 86_400_000
    await post('report', STRANGERS)
    expect(await incidents()).toHaveLength(22)
  })

  it('keeps at most 512 characters, well-formed, and shows a hostile one harmless', async () => {
    await post('report', `${HOSTILE}\0${'x'.repeat(5_000)}`)
    const [kept] = await incidents()
    expect(kept!.payload).toHaveLength(512)
    expect(kept!.payload).not.toContain('\0')
    const board = await server.signIn(boardOf(market))
    const page = await (await server.get(`/board/${market.code}`, board)).text()
    expect(page).toContain('không phải mã chuyển khoản ngân hàng')
    expect(page).not.toMatch(/<script>|<img/)
  })

  it('comes from our own pages only', async () => {
    for (const verb of ['check', 'report']) {
      const headers = { origin: 'https://evil.example', accept: 'text/html' }
      const body = new URLSearchParams({ payload: STRANGERS })
      const path = `/s/${lan.stall.code}/${verb}`
      expect((await server.request(path, { method: 'POST', body, headers })).status).toBe(403)
    }
    expect(await incidents()).toEqual([])
  })
})

describe('an amount on the page', () => {
  it('is in the code and in its picture; nothing is written', async () => {
    const before = changes()
    const page = await (await server.get(`/s/${lan.stall.code}?amount=50.000đ`)).text()
    expect(page).toContain(`/s/${lan.stall.code}/qr.png?amount=50000`)
    expect(page).toContain('value="50.000đ"')
    expect(changes()).toEqual(before)
  })

  it('that is none is told at its field, with the code as it was', async () => {
    const response = await server.get(`/s/${lan.stall.code}?amount=${encodeURIComponent('"<b>một trăm')}`)
    const page = await response.text()
    expect(response.status).toBe(400)
    expect(page).toContain('id="amount-error"')
    expect(page).toContain('value="&quot;&lt;b&gt;một trăm"')
    expect(page).toContain(`href="/s/${lan.stall.code}/qr.png"`)
  })
})
