import { randomInt } from 'node:crypto'
import jsqr from 'jsqr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { decode } from '@vietqr/core'
import { consent, matchException, payeeAccount, stallCode, tenancy } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { listStalls, registerStall, type StallEntry } from '../../server/storage/stall.ts'
import { rows, run } from '../../server/storage/unit.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { payableCode } from '../../server/sources/payable-code.ts'
import { exceptionWords } from '../../web/pages/operator/reason-words.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

let server: TestServer
let here: Market
let there: Market
let lan: StallEntry
let foreign: StallEntry
let sourceId: string
let board: string
let operator: string

beforeAll(async () => {
  server = openTestServer()
  here = await server.addMarket('Chợ Phù Cát')
  there = await server.addMarket('Chợ Kỳ Anh')
  lan = await server.addStall(here, 'A1', { vendor: 'Nguyễn Thị Lan', phone: '0901234567' })
  foreign = await server.addStall(there, 'B1')
  sourceId = await server.addSource([lan, foreign])
  board = await server.signIn(boardOf(here))
  operator = await server.signIn(OPERATOR)
})
afterAll(() => server.close())

const stallsOf = (market: Market) => listStalls(server.services.store, marketScope(market.id))
const sellingIn = async (market: Market) =>
  (await stallsOf(market)).filter((entry) => entry.stall.closedAt === null)
const stallNamed = async (name: string) => (await stallsOf(here)).find((entry) => entry.stall.name === name)
const account = { bank: '970422', account_number: '0123456789', account_name: 'Trần Văn Hoà' }
const hoa = { section: 'Dãy B', stall: 'B7', vendor: 'Trần Văn Hoà', phone: '0907654321', ...account }

/** The code drawn on a page, read by a decoder that shares nothing with the one that drew it. */
function readQr(page: string): string {
  const [, size = '', path = ''] =
    /viewBox="0 0 (\d+) \d+" shape-rendering[\s\S]*?stroke="#000000" d="([^"]+)"/.exec(page) ?? []
  const scale = 6
  const width = Number(size) * scale
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255)
  let [x, y] = [0, 0]
  for (const [, command, first = '', second = ''] of path.matchAll(/([Mmh])([\d.-]+)(?: ([\d.-]+))?/g)) {
    if (command !== 'h') {
      x = (command === 'M' ? 0 : x) + Number(first)
      y = (command === 'M' ? 0 : y) + Number(second)
      continue
    }
    for (let row = Math.floor(y) * scale; row < (Math.floor(y) + 1) * scale; row += 1) {
      for (let column = x * scale; column < (x + Number(first)) * scale; column += 1) {
        pixels.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3)
      }
    }
    x += Number(first)
  }
  return jsqr.default(pixels, width, width)?.data ?? ''
}

