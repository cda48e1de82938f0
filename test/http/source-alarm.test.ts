import { createHmac } from 'node:crypto'
import { http, HttpResponse, passthrough } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { startChores } from '../../server/chores.ts'
import { createSourceWatch } from '../../server/domain/source-alarm.ts'
import { hourOf } from '../../server/domain/source-health.ts'
import { giveAccess } from '../../server/sources/instance.ts'
import { tellAlarms } from '../../server/sources/alarm.ts'
import { mailWay } from '../../server/sources/alarm-mail.ts'
import { webhookWay } from '../../server/sources/alarm-webhook.ts'
import { listOpenAlarms, raiseAlarm } from '../../server/storage/source-alarm.ts'
import { addToHours } from '../../server/storage/source-health.ts'
import { listMarkets } from '../../server/storage/market.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts, noteHeard, unbindAccount } from '../../server/storage/source.ts'
import { addStatementSource } from '../../server/storage/statement.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { MB } from '../small-market.ts'
import { openMailbox, type Mailbox } from '../smtp-server.ts'
import { openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const MINUTE_MS = 60_000
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS
const VIETCOMBANK = '970436'
const hook = { url: 'https://office.example.vn/alarm', secret: 'only the office and we know this secret' }

let told: { body: string; headers: Headers }[] = []
let answer = 200
let asked = 0
const outside = setupServer(
  // Our own server is not outside.
  http.all('http://localhost:*/notifications/*', () => passthrough()),
  http.get('https://userapi.sepay.vn/v2/transactions', () => {
    asked += 1
    const pagination = { total: 0, per_page: 1, current_page: 1, last_page: 1, has_more: false }
    return HttpResponse.json({ status: 'success', data: [], meta: { pagination } })
  }),
  http.post(hook.url, async ({ request }) => {
    told.push({ body: await request.text(), headers: request.headers })
    return HttpResponse.text('', { status: answer })
  }),
)
let mailbox: Mailbox
beforeAll(async () => {
  mailbox = await openMailbox()
  outside.listen({ onUnhandledFrame: 'error' })
})
afterAll(() => {
  outside.close()
  return mailbox.close()
})
const mail = () => {
  const local = { host: 'localhost', port: mailbox.port, secure: false, user: '', password: '' }
  return { server: local, from: 'may@cho.example.vn', to: 'kythuat@xa.example.vn' }
}
const mailed = () =>
  mailbox.mails.map((text) => /^Message-ID: <(source_\w+-\w+)-\d+-\d+@/m.exec(text)?.[1] ?? text)

let server: TestServer
let sourceId: string
let lan: StallEntry
let began: number
beforeEach(async () => {
  told = []
  mailbox.mails = []
  mailbox.refusal = null
  asked = 0
  answer = 200
  server = openTestServer({ alarm: { webhook: hook, mail: mail() } })
  began = server.clock.now
  server.clock.now = began - 4 * WEEK_MS
  const market = await server.addMarket('Chợ Phù Cát')
  lan = await server.addStall(market, 'A12')
  sourceId = await server.addSource([lan])
  server.clock.now = began
  await usually(MB, 60)
})
afterEach(() => server.close())

/** Of the three weeks before, this hour, or one after it, brought so many pushes of that bank. */
const usually = (bankBin: string, count: number, after = 0) => {
  const hours = [1, 2, 3].map((week) => hourOf(began) + after - week * 168)
  const usual = { sourceId, bankBin, channel: 'push' as const, withinS: 5, count }
  return server.services.store.write((tx) =>
    addToHours(
      tx,
      hours.map((hour) => ({ ...usual, hour })),
    ),
  )
}
const accountNumber = () => lan.accounts[0]!.accountNumber
/** Told the moment it is booked. */
const pay = ({ accounts, stall } = lan, gateway = 'MBBank') => {
  const time = new Date(server.clock.now + 7 * 60 * MINUTE_MS).toISOString().slice(0, 19).replace('T', ' ')
  const [account] = accounts
  const credit = { accountNumber: account!.accountNumber, content: stall.reference }
  return server.pay(sourceId, { ...credit, gateway, time })
}
const watch = async (listeningSince = began) => {
  await server.services.sourceHealth.save()
  const look = createSourceWatch(server.services.store, operatorScope(), listeningSince)
  const raised = await look(server.clock.now)
  return raised.map(({ kind, since }) => `${kind} since ${(since - began) / MINUTE_MS}`)
}
const tell = (way = webhookWay(hook)) =>
  tellAlarms(
    server.services.store,
    operatorScope(),
    way,
    'https://cho.example.vn',
    server.clock.now,
    AbortSignal.timeout(5_000),
  )
const after = (minutes: number) => void (server.clock.now = began + minutes * MINUTE_MS)

it('a source that falls silent is said so once, on the page too, until it pushes again', async () => {
  const operator = await server.signIn(OPERATOR)
  const page = async () => (await server.get('/operator/sources', operator)).text()
  expect((await pay()).status).toBe(200)
  // That back-fill reached it says nothing of its pushes.
  const fetched = { sourceId, channel: 'backfill', bankBin: MB, heardAt: began + 5 * MINUTE_MS } as const
  await server.services.store.write((tx) => noteHeard(tx, [fetched]))
  after(9)
  expect(await watch()).toEqual([])
  after(10)
  expect(await watch()).toEqual(['silent since 0'])
  after(11)
  expect(await watch()).toEqual([])
  expect(await page()).toContain('im lâu hơn thường lệ, từ 09:00')
  // A server that began only now misses nothing yet: that ends no silence.
  after(200)
  expect(await watch(server.clock.now)).toEqual([])
  expect(await listOpenAlarms(server.services.store)).toHaveLength(1)
  expect((await pay()).status).toBe(200)
  expect(await watch()).toEqual([])
  expect(await listOpenAlarms(server.services.store)).toEqual([])
  expect(await page()).not.toContain('im lâu hơn thường lệ')
})

it('is not silent for the time in which this server was not listening', async () => {
  await pay()
  after(30)
  expect(await watch(server.clock.now - 9 * MINUTE_MS)).toEqual([])
  after(31)
  expect(await watch(server.clock.now - 10 * MINUTE_MS)).toEqual(['silent since 0'])
})

it('the operator is told of the silence and of its end, signed, each once, and of no money, account or memo', async () => {
  await pay()
  after(10)
  await watch()
  expect(await tell()).toMatchObject({ failed: 0 })
  await tell()
  expect(told).toHaveLength(1)
  after(12)
  await pay()
  await watch()
  await tell()
  await tell()
  const events = told.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  expect(events).toMatchObject([
    {
      event: 'source_silent',
      state: 'raised',
      sourceId,
      label: 'SePay thử',
      since: '2026-11-22T02:00:00.000Z',
    },
    { event: 'source_silent', state: 'ended', sourceId, at: '2026-11-22T02:12:00.000Z' },
  ])
  for (const { body, headers } of told) {
    const timestamp = headers.get('x-cho-timestamp')!
    const signature = createHmac('sha256', hook.secret).update(`${timestamp}.${body}`).digest('hex')
    expect(headers.get('x-cho-signature')).toBe(`sha256=${signature}`)
    for (const secret of [accountNumber(), lan.stall.reference, '50000', '50.000', hook.secret])
      expect(body).not.toContain(secret)
  }
})

it('what is not taken is sent again, later each time, and ten times at most', async () => {
  await pay()
  after(10)
  await watch()
  answer = 503
  const tries: number[] = []
  for (let minute = 10; minute < 10 + 24 * 60; minute += 1) {
    after(minute)
    const before = told.length
    await tell()
    if (told.length > before) tries.push(minute - 10)
  }
  expect(tries).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511])
  // Its end is news again.
  answer = 200
  await pay()
  await watch()
  await tell()
  expect(JSON.parse(told.at(-1)!.body)).toMatchObject({ state: 'ended' })
})

