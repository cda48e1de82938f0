import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '@vietqr/core'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { invite } from '../../server/domain/sign-in.ts'
import { stallCode } from '../../server/storage/kit.sqlite.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { listStalls } from '../../server/storage/stall.ts'
import { launchBrowser } from '../chromium.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MORNING } from '../small-market.ts'
import { photographSticker } from '../sticker-photo.ts'
import { vectors } from '../vietqr/vectors.ts'

const STICKER = encode({ bankBin: '970436', accountNumber: '0123456789', purpose: 'cam on quy khach' })
const AGRIBANKS = encode({ bankBin: '970405', accountNumber: '4200205184736' })
const NO_CODE = photographSticker(STICKER).subarray(0, 100)

let browser: Browser
let market: RunningMarket
let phone: BrowserContext
let page: Page
let asked: Request[]

beforeAll(async () => {
  browser = await launchBrowser()
  market = await runSmallMarket()
})
afterAll(async () => {
  await browser.close()
  await market.close()
})
beforeEach(async () => {
  phone = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
  page = await phone.newPage()
  asked = []
  page.on('request', (request) => void asked.push(request))
})
afterEach(() => phone.close())

const invitation = async () => {
  const { marketId, lan, store } = market
  const whom = { role: 'vendor', marketId, vendorId: null, sectionId: lan.sectionId } as const
  return `${market.url}/enter/${await invite(store, whom, 'board', MORNING)}`
}
const photo = (buffer: Buffer) => ({ name: 'ma.png', mimeType: 'image/png', buffer })
const stallNamed = async (name: string) =>
  (await listStalls(market.store, marketScope(market.marketId))).find((entry) => entry.stall.name === name)

/**
 * How long a person takes for what the test does, counted as she does it (after the keystroke-level model of Card,
 * Moran and Newell, with the figures of a slow thumb): 1.2 s a tap, finding it included, 0.4 s a key.
 */
const TAP_S = 1.2
const KEY_S = 0.4
/** Taking the picture, or choosing it: the camera opens, she aims, presses, says yes to it. */
const PHOTO_S = 8
/** Her camera finds the invitation and shows its address. */
const SCAN_S = 4
/** A swipe moves the page by six tenths of the screen. */
const SWIPE_S = 0.8
const SWIPE_SCREENS = 0.6
/** The proof that the account is hers: its page follows. */
const PROOF_S = 30

class Hands {
  taps = 0
  keys = 0
  readonly #page: Page
  constructor(onPage: Page) {
    this.#page = onPage
  }
  async tap(selector: string) {
    this.taps += 1
    await this.#page.tap(selector)
  }
  /** As Telex types it: one key a mark and two for đ; capitals are the keyboard's own. */
  async type(selector: string, text: string) {
    await this.tap(selector)
    this.keys += text.normalize('NFD').replaceAll(/[đĐ]/g, 'dd').length
    await this.#page.keyboard.insertText(text)
  }
}

