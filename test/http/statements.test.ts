import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UPLOAD_PATH } from '../../server/http/statement-upload.ts'
import { source } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { stallScope } from '../../server/storage/scope.ts'
import { listBoundAccounts, listSources } from '../../server/storage/source.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { banks, csvOf, xlsxOf } from '../statement-files.ts'
import { boardOf, openTestServer, OPERATOR, TODAY, type TestServer } from './test-server.ts'

const VCB = '970436'
const ACCOUNT = '0071000123456'
let server: TestServer
let operator: string
let market: Market
let stall: StallEntry
beforeEach(async () => {
  server = openTestServer()
  operator = await server.signIn(OPERATOR)
  market = await server.addMarket('Chợ Phù Cát')
  stall = await server.addStall(market, 'A1', { account: { bankBin: VCB, accountNumber: ACCOUNT } })
  server.clock.now += 12 * 3_600_000
})
afterEach(() => server.close())

const page = async (path: string) => (await server.get(path, operator)).text()
const entries = () => [
  {
    at: '2026-11-22 00:00:00',
    amount: 50_000,
    memo: `${stall.stall.reference} <b>rau</b>`,
    reference: '1.1',
  },
  { at: '2026-11-22 00:00:00', amount: -20_000, memo: 'RUT', reference: '1.2' },
]
const takings = () => getTakings(server.services.store, stallScope(market.id, stall.stall.id), TODAY)

async function add(mode = 'counts', accounts = `VCB:${ACCOUNT}`): Promise<string> {
  const made = await server.post('/operator/statements', { label: 'Sao kê VCB', mode }, operator)
  expect(made.status).toBe(303)
  const home = made.headers.get('location')!
  expect((await server.post(`${home}/bind`, { accounts }, operator)).status).toBe(303)
  return home
}
function upload(
  home: string,
  name: string,
  content: string | Buffer<ArrayBuffer>,
  cookie = operator,
  headers = {},
) {
  const body = new FormData()
  body.append('file', new File([content], name))
  const sent = new Request(server.publicUrl, { method: 'POST', body })
  return sent.arrayBuffer().then((bytes) =>
    server.request(`${home}/upload`, {
      method: 'POST',
      body: bytes,
      headers: {
        cookie,
        origin: server.publicUrl,
        'content-type': sent.headers.get('content-type')!,
        'content-length': String(bytes.byteLength),
        ...headers,
      },
    }),
  )
}
async function preview(home: string, name: string, content: string | Buffer<ArrayBuffer>): Promise<string> {
  const sent = await upload(home, name, content)
  expect(sent.status).toBe(303)
  return sent.headers.get('location')!
}
/** Looks until the file has come to its end. */
async function ended(path: string): Promise<string> {
  for (;;) {
    const response = await server.get(path, operator)
    const shown = await response.text()
    if (response.headers.get('refresh') === null) return shown
    expect(shown).toContain('<progress')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a statement on the operator’s pages', () => {
  it.each([
    ['CSV', 'sao ke.csv', csvOf],
    ['XLSX', 'sao ke.xlsx', xlsxOf],
  ] as const)('is looked at, said yes to, recorded and told: %s', async (_, name, write) => {
    const home = await add()
    const address = await preview(home, name, write(banks.vietcombank(ACCOUNT, entries())))
    const seen = await page(address)
    expect(seen).toContain('mẫu <b>Vietcombank</b>')
    expect(seen).toContain('2 khoản, từ 22/11 đến 22/11')
    expect(seen).toContain('tổng ghi nợ; tổng ghi có')
    expect(seen).toContain('Ghi vào sổ')
    // A stranger's words are words, and nobody need say which column is what.
    expect(seen).toContain('&lt;b&gt;rau&lt;/b&gt;')
    expect(seen).not.toContain('<select')
    expect((await takings()).saleCount).toBe(0)

    const yes = await server.post(address, { account: `${VCB}-${ACCOUNT}` }, operator)
    expect(yes.status).toBe(303)
    const result = await ended(yes.headers.get('location')!)
    expect(result).toContain('Mới: 1 khoản đã rõ của ai, 0 khoản chờ người xem')
    expect(result).toContain('Có khoản mới ở các ngày: 22/11 (1)')
    expect(await takings()).toMatchObject({ saleCount: 1, totalVnd: 50_000 })
    expect(await page(home)).toContain('đã ghi')
    // Saying yes again finds it on its way.
    expect((await server.post(address, {}, operator)).status).toBe(404)
    expect(server.logged.join()).not.toMatch(/rau|0071000123456/)
  })

  it('of an unknown layout is explained once: wrong columns are told, the right ones are kept', async () => {
    const home = await add('counts', `MB:${stall.accounts[0]!.accountNumber}`)
    const rows = [
      ['Ngày', 'Lời nhắn', 'Thu', 'Chi'],
      ['22/11/2026', stall.stall.reference, '50.000', ''],
    ]
    const address = await preview(home, 'mb.csv', csvOf(rows, ';'))
    const asked = await page(address)
    expect(asked).toContain('Chợ 4.0 chưa gặp mẫu này')
    expect(asked).toContain('Chọn cột nội dung')
    expect(asked).not.toContain('Ghi vào sổ')
    const wrong = { dateOrder: 'dmy', bookedOn: '0', remittanceText: '1', debit: '2', credit: '2' }
    const refused = await server.post(address, wrong, operator)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('Mỗi cột tiền chỉ chọn một lần')
    const right = { ...wrong, credit: '2', debit: '3' }
    const looked = await page(`${address}?${new URLSearchParams(right)}`)
    expect(looked).toContain('1 khoản, từ 22/11 đến 22/11')
    expect(looked).toContain('Tệp không ghi tổng hay số dư nào để đối chiếu')
    const yes = await server.post(address, right, operator)
    await ended(yes.headers.get('location')!)
    const again = await page(await preview(home, 'mb.csv', csvOf(rows, ';')))
    expect(again).not.toContain('<select')
    expect(again).toContain('Ghi vào sổ')
  })

  it('that does not add up cannot be said yes to', async () => {
    const home = await add()
    const content = csvOf(banks.vietcombank(ACCOUNT, entries())).replace('1,050,000', '1,050,001')
    const address = await preview(home, 'x.csv', content)
    const seen = await page(address)
    expect(seen).toContain('lệch 1đ')
    expect(seen).not.toContain('Ghi vào sổ')
    expect((await server.post(address, {}, operator)).status).toBe(400)
    expect((await takings()).saleCount).toBe(0)
  })

  it('that a vendor sent only corroborates, and the page says so', async () => {
    const home = await add('corroborates')
    const address = await preview(home, 'x.csv', csvOf(banks.vietcombank(ACCOUNT, entries())))
    const yes = await server.post(address, {}, operator)
    expect(await ended(yes.headers.get('location')!)).toContain('Không ghi thêm khoản nào')
    expect(await page(home)).toContain('chỉ để đối chiếu')
    expect((await takings()).saleCount).toBe(0)
  })

  it('is taken by nobody else, and by nobody before the door: the file is not even written', async () => {
    const home = await add()
    const board = await server.signIn(boardOf(market))
    for (const [cookie, status] of [
      ['', 401],
      [board, 404],
    ] as const)
      expect((await upload(home, 'x.csv', 'a,b', cookie)).status).toBe(status)
    expect((await upload(home, 'x.csv', 'a,b', operator, { origin: 'https://evil.example' })).status).toBe(
      403,
    )
    expect(existsSync(join(server.services.config.dataDir, 'statements', 'preview'))).toBe(false)
  })

  it('has a limit, told before it is read; other forms keep theirs', async () => {
    const home = await add()
    for (const length of [String(21 * 1024 * 1024), undefined, 'x']) {
      const response = await upload(home, 'x.csv', 'a', operator, { 'content-length': length ?? '' })
      expect(response.status).toBe(413)
      expect(await response.text()).toContain('Tệp lớn hơn 20 MB')
    }
    expect(existsSync(join(server.services.config.dataDir, 'statements', 'preview'))).toBe(false)
    expect(UPLOAD_PATH.test(`${home}/bind`)).toBe(false)
    const long = await server.post(`${home}/bind`, { accounts: 'x'.repeat(17_000) }, operator)
    expect(long.status).toBe(413)
    expect((await upload(home, 'x.csv', '')).status).toBe(400)
  })

  it('is found only by its own name: no path leads elsewhere', async () => {
    const home = await add()
    for (const name of ['..%2f..%2fseal.key', '..', 'x.csv'])
      expect((await server.get(`${home}/files/${name}`, operator)).status).toBe(404)
  })
})

