import { encode } from '@vietqr/core'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { payableCode } from '../../server/sources/payable-code.ts'
import {
  consent,
  payeeAccountState,
  section,
  session,
  signInCode,
  stall,
  stallCode,
  tenancy,
  vendor,
} from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { listStalls, type StallEntry } from '../../server/storage/stall.ts'
import { vectors } from '../vietqr/vectors.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const VIETCOMBANK = '970436'
const AGRIBANK = '970405'
const STICKER = encode({ bankBin: VIETCOMBANK, accountNumber: '0123456789', purpose: 'cam on quy khach' })

let server: TestServer
let here: Market
let there: Market
let lan: StallEntry
let foreign: StallEntry
let board: string
beforeEach(async () => {
  server = openTestServer()
  here = await server.addMarket('Chợ Phù Cát')
  there = await server.addMarket('Chợ Kỳ Anh')
  lan = await server.addStall(here, 'A1', { vendor: 'Nguyễn Thị Lan', phone: '0901234567' })
  foreign = await server.addStall(there, 'B1', { section: 'Dãy kia' })
  board = await server.signIn(boardOf(here))
})
afterEach(() => server.close())

const db = () => server.services.store.db
const ask = (fields: Record<string, string>, cookie = board) =>
  server.post(`/board/${here.code}/invitation`, fields, cookie)
const linkOn = (page: string) => /http:\/\/localhost:4040(\/enter\/[\w-]+)/.exec(page)?.[1]
/** The page an invitation leads to. */
const invitation = async () => {
  const link = linkOn(await (await ask({ section: String(lan.stall.sectionId), new_section: '' })).text())!
  return (await server.get(link)).headers.get('location')!
}
const mai = {
  sticker: STICKER,
  vendor: 'Lê Thị Mai',
  stall: 'A7',
  phone: '',
  account_name: 'Lê Thị Mai',
  consent: 'yes',
}
const typedAccount = { sticker: '', bank: VIETCOMBANK, account_number: '0123456789' }
const everything = async () =>
  JSON.stringify([
    await db().select().from(stall),
    await db().select().from(vendor),
    await db().select().from(tenancy),
    await db().select().from(payeeAccountState),
    await db().select().from(stallCode),
    await db().select().from(consent),
    await db().select().from(session),
    await db().select().from(signInCode),
  ])
const stallsOf = (market: Market) => listStalls(server.services.store, marketScope(market.id))
const stallNamed = async (name: string) => (await stallsOf(here)).find((entry) => entry.stall.name === name)
const errorsOn = (page: string) => [...page.matchAll(/id="(\w+)-error"/g)].map(([, field]) => field!).sort()
const plain = async (response: Response) => (await response.text()).replaceAll(/\s+/g, ' ')
/** Sends what is refused: nothing is written, and the invitation is still good. */
async function refused(fields: Record<string, string>): Promise<string> {
  const path = await invitation()
  const before = await everything()
  const response = await server.post(path, fields)
  expect(response.status).toBe(400)
  expect(response.headers.getSetCookie()).toEqual([])
  expect(await everything()).toBe(before)
  expect((await server.get(path)).status).toBe(200)
  return plain(response)
}