it('a way that fails is tried again by itself: it neither holds back the other nor repeats it', async () => {
  const byMail = mailWay(mail())
  await pay()
  after(10)
  await watch()
  mailbox.refusal = new Error('busy')
  expect(await tell(byMail)).toMatchObject({ failed: 1 })
  expect(await tell()).toEqual({ failed: 0, error: undefined })
  after(11)
  mailbox.refusal = null
  answer = 503
  expect(await tell(byMail)).toMatchObject({ failed: 0 })
  expect(await tell()).toMatchObject({ failed: 0 })
  expect([told.length, mailed()]).toEqual([1, ['source_silent-raised']])
  await pay()
  await watch()
  expect(await tell()).toMatchObject({ failed: 1 })
  expect(await tell(byMail)).toMatchObject({ failed: 0 })
  await tell(byMail)
  expect(mailed()).toEqual(['source_silent-raised', 'source_silent-ended'])
  const secrets = [accountNumber(), lan.stall.reference, '50000', '50.000']
  for (const secret of secrets) expect(mailbox.mails.join('\n')).not.toContain(secret)
})

it('a way that is set up later is told what is wrong now, and not what was over long ago', async () => {
  await pay()
  after(10)
  await watch()
  await pay()
  after(11)
  await watch()
  after(11 + 24 * 60)
  expect(await tell()).toMatchObject({ failed: 0 })
  expect(told).toEqual([])
  server.clock.now = began + WEEK_MS
  await pay()
  server.clock.now += 60 * MINUTE_MS
  expect(await watch()).toHaveLength(1)
  server.clock.now += 3 * 24 * 60 * MINUTE_MS
  await tell()
  expect(told.map(({ body }) => JSON.parse(body) as object)).toMatchObject([{ state: 'raised' }])
})