it('takes less than two minutes, from the board’s invitation to the account’s proof', async () => {
  const hands = new Hands(page)
  // Her camera shows the address of the code held out to her; she taps on it.
  hands.taps += 1
  await page.goto(await invitation())
  expect(new URL(page.url()).pathname).toMatch(/^\/enrol\//)
  await hands.type('[name=vendor]', 'Nguyễn Thị Đào')
  await hands.type('[name=stall]', 'C7')
  // The phone asks with what: camera or gallery.
  hands.taps += 2
  await page.setInputFiles('[data-photo]', photo(photographSticker(STICKER)))
  await page.waitForSelector('.read:not([hidden])')
  expect(await page.innerText('.read')).toMatch(/Vietcombank\s+0123456789/)
  expect(await page.inputValue('[name=account_name]')).toBe('NGUYEN THI DAO')
  const screens = await page.evaluate(() => document.documentElement.scrollHeight / innerHeight - 1)
  await hands.tap('[data-consent-reading]')
  await hands.tap('[name=consent]')
  await hands.tap('button.primary')
  await page.waitForURL('**/vendor/*/proof')

  const entry = (await stallNamed('C7'))!
  expect(new URL(page.url()).pathname).toBe(`/vendor/${entry.stall.code}/proof`)
  expect(entry).toMatchObject({
    consented: true,
    vendor: { name: 'Nguyễn Thị Đào' },
    accounts: [
      {
        bankBin: '970436',
        accountNumber: '0123456789',
        accountName: 'NGUYEN THI DAO',
        state: 'proposed',
      },
    ],
  })
  expect(await market.store.db.select().from(stallCode)).toMatchObject([
    { kind: 'bank_issued', payload: STICKER },
  ])
  await page.goto(`${market.url}/vendor/${entry.stall.code}`)
  expect(await page.textContent('body')).toContain('Loa đang tắt')

  const voice = join(import.meta.dirname, '../../web/voice/consent.json')
  const { durationMs } = JSON.parse(readFileSync(voice, 'utf8')) as { durationMs: number }
  const swipes = Math.ceil(screens / SWIPE_SCREENS)
  const parts = {
    'scanning the invitation': SCAN_S,
    [`${hands.taps} taps`]: hands.taps * TAP_S,
    [`${hands.keys} keys`]: hands.keys * KEY_S,
    [`${swipes} swipes`]: swipes * SWIPE_S,
    'the photograph': PHOTO_S,
    'hearing the consent to its end': durationMs / 1000,
    'the proof of the account': PROOF_S,
  }
  const total = Object.values(parts).reduce((sum, seconds) => sum + seconds, 0)
  console.log(`enrolment: ${total.toFixed(1)} s`, parts)
  expect(total).toBeLessThan(120)
})

describe('the sticker', () => {
  it('is read on the phone: its text is sent with the form, the picture never', async () => {
    await page.goto(await invitation())
    const picture = photographSticker(STICKER)
    await page.setInputFiles('[data-photo]', photo(picture))
    await page.waitForSelector('.read:not([hidden])')
    expect(asked.filter((request) => request.method() !== 'GET')).toEqual([])
    await page.tap('button.primary')
    await page.waitForSelector('.notice-bad')
    const sent = asked.find((request) => request.method() === 'POST')
    expect(new URLSearchParams(sent!.postData()!).get('sticker')).toBe(STICKER)
    expect(sent!.postDataBuffer()!.length).toBeLessThan(600)
    // What was wrong was something else: it need not be photographed again.
    expect(await page.innerText('.read')).toMatch(/Vietcombank\s+0123456789/)
  })

  it('of another scheme, or a picture without any, is said with what to do, and the typed way opens', async () => {
    await page.goto(await invitation())
    await page.setInputFiles('[data-photo]', photo(NO_CODE))
    await expect.poll(() => page.textContent('[data-field=photo]')).toContain('Không thấy mã nào')
    const vnpay = vectors.find(({ kind }) => kind === 'vnpayqr')!.payload
    await page.setInputFiles('[data-photo]', photo(photographSticker(vnpay)))
    await expect.poll(() => page.textContent('[data-field=photo]')).toContain('Đó là mã VNPAY-QR')
    expect(await page.isVisible('[name=account_number]')).toBe(true)
    expect(await page.isVisible('.read')).toBe(false)
    expect(await page.inputValue('[name=sticker]')).toBe('')
  })

  it('of a bank that is not heard says so at once; another choice takes it back', async () => {
    await page.goto(await invitation())
    await page.setInputFiles('[data-photo]', photo(photographSticker(AGRIBANKS)))
    await page.waitForSelector('[data-hindrance=bank_not_heard]:not([hidden])')
    expect(await page.inputValue('[name=told]')).toBe('bank_not_heard')
    await page.tap('[data-drop]')
    expect(await page.isVisible('[data-hindrance]')).toBe(false)
    expect(await page.inputValue('[name=told]')).toBe('')
    expect(await page.inputValue('[name=sticker]')).toBe('')
    await page.tap('summary')
    await page.selectOption('[name=bank]', '970418')
    expect(await page.isVisible('[data-hindrance=needs_virtual_account]')).toBe(true)
    await page.selectOption('[name=bank]', '970436')
    expect(await page.isVisible('[data-hindrance]')).toBe(false)
  })
})

it('a second tap on the button sends nothing again: the first answer is hers', async () => {
  await page.goto(await invitation())
  await page.setInputFiles(
    '[data-photo]',
    photo(photographSticker(encode({ bankBin: '970436', accountNumber: '0777' }))),
  )
  await page.waitForSelector('.read:not([hidden])')
  await page.fill('[name=vendor]', 'Trần Văn Hoà')
  await page.fill('[name=stall]', 'C9')
  await page.check('[name=consent]')
  // A slow network: the answer is still on its way when she taps again.
  await page.route('**/enrol/*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 600))
    await route.continue()
  })
  await page.locator('button.primary').evaluate((button: HTMLButtonElement) => {
    button.click()
    setTimeout(() => button.click(), 150)
  })
  await page.waitForURL('**/vendor/*/proof')
  expect(asked.filter((request) => request.method() === 'POST')).toHaveLength(1)
})

it('the holder’s name follows hers until she writes another', async () => {
  await page.goto(await invitation())
  await page.fill('[name=vendor]', 'Lê Thị Mai')
  expect(await page.inputValue('[name=account_name]')).toBe('LE THI MAI')
  await page.fill('[name=account_name]', 'TRAN VAN HOA')
  await page.fill('[name=vendor]', 'Lê Thị Mai Hoa')
  expect(await page.inputValue('[name=account_name]')).toBe('TRAN VAN HOA')
})

it('the consent is loaded when she asks for it, plays, and stops at a tap', async () => {
  await page.goto(await invitation(), { waitUntil: 'networkidle' })
  const clips = () => asked.filter((request) => request.url().endsWith('.mp3'))
  expect(clips()).toEqual([])
  const words = () => page.textContent('[data-consent-reading]')
  await page.tap('[data-consent-reading]')
  await expect.poll(words).toContain('Đang đọc')
  expect(clips().length).toBeGreaterThan(0)
  await page.tap('[data-consent-reading]')
  await expect.poll(words).toContain('Nghe đọc')
  expect(phone.pages()).toHaveLength(1)
})

it('works without script, with bank and number typed', async () => {
  const bare = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
  page = await bare.newPage()
  await page.goto(await invitation())
  expect(await page.isVisible('[data-photo]')).toBe(false)
  await page.fill('[name=vendor]', 'Lê Thị Mai')
  await page.fill('[name=stall]', 'C8')
  await page.click('summary')
  await page.selectOption('[name=bank]', '970405')
  await page.fill('[name=account_number]', '4200 2051 84737')
  await page.fill('[name=account_name]', 'Lê Thị Mai')
  await page.check('[name=consent]')
  await page.click('button.primary')
  expect(await page.textContent('body')).toContain('Ngân hàng này chưa báo tiền về được')
  await page.click('button.primary')
  expect(new URL(page.url()).pathname).toMatch(/^\/vendor\/\w+\/proof$/)
  expect((await stallNamed('C8'))?.accounts).toMatchObject([
    { accountNumber: '4200205184737', accountName: 'LE THI MAI' },
  ])
  await bare.close()
})