describe('«Mời tiểu thương mới»', () => {
  it('is a one-time code for the row chosen, and no vendor’s', async () => {
    expect(await (await server.get(`/board/${here.code}`, board)).text()).toContain(
      `href="/board/${here.code}/invitation"`,
    )
    const form = await (await server.get(`/board/${here.code}/invitation`, board)).text()
    expect(form).toContain('>Dãy A</option>')
    expect(form).not.toContain('Dãy kia')
    const response = await ask({ section: String(lan.stall.sectionId), new_section: '' })
    expect(response.headers.get('cache-control')).toBe('no-store')
    const page = await response.text()
    expect(page).toContain('tiểu thương mới ở Dãy A')
    expect(page).toContain('Dùng một lần, trong 15 phút')
    const [row] = await db()
      .select()
      .from(signInCode)
      .orderBy(sql`rowid desc`)
      .limit(1)
    expect(row).toMatchObject({
      role: 'vendor',
      marketId: here.id,
      vendorId: null,
      sectionId: lan.stall.sectionId,
      issuedBy: 'board',
      expiresAt: server.clock.now + 15 * 60_000,
    })
    expect(JSON.stringify(row)).not.toContain(linkOn(page)!.split('/').pop())
  })

  it('may be for a row that is not there yet, once', async () => {
    for (const typed of ['  Hàng   cá ', 'Hàng cá']) {
      const page = await (await ask({ section: String(lan.stall.sectionId), new_section: typed })).text()
      expect(page).toContain('tiểu thương mới ở Hàng cá')
    }
    const names = (await db().select().from(section)).map(({ name }) => name)
    expect(names.filter((name) => name === 'Hàng cá')).toHaveLength(1)
  })

  it('asks for a row in a market that has none, and says what is wrong with one', async () => {
    const bare = await server.addMarket('Chợ Trống')
    const operator = await server.signIn(OPERATOR)
    for (const typed of ['  ', 'x'.repeat(61)]) {
      const response = await server.post(`/board/${bare.code}/invitation`, { new_section: typed }, operator)
      expect(response.status).toBe(400)
      expect(errorsOn(await response.text())).toEqual(['new_section'])
    }
  })

  it('is not for another market’s row', async () => {
    const response = await ask({ section: String(foreign.stall.sectionId), new_section: '' })
    expect(response.status).toBe(404)
    expect(await response.text()).not.toContain('/enter/')
  })
})