describe('the doors of the board', () => {
  const boardRoutes: [
    name: string,
    method: 'get' | 'post',
    path: (market: Market, stall: StallEntry) => string,
  ][] = [
    ['the registry', 'get', (market) => `/board/${market.code}`],
    ['the empty form', 'get', (market) => `/board/${market.code}/stalls/new`],
    ['«Thêm sạp»', 'post', (market) => `/board/${market.code}/stalls/new`],
    ['all cards', 'get', (market) => `/board/${market.code}/cards`],
    ['one card', 'get', (market, { stall }) => `/board/${market.code}/cards?stall=${stall.code}`],
    [
      'a sign-in code',
      'post',
      (market, { stall }) => `/board/${market.code}/stalls/${stall.code}/sign-in-code`,
    ],
    ['«Mời tiểu thương mới»', 'get', (market) => `/board/${market.code}/invitation`],
    ['an invitation', 'post', (market) => `/board/${market.code}/invitation`],
    ['«Đóng sạp»', 'post', (market, { stall }) => `/board/${market.code}/stalls/${stall.code}/close`],
  ]
  const send = (method: 'get' | 'post', path: string, cookie?: string) =>
    method === 'get' ? server.get(path, cookie) : server.post(path, hoa, cookie)

  it.each(boardRoutes)('another market’s does not exist for a board: %s', async (_, method, path) => {
    const response = await send(method, path(there, foreign), board)
    expect(response.status).toBe(404)
    expect(await response.text()).not.toContain(foreign.accounts[0]!.accountNumber)
    expect(await stallsOf(there)).toHaveLength(1)
  })

  it.each(boardRoutes)('a vendor finds none of it, in her own market: %s', async (_, method, path) => {
    const vendor = await server.signIn({ role: 'vendor', marketId: here.id, vendorId: lan.vendor!.id })
    expect((await send(method, path(here, lan), vendor)).status).toBe(404)
  })

  it.each(boardRoutes)('a stranger is asked to sign in: %s', async (_, method, path) => {
    const response = await send(method, path(here, lan))
    expect(response.status).toBe(401)
    expect(await response.text()).not.toContain('Nguyễn Thị Lan')
  })

  it('cannot issue a code for another market’s stall through its own address', async () => {
    const path = `/board/${here.code}/stalls/${foreign.stall.code}/sign-in-code`
    const response = await server.post(path, {}, board)
    expect(response.status).toBe(404)
    expect(await response.text()).not.toContain('/enter/')
  })

  it('cannot print or change another market’s stall through its own address', async () => {
    const { code } = foreign.stall
    expect((await server.get(`/board/${here.code}/cards?stall=${code}`, board)).status).toBe(404)
    expect((await server.get(`/board/${here.code}/stalls/new?stall=${code}`, board)).status).toBe(404)
    expect((await server.post(`/board/${here.code}/stalls/new?stall=${code}`, hoa, board)).status).toBe(404)
    expect((await stallsOf(there))[0]?.accounts).toHaveLength(1)
  })

  it.each(['/operator', '/operator/sources', '/operator/inbox/cho-phu-cat'])('finds no %s', async (path) => {
    expect((await server.get(path, board)).status).toBe(404)
  })

  it('are open to the operator, in every market', async () => {
    expect((await server.get(`/board/${there.code}`, operator)).status).toBe(200)
  })

  it('take no form from a stranger’s page', async () => {
    const path = `/board/${here.code}/stalls/new`
    const headers = { cookie: board, origin: 'https://elsewhere.example', accept: 'text/html' }
    const request = { method: 'POST', headers, body: new URLSearchParams(hoa) }
    const response = await server.request(path, request)
    expect(response.status).toBe(403)
    expect(await stallNamed('B7')).toBeUndefined()
  })
})

