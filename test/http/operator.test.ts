import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { findDifferences } from '../../server/storage/audit.ts'
import { bankTransaction, dailyOutcome, match, matchException } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import { listSources } from '../../server/storage/source.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { run } from '../../server/storage/unit.ts'
import { SECRET, sepayBody, sepayHeaders } from '../sepay.ts'
import { boardOf, openTestServer, OPERATOR, TODAY, type TestServer } from './test-server.ts'

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</bdi></dd><form action=//evil>',
  '=cmd()|A1',
  '\u202Egnp.exe\u0000\u0007',
]
const MB = '970422'
const SHARED = { bankBin: MB, accountNumber: '0999888777', accountName: 'TRAN VAN HOA' }

let server: TestServer
let operator: string

const page = async (path: string) => (await server.get(path, operator)).text()
const selectedIn = (shown: string) => /value="(\w+)"\s+selected/.exec(shown)?.[1]
const rowsOf = (table: string) =>
  [...table.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row]) => cells(row!)).slice(1)
const cells = (row: string) =>
  [...row.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell]) =>
    cell!
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )

describe('the operator’s first page', () => {
  beforeAll(async () => {
    server = openTestServer()
    operator = await server.signIn(OPERATOR)
  })
  afterAll(() => server.close())

  it('says the three things to do, and what is done', async () => {
    const empty = await page('/operator')
    expect(empty).toContain('Ba việc để nghe được đồng đầu tiên')
    expect(empty).not.toContain('xong')
    const market = await server.addMarket('Chợ Phù Cát')
    expect((await page('/operator')).match(/✓ xong/g)).toHaveLength(1)
    const stall = await server.addStall(market, 'A1')
    expect((await page('/operator')).match(/✓ xong/g)).toHaveLength(2)
    await server.addSource()
    const ready = await page('/operator')
    expect(ready).not.toContain('Ba việc')
    expect(ready).toContain('1 tài khoản chưa nguồn nào được phép báo')
    await server.addSource([stall])
    expect(await page('/operator')).not.toContain('chưa nguồn nào được phép báo')
  })

  it('adds a market with its hour and days, in its own word', async () => {
    const typed = {
      name: 'Chợ đêm Kỳ Anh',
      day_starts_at: '15:00',
      market_days: ['2', '6'],
      stall_word: 'quầy',
    }
    const response = await server.post('/operator/markets', typed, operator)
    expect(response.headers.get('location')).toBe('/operator?added=cho-dem-ky-anh')
    const all = await page('/operator?added=cho-dem-ky-anh')
    expect(all).toContain('Đã thêm Chợ đêm Kỳ Anh.')
    expect(all).toContain('họp thứ Ba, thứ Bảy')
    expect(all).toContain('ngày bán từ 15:00')
    expect(all).toContain('0 quầy')
  })

  it.each([
    ['no name', { name: '', day_starts_at: '00:00' }, 400, 'name-error'],
    [
      'no such hour',
      { name: 'Chợ Mới', day_starts_at: '25:00', market_days: ['1', '3'] },
      400,
      'day_starts_at-error',
    ],
    ['a name that is taken', { name: 'chợ  phù cát', day_starts_at: '00:00' }, 409, 'name-error'],
    ['the name of no market', { name: 'Không thuộc chợ nào', day_starts_at: '00:00' }, 409, 'name-error'],
  ])('shows the form again with %s at its field', async (_, typed, status, error) => {
    const response = await server.post('/operator/markets', typed, operator)
    const form = await response.text()
    expect(response.status).toBe(status)
    expect(form).toContain(`id="${error}"`)
    expect(form).toContain(`value="${typed.name}"`)
    expect(form.match(/name="market_days"\s+value="\d"\s+checked/g)?.length ?? 0).toBe(
      'market_days' in typed ? 2 : 0,
    )
  })

  it('corrects a market, whose code and past days stay', async () => {
    const market = await server.addMarket('Chợ Gò')
    const stall = await server.addStall(market, 'G1')
    const sourceId = await server.addSource([stall])
    const pay = () =>
      server.pay(sourceId, {
        accountNumber: stall.accounts[0]!.accountNumber,
        content: stall.stall.reference,
      })
    await pay()
    expect(await page('/operator')).toContain('href="/operator/markets/cho-go"')
    const form = await page('/operator/markets/cho-go')
    expect(form).toContain('value="Chợ Gò"')
    expect(form).toContain('value="00:00"')
    expect(form).toContain('Ngày bán đã qua giữ nguyên')
    const typed = { name: 'Chợ Gò Bồi', day_starts_at: '15:00', market_days: ['2', '6'], stall_word: 'lô' }
    const response = await server.post('/operator/markets/cho-go', typed, operator)
    expect(response.headers.get('location')).toBe('/operator?saved=cho-go')
    const all = await page('/operator?saved=cho-go')
    for (const words of ['Đã sửa Chợ Gò Bồi.', 'họp thứ Ba, thứ Bảy', 'ngày bán từ 15:00', '1 lô']) {
      expect(all).toContain(words)
    }
    await pay()
    const days = (await server.services.store.db.select().from(bankTransaction)).map((row) => row.businessDay)
    expect(days.slice(-2)).toEqual([TODAY, '2026-11-21'])
    const again = await page('/operator/markets/cho-go')
    expect(again.match(/name="market_days"\s+value="[26]"\s+checked/g)).toHaveLength(2)
    expect(again).toMatch(/value="lô"\s+checked/)
  })

  it('does not correct a market to nothing, and not one that is not there', async () => {
    const wrong = { name: '', day_starts_at: '25:00', stall_word: 'sạp' }
    const response = await server.post('/operator/markets/cho-go', wrong, operator)
    const form = await response.text()
    expect(response.status).toBe(400)
    for (const error of ['name-error', 'day_starts_at-error']) expect(form).toContain(`id="${error}"`)
    expect(await page('/operator/markets/cho-go')).toContain('value="Chợ Gò Bồi"')
    expect((await server.get('/operator/markets/nowhere', operator)).status).toBe(404)
    expect((await server.post('/operator/markets/nowhere', wrong, operator)).status).toBe(404)
  })

  it('lets a board in by a one-time link', async () => {
    const response = await server.post('/operator/markets/cho-phu-cat/invite', {}, operator)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const [, link = ''] = /http:\/\/localhost:4040(\/enter\/[\w-]+)/.exec(await response.text()) ?? []
    const entered = await server.post(link, {})
    const cookie = entered.headers.getSetCookie()[0]!.split(';')[0]!
    expect((await server.get('/board/cho-phu-cat', cookie)).status).toBe(200)
    expect((await server.get('/operator', cookie)).status).toBe(404)
    expect((await server.post('/operator/markets/nowhere/invite', {}, operator)).status).toBe(404)
  })

  it('is nobody else’s, and neither is anything below it', async () => {
    const market = await server.addMarket('Chợ Kín')
    const sourceId = await server.addSource()
    const board = await server.signIn(boardOf(market))
    const reads = [
      '',
      '/markets/cho-kin',
      '/sources',
      '/sources/add/sepay',
      `/sources/${sourceId}`,
      '/inbox/cho-kin',
      '/inbox/khong-thuoc-cho-nao',
      '/inbox/cho-kin/decided',
    ]
    const writes = [
      '/markets',
      '/markets/cho-kin',
      '/markets/cho-kin/invite',
      '/sources/add/sepay',
      '/inbox/cho-kin/assign',
      '/inbox/cho-kin/undo',
    ]
    const ofSource = ['bind', 'unbind', 'rotate', 'token', 'remove'].map(
      (verb) => `/sources/${sourceId}/${verb}`,
    )
    for (const [cookie, status] of [[board, 404] as const, [undefined, 401] as const]) {
      for (const path of reads) expect((await server.get(`/operator${path}`, cookie)).status).toBe(status)
      for (const path of [...writes, ...ofSource]) {
        const fields = { confirmation: sourceId, name: 'X', label: 'X', mode: 'hmac', apiToken: 'X' }
        expect((await server.post(`/operator${path}`, fields, cookie)).status).toBe(status)
      }
    }
    expect((await listSources(server.services.store, operatorScope())).map((row) => row.id)).toContain(
      sourceId,
    )
  })
})