describe('the page it leads to', () => {
  it('says where, is kept by no cache, tells nobody its address, and looking uses nothing up', async () => {
    const path = await invitation()
    const before = await everything()
    for (let looks = 0; looks < 2; looks += 1) {
      const response = await server.get(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      const page = await response.text()
      expect(page).toContain('Chợ Phù Cát · Dãy A')
      for (const known of ['Nguyễn Thị Lan', '0901234567', lan.accounts[0]!.accountNumber, 'Dãy kia'])
        expect(page).not.toContain(known)
    }
    expect(await everything()).toBe(before)
  })

  it('enrols her: stall, vendor, proposed account, her bank’s code, consent, her phone', async () => {
    const path = await invitation()
    const response = await server.post(path, { ...mai, phone: '0907 654 321' })
    expect(response.status).toBe(303)
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    const entry = (await stallNamed('A7'))!
    expect(response.headers.get('location')).toBe(`/vendor/${entry.stall.code}/proof`)
    const by = 'herself, invited by board'
    expect(entry).toMatchObject({
      section: 'Dãy A',
      consented: true,
      vendor: { name: 'Lê Thị Mai', phone: '0907654321' },
      accounts: [
        {
          bankBin: VIETCOMBANK,
          accountNumber: '0123456789',
          accountName: 'LE THI MAI',
          virtualAccount: null,
          sellingOnly: false,
          state: 'proposed',
          proposedBy: by,
        },
      ],
    })
    const { id: vendorId } = entry.vendor!
    const states = (await db().select().from(payeeAccountState)).filter(
      (row) => row.accountId === entry.accounts[0]!.id,
    )
    expect(states).toMatchObject([{ state: 'proposed', by }])
    expect((await db().select().from(consent)).filter((row) => row.vendorId === vendorId)).toMatchObject([
      { action: 'given', textVersion: CONSENT_TEXT_VERSION, by, at: server.clock.now },
    ])
    expect(await db().select().from(stallCode)).toMatchObject([
      { stallId: entry.stall.id, kind: 'bank_issued', payload: STICKER, retiredAt: null },
    ])
    const cookie = response.headers.getSetCookie()[0]!.split(';')[0]!
    expect((await server.get(`/vendor/${entry.stall.code}`, cookie)).status).toBe(200)
    expect((await server.get(`/vendor/${lan.stall.code}`, cookie)).status).toBe(404)
    expect((await server.get(`/board/${here.code}`, cookie)).status).toBe(404)
    const phone = (await db().select().from(session)).find((row) => row.vendorId === vendorId)
    expect(phone).toMatchObject({ kind: 'owner', waiting: false, sectionId: null })
  })

  it('does so once: the same form again finds the invitation gone and writes nothing', async () => {
    const path = await invitation()
    expect((await server.post(path, mai)).status).toBe(303)
    const before = await everything()
    for (const again of [mai, { ...mai, stall: 'A8', ...typedAccount, account_number: '99' }]) {
      const response = await server.post(path, again)
      expect(response.status).toBe(410)
      expect(await response.text()).toContain('Mã này đã dùng hoặc hết hạn')
      expect(response.headers.getSetCookie()).toEqual([])
    }
    expect((await server.get(path)).status).toBe(410)
    expect(await everything()).toBe(before)
  })

  it('does so once when two send at the same moment', async () => {
    const path = await invitation()
    const other = { ...mai, stall: 'A8', ...typedAccount, account_number: '99' }
    const both = await Promise.all([server.post(path, mai), server.post(path, other)])
    expect(both.map(({ status }) => String(status)).sort()).toEqual(['303', '410'])
    expect(await stallsOf(here)).toHaveLength(2)
  })

  it('is over after 15 minutes', async () => {
    const path = await invitation()
    server.clock.now += 15 * 60_000
    expect((await server.get(path)).status).toBe(410)
    expect((await server.post(path, mai)).status).toBe(410)
    expect(await stallNamed('A7')).toBeUndefined()
  })

  it('takes bank and number typed, without a sticker', async () => {
    expect((await server.post(await invitation(), { ...mai, ...typedAccount })).status).toBe(303)
    expect((await stallNamed('A7'))?.accounts).toMatchObject([
      { bankBin: VIETCOMBANK, accountNumber: '0123456789' },
    ])
    expect(await db().select().from(stallCode)).toEqual([])
  })

  it('believes the sticker, read by the server, before what else is sent', async () => {
    const typed = { ...mai, bank: AGRIBANK, account_number: '9999' }
    expect((await server.post(await invitation(), typed)).status).toBe(303)
    expect((await stallNamed('A7'))?.accounts).toMatchObject([
      { bankBin: VIETCOMBANK, accountNumber: '0123456789' },
    ])
  })

  it('takes no form from a stranger’s page, and none that is too large', async () => {
    const path = await invitation()
    const headers = { origin: 'https://evil.example', accept: 'text/html' }
    const body = new URLSearchParams(mai)
    expect((await server.request(path, { method: 'POST', body, headers })).status).toBe(403)
    expect((await server.post(path, { ...mai, vendor: 'x'.repeat(20_000) })).status).toBe(413)
    expect(await stallNamed('A7')).toBeUndefined()
  })

  it('is never logged', async () => {
    await server.post(await invitation(), mai)
    expect(server.logged.join()).not.toMatch(/enrol|0123456789|Mai/)
  })
})

describe('what is wrong', () => {
  it('is told all at once, each at its field, and what she typed is kept', async () => {
    const page = await refused({
      sticker: STICKER,
      vendor: '"><script>alert(1)</script>',
      stall: '',
      phone: '12',
      account_name: '',
      consent: '',
    })
    expect(errorsOn(page)).toEqual(['account_name', 'consent', 'phone', 'stall'])
    expect(page).toContain('có 4 chỗ cần xem lại')
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('value="12"')
    expect(page).toContain(`name="sticker" value="${STICKER}"`)
    expect(page).toContain('Vietcombank')
    expect(page).toContain('data-field="number">0123456789<')
  })

  it('without a sticker is also bank and number; her yes is kept', async () => {
    const page = await refused({ ...mai, ...typedAccount, bank: '', account_number: '12/34' })
    expect(errorsOn(page)).toEqual(['account_number', 'bank'])
    expect(page).toContain('value="12/34"')
    expect(page).toMatch(/name="consent" value="yes" checked/)
  })

  it.each<[string, string, string]>([
    ['VNPAY’s', vectors.find(({ kind }) => kind === 'vnpayqr')!.payload, 'Đó là mã VNPAY-QR'],
    ['a wallet’s own', '2|99|0901234567|||0|0|0', 'không phải mã chuyển khoản ngân hàng'],
    ['half a code', STICKER.slice(0, 60), 'Mã hỏng hoặc chụp thiếu'],
    [
      'a card’s',
      encode({ bankBin: VIETCOMBANK, accountNumber: '9704361234567890', service: 'QRIBFTTC' }),
      'Mã này không chuyển vào tài khoản nào',
    ],
    ['hostile', '<img src=x onerror=alert(1)>', 'không phải mã chuyển khoản ngân hàng'],
  ])('a sticker that is %s is refused with what to do instead', async (_, sticker, words) => {
    const page = await refused({ ...mai, sticker, bank: VIETCOMBANK, account_number: '0123456789' })
    expect(page).toContain(words)
    expect(page).toMatch(/gõ số tài khoản ở dưới/i)
    expect(page).toMatch(/<details open>/)
    expect(page).not.toMatch(/<img src=x|name="sticker" value="."/)
  })

  it('a bank that nobody hears is said once before anything is written', async () => {
    const path = await invitation()
    const agribank = { ...mai, ...typedAccount, bank: AGRIBANK }
    const first = await server.post(path, agribank)
    expect(first.status).toBe(400)
    const page = await plain(first)
    expect(page).toMatch(
      /data-hindrance="bank_not_heard" > <div class="notice notice-warn"[^]*Ngân hàng này chưa báo tiền về được/,
    )
    expect(page).toMatch(/data-hindrance="needs_virtual_account" hidden/)
    expect(page).toContain('name="told" value="bank_not_heard"')
    expect(await stallNamed('A7')).toBeUndefined()
    // Told of one is not told of the other.
    const bidv = { ...mai, ...typedAccount, bank: '970418', told: 'bank_not_heard' }
    expect((await server.post(path, bidv)).status).toBe(400)
    expect((await server.post(path, { ...agribank, told: 'bank_not_heard' })).status).toBe(303)
  })
})

describe('nobody takes what is somebody’s', () => {
  it.each(['A1', 'a1', ' Sạp A1', 'SAP  a1'])('a stall that is there, written %s', async (name) => {
    const page = await refused({ ...mai, stall: name })
    expect(errorsOn(page)).toEqual(['stall'])
    expect(page).toContain('Đã có sạp tên này.')
    expect(page).toContain('nhờ ban quản lý cấp mã đăng nhập')
    expect(page).not.toContain('Nguyễn Thị Lan')
    expect((await stallNamed('A1'))?.vendor?.id).toBe(lan.vendor!.id)
  })

  it('not by her own name and telephone either', async () => {
    await refused({ ...mai, stall: 'A1', vendor: 'Nguyễn Thị Lan', phone: '0901234567' })
    const response = await server.post(await invitation(), {
      ...mai,
      vendor: 'Nguyễn Thị Lan',
      phone: '0901234567',
    })
    expect(response.status).toBe(303)
    expect((await stallNamed('A7'))?.vendor?.id).not.toBe(lan.vendor!.id)
    const cookie = response.headers.getSetCookie()[0]!.split(';')[0]!
    expect((await server.get(`/vendor/${lan.stall.code}`, cookie)).status).toBe(404)
  })

  it('a stall’s name in another market is free', async () => {
    expect((await server.post(await invitation(), { ...mai, stall: 'B1' })).status).toBe(303)
    expect((await stallsOf(there))[0]?.vendor?.id).toBe(foreign.vendor!.id)
  })

  it.each([
    ['of this market', () => lan],
    ['of another', () => foreign],
  ])('an account that serves a stall %s', async (_, whose) => {
    const { bankBin, accountNumber } = whose().accounts[0]!
    const typed = { ...mai, sticker: '', bank: bankBin, account_number: accountNumber.toLowerCase() }
    const page = await refused(typed)
    expect(errorsOn(page)).toEqual(['account_number'])
    expect(page).toContain('Tài khoản này đã ghi cho sạp khác')
    expect(page).not.toMatch(/Chủ B1|Nguyễn Thị Lan|Kỳ Anh/)
    const photographed = await refused({ ...mai, sticker: encode({ bankBin, accountNumber }) })
    expect(photographed).toContain('Tài khoản này đã ghi cho sạp khác')
  })

  it('a card that bears another stall’s reference, whatever account it names', async () => {
    const account = { ...lan.accounts[0]!, accountNumber: '0987654321' }
    const page = await refused({ ...mai, sticker: payableCode(account, lan.stall.reference) })
    expect(page).toContain('đã ghi cho sạp khác')
  })
})

describe('an invitation and a sign-in code', () => {
  it('are not each other: an invitation signs nobody in', async () => {
    const path = await invitation()
    const code = path.split('/').pop()!
    const response = await server.post(`/enter/${code}`, { consent: 'yes', phone: 'owner' })
    expect(response.status).toBe(410)
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await server.get(path)).status).toBe(200)
  })

  it('and nobody enrols with a sign-in code', async () => {
    for (const identity of [
      boardOf(here),
      OPERATOR,
      { role: 'vendor', marketId: here.id, vendorId: lan.vendor!.id } as const,
      { role: 'speaker', marketId: here.id, vendorId: null, sectionId: lan.stall.sectionId } as const,
    ]) {
      const code = await invite(server.services.store, identity, 'test', server.clock.now)
      expect((await server.get(`/enrol/${code}`)).status).toBe(410)
      expect((await server.post(`/enrol/${code}`, mai)).status).toBe(410)
      expect((await server.get(`/enter/${code}`)).status).toBe(200)
    }
    expect(await stallNamed('A7')).toBeUndefined()
  })

  it('are not the row’s speaker’s: turning that off ends neither an invitation nor who came by one', async () => {
    const waiting = await invitation()
    const response = await server.post(await invitation(), mai)
    const cookie = response.headers.getSetCookie()[0]!.split(';')[0]!
    const off = { section: String(lan.stall.sectionId) }
    expect((await server.post(`/board/${here.code}/speakers/sign-out`, off, board)).status).toBe(200)
    expect((await server.get(waiting)).status).toBe(200)
    const { stall: hers } = (await stallNamed('A7'))!
    expect((await server.get(`/vendor/${hers.code}`, cookie)).status).toBe(200)
  })
})