describe('«Thêm sạp»', () => {
  it('says each problem at its field, keeps what was typed, and writes nothing', async () => {
    const typed = {
      section: 'Dãy "B" <i>',
      stall: 'B9',
      vendor: '',
      phone: '12',
      bank: '999999',
      account_number: '12/34',
      account_name: '',
      virtual_account: 'số lạ',
      holder_type: 'household_business',
      selling_only: 'yes',
      consent_at: '2026-02-30',
    }
    const response = await server.post(`/board/${here.code}/stalls/new`, typed, board)
    const page = await response.text()
    expect(response.status).toBe(400)
    const wrong = [...page.matchAll(/id="(\w+)-error"/g)].map(([, field]) => field!)
    expect(wrong.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'account_name',
      'account_number',
      'bank',
      'consent_at',
      'phone',
      'vendor',
      'virtual_account',
    ])
    expect(page).toContain('Chưa lưu: có 7 chỗ cần xem lại')
    expect(page).toContain('value="Dãy &quot;B&quot; &lt;i&gt;"')
    expect(page).toContain('value="12/34"')
    expect(page).toMatch(/value="household_business"\s+checked/)
    expect(page).toMatch(/name="selling_only" value="yes" checked/)
    expect(await stallNamed('B9')).toBeUndefined()
  })

  it('refuses a consent that is not given yet', async () => {
    const early = { ...hoa, stall: 'B8', consent_at: '2026-11-23' }
    const response = await server.post(`/board/${here.code}/stalls/new`, early, board)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('id="consent_at-error"')
    expect(await stallNamed('B8')).toBeUndefined()
  })

  it('adds the stall, and says at once when its bank cannot be heard', async () => {
    const techcombank = { ...hoa, bank: '970407', consent_at: '2026-11-20', selling_only: 'yes' }
    const response = await server.post(`/board/${here.code}/stalls/new`, techcombank, board)
    expect(response.status).toBe(303)
    const page = await (await server.get(response.headers.get('location')!, board)).text()
    expect(page).toContain('Đã lưu sạp B7: thêm mới, đề xuất tài khoản, ghi nhận đồng ý.')
    expect(page).toMatch(/notice-warn[\s\S]*Ngân hàng này chưa báo tiền về được/)
    expect(await stallNamed('B7')).toMatchObject({
      section: 'Dãy B',
      consented: true,
      vendor: { name: 'Trần Văn Hoà', phone: '0907654321' },
      accounts: [
        {
          bankBin: '970407',
          accountNumber: '0123456789',
          accountName: 'TRAN VAN HOA',
          sellingOnly: true,
          state: 'proposed',
        },
      ],
    })
  })

  it('written again proposes what is different, and says so; the same again changes nothing', async () => {
    const { stall } = (await stallNamed('B7'))!
    const path = `/board/${here.code}/stalls/new?stall=${stall.code}`
    const form = await (await server.get(path, board)).text()
    expect(form).toContain('value="0123456789"')
    const changed = { ...hoa, stall: 'something else', account_number: '0999999999' }
    const first = await server.post(path, changed, board)
    expect(first.headers.get('location')).toBe(`/board/${here.code}?saved=${stall.code}&changed=account`)
    const again = await server.post(path, changed, board)
    expect(again.headers.get('location')).toBe(`/board/${here.code}?saved=${stall.code}&changed=`)
    const page = await (await server.get(again.headers.get('location')!, board)).text()
    expect(page).toContain('Sạp B7: không có gì khác trước.')
    expect((await stallNamed('B7'))?.accounts.map((one) => one.accountNumber)).toEqual([
      '0999999999',
      '0123456789',
    ])
    expect(await stallNamed('something else')).toBeUndefined()
  })

  it.each([
    ['970418', {}, 'Ngân hàng này chỉ báo qua tài khoản ảo'],
    ['970418', { virtual_account: 'VA123' }, 'Chưa nguồn nào được phép báo tài khoản này'],
    ['970422', {}, 'Chưa nguồn nào được phép báo tài khoản này'],
  ])('warns of what else would keep %s with %o from being heard', async (bank, more, warning) => {
    const typed = {
      ...hoa,
      stall: `C${bank}${Object.keys(more).length}`,
      bank,
      account_number: `77${bank}`,
      ...more,
    }
    const response = await server.post(`/board/${here.code}/stalls/new`, typed, board)
    const page = await (await server.get(response.headers.get('location')!, board)).text()
    expect(page).toMatch(new RegExp(`notice-warn[\\s\\S]{0,400}${warning}`))
  })

  it('shows a stall once when two people add it at the same time', async () => {
    const path = `/board/${here.code}/stalls/new`
    const twice = { ...hoa, stall: 'D1', account_number: '8888' }
    const both = await Promise.all([server.post(path, twice, board), server.post(path, twice, operator)])
    expect(both.map((response) => response.status)).toEqual([303, 303])
    expect((await stallsOf(here)).filter((entry) => entry.stall.name === 'D1')).toHaveLength(1)
  })
})