it('the vendor reads calmly since when her bank is not heard, unless another source hears it', async () => {
  const { store } = server.services
  const vendor = await signInVendor(lan)
  const says = async () => {
    const found = []
    for (const page of ['', '/stand'])
      found.push(
        /Ngân hàng MBBank đang báo chậm, từ 09:00/.test(
          await (await server.get(`/vendor/${lan.stall.code}${page}`, vendor)).text(),
        ),
      )
    return found
  }
  await pay()
  after(10)
  expect(await says()).toEqual([false, false])
  await watch()
  expect(await says()).toEqual([true, true])
  // A source of other accounts, and statements, tell her of nothing as it is paid.
  const statement = { id: 'statement', label: 'Sao kê', mode: 'counts' } as const
  await store.changeRegistry(function* (tx) {
    yield* addStatementSource(tx, operatorScope(), statement, began)
    yield* bindAccounts(tx, operatorScope(), statement.id, lan.accounts, began)
  })
  const market = (await listMarkets(store, operatorScope()))[0]!
  await server.addSource([await server.addStall(market, 'A13')])
  expect(await says()).toEqual([true, true])
  const other = await server.addSource([lan])
  expect(await says()).toEqual([false, false])
  const operator = await server.signIn(OPERATOR)
  await server.post(`/operator/sources/${other}/remove`, { confirmation: other }, operator)
  expect(await says()).toEqual([true, true])
  await pay()
  await watch()
  expect(await says()).toEqual([false, false])
})

const states = () => told.map(({ body }) => JSON.parse(body) as object)

/** Another stall of the market, whose bank the same source tells of. */
async function addVietcombank(): Promise<StallEntry> {
  const { store } = server.services
  const market = (await listMarkets(store, operatorScope()))[0]!
  const hoa = await server.addStall(market, 'A14', { vendor: 'Hoa', account: { bankBin: VIETCOMBANK } })
  await store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), sourceId, hoa.accounts, began))
  return hoa
}
const payVietcombank = (hoa: StallEntry) => pay(hoa, 'Vietcombank')
const signInVendor = ({ stall, vendor }: StallEntry) =>
  server.signIn({ role: 'vendor', marketId: stall.marketId, vendorId: vendor!.id })
const lateWords = async ({ stall }: StallEntry, vendor: string) =>
  /Ngân hàng .* đang báo chậm[^.<]*/.exec(
    await (await server.get(`/vendor/${stall.code}`, vendor)).text(),
  )?.[0]

it('one bank of a source that falls silent is named to the operator and to its own vendors, and nobody else', async () => {
  const hoa = await addVietcombank()
  await usually(VIETCOMBANK, 60)
  const [operator, ofLan, ofHoa] = [
    await server.signIn(OPERATOR),
    await signInVendor(lan),
    await signInVendor(hoa),
  ]
  const said = async () => [await lateWords(lan, ofLan), await lateWords(hoa, ofHoa)]
  const page = async () => (await server.get('/operator/sources', operator)).text()
  await pay()
  after(15)
  await payVietcombank(hoa)
  expect(await watch()).toEqual([])
  after(16)
  expect(await watch()).toEqual(['silent since 0'])
  expect(await page()).toContain('MBBank (SePay thử) im lâu hơn thường lệ, từ 09:00')
  expect(await said()).toEqual(['Ngân hàng MBBank đang báo chậm, từ 09:00', undefined])
  await tell()
  // Another source that hears her account as usual, though silent of a bank that is not hers.
  const other = await server.addSource([lan])
  const elsewhere = { sourceId: other, bankBin: VIETCOMBANK, since: began, raisedAt: began }
  await server.services.store.write((tx) => raiseAlarm(tx, { ...elsewhere, kind: 'silent' }))
  expect(await said()).toEqual([undefined, undefined])
  await server.services.store.write((tx) => raiseAlarm(tx, { ...elsewhere, bankBin: null, kind: 'silent' }))
  expect(await said()).toEqual(['Ngân hàng MBBank đang báo chậm, từ 09:00', undefined])
  await server.post(`/operator/sources/${other}/remove`, { confirmation: other }, operator)
  // Both banks still push; hers is heard again at the second.
  after(17)
  await payVietcombank(hoa)
  expect(await watch()).toEqual([])
  expect(await said()).toEqual(['Ngân hàng MBBank đang báo chậm, từ 09:00', undefined])
  await pay()
  expect(await watch()).toEqual([])
  expect([await said(), await listOpenAlarms(server.services.store)]).toEqual([[undefined, undefined], []])
  expect(await page()).not.toContain('im lâu hơn thường lệ')
  await tell()
  const ofBank = { sourceId, bankBin: MB, bankName: 'MBBank' }
  expect(states().filter((one) => 'sourceId' in one && one.sourceId === sourceId)).toMatchObject([
    { ...ofBank, event: 'source_silent', state: 'raised', since: '2026-11-22T02:00:00.000Z' },
    { ...ofBank, event: 'source_silent', state: 'ended' },
  ])
})