describe('afterwards', () => {
  const verdictOn = async (code: string, payload: string) =>
    (await plain(await server.post(`/s/${code}/check`, { payload }))).replaceAll(/<\/?b>/g, '')

  it('her sticker is right for whoever checks it, until her account is another', async () => {
    await server.post(await invitation(), mai)
    const { stall: hers, accounts } = (await stallNamed('A7'))!
    expect(await verdictOn(hers.code, STICKER)).toContain('ĐÚNG mã sạp này')
    expect(await verdictOn(lan.stall.code, STICKER)).toContain('KHÔNG PHẢI')
    // The market's own card for the same account hangs beside it.
    await server.get(`/board/${here.code}/cards?stall=${hers.code}`, board)
    expect(await verdictOn(hers.code, STICKER)).toContain('ĐÚNG mã sạp này')

    const change = { ...mai, section: 'Dãy A', stall: 'A7', bank: VIETCOMBANK, account_number: '0555555555' }
    await server.post(`/board/${here.code}/stalls/new?stall=${hers.code}`, change, board)
    await server.get(`/board/${here.code}/cards?stall=${hers.code}`, board)
    const codes = (await db().select().from(stallCode)).filter((row) => row.accountId === accounts[0]!.id)
    expect(codes.map(({ kind, retiredAt }) => [kind, retiredAt])).toEqual([
      ['bank_issued', server.clock.now],
      ['own', server.clock.now],
    ])
    const newest = (await stallNamed('A7'))!.accounts[0]!
    const source = await server.addSource([(await stallNamed('A7'))!])
    const { accountNumber } = newest
    const gateway = 'Vietcombank'
    for (const account of [accounts[0]!.accountNumber, accountNumber]) {
      server.clock.now += 60_000
      await server.pay(source, {
        accountNumber: account,
        gateway,
        content: hers.reference,
        time: '2026-11-22 09:05:00',
      })
    }
    expect((await stallNamed('A7'))!.accounts.map(({ state }) => state)).toEqual(['active', 'retired'])
    expect(await verdictOn(hers.code, STICKER)).toContain('KHÔNG PHẢI')
  })

  it('her first customer is on her phone, and proves the account', async () => {
    const response = await server.post(await invitation(), mai)
    const cookie = response.headers.getSetCookie()[0]!.split(';')[0]!
    const entry = (await stallNamed('A7'))!
    const source = await server.addSource([entry])
    await server.pay(source, {
      accountNumber: '0123456789',
      gateway: 'Vietcombank',
      content: entry.stall.reference,
      amount: 76_000,
    })
    expect(await (await server.get(`/vendor/${entry.stall.code}`, cookie)).text()).toContain('76.000đ')
    expect((await stallNamed('A7'))!.accounts[0]!.state).toBe('active')
  })
})