describe('«Đóng sạp»', () => {
  const close = (stall: StallEntry, fields: Record<string, string>) =>
    server.post(`/board/${here.code}/stalls/${stall.stall.code}/close`, fields, board)

  it('asks twice, and closes nothing unless told so', async () => {
    const stall = await server.addStall(here, 'X1')
    const form = await (
      await server.get(`/board/${here.code}/stalls/new?stall=${stall.stall.code}`, board)
    ).text()
    expect(form).toContain(`action="/board/${here.code}/stalls/${stall.stall.code}/close"`)
    const response = await close(stall, {})
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/<details class="card" open>[\s\S]*id="confirmation-error"/)
    expect((await stallNamed('X1'))?.stall.closedAt).toBeNull()
    expect(await (await server.get(`/board/${here.code}/stalls/new`, board)).text()).not.toContain('/close"')
  })

  it('lists it apart, takes its page away, and keeps its name; money that still comes waits for a person', async () => {
    const stall = await server.addStall(here, 'X2')
    const ofStall = await server.addSource([stall])
    const { code, reference } = stall.stall
    const response = await close(stall, { confirmation: 'yes' })
    expect(response.headers.get('location')).toBe(`/board/${here.code}?saved=${code}`)
    const page = await (await server.get(response.headers.get('location')!, board)).text()
    expect(page).toContain('Đã đóng sạp X2.')
    const [selling = '', closed = ''] = page.split(/<caption>\s*Đã đóng\s*<\/caption>/)
    expect(selling).not.toContain('<b>X2</b>')
    expect(closed).toMatch(/<b>X2<\/b>[\s\S]*đóng lúc 09:0\d ngày 22\/11/)
    expect(closed).not.toContain(code)
    expect((await server.get(`/s/${code}`)).status).toBe(404)
    expect((await server.get(`/board/${here.code}/stalls/new?stall=${code}`, board)).status).toBe(404)
    expect((await server.get(`/board/${here.code}/cards?stall=${code}`, board)).status).toBe(409)
    const signIn = await server.post(`/board/${here.code}/stalls/${code}/sign-in-code`, {}, board)
    expect(signIn.status).toBe(409)
    expect(await signIn.text()).not.toContain('/enter/')
    const again = await server.post(`/board/${here.code}/stalls/new`, { ...hoa, stall: 'X2' }, board)
    expect(again.status).toBe(400)
    expect(await again.text()).toContain('id="stall-error"')
    expect((await close(stall, { confirmation: 'yes' })).status).toBe(404)

    const { accountNumber } = stall.accounts[0]!
    expect((await server.pay(ofStall, { accountNumber, content: reference })).status).toBe(200)
    const waiting = await server.services.store.db.select().from(matchException)
    expect(waiting.map((row) => row.reason)).toEqual(['closed_stall'])
    const inbox = await (await server.get(`/operator/inbox/${here.code}`, operator)).text()
    expect(inbox).toContain(exceptionWords('closed_stall'))
  })
})

describe('the registry', () => {
  it('begins with a sentence and shows the state of an account, and a proposed change beside it', async () => {
    const reference = lan.stall.reference
    await server.pay(sourceId, { accountNumber: lan.accounts[0]!.accountNumber, content: reference })
    const change = { ...hoa, section: 'Dãy A', stall: 'A1', vendor: 'Nguyễn Thị Lan', phone: '0901234567' }
    await server.post(`/board/${here.code}/stalls/new`, { ...change, account_number: '55555' }, board)
    const page = await (await server.get(`/board/${here.code}`, board)).text()
    const stalls = await sellingIn(here)
    const agreed = stalls.filter((entry) => entry.consented).length
    expect(page).toContain(`${stalls.length} sạp · ${agreed} đã đồng ý · 1 tài khoản đang dùng`)
    expect(page).toMatch(
      new RegExp(
        `${lan.accounts[0]!.accountNumber}[\\s\\S]*đang dùng[\\s\\S]*Đề nghị đổi sang[\\s\\S]*55555[\\s\\S]*đề xuất`,
      ),
    )
    expect(page).toContain(`href="/s/${lan.stall.code}"`)
  })

  it('finds a vendor whatever marks are typed', async () => {
    const page = await (await server.get(`/board/${here.code}?q=nguyen%20thi%20lan`, board)).text()
    expect(page).toContain('Nguyễn Thị Lan')
    expect(page).not.toContain('0907654321')
  })

  it('never tells of money: no page of the board holds what its stalls were paid', async () => {
    const canary = 27_182_818
    const stall = await server.addStall(here, 'E1')
    const ofStall = await server.addSource([stall])
    const { accountNumber } = stall.accounts[0]!
    for (const content of [stall.stall.reference, 'khong ma']) {
      expect((await server.pay(ofStall, { accountNumber, content, amount: canary })).status).toBe(200)
    }
    const vendor = await server.signIn({ role: 'vendor', marketId: here.id, vendorId: stall.vendor!.id })
    expect(await (await server.get(`/vendor/${stall.stall.code}`, vendor)).text()).toContain('27.182.818')
    for (const path of [
      `/board/${here.code}`,
      `/board/${here.code}?saved=${stall.stall.code}&changed=account`,
      `/board/${here.code}/stalls/new?stall=${stall.stall.code}`,
      `/board/${here.code}/cards`,
      `/board/${here.code}/cards?stall=${stall.stall.code}`,
    ]) {
      const response = await server.get(path, board)
      expect(response.status).toBe(200)
      expect((await response.text()).replaceAll(/[\s.]/g, '')).not.toContain(String(canary))
    }
    for (const path of [`/vendor/${stall.stall.code}`, `/operator/inbox/${here.code}`]) {
      expect((await server.get(path, board)).status).toBe(404)
    }
  })
})