describe('«Tiền chưa rõ của ai»', () => {
  let market: Market
  let lan: StallEntry
  let c1: StallEntry
  let c2: StallEntry
  let shy: StallEntry
  let elsewhere: StallEntry
  let sourceId: string

  beforeEach(async () => {
    server = openTestServer()
    operator = await server.signIn(OPERATOR)
    market = await server.addMarket('Chợ Phù Cát')
    const other = await server.addMarket('Chợ Kỳ Anh')
    lan = await server.addStall(market, 'A1')
    c1 = await server.addStall(market, 'C1', { account: SHARED })
    c2 = await server.addStall(market, 'C2', { account: SHARED })
    shy = await server.addStall(market, 'S1', { consented: false })
    elsewhere = await server.addStall(other, 'K1')
    sourceId = await server.addSource([lan, c1, shy, elsewhere])
    return () => server.close()
  })

  const undecided = async (content = 'tien ca', amount = 120_000) => {
    expect(
      (await server.pay(sourceId, { accountNumber: SHARED.accountNumber, content, amount })).status,
    ).toBe(200)
    const [credit] = (await server.services.store.db.select().from(matchException)).slice(-1)
    return credit!.transactionSeq!
  }
  const inbox = () => page('/operator/inbox/cho-phu-cat')
  const assign = (transactionSeq: number, stall: string, reason = 'khách đưa biên lai') =>
    server.post(
      '/operator/inbox/cho-phu-cat/assign',
      { transactionSeq: String(transactionSeq), stallCode: stall, reason },
      operator,
    )
  const matches = () => server.services.store.db.select().from(match)

  it('adds up after everything that can come in', async () => {
    const own = lan.accounts[0]!.accountNumber
    await server.pay(sourceId, { accountNumber: own, content: lan.stall.reference, amount: 50_000 })
    await server.pay(sourceId, { accountNumber: own, content: 'khong ma', amount: 7_000 })
    await undecided('tien rau', 1_250_000)
    await undecided(`${c1.stall.reference} ${c2.stall.reference}`, 30_000)
    await server.pay(sourceId, {
      accountNumber: SHARED.accountNumber,
      content: 'ra',
      amount: 777_000,
      type: 'out',
    })
    await server.pay(sourceId, {
      accountNumber: own,
      content: 'thu',
      amount: 11,
      reference: 'SB0123456789AB',
    })
    await server.pay(sourceId, { accountNumber: '5550001', content: 'la', amount: 90_000 })
    await server.pay(sourceId, {
      accountNumber: shy.accounts[0]!.accountNumber,
      content: 'chua',
      amount: 60_000,
    })
    await server.services.intake.drain()
    const ofMarket = rowsOf(/<table[\s\S]*?<\/table>/.exec(await inbox())![0])
    expect(ofMarket).toEqual([
      [
        '22/11',
        'SePay thử',
        '1.337.011đ 5 khoản',
        '57.000đ 2 khoản',
        '1.280.000đ 2 khoản',
        '11đ 1 khoản',
        'khớp',
      ],
    ])
    const nobodys = await page(`/operator/inbox/khong-thuoc-cho-nao?day=${TODAY}`)
    expect(rowsOf(/<table[\s\S]*?<\/table>/.exec(nobodys)![0])).toEqual([
      ['22/11', 'SePay thử', '150.000đ 2 khoản', '0', '0', '150.000đ 2 khoản', 'khớp'],
    ])
    expect(rowsOf(/<section id="day">[\s\S]*?<\/section>/.exec(nobodys)![0])).toEqual([
      ['Người bán chưa đồng ý', '1', '60.000đ'],
      ['Tài khoản không có trong danh sách sạp', '1', '90.000đ'],
    ])
    expect(nobodys).not.toContain('Ghi là của')
    expect(await inbox()).toContain('2 khoản chờ người xem')
    expect(await findDifferences(server.services.store)).toEqual([])
  })

  it('sounds the alarm when a day does not add up', async () => {
    await undecided()
    expect(await inbox()).not.toContain('Sổ không khớp')
    const { store } = server.services
    await store.write((tx) =>
      run(tx.update(dailyOutcome).set({ amountVnd: 1 }).where(eq(dailyOutcome.marketId, market.id))),
    )
    const broken = await inbox()
    expect(broken).toMatch(/notice-bad[\s\S]*Sổ không khớp ngày 22\/11/)
    expect(broken).toContain('KHÔNG khớp')
  })

  it('offers the stalls of the credited account first, and only who had agreed', async () => {
    await undecided()
    const [, form = ''] = /<select([\s\S]*?)<\/select>/.exec(await inbox()) ?? []
    const names = [...form.matchAll(/<option value="\w+"\s*>\s*(\w+) ·/g)].map(([, name]) => name)
    expect(form).toContain('Nhận tiền ở tài khoản này')
    expect(names).toEqual(['C1', 'C2', 'A1'])
  })

  it('moves a credit from undecided to matched by hand, and the vendor’s phone hears of it', async () => {
    const seq = await undecided()
    let heard = 0
    server.services.feed.subscribe(
      (news) => (heard += news.filter((one) => one.stallId === c2.stall.id).length),
    )
    const response = await assign(seq, c2.stall.code, '  khách \u202E đưa\nbiên lai ')
    expect(response.headers.get('location')).toBe(`/operator/inbox/cho-phu-cat?assigned=${c2.stall.code}`)
    expect(heard).toBe(1)
    expect(await page(response.headers.get('location')!)).toContain('Đã ghi là của sạp C2.')
    expect(await matches()).toMatchObject([
      {
        transactionSeq: seq,
        stallId: c2.stall.id,
        rule: 'assigned',
        by: 'operator',
        reason: 'khách đưa biên lai',
      },
    ])
    const after = await inbox()
    expect(rowsOf(/<table[\s\S]*?<\/table>/.exec(after)![0])).toEqual([
      ['22/11', 'SePay thử', '120.000đ 1 khoản', '120.000đ 1 khoản', '0', '0', 'khớp'],
    ])
    expect(after).toContain('Không còn khoản nào chờ người xem')
    // Hers to say what it was: not yet takings.
    expect(await getTakings(server.services.store, stallScope(market.id, c2.stall.id), TODAY)).toMatchObject({
      totalVnd: 0,
      unclearCount: 1,
    })
    // Nothing of what was recorded before is gone or changed.
    expect(await server.services.store.db.select().from(matchException)).toHaveLength(1)
    expect(await findDifferences(server.services.store)).toEqual([])
  })

  it('is told only once: the second word on the same credit is a conflict', async () => {
    const seq = await undecided()
    const both = await Promise.all([assign(seq, c1.stall.code), assign(seq, c2.stall.code)])
    expect(both.map((response) => response.status).toSorted((a, b) => a - b)).toEqual([303, 409])
    const third = await assign(seq, c2.stall.code)
    expect(third.status).toBe(409)
    expect(await third.text()).toContain('đã có người ghi')
    expect(await matches()).toHaveLength(1)
  })

  it('refuses a stall of another market, of nobody, or of a vendor who had not agreed', async () => {
    const seq = await undecided()
    const wrong = [
      [elsewhere.stall.code, 'Không phải sạp của chợ này'],
      ['nowhere', 'Không phải sạp của chợ này'],
      [shy.stall.code, 'người bán ở sạp S1 chưa đồng ý'],
    ] as const
    for (const [code, words] of wrong) {
      const response = await assign(seq, code, 'vì <b>thế</b>')
      const again = await response.text()
      expect(response.status).toBe(409)
      expect(again).toMatch(new RegExp(`id="stall-${seq}-error">[^<]*${words}`))
      expect(again).toContain('value="vì &lt;b&gt;thế&lt;/b&gt;"')
    }
    // She agrees now, but the money came before.
    server.clock.now += 3_600_000
    await server.signIn({ role: 'vendor', marketId: market.id, vendorId: shy.vendor!.id })
    expect((await assign(seq, shy.stall.code)).status).toBe(409)
    expect(await matches()).toHaveLength(0)
  })

  it('shows the twenty oldest, and says how many more there are', async () => {
    for (let n = 0; n < 21; n += 1) await undecided(`tien ${n}`)
    const shown = await inbox()
    expect(shown.match(/class="card credit"/g)).toHaveLength(20)
    expect(shown).toContain('21 khoản chờ người xem')
    expect(shown).toContain('Còn 1 khoản nữa')
    expect(shown).not.toContain('<bdi>tien 20</bdi>')
  })

  it('wants a stall and a reason', async () => {
    const seq = await undecided()
    for (const [code, reason, error] of [
      ['', 'vì thế', `stall-${seq}-error`],
      [c1.stall.code, ' ', `reason-${seq}-error`],
      [c1.stall.code, 'x'.repeat(201), `reason-${seq}-error`],
    ] as const) {
      const response = await assign(seq, code, reason)
      expect(response.status).toBe(400)
      const again = await response.text()
      expect(again).toContain(`id="${error}"`)
      expect(selectedIn(again)).toBe(code === '' ? undefined : code)
    }
    expect((await assign(seq, c1.stall.code, 'x'.repeat(200))).status).toBe(303)
  })

  it('assigns nothing that is no market’s, is counted, or does not exist', async () => {
    const own = lan.accounts[0]!.accountNumber
    await server.pay(sourceId, { accountNumber: own, content: lan.stall.reference })
    await server.pay(sourceId, { accountNumber: '5550001', content: 'la' })
    for (const { seq } of await server.services.store.db.select().from(bankTransaction)) {
      expect((await assign(seq, c1.stall.code)).status).toBe(409)
    }
    const nobodys = '/operator/inbox/khong-thuoc-cho-nao/assign'
    const fields = { transactionSeq: '1', stallCode: c1.stall.code, reason: 'x' }
    expect((await server.post(nobodys, fields, operator)).status).toBe(409)
    expect(
      (await server.post('/operator/inbox/cho-phu-cat/assign', { ...fields, transactionSeq: 'x' }, operator))
        .status,
    ).toBe(400)
    expect(await matches()).toHaveLength(1)
  })

  describe('«Khoản đã ghi»', () => {
    const undo = (matchSeq: number, reason = 'khách chuyển nhầm') =>
      server.post('/operator/inbox/cho-phu-cat/undo', { matchSeq: String(matchSeq), reason }, operator)
    const decided = (search = '') => page(`/operator/inbox/cho-phu-cat/decided${search}`)

    it('undoes what a person said, and the credit waits again', async () => {
      await assign(await undecided(), c2.stall.code)
      const [word] = await matches()
      expect(await decided()).toMatch(/Sạp C2[\s\S]*Người ghi lúc 09:00[\s\S]*khách đưa biên lai/)
      let heard = 0
      server.services.feed.subscribe((news) => (heard += news.length))
      const response = await undo(word!.seq)
      const after = await page(response.headers.get('location')!)
      expect(after).toContain('Đã gỡ ra')
      expect(after).toContain('1 khoản chờ người xem')
      expect(after.match(/class="card credit"/g)).toHaveLength(1)
      expect(after).toContain('Đã ghi rồi gỡ ra')
      expect(heard).toBe(1)
      expect(await decided()).toContain('Chưa có khoản nào do người ghi')
      expect(await findDifferences(server.services.store)).toEqual([])
    })

    it('finds what a rule matched by its day and exact amount, and by nothing less', async () => {
      const own = lan.accounts[0]!.accountNumber
      const content = `${lan.stall.reference} LE THI NGA mua ca`
      await server.pay(sourceId, { accountNumber: own, content, amount: 57_000 })
      const found = await decided(`?day=${TODAY}&amount=57.000`)
      expect(found).toContain('Sạp A1')
      expect(found).not.toMatch(/NGA|mua ca/)
      for (const search of ['', '?day=2026-11-21&amount=57.000', `?day=${TODAY}&amount=57.001`]) {
        expect(await decided(search)).not.toContain('Sạp A1')
      }
      for (const wrong of [`?day=${TODAY}&amount=5x`, '?day=hom-nay&amount=57.000']) {
        expect(await decided(wrong)).toContain('id="amount-error"')
      }
      const [known] = await matches()
      expect((await undo(known!.seq)).status).toBe(303)
      expect(
        await getTakings(server.services.store, stallScope(market.id, lan.stall.id), TODAY),
      ).toMatchObject({ totalVnd: 0, saleCount: 0 })
    })

    it('wants a reason, says when somebody was faster, and knows no match of another market', async () => {
      await assign(await undecided(), c2.stall.code)
      const { seq } = (await matches())[0]!
      const again = await undo(seq, ' ')
      expect(again.status).toBe(400)
      expect(await again.text()).toContain(`id="reason-${seq}-error"`)
      const elsewhereUndo = { matchSeq: String(seq), reason: 'x' }
      expect((await server.post('/operator/inbox/cho-ky-anh/undo', elsewhereUndo, operator)).status).toBe(404)
      expect((await undo(seq)).status).toBe(303)
      const late = await undo(seq)
      expect(late.status).toBe(409)
      expect(await late.text()).toContain('đã có người gỡ ra')
    })
  })

  it.each(HOSTILE)('shows the memo %j as harmless text', async (memo) => {
    await undecided(`truoc ${memo} sau`)
    const shown = await inbox()
    const [, text = ''] = /<bdi>(truoc [\s\S]*? sau)<\/bdi>/.exec(shown) ?? []
    expect(text).not.toBe('')
    expect(text).not.toMatch(/[<>"']/)
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u202A-\u202E\u0000-\u001F]/)
    expect(shown.match(/<form/g)).toEqual(shown.match(/<form(?= action="\/operator\/)/g))
  })

  it('lists what could not be read, newest first, without a word of it', async () => {
    await server.notify(sourceId, '{"content":"<b>bí mật</b>"')
    server.clock.now += 60_000
    await server.notify(
      sourceId,
      sepayBody({ id: 1, accountNumber: '1', content: 'x', gateway: 'Ngân hàng lạ' }),
    )
    const shown = await page('/operator/inbox/khong-thuoc-cho-nao')
    const alerts = rowsOf(shown.slice(shown.indexOf('Tin báo cần người')))
    expect(alerts).toEqual([
      [
        'Tin báo không đọc được',
        'SePay thử',
        '09:01 ngày 22/11',
        'unknown_bank (gateway: is in no bank table)',
      ],
      ['Tin báo không đọc được', 'SePay thử', '09:00 ngày 22/11', 'malformed (body: is not JSON in UTF-8)'],
    ])
    expect(shown).not.toContain('bí mật')
  })

  it('is of a market that exists', async () => {
    expect((await server.get('/operator/inbox/nowhere', operator)).status).toBe(404)
  })
})

describe('a source', () => {
  let stall: StallEntry
  let account: string

  beforeEach(async () => {
    server = openTestServer({ publicUrl: 'https://cho.example' })
    operator = await server.signIn(OPERATOR)
    stall = await server.addStall(await server.addMarket('Chợ Phù Cát'), 'A1')
    account = stall.accounts[0]!.accountNumber
    return () => server.close()
  })

  const add = async (more: Record<string, string> = {}) => {
    const typed = { label: 'SePay Phù Cát', mode: 'hmac', secret: '', apiToken: '', ...more }
    const response = await server.post('/operator/sources/add/sepay', typed, operator)
    const shown = await response.text()
    return {
      response,
      shown,
      id: /https:\/\/cho\.example\/notifications\/([\w-]+)/.exec(shown)?.[1] ?? '',
      secret: secretOn(shown),
    }
  }
  const secretOn = (shown: string) => /Khoá bí mật<\/p>\s*<p[^>]*><code>([^<]+)</.exec(shown)?.[1] ?? ''
  const pay = (id: string, secret: string, n: number) =>
    server.notify(id, sepayBody({ id: n, accountNumber: account, content: stall.stall.reference }), secret)

  it('added here tells its address and secret once, and from then on is heard', async () => {
    const { response, shown, id, secret } = await add({ apiToken: 'TOKEN-of-the-history' })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(shown).toContain('HMAC-SHA256')
    expect(shown).not.toContain('https công khai')
    await server.post(`/operator/sources/${id}/bind`, { accounts: `MBBank:${account}` }, operator)
    expect((await pay(id, secret, 1)).status).toBe(200)
    expect((await pay(id, SECRET, 2)).status).toBe(401)
    expect(
      (await getTakings(server.services.store, stallScope(stall.stall.marketId, stall.stall.id), TODAY))
        .saleCount,
    ).toBe(1)
    for (const path of [`/operator/sources/${id}`, '/operator/sources', '/operator']) {
      const later = await page(path)
      expect(later).not.toContain(secret)
      expect(later).not.toContain('TOKEN-of-the-history')
    }
    expect(await page(`/operator/sources/${id}`)).toContain('09:00 ngày 22/11')
    expect(server.logged.join()).not.toMatch(new RegExp(`${secret}|TOKEN-of-the-history`))
  })

  it('in API key mode believes the key it was given', async () => {
    const { id, secret } = await add({ mode: 'apikey', secret: 'a-key-from-sepay-0001' })
    expect(secret).toBe('a-key-from-sepay-0001')
    const body = sepayBody({ id: 1, accountNumber: account, content: 'x' })
    const send = (headers: Record<string, string>) =>
      server.request(`/notifications/${id}`, { method: 'POST', body, headers })
    expect((await send({ authorization: `Apikey ${secret}` })).status).toBe(200)
    expect((await send({ authorization: 'Apikey another' })).status).toBe(401)
    expect((await send(sepayHeaders(body, server.clock.now, secret))).status).toBe(401)
  })

  it('whose form is not right is not added, and no secret is said back', async () => {
    const { response, shown } = await add({ label: '', mode: 'none', secret: 'short', apiToken: 'a token' })
    expect(response.status).toBe(400)
    expect(shown).toContain('id="label-error"')
    expect(shown).toContain('id="secret-error"')
    expect(shown).toContain('id="apiToken-error"')
    expect(shown).toContain('Chọn một trong các cách')
    expect(shown).not.toMatch(/value="(short|a token)"/)
    expect(await listSources(server.services.store, operatorScope())).toEqual([])
  })

  it('rotated is believed by both secrets for a day, then only by the new', async () => {
    const { id, secret } = await add()
    const response = await server.post(`/operator/sources/${id}/rotate`, { secret: '' }, operator)
    const shown = await response.text()
    const renewed = secretOn(shown)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(shown).toContain('09:00 ngày 23/11')
    expect(renewed).not.toBe(secret)
    server.clock.now += 2_000
    expect((await pay(id, secret, 1)).status).toBe(200)
    expect((await pay(id, renewed, 2)).status).toBe(200)
    server.clock.now += 24 * 3_600_000
    expect((await pay(id, secret, 3)).status).toBe(401)
    expect((await pay(id, renewed, 4)).status).toBe(200)
    expect(await page(`/operator/sources/${id}`)).not.toContain(renewed)
    expect(server.logged.join()).not.toContain(renewed)
  })

  it('is not rotated to a secret that could be guessed', async () => {
    const { id, secret } = await add()
    const response = await server.post(`/operator/sources/${id}/rotate`, { secret: 'guess-me' }, operator)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('guess-me')
    server.clock.now += 2_000
    expect((await pay(id, 'guess-me', 1)).status).toBe(401)
    expect((await pay(id, secret, 1)).status).toBe(200)
  })

  it('says when it was last heard, up to this moment', async () => {
    const { id, secret } = await add()
    for (const path of [`/operator/sources/${id}`, '/operator/sources']) {
      expect(await page(path)).toContain('chưa nghe lần nào')
    }
    expect((await pay(id, secret, 1)).status).toBe(200)
    for (const path of [`/operator/sources/${id}`, '/operator/sources']) {
      expect(await page(path)).not.toContain('chưa nghe lần nào')
    }
    server.clock.now += 60_000
    expect((await pay(id, secret, 2)).status).toBe(200)
    expect(await page('/operator/sources')).toContain('09:01')
    // Both were booked at 09:00:00.
    expect(await page('/operator/sources')).toMatch(
      /data-label="95 % báo trong"\s*>\s*1 phút\s*<[\s\S]*data-label="nhờ hỏi lại mới thấy"\s*>\s*0 %/,
    )
    // A forged one was not heard.
    server.clock.now += 60_000
    expect((await pay(id, 'not the secret', 3)).status).toBe(401)
    expect(await page('/operator/sources')).toMatch(/09:01(?![\s\S]*09:02)/)
  })

  it('is given a token later, or another: sealed, and said back nowhere', async () => {
    const { id } = await add()
    const { store, seal } = server.services
    const tokenOf = async () => (await listSources(store, operatorScope()))[0]!.apiToken
    expect(await page(`/operator/sources/${id}`)).toMatch(/không có API token[\s\S]*Thêm API token/)
    const give = (apiToken: string) => server.post(`/operator/sources/${id}/token`, { apiToken }, operator)
    for (const wrong of ['', 'two words', 'x'.repeat(501)]) {
      const response = await give(wrong)
      const shown = await response.text()
      expect(response.status).toBe(400)
      expect(shown).toContain('id="apiToken-error"')
      expect(shown).not.toContain(`value="${wrong || 'x'}"`)
    }
    expect(await tokenOf()).toBeNull()
    for (const token of ['TOKEN-one', 'TOKEN-two']) {
      const response = await give(` ${token} `)
      expect(response.headers.get('location')).toBe(`/operator/sources/${id}?token`)
      const shown = await page(response.headers.get('location')!)
      expect(shown).toContain('Đã lưu API token')
      expect(shown).toContain('Đổi API token')
      expect(shown).not.toContain(token)
      const kept = await tokenOf()
      expect(kept).not.toContain(token)
      expect(await seal.open(kept!)).toBe(token)
    }
    expect(server.logged.join()).not.toContain('TOKEN-')
    expect((await server.post('/operator/sources/nowhere/token', { apiToken: 'x' }, operator)).status).toBe(
      404,
    )
  })

  it('is removed only when its name is typed, and then not believed any more', async () => {
    const { id, secret } = await add()
    const wrong = await server.post(`/operator/sources/${id}/remove`, { confirmation: 'SePay' }, operator)
    expect(wrong.status).toBe(400)
    expect(await wrong.text()).toContain('id="confirmation-error"')
    expect((await pay(id, secret, 1)).status).toBe(200)
    const right = await server.post(
      `/operator/sources/${id}/remove`,
      { confirmation: ' SePay Phù Cát ' },
      operator,
    )
    expect(right.headers.get('location')).toBe('/operator/sources?removed')
    server.clock.now += 2_000
    expect((await pay(id, secret, 2)).status).toBe(401)
    expect((await server.get(`/operator/sources/${id}`, operator)).status).toBe(404)
    expect((await server.post(`/operator/sources/${id}/rotate`, {}, operator)).status).toBe(404)
  })

  it('speaks only for the accounts it was allowed, by line or by one tap, until it is not', async () => {
    const { id, secret } = await add()
    const statusOf = () => server.services.store.db.select().from(bankTransaction)
    await pay(id, secret, 1)
    expect((await statusOf()).map((row) => row.notCounted)).toEqual(['source_not_allowed'])
    const before = await page(`/operator/sources/${id}`)
    expect(before).toContain('1 tài khoản của các sạp chưa nguồn nào được phép báo')
    expect(before).toContain(`name="accounts" value="${MB}:${account}"`)
    const lines = `mbbank: ${account.toLowerCase()}\r\n\r\nVCB:0011 0022 33\n970418:99`
    const response = await server.post(`/operator/sources/${id}/bind`, { accounts: lines }, operator)
    expect(response.headers.get('location')).toBe(`/operator/sources/${id}?bound=3`)
    const [source] = await listSources(server.services.store, operatorScope())
    expect(source?.accounts).toMatchObject([
      { bankBin: MB, accountNumber: account },
      { bankBin: '970436', accountNumber: '0011002233' },
      { bankBin: '970418', accountNumber: '99' },
    ])
    expect(await page(`/operator/sources/${id}`)).not.toContain('chưa nguồn nào được phép báo')
    await pay(id, secret, 2)
    await server.post(`/operator/sources/${id}/unbind`, { bankBin: MB, accountNumber: account }, operator)
    await pay(id, secret, 3)
    const reasons = (await statusOf()).map((row) => row.notCounted ?? 'counted')
    expect(reasons.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'counted',
      'source_not_allowed',
      'source_not_allowed',
    ])
  })

  it('is allowed by one tap all accounts that it can hear', async () => {
    const { id } = await add()
    const market = await server.addMarket('Chợ Kỳ Anh')
    for (const [name, bankBin] of [
      ['K1', MB],
      ['K2', '970407'],
      ['K3', '970436'],
    ] as const) {
      await server.addStall(market, name, { account: { bankBin, accountNumber: `11${name}` } })
    }
    const [, lines = ''] =
      /name="accounts" value="([^"]*\n[^"]*)"/.exec(await page(`/operator/sources/${id}`)) ?? []
    expect(lines.split('\n')).toEqual([`${MB}:11K1`, '970436:11K3', `${MB}:${account}`])
    const response = await server.post(
      `/operator/sources/${id}/bind`,
      { accounts: lines.replaceAll('\n', '\r\n') },
      operator,
    )
    expect(response.headers.get('location')).toBe(`/operator/sources/${id}?bound=3`)
  })

  it('is allowed none of the accounts when a line is wrong; each is told by its number', async () => {
    const { id } = await add()
    const typed = `MBBank:${account}\nNgân hàng <b>:123\nMBBank 123\nMBBank:12/3`
    const response = await server.post(`/operator/sources/${id}/bind`, { accounts: typed }, operator)
    const shown = await response.text()
    expect(response.status).toBe(400)
    expect(shown).toContain('Dòng 2: không có ngân hàng nào tên «Ngân hàng &lt;b&gt;»')
    expect(shown).toMatch(/Dòng 3:[\s\S]*Dòng 4:/)
    expect(shown).not.toContain('Dòng 1:')
    expect(shown).toContain(`MBBank:${account}\nNgân hàng &lt;b&gt;:123`)
    const [row] = await listSources(server.services.store, operatorScope())
    expect(row?.accounts).toEqual([])
  })
})

describe('a source on a server that is not on https', () => {
  it('is added all the same, and the page says that SePay will not call it', async () => {
    server = openTestServer()
    operator = await server.signIn(OPERATOR)
    const typed = { label: 'Thử', mode: 'hmac', secret: '', apiToken: '' }
    const response = await server.post('/operator/sources/add/sepay', typed, operator)
    expect(await response.text()).toContain('SePay chỉ gọi địa chỉ https công khai')
    await server.close()
  })
})