it('a whole source that falls silent is one alarm, and its banks are given time when it wakes', async () => {
  const hoa = await addVietcombank()
  await usually(VIETCOMBANK, 60)
  await usually(MB, 60, 1)
  await pay()
  await payVietcombank(hoa)
  const raised = []
  for (const minute of [9, 10, 11, 30]) {
    after(minute)
    raised.push(await watch())
  }
  // In an hour of which only one bank is known, after this server began anew.
  after(90)
  raised.push(await watch(began + 61 * MINUTE_MS))
  expect(raised).toEqual([[], ['silent since 0'], [], [], []])
  expect(await listOpenAlarms(server.services.store)).toMatchObject([{ bankBin: null }])
  const [ofLan, ofHoa] = [await signInVendor(lan), await signInVendor(hoa)]
  expect([await lateWords(lan, ofLan), await lateWords(hoa, ofHoa)]).toEqual([
    'Ngân hàng MBBank đang báo chậm, từ 09:00',
    'Ngân hàng Vietcombank đang báo chậm, từ 09:00',
  ])
  await payVietcombank(hoa)
  expect([await watch(), await listOpenAlarms(server.services.store)]).toEqual([[], []])
  after(105)
  await payVietcombank(hoa)
  expect(await watch()).toEqual([])
  after(106)
  expect(await watch()).toEqual(['silent since 0'])
  expect(await listOpenAlarms(server.services.store)).toMatchObject([{ bankBin: MB }])
})

it('a bank that no account is bound of any more is not missed', async () => {
  const hoa = await addVietcombank()
  await usually(VIETCOMBANK, 60)
  const { store } = server.services
  await payVietcombank(hoa)
  after(16)
  await pay()
  expect(await watch()).toHaveLength(1)
  await store.changeRegistry((tx) => unbindAccount(tx, operatorScope(), sourceId, hoa.accounts[0]!))
  expect([await watch(), await listOpenAlarms(store)]).toEqual([[], []])
})

it('one late bank is not the whole source, and only its own vendors read so', async () => {
  const hoa = await addVietcombank()
  const counted = { sourceId, channel: 'push' as const }
  const row = (bankBin: string, ago: number, withinS: number, count: number) => ({
    ...counted,
    bankBin,
    hour: hourOf(began) - ago,
    withinS,
    count,
  })
  const inTime = [row(VIETCOMBANK, 5, 5, 200), row(VIETCOMBANK, 0, 5, 30)]
  await server.services.store.write((tx) =>
    addToHours(tx, [row(MB, 5, 5, 100), row(MB, 0, 600, 19), ...inTime]),
  )
  after(1)
  expect(await watch()).toEqual([])
  await server.services.store.write((tx) => addToHours(tx, [row(MB, 0, 600, 1)]))
  expect(await watch()).toEqual(['late since 1'])
  expect(await watch()).toEqual([])
  const [ofLan, ofHoa] = [await signInVendor(lan), await signInVendor(hoa)]
  expect([await lateWords(lan, ofLan), await lateWords(hoa, ofHoa)]).toEqual([
    'Ngân hàng MBBank đang báo chậm, từ 09:01',
    undefined,
  ])
  await tell()
  expect(states()).toMatchObject([{ event: 'source_late', state: 'raised', bankBin: MB, bankName: 'MBBank' }])
  after(180)
  expect(await watch()).toEqual([])
  expect(await listOpenAlarms(server.services.store)).toEqual([])
})