describe('a source of statements', () => {
  it('is no source that anybody can send to, nor one that hears money as it comes', async () => {
    const home = await add()
    const id = home.split('/').at(-1)!
    const sent = await server.request(`/notifications/${id}`, { method: 'POST', body: '{}' })
    expect(sent.status).toBe(401)
    expect(await listSources(server.services.store, operatorScope())).toEqual([])
    expect(await listBoundAccounts(server.services.store)).toEqual([])
  })

  it('needs a name and a purpose; is removed by its name; its accounts can be taken back', async () => {
    const wrong = await server.post('/operator/statements', { label: ' ', mode: 'x' }, operator)
    expect(wrong.status).toBe(400)
    expect(await wrong.text()).toContain('Chọn một trong hai cách')
    const home = await add()
    expect(await page(`${home}?bound=1`)).toContain('Đã cho phép 1 tài khoản')
    expect(await page(home)).toContain(ACCOUNT)
    await server.post(`${home}/unbind`, { bankBin: VCB, accountNumber: ACCOUNT }, operator)
    expect(await page(home)).toContain('Ghi tài khoản ở dưới trước')
    const bad = await server.post(`${home}/bind`, { accounts: 'nowhere' }, operator)
    expect(bad.status).toBe(400)
    expect((await server.post(`${home}/remove`, { confirmation: 'x' }, operator)).status).toBe(400)
    await server.post(`${home}/remove`, { confirmation: 'Sao kê VCB' }, operator)
    expect((await server.get(home, operator)).status).toBe(404)
    const [row] = await server.services.store.db.select().from(source)
    expect(row?.removedAt).toBe(server.clock.now)
  })

  it('has a folder of its own once the minute has come', async () => {
    const home = await add()
    await server.services.statements.sweep(operatorScope())
    const folder = join(server.services.config.dataDir, 'statements', 'in')
    expect(readdirSync(folder)).toEqual([home.split('/').at(-1)])
  })
})
