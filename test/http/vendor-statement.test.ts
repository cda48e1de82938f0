import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Mapping } from '../../server/sources/statement/layout.ts'
import { rememberMapping } from '../../server/sources/statement/recording.ts'
import { bankTransaction, erasable, match, witness } from '../../server/storage/kit.sqlite.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import type { Market } from '../../server/storage/market.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import type { Identity } from '../../server/storage/session.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { addStatementSource, listStatementSources } from '../../server/storage/statement.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { banks, csvOf, xlsxOf, type TestEntry } from '../statement-files.ts'
import { boardOf, openTestServer, TODAY, type TestServer } from './test-server.ts'

const VIETCOMBANK = '970436'
const A_DAY = 86_400_000
const YESTERDAY = '2026-11-21'

let server: TestServer
let market: Market
let stall: StallEntry
let her: Identity
let cookie: string
let path: string
let sourceId: string
beforeEach(async () => {
  server = openTestServer()
  server.clock.now -= 3 * A_DAY
  market = await server.addMarket('Chợ Phù Cát')
  stall = await server.addStall(market, 'A1', {
    account: { bankBin: VIETCOMBANK, accountNumber: '0071000123456' },
  })
  her = { role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id }
  sourceId = await server.addSource([stall])
  cookie = await server.signIn(her)
  path = `/vendor/${stall.stall.code}/statement`
  server.clock.now += 3 * A_DAY
})
afterEach(() => server.close())

const number = () => stall.accounts[0]!.accountNumber
const memo = (words: string) => `${stall.stall.reference} ${words}`
const pushed = (amount: number, words: string, time = `${YESTERDAY} 09:00:00`) =>
  server.pay(sourceId, {
    accountNumber: number(),
    gateway: 'Vietcombank',
    content: memo(words),
    amount,
    time,
  })
let entryCount = 0
/** A row of her statement; this bank tells the day only. */
const entry = (amount: number, text: string, day = YESTERDAY): TestEntry => {
  entryCount += 1
  return { at: `${day} 00:00:00`, amount, memo: text, reference: `5213.${entryCount}` }
}
const statement = (...entries: TestEntry[]) => csvOf(banks.vietcombank(number(), entries))