describe('a vendor’s sign-in code', () => {
  const issue = async (stall: StallEntry) => {
    const path = `/board/${here.code}/stalls/${stall.stall.code}/sign-in-code`
    const response = await server.post(path, {}, board)
    const page = await response.text()
    return { response, page, link: /http:\/\/localhost:4040(\/enter\/[\w-]+)/.exec(page)?.[1] ?? '' }
  }

  it('is a page no cache keeps, with the link and its QR, for whom and how long', async () => {
    const { response, page, link } = await issue(lan)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(page).toContain('Mã đăng nhập cho Nguyễn Thị Lan, sạp A1')
    expect(page).toContain('Dùng một lần, trong 15 phút')
    expect(readQr(page)).toBe(`${server.publicUrl}${link}`)
  })

  it('opens once, asks for her consent, records it, and then is gone', async () => {
    const mai = await server.addStall(here, 'M1', { vendor: 'Lê Thị Mai', consented: false })
    const { link } = await issue(mai)
    expect(await (await server.get(link)).text()).toContain('Tôi đồng ý')
    expect((await server.post(link, {})).status).toBe(400)
    expect((await server.post(link, { consent: 'yes' })).status).toBe(303)
    expect((await server.get(link)).status).toBe(410)
    expect((await server.post(link, { consent: 'yes' })).status).toBe(410)
    const given = await server.services.store.db
      .select()
      .from(consent)
      .where(eq(consent.vendorId, mai.vendor!.id))
    expect(given).toMatchObject([
      { action: 'given', by: 'herself, at her first sign-in', at: server.clock.now },
    ])
  })

  it('is gone after its time', async () => {
    const { link } = await issue(lan)
    server.clock.now += 15 * 60_000
    expect((await server.post(link, {})).status).toBe(410)
  })

  it('is refused kindly for a stall that nobody holds', async () => {
    const empty = await server.addStall(here, 'N1')
    await server.services.store.changeRegistry((tx) =>
      run(tx.update(tenancy).set({ endedAt: 1 }).where(eq(tenancy.stallId, empty.stall.id))),
    )
    const { response, page, link } = await issue(empty)
    expect(response.status).toBe(409)
    expect(page).toContain('Sạp N1 chưa có người bán')
    expect(link).toBe('')
  })

  it('is never logged', () => expect(server.logged.join()).not.toContain('/enter/'))
})

