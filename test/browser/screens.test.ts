import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { accountProof, tenancy } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { raiseAlarm } from '../../server/storage/source-alarm.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { addStatementSource, listStatementSources } from '../../server/storage/statement.ts'
import type { Identity } from '../../server/storage/session.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { knowEverything, MB, type TestStall } from '../small-market.ts'
import { banks, csvOf, type TestCell } from '../statement-files.ts'

let browser: Browser
let market: RunningMarket
let fresh: TestStall
/** Another stall of the vendor's, whose bank's statements are read. */
let banked: TestStall
/** A source of statements, with one file to be explained and one that is done. */
const statement = { id: 'statement-test', preview: '', done: '' }
const VIETCOMBANK = '970436'
const clock = { now: Date.parse('2026-11-22T09:00:00+07:00') }
/** Set up as it may be, and nobody there to take it. */
const ALARM = {
  ALARM_URL: 'http://127.0.0.1:9/alarm',
  ALARM_SECRET: 'only the office and we know this secret',
  ALARM_SMTP_URL: 'smtp://127.0.0.1:9',
  ALARM_MAIL_FROM: 'cho@xa-tam-binh.example.vn',
  ALARM_MAIL_TO: 'to-cong-nghe-so-cong-dong@xa-tam-binh.example.vn',
}
const visitors = new Map<string, BrowserContext>()
/** Codes that are good and not used. */
let invitation: string
let firstSignIn: string

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket(clock, ALARM)
  const { lan, hoa } = market
  const long =
    'MBVCB.6945093151.161855.ngota2d.CTtu 0280367007618 MAI TAM VUONG toi88632953157 VU BINH BINH tai MB'
  await market.pay({ id: 1, accountNumber: lan.accountNumber, content: lan.reference, amount: 50_000 })
  await market.pay({
    id: 2,
    accountNumber: lan.accountNumber,
    content: `${long} ${lan.reference}`,
    amount: 499_999_999,
  })
  await market.pay({ id: 3, accountNumber: lan.accountNumber, content: 'luong thang 11', amount: 12_345_678 })
  await market.pay({ id: 4, accountNumber: hoa.accountNumber, content: lan.reference, amount: 20_000 })
  await layStatements()
  const noticed = { sourceId: market.sourceId, since: clock.now, raisedAt: clock.now }
  const alarm = { ...noticed, bankBin: MB, kind: 'silent' } as const
  await market.store.write((tx) => raiseAlarm(tx, alarm))
  const rows = await market.store.db.select().from(tenancy)
  const { vendorId } = rows.find((row) => row.stallId === lan.id)!
  const identities: [string, Identity][] = [
    ['vendor', { role: 'vendor', marketId: market.marketId, vendorId }],
    ['board', { role: 'board', marketId: market.marketId, vendorId: null }],
    ['operator', { role: 'operator', marketId: 0, vendorId: null }],
    ['speaker', { role: 'speaker', marketId: market.marketId, vendorId: null, sectionId: lan.sectionId }],
  ]
  visitors.set('nobody', await browser.newContext())
  for (const [name, identity] of identities) {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${market.url}/enter/${await invite(market.store, identity, 'test', clock.now)}`)
    await page.click('main form button')
    await page.waitForLoadState()
    await knowEverything(market.store)
    await page.close()
    visitors.set(name, context)
  }
  const { marketId } = market
  const issue = (identity: Identity) => invite(market.store, identity, 'board', clock.now)
  invitation = await issue({ role: 'vendor', marketId, vendorId: null, sectionId: lan.sectionId })
  const undecided = await market.addStall({ name: 'A3', vendor: 'Cô Thu', consented: false })
  const tenancies = await market.store.db.select().from(tenancy)
  const thu = tenancies.find((row) => row.stallId === undecided.id)!.vendorId
  firstSignIn = await issue({ role: 'vendor', marketId, vendorId: thu })
  // Waits for a yes, so that hers asks and this one says so; and for the operator's transfer.
  await prove('new phone', identities[0]![1], market.lan)
  await prove('phone that is asked', identities[0]![1], market.lan)
  const lost = (await market.store.db.select().from(accountProof)).at(-1)!
  const { accountNumber } = lan
  await market.pay({ id: 5, accountNumber, content: lost.reference, amount: lost.amountVnd! })
  fresh = await market.addStall({ name: 'M1' })
  const owner = (await market.store.db.select().from(tenancy)).find((row) => row.stallId === fresh.id)!
  const holder: Identity = { role: 'vendor', marketId: market.marketId, vendorId: owner.vendorId }
  await prove('first phone', holder, fresh)
  const { reference } = (await market.store.db.select().from(accountProof)).at(-1)!
  await prove('proven phone', holder, fresh)
  const second = (await market.store.db.select().from(accountProof)).at(-1)!
  const paid = { accountNumber: fresh.accountNumber }
  await market.pay({ ...paid, id: 6, content: reference, amount: 5_000 })
  await market.pay({ ...paid, id: 7, content: second.reference, amount: second.amountVnd! })
  const page = await visitors.get('proven phone')!.newPage()
  await page.goto(`${market.url}/vendor/${fresh.code}/proof`)
  await page.fill('input[name=amount]', String(second.amountVnd))
  await page.click('main form button')
  await page.waitForSelector('[data-proof=proven]')
  await page.close()
  banked = await market.addStall({ name: 'V1', vendor: 'Cô Lan', bankBin: VIETCOMBANK })
  const sale = { accountNumber: banked.accountNumber, gateway: 'Vietcombank', content: banked.reference }
  await market.pay({ ...sale, id: 8, amount: 50_000 })
  await market.pay({ ...sale, id: 9, amount: 30_000, time: '2026-11-21 10:00:00' })
})

/** Pairs a phone that is new, and lets it ask for test money. */
async function prove(who: string, identity: Identity, stall: TestStall): Promise<void> {
  const context = await browser.newContext()
  visitors.set(who, context)
  const page = await context.newPage()
  await page.goto(`${market.url}/enter/${await invite(market.store, identity, 'test', clock.now)}`)
  await page.click('main form button')
  await page.goto(`${market.url}/vendor/${stall.code}/proof`)
  await page.click('main form button')
  await page.waitForSelector('[data-proof^=waits]')
  await page.close()
}

afterAll(async () => {
  await browser.close()
  await market.close()
})

async function layStatements(): Promise<void> {
  const { store, server, lan } = market
  const { statements } = server.services
  const scope = operatorScope()
  const account = { bankBin: VIETCOMBANK, accountNumber: lan.accountNumber }
  await store.changeRegistry(function* (tx) {
    yield* addStatementSource(tx, scope, { id: statement.id, label: 'Sao kê', mode: 'counts' }, clock.now)
    yield* bindAccounts(tx, scope, statement.id, [account], clock.now)
  })
  const lay = (rows: TestCell[][]) =>
    statements.receive(statement.id, 'sao ke.csv', new TextEncoder().encode(csvOf(rows)))
  statement.preview = await lay([
    ['Ngày', 'Lời nhắn', 'Thu', 'Chi'],
    ['22/11/2026', 'MBVCB.6945093151.161855.ngota2dCTtu0280367007618MAITAMVUONG', '50.000', ''],
  ])
  const entry = { at: '2026-11-22 00:00:00', amount: 50_000, memo: 'rau', reference: '5213.45946' }
  const name = await lay(banks.vietcombank(lan.accountNumber, [entry]))
  statement.done = await statements.submit(statement.id, name, account)
  const [source] = await listStatementSources(store, scope)
  await statements.record(scope, source!, statement.done)
}

/** Brings a statement that has one credit as her book has it, and one that is not there. */
async function bringStatement(page: Page): Promise<void> {
  const at = '2026-11-21 00:00:00'
  const memo = 'MBVCB.6945093151.161855.ngota2dCTtu0280367007618MAITAMVUONG <b>rau</b>'
  const rows = banks.vietcombank(banked.accountNumber, [
    { at: '2026-11-22 00:00:00', amount: 50_000, memo: banked.reference, reference: '5213.1' },
    { at, amount: 499_999_999, memo, reference: '5213.2' },
  ])
  const file = { name: 'sao ke.csv', mimeType: 'text/csv', buffer: Buffer.from(csvOf(rows)) }
  await page.setInputFiles('input[type=file]', file)
  await page.click('main form button')
  await page.getByText('1 khoản chưa thấy trong sổ').waitFor()
}

/** `words` tell that the screen is in the state that is meant, `act` brings it there. */
const SCREENS: [who: string, path: () => string, words?: RegExp, act?: (page: Page) => Promise<void>][] = [
  ['nobody', () => '/'],
  ['nobody', () => `/s/${market.lan.code}`],
  ['nobody', () => '/s/khong-co'],
  ['nobody', () => '/enter/da-dung'],
  ['nobody', () => `/enter/${firstSignIn}`],
  ['nobody', () => `/enrol/${invitation}`],
  ['vendor', () => `/vendor/${market.lan.code}`, /Ngân hàng MBBank đang báo chậm, từ 09:00/],
  ['vendor', () => `/vendor/${market.lan.code}/code`],
  ['vendor', () => `/vendor/${market.lan.code}/settings`],
  ['vendor', () => `/vendor/${market.lan.code}/charge`],
  ['vendor', () => `/vendor/${market.lan.code}/book`],
  ['vendor', () => `/vendor/${market.lan.code}/book?period=month`],
  ['vendor', () => `/vendor/${market.lan.code}/stand`, /đang báo chậm/],
  ['vendor', () => `/vendor/${market.lan.code}/statement`],
  ['vendor', () => `/vendor/${banked.code}/statement`, /1 khoản chưa thấy trong sổ/, bringStatement],
  ['new phone', () => `/vendor/${market.lan.code}`],
  ['new phone', () => `/vendor/${market.lan.code}/settings`],
  ['vendor', () => `/vendor/${market.lan.code}/proof`],
  ['new phone', () => `/vendor/${market.lan.code}/proof`],
  ['phone that is asked', () => `/vendor/${market.lan.code}/proof`],
  ['proven phone', () => `/vendor/${fresh.code}/proof`],
  ['first phone', () => `/vendor/${fresh.code}/proof`],
  ['board', () => '/board/cho-thu'],
  ['board', () => '/board/cho-thu/adoption'],
  ['board', () => '/board/cho-thu/stalls/new'],
  ['board', () => '/board/cho-thu/invitation'],
  ['board', () => '/board/cho-thu/cards'],
  ['board', () => '/board/cho-thu/speakers'],
  ['speaker', () => '/speaker'],
  ['operator', () => '/operator'],
  ['operator', () => '/operator/inbox/cho-thu'],
  ['operator', () => '/operator/inbox/cho-thu/decided?day=2026-11-22&amount=50.000'],
  ['operator', () => '/operator/proofs'],
  [
    'operator',
    () => '/operator/sources?webhook=told&mail=failed',
    /Chưa gửi được thư tới.*MBBank \(.*\) im lâu hơn thường lệ, từ 09:00/s,
  ],
  ['operator', () => `/operator/sources/${market.sourceId}`],
  ['operator', () => '/operator/statements'],
  ['operator', () => `/operator/statements/${statement.id}`],
  ['operator', () => `/operator/statements/${statement.id}/preview/${statement.preview}`],
  ['operator', () => `/operator/statements/${statement.id}/files/${statement.done}`],
]

describe.each(SCREENS)('%s at %s', (who, path, words = /./, act) => {
  let page: Page
  beforeAll(async () => {
    page = await visitors.get(who)!.newPage()
    await page.goto(market.url + path())
    await act?.(page)
  })
  // One page for all three: it is the same whatever was looked at before.
  beforeEach(async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.evaluate(() => document.documentElement.style.removeProperty('font-size'))
  })
  afterAll(() => page.close())

  it('has no accessibility violation, in light or in dark', async () => {
    expect(await page.innerText('body')).toMatch(words)
    // So tall that nothing lies half under the fixed bar: what does is scrolled to.
    await page.setViewportSize({ width: 360, height: 4_000 })
    const told = async (axe: AxeBuilder) => {
      // Legacy: in this very page, for no screen has a frame of another's.
      const { violations } = await axe.setLegacyMode(true).analyze()
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
      )
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    expect(await told(new AxeBuilder({ page }).withTags(tags))).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    // Only colours differ.
    const colours = ['color-contrast', 'color-contrast-enhanced']
    expect(await told(new AxeBuilder({ page }).withRules(colours))).toEqual([])
  })

  it('is cut nowhere and scrolls sideways nowhere, at 320 px, where tables begin, with text of 200 %', async () => {
    await page.setViewportSize({ width: 320, height: 740 })
    const overflow = () =>
      page.evaluate(() => {
        if (document.documentElement.scrollWidth <= innerWidth) return ''
        const wide = [...document.querySelectorAll('body *')].filter(
          (element) =>
            element.checkVisibility() &&
            (element.getBoundingClientRect().right > innerWidth + 1 ||
              element.scrollWidth > element.clientWidth + 1),
        )
        return wide.map((element) => element.outerHTML.slice(0, 80)).join('\n') || 'wider than the screen'
      })
    expect(await overflow()).toBe('')
    await page.setViewportSize({ width: 720, height: 740 })
    expect(await overflow()).toBe('')
    await page.setViewportSize({ width: 360, height: 740 })
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'))
    expect(await overflow()).toBe('')
  })

  it('has text of at least 18 px and targets of at least 48 px', async () => {
    const small = await page.evaluate(() => {
      const seen: string[] = []
      const visible = (element: Element) => element.checkVisibility() && element.getClientRects().length > 0
      for (const element of document.querySelectorAll(
        'main a, main button, main summary, nav a, header button, select, input:not([type=hidden])',
      )) {
        if (!visible(element)) continue
        const target = element.closest('label') ?? element
        const { width, height } = target.getBoundingClientRect()
        // A link inside a sentence is read with it; WCAG 2.5.8 leaves it out.
        const isInline = getComputedStyle(element).display === 'inline'
        if (!isInline && (height < 47.5 || width < 47.5))
          seen.push(`${element.outerHTML.slice(0, 60)} ${width}×${height}`)
      }
      for (const element of document.querySelectorAll('main *, header *, nav *')) {
        const hasText = [...element.childNodes].some(
          (node) => node.nodeType === 3 && node.textContent!.trim() !== '',
        )
        const size = Number.parseFloat(getComputedStyle(element).fontSize)
        if (hasText && visible(element) && size < 17.9 && !element.closest('svg, .a6')) {
          seen.push(`${element.outerHTML.slice(0, 60)} ${size}px`)
        }
      }
      return seen
    })
    expect(small).toEqual([])
  })
})