async function bring(content: string | Buffer<ArrayBuffer>, who = cookie, name = 'sao ke.csv', headers = {}) {
  const body = new FormData()
  body.append('file', new File([content], name))
  const sent = new Request(server.publicUrl, { method: 'POST', body })
  const bytes = await sent.arrayBuffer()
  const response = await server.request(path, {
    method: 'POST',
    body: bytes,
    headers: {
      cookie: who,
      origin: server.publicUrl,
      'content-type': sent.headers.get('content-type')!,
      'content-length': String(bytes.byteLength),
      ...headers,
    },
  })
  const text = (await response.text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return { status: response.status, text, headers: response.headers }
}
const transactions = () => server.services.store.db.select().from(bankTransaction)
const witnesses = () => server.services.store.db.select().from(witness)
const folder = () => join(server.services.config.dataDir, 'statements', 'preview', 'statement-vendors')

describe('her own statement against her book', () => {
  it.each([
    ['CSV', csvOf],
    ['XLSX', xlsxOf],
  ] as const)(
    'tells what is in both, what only one of them has, and makes no money: %s',
    async (_, write) => {
      await pushed(50_000, 'rau')
      await pushed(20_000, 'nhu tin bao')
      await pushed(33_000, 'chi co trong so')
      const takings = () =>
        getTakings(server.services.store, stallScope(market.id, stall.stall.id), YESTERDAY)
      const before = [await takings(), await transactions()]
      const file = write(
        banks.vietcombank(number(), [
          entry(50_000, memo('rau')),
          entry(20_000, memo('theo sao ke')),
          entry(9_000_000, memo('<b>tu viet</b>')),
          entry(-70_000, 'TRA TIEN THUOC'),
        ]),
      )
      for (const time of ['first', 'again']) {
        const { status, text, headers } = await bring(file)
        expect([time, status]).toEqual([time, 200])
        expect(text).toContain('1 khoản sổ đã có, sao kê cũng có')
        expect(text).toContain('1 khoản cùng ngày, cùng số tiền, chỉ khác lời nhắn')
        expect(text).toMatch(
          /1 khoản chưa thấy trong sổ .* 9\.000\.000đ ngày 21\/11 .*&lt;b&gt;tu viet&lt;\/b&gt;/,
        )
        expect(text).toMatch(/1 khoản sổ có mà sao kê không có .* 33\.000đ 09:00 sổ ngày 21\/11/)
        expect(text).not.toContain('khớp nhau')
        expect(text).toContain('tổng ghi nợ; tổng ghi có')
        expect(headers.get('cache-control')).toBe('no-store')
        expect(headers.get('x-keep-for')).toBeNull()
      }
      expect([await takings(), await transactions()]).toEqual(before)
      expect(await witnesses()).toHaveLength(1)
      // Of what nobody told, and of what she pays others, nothing is kept: no row, no words, no file.
      const rows = await server.services.store.db.select().from(erasable)
      const kept = rows.map(({ body, remittanceText }) => `${body?.toString()} ${remittanceText}`).join()
      expect(kept).toContain('rau')
      expect(kept + server.logged.join()).not.toMatch(/tu viet|theo sao ke|THUOC/)
      expect(readdirSync(folder())).toEqual([])
    },
  )

  it('that agrees in everything says so, and credits after it are not missed in it', async () => {
    await pushed(50_000, 'rau')
    await pushed(50_000, 'rau')
    await pushed(10_000, 'sau khi tai', `${TODAY} 08:00:00`)
    const rows = [entry(50_000, memo('rau')), entry(50_000, memo('rau'))]
    expect((await bring(statement(...rows))).text).toMatch(/2 khoản sổ đã có.*Sổ và sao kê khớp nhau/)
    // What an earlier one had and this one has not is not in this one.
    expect((await bring(statement(rows[0]!))).text).toMatch(
      /1 khoản sổ đã có.*1 khoản sổ có mà sao kê không có/,
    )
    // Made this morning: of today it has what had come by then.
    const early = await bring(statement(...rows, entry(-1_000, 'phi', TODAY)))
    expect(early.text).toContain('Sổ và sao kê khớp nhau')
    server.clock.now += A_DAY
    const late = await bring(statement(...rows, entry(-1_000, 'phi', TODAY)))
    expect(late.text).toContain('1 khoản sổ có mà sao kê không có')
  })

  it('twins stay two: a second one that nobody told of is not in the book', async () => {
    await pushed(50_000, 'rau')
    const { text } = await bring(statement(entry(50_000, memo('rau')), entry(50_000, memo('rau'))))
    expect(text).toMatch(/1 khoản sổ đã có.*1 khoản chưa thấy trong sổ/)
    expect(text).not.toContain('cùng số tiền, chỉ khác')
  })

  it('counts nothing of another account of hers, nor what an operator undid', async () => {
    const { store } = server.services
    await pushed(50_000, 'rau')
    const moved = { account: { bankBin: VIETCOMBANK, accountNumber: '0071000888888' }, consented: false }
    const next = await server.addStall(market, 'A1', { ...moved, vendor: 'Chủ A1' })
    await server.pay(await server.addSource([next]), {
      accountNumber: '0071000888888',
      gateway: 'Vietcombank',
      content: memo('tai khoan moi'),
      amount: 44_000,
      time: `${YESTERDAY} 09:00:00`,
    })
    stall = next
    const old = () => csvOf(banks.vietcombank('0071000888888', [entry(44_000, memo('tai khoan moi'))]))
    expect((await bring(old())).text).toMatch(/1 khoản sổ đã có.*Sổ và sao kê khớp nhau/)
    const [, { seq: matchSeq }] = (await store.db.select().from(match)) as [unknown, { seq: number }]
    const undoing = { marketId: market.id, matchSeq, by: 'test', reason: 'test' }
    await store.write((tx) => reverseMatch(tx, operatorScope(), undoing, server.clock.now))
    expect((await bring(old())).text).toMatch(/0 khoản sổ đã có.*1 khoản chưa thấy trong sổ/)
  })

  it('shows a phone nothing of what was before its pairing, not even that it is there', async () => {
    await pushed(50_000, 'rau')
    await pushed(33_000, 'chi co trong so')
    const old = await bring(statement(entry(50_000, memo('rau'))))
    expect(old.text).toMatch(/1 khoản sổ đã có.*1 khoản sổ có mà sao kê không có/)
    await server.post('/leave', {}, cookie)
    const phone = await server.pair(her)
    const { text } = await bring(statement(entry(50_000, memo('rau'))), phone)
    expect(text).toMatch(/0 khoản sổ đã có.*1 khoản chưa thấy trong sổ/)
    expect(text).not.toMatch(/33\.000|cùng số tiền|sao kê không có/)
    expect(text).toContain('Máy này không thấy các khoản cũ')
  })
})

it('of another bank is read as an operator explained it once, and only that bank’s', async () => {
  const { store } = server.services
  const mb = await server.addStall(market, 'A2')
  const { accountNumber } = mb.accounts[0]!
  const owner = await server.signIn({ ...her, vendorId: mb.vendor!.id })
  await server.pay(await server.addSource([mb]), {
    accountNumber,
    content: `${mb.stall.reference} rau`,
    time: `${YESTERDAY} 09:00:00`,
  })
  path = `/vendor/${mb.stall.code}/statement`
  const rows = [
    ['Ngày', 'Lời nhắn', 'Thu', 'Chi'],
    [`21/11/2026`, `${mb.stall.reference} rau`, '50.000', ''],
  ]
  const form = async () => (await server.get(path, owner)).text()

  const explain = async (id: string, bankBin: string, columns: Mapping['columns']) => {
    await store.changeRegistry(function* (tx) {
      yield* addStatementSource(tx, operatorScope(), { id, label: id, mode: 'counts' }, server.clock.now)
      yield* bindAccounts(tx, operatorScope(), id, [{ bankBin, accountNumber: '1' }], server.clock.now)
    })
    const header = { line: 1, names: rows[0]!, bank: null, mapping: null, proposed: mapping(columns) }
    await rememberMapping(store, operatorScope(), id, header, mapping(columns))
    server.clock.now += 1
  }
  const mapping = (columns: Mapping['columns']): Mapping => ({ columns, dateOrder: 'dmy' })
  const right = { bookedOn: 0, remittanceText: 1, credit: 2, debit: 3 }

  await explain('statement-of-acb', '970416', right)
  expect(await form()).not.toContain('type="file"')
  expect((await bring(csvOf(rows), owner)).text).toContain('Chưa đọc được mẫu sao kê này')
  await explain('statement-mistaken', '970422', { ...right, credit: 3, debit: 2 })
  await explain('statement-mended', '970422', right)
  expect(await form()).toMatch(/Đọc được của .*VietinBank, MBBank\./)
  const { status, text } = await bring(csvOf(rows), owner)
  expect([status, text]).toEqual([200, expect.stringContaining('1 khoản sổ đã có, sao kê cũng có')])
})

describe('what cannot be compared is refused whole, with what she can do', () => {
  const other = () => csvOf(banks.vietcombank('0071000999999', [entry(50_000, memo('rau'))]))
  const bidv = () => csvOf(banks.bidv('', [{ ...entry(50_000, memo('rau')), at: `${YESTERDAY} 09:00:00` }]))
  it.each<[string, () => string, RegExp]>([
    ['another account’s', other, /sao kê của tài khoản 0071000999999, không phải tài khoản nhận tiền/],
    ['another bank’s', bidv, /mẫu BIDV, mà tài khoản ở ngân hàng khác/],
    [
      'of an unknown layout',
      () => 'Ngày,Lời nhắn,Thu\n21/11/2026,rau,50000',
      /Chưa đọc được mẫu .* ban quản lý chợ/,
    ],
    [
      'one that does not add up',
      () => statement(entry(50_000, memo('rau'))).replace('1,050,000', '1,050,001'),
      /lệch 1đ/,
    ],
    [
      'of more than three months',
      () => statement(entry(50_000, memo('rau'), '2026-07-01'), entry(50_000, memo('rau'))),
      /dài hơn ba tháng/,
    ],
    ['no file at all', () => '', /Chọn một tệp sao kê/],
  ])('%s', async (_, file, words) => {
    await pushed(50_000, 'rau')
    const { status, text } = await bring(file())
    expect(status).toBe(400)
    expect(text).toMatch(words)
    expect(text).not.toContain('khoản sổ đã có')
    expect(await witnesses()).toEqual([])
    expect(existsSync(folder()) ? readdirSync(folder()) : []).toEqual([])
  })

  it('one of a bank that is not read is not even asked for', async () => {
    const mb = await server.addStall(market, 'A2')
    const owner = await server.signIn({ ...her, vendorId: mb.vendor!.id })
    const text = await (await server.get(`/vendor/${mb.stall.code}/statement`, owner)).text()
    expect(text).toContain('đưa sao kê cho ban quản lý chợ')
    expect(text).not.toContain('type="file"')
    expect(await (await server.get(path, cookie)).text()).toContain('type="file"')
  })

  it('is read from nobody else, from no other site, and never beyond its limit', async () => {
    const file = statement(entry(50_000, memo('rau')))
    const neighbour = await server.addStall(market, 'A3')
    const tries: [string, object, number][] = [
      ['', {}, 401],
      [await server.signIn({ ...her, vendorId: neighbour.vendor!.id }), {}, 404],
      [await server.signIn(boardOf(market)), {}, 404],
      [await server.pair(her, 'helper'), {}, 404],
      [await server.pair(her), {}, 404],
      [cookie, { origin: 'https://evil.example' }, 403],
      [cookie, { 'content-length': String(5 * 1024 * 1024) }, 413],
      [cookie, { 'content-length': '' }, 413],
    ]
    for (const [who, headers, status] of tries)
      expect((await bring(file, who, 'x.csv', headers)).status).toBe(status)
    expect(existsSync(folder())).toBe(false)
  })

  it('when two are being read, a third waits its turn', async () => {
    const file = statement(entry(50_000, memo('rau')))
    const answers = await Promise.all([bring(file), bring(file), bring(file)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 503])
    expect((await bring(file)).status).toBe(200)
  })
})

it('a statement of hers makes no source: not one to send to, to see or to prove an account by', async () => {
  const quiet = await server.addStall(market, 'A4', {
    account: { bankBin: VIETCOMBANK, accountNumber: '0071000777777' },
  })
  const owner = await server.signIn({ ...her, vendorId: quiet.vendor!.id })
  path = `/vendor/${quiet.stall.code}/statement`
  const file = csvOf(banks.vietcombank('0071000777777', [entry(50_000, quiet.stall.reference)]))
  expect((await bring(file, owner)).text).toContain('1 khoản chưa thấy trong sổ')
  expect(await transactions()).toEqual([])
  expect(await listStatementSources(server.services.store, operatorScope())).toEqual([])
  const sent = await server.request('/notifications/statement-vendors', { method: 'POST', body: '{}' })
  expect(sent.status).toBe(401)
  const proof = await server.get(`/vendor/${quiet.stall.code}/proof`, owner)
  expect(await proof.text()).toContain('Chưa có nguồn nào báo tiền của tài khoản này')
})