it('the operator tries every way with a button, and reads which one failed', async () => {
  const operator = await server.signIn(OPERATOR)
  mailbox.refusal = new Error('no such mailbox')
  const response = await server.post('/operator/sources/alarm-trial', {}, operator)
  const page = await (await server.get(response.headers.get('location')!, operator)).text()
  expect(page).toContain('Đã gửi thử webhook tới office.example.vn.')
  expect(page).toContain('Chưa gửi được thư tới kythuat@xa.example.vn.')
  expect(page).not.toContain(hook.secret)
  expect(told.map(({ body }) => JSON.parse(body) as object)).toEqual([
    { event: 'trial', at: '2026-11-22T02:00:00.000Z', url: `${server.publicUrl}/operator/sources` },
  ])
  mailbox.refusal = null
  await server.post('/operator/sources/alarm-trial', {}, operator)
  expect(mailbox.mails).toHaveLength(1)
})

it('of a source that was removed nothing is expected any more', async () => {
  await pay()
  after(10)
  await watch()
  const operator = await server.signIn(OPERATOR)
  await server.post(`/operator/sources/${sourceId}/remove`, { confirmation: sourceId }, operator)
  await watch()
  expect(await listOpenAlarms(server.services.store)).toEqual([])
})

/** The server's own turns: what it does unasked within that minute of its clock. */
function startTurns(): (minute: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  onTestFinished(startChores(server.services))
  return async (minutes) => {
    after(minutes)
    await new Promise((resolve) => setTimeout(resolve, 50))
    vi.advanceTimersByTime(MINUTE_MS)
  }
}
/** For as many turns as it takes; the server's clock stands still meanwhile. */
const afterATurn =
  <T>(read: () => T) =>
  () => {
    vi.advanceTimersByTime(MINUTE_MS)
    return read()
  }
const patient = { timeout: 10_000 }

it('the server sees it by itself, asks for what was missed at once, and tells the operator', async () => {
  const { services, clock } = server
  const instance = { id: sourceId, kind: 'sepay' }
  await giveAccess(services.store, services.seal, operatorScope(), instance, { apiToken: 'token' })
  await pay()
  const minute = startTurns()
  await expect.poll(() => asked).toBe(1)
  await minute(9)
  await minute(10)
  // Long before the next scheduled back-fill.
  await expect
    .poll(
      afterATurn(() => asked),
      patient,
    )
    .toBe(2)
  after(11)
  await expect.poll(afterATurn(states), patient).toMatchObject([{ state: 'raised' }])
  await expect.poll(afterATurn(mailed), patient).toEqual(['source_silent-raised'])
  expect([asked, clock.now - began]).toEqual([2, 11 * MINUTE_MS])
  expect(server.logged.join('\n')).not.toContain(hook.secret)
})

it('from twenty late pushes to the operator’s mailbox and the vendor’s page, and back', async () => {
  const { services } = server
  const hour = hourOf(began) - 5
  const dayBefore = { sourceId, bankBin: MB, channel: 'push' as const, withinS: 5, count: 100, hour }
  const fetched = { ...dayBefore, channel: 'backfill' as const, withinS: 1_800, hour: hourOf(began) }
  await services.store.write((tx) => addToHours(tx, [dayBefore, fetched]))
  const vendor = await signInVendor(lan)
  const says = () => lateWords(lan, vendor)
  const minute = startTurns()
  const push = (time: string) =>
    server.pay(sourceId, { accountNumber: accountNumber(), content: lan.stall.reference, time })
  after(12)
  for (let late = 0; late < 19; late += 1)
    expect((await push(`2026-11-22 09:00:${late + 10}`)).status).toBe(200)
  await minute(12)
  await minute(13)
  expect([await listOpenAlarms(services.store), states()]).toEqual([[], []])
  await push('2026-11-22 09:00:30')
  after(14)
  await expect
    .poll(afterATurn(states), patient)
    .toMatchObject([{ event: 'source_late', state: 'raised', sourceId }])
  await expect.poll(afterATurn(mailed), patient).toEqual(['source_late-raised'])
  expect(await says()).toBe('Ngân hàng MBBank đang báo chậm, từ 09:14')
  // Three hours on, one in time: neither it nor what she was told then is late any more.
  after(180)
  await push('2026-11-22 12:00:00')
  await expect.poll(afterATurn(states), patient).toMatchObject([{}, { event: 'source_late', state: 'ended' }])
  await expect.poll(afterATurn(mailed), patient).toEqual(['source_late-raised', 'source_late-ended'])
  expect(await says()).toBeUndefined()
})