describe('the cards', () => {
  it('carry the whole account number, the holder in capitals, and a code that pays into it', async () => {
    const virtual = {
      bankBin: '970418',
      accountNumber: '1234567',
      virtualAccount: 'VQRX77',
      accountName: 'DANG THI NO',
    }
    const stall = await server.addStall(here, 'T1', { account: virtual })
    const page = await (await server.get(`/board/${here.code}/cards?stall=${stall.stall.code}`, board)).text()
    expect(page.match(/<article class="a6">/g)).toHaveLength(1)
    expect(page).toContain('DANG THI NO')
    expect(page).toContain('VQRX77')
    const payload = readQr(page)
    expect(payload).toBe(payableCode(stall.accounts[0]!, stall.stall.reference))
    expect(decode(payload)).toMatchObject({
      bankBin: '970418',
      accountNumber: 'VQRX77',
      initiation: 'static',
    })
  })

  it('are noted when printed: the same code once, one for a new account retires the old', async () => {
    const printed = () =>
      server.services.store.read((tx) =>
        rows(tx.select().from(stallCode).where(eq(stallCode.stallId, lan.stall.id)).orderBy(stallCode.id)),
      )
    const print = () => server.get(`/board/${here.code}/cards?stall=${lan.stall.code}`, board)
    await print()
    await print()
    const before = await printed()
    expect(before.filter((row) => row.retiredAt === null)).toHaveLength(1)
    const change = { ...hoa, section: 'Dãy A', stall: 'A1', vendor: 'Nguyễn Thị Lan', phone: '0901234567' }
    await server.post(`/board/${here.code}/stalls/new`, { ...change, account_number: '66666' }, board)
    expect(await (await print()).text()).toContain('66666')
    const after = await printed()
    expect(after).toHaveLength(before.length + 1)
    expect(
      after.filter((row) => row.retiredAt === null).map((row) => decode(row.payload).accountNumber),
    ).toEqual(['66666'])
  })

  it('of a market are one for every stall that has an account', async () => {
    const page = await (await server.get(`/board/${here.code}/cards`, board)).text()
    const withAccount = (await sellingIn(here)).filter((entry) => entry.accounts.length > 0)
    expect(page.match(/<article class="a6">/g)).toHaveLength(withAccount.length)
    expect(page).not.toContain(foreign.accounts[0]!.accountNumber)
  })

  it('are at most 500 a page; the registry links to the rest', async () => {
    const large = await server.addMarket('Chợ Lớn')
    const { store } = server.services
    const accountOf = (n: number) => ({
      bankBin: '970422',
      accountNumber: `LON${n}`,
      accountName: 'CHU SAP',
      virtualAccount: null,
      holder: 'vendor' as const,
      holderType: 'individual' as const,
      sellingOnly: false,
    })
    const registration = {
      section: 'Dãy A',
      vendor: 'Chủ',
      phone: '',
      consentAt: null,
      consentTextVersion: 'test',
    }
    const scope = marketScope(large.id)
    await store.changeRegistry(function* (tx) {
      for (let n = 1; n <= 501; n += 1) {
        const row = { ...registration, stall: `L${n}`, account: accountOf(n) }
        yield* registerStall(tx, scope, row, () => mintStall(randomInt), 'test', 1)
      }
    })
    const registry = await (await server.get(`/board/${large.code}`, operator)).text()
    expect(registry).toContain('501 sạp · 0 đã đồng ý')
    expect(registry).toContain('Còn 1 sạp nữa chưa hiện')
    expect(registry).toContain(`href="/board/${large.code}/cards?from=501">In thẻ 501–501<`)
    const count = async (path: string) =>
      (await (await server.get(path, operator)).text()).match(/<article class="a6">/g)?.length
    expect(await count(`/board/${large.code}/cards`)).toBe(500)
    expect(await count(`/board/${large.code}/cards?from=501`)).toBe(1)
    expect((await server.get(`/board/${large.code}/cards?from=-1`, operator)).status).toBe(400)
  })

  it('that there are none of are explained', async () => {
    const bare = await server.addMarket('Chợ Trống')
    const response = await server.get(`/board/${bare.code}/cards`, operator)
    expect(response.status).toBe(409)
    expect(await response.text()).toContain('Chưa có thẻ nào để in')
    expect(await server.services.store.db.$count(payeeAccount, eq(payeeAccount.marketId, bare.id))).toBe(0)
  })
})
