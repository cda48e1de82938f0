import QRCode from 'qrcode'
import { describe, expect, test } from 'vitest'
import { CONSENT_TEXT } from '../../shared/consent-text.ts'
import { cardPage } from '../../web/pages/card.ts'
import { enterGonePage, enterPage } from '../../web/pages/enter.ts'
import { enrolmentPage } from '../../web/pages/enrolment.ts'
import { errorPage } from '../../web/pages/error.ts'
import { stallPage } from '../../web/pages/stall.ts'
import { vendorCodePage } from '../../web/pages/vendor/code.ts'
import { vendorHomePage } from '../../web/pages/vendor/home.ts'
import { rowSpeakerPage } from '../../web/pages/row-speaker.ts'
import { vendorSettingsPage } from '../../web/pages/vendor/settings.ts'
import { welcomePage } from '../../web/pages/welcome.ts'
import type { Html } from '../../web/pages/layout.ts'
import type { PaymentLine } from '../../shared/wire.ts'

const frame = { demo: false, assets: (name: string) => `/assets/${name}` }

const render = async (page: Html): Promise<string> => (await page).toString()

/** The list itself, without the shapes kept for cloning. */
const listOf = (page: string) => /<ol[\s\S]*<\/ol>/.exec(page)?.[0] ?? ''

const payload =
  '00020101021138570010A00000072701270006970422011303810009988770208QRIBFTTA53037045802VN62150811CHOTK A12X763048E2B'

const stall = {
  market: 'Chợ Tam Kỳ',
  section: 'Khu rau củ, dãy B',
  stall: 'A12',
  stallWord: 'sạp',
  holderName: 'NGUYEN THI THU HUONG',
  bankShortName: 'Agribank',
  bankName: 'Ngân hàng Nông nghiệp và Phát triển Nông thôn Việt Nam',
  accountNumber: '4200205184736',
  stallCode: 'A12K7X',
  qrSvg: await QRCode.toString(payload, { type: 'svg', margin: 4 }),
  pngUrl: '/s/A12K7X/qr.png',
}

const vendor = {
  market: 'Chợ Tam Kỳ',
  stall: 'A12',
  stallWord: 'sạp',
  stallCode: 'A12K7X',
  cursor: 41,
  streamUrl: '/vendor/A12K7X/stream',
  businessDay: '2026-11-22',
  announce: 'amount',
  dialect: { thousand: 'ngàn', odd: 'lẻ' },
} as const

const payment = (more: Partial<PaymentLine>): PaymentLine => ({
  transactionSeq: 41,
  amountVnd: 50_000,
  time: '10:42',
  memo: '',
  payerName: '',
  classification: 'sale',
  ...more,
})

const home = (payments: PaymentLine[], demo = false) =>
  render(
    vendorHomePage(
      { ...frame, demo },
      {
        ...vendor,
        payments,
        takings: { businessDay: '2026-11-22', totalVnd: 1_234_000, saleCount: 23, unclearCount: 2 },
        otherStalls: [],
      },
    ),
  )

const everyPage: Record<string, (demo: boolean) => Promise<string>> = {
  welcome: (demo) => render(welcomePage({ ...frame, demo })),
  stall: (demo) => render(stallPage({ ...frame, demo }, stall)),
  card: (demo) => render(cardPage({ ...frame, demo }, [stall])),
  enter: (demo) => render(enterPage({ ...frame, demo }, { kind: 'operator', code: 'x' })),
  enrolment: (demo) =>
    render(
      enrolmentPage(
        { ...frame, demo },
        {
          code: 'x',
          market: 'Chợ Tam Kỳ',
          section: 'Dãy B',
          stallWord: 'lô',
          hindranceAt: () => null,
          typed: {},
          errors: {},
        },
      ),
    ),
  gone: (demo) => render(enterGonePage({ ...frame, demo })),
  error: (demo) => render(errorPage({ ...frame, demo }, { heading: 'Chưa thấy', advice: 'Thử lại.' })),
  home: (demo) => home([payment({})], demo),
  code: (demo) => render(vendorCodePage({ ...frame, demo }, { ...vendor, ...stall })),
  settings: (demo) =>
    render(
      vendorSettingsPage(
        { ...frame, demo },
        { ...vendor, rowTelling: 'nothing', phones: [], account: null, mayProve: false, linksWith: null },
      ),
    ),
  rowSpeaker: (demo) =>
    render(rowSpeakerPage({ ...frame, demo }, { market: 'Chợ', row: 'Dãy A', stallWord: 'sạp', cursor: 0 })),
}

describe.each(Object.entries(everyPage))('%s page', (_name, page) => {
  test('says so when the money is invented, and only then', async () => {
    expect(await page(true)).toContain('BẢN THỬ — TIỀN GIẢ')
    expect(await page(false)).not.toContain('BẢN THỬ')
  })

  test('is a Vietnamese document with nothing inline that the policy would refuse', async () => {
    const text = await page(false)
    expect(text).toMatch(/^<!doctype html>\s*<html lang="vi">/)
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/)
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)/)
    expect(text).not.toMatch(/undefined|\[object|NaN/)
  })
})

describe('strangers’ words', () => {
  const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)>{{7*7}}`

  test('stay text in the vendor’s list', async () => {
    const text = await home([payment({ memo: hostile, payerName: hostile })])
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain('<img')
    expect(text.match(/&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;/g)).toHaveLength(2)
  })

  test('cannot turn the rest of the line around: each stands isolated', async () => {
    const text = await home([payment({ memo: 'a\u202Egpj', payerName: '\u2066b' })])
    expect(text).toContain('<bdi data-field="memo">a\u202Egpj</bdi>')
    expect(text).toContain('<bdi data-field="payer">\u2066b</bdi>')
  })

  test('stay text wherever a name or a code is shown', async () => {
    const text = await render(
      stallPage(frame, {
        ...stall,
        market: hostile,
        stall: hostile,
        holderName: hostile,
        stallCode: hostile,
      }),
    )
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain('<img')
    const entering = await render(enterPage(frame, { kind: 'board', code: hostile, market: hostile }))
    expect(entering).not.toContain('<script>alert')
  })
})

const stallText = await render(stallPage(frame, { ...stall, amountVnd: 150_000 }))

describe('stall page', () => {
  test('is at most 15 KB', () => expect(Buffer.byteLength(stallText)).toBeLessThanOrEqual(15 * 1024))

  test('says whose account it is before any script runs', () => {
    for (const words of [
      'Sạp A12',
      'Chợ Tam Kỳ',
      'NGUYEN THI THU HUONG',
      'Agribank',
      '4200205184736',
      '150.000đ',
    ]) {
      expect(stallText).toContain(words)
    }
    expect(stallText).toContain('<svg xmlns="http://www.w3.org/2000/svg"')
    expect(stallText).toContain('href="/s/A12K7X/qr.png" download="A12K7X.png"')
  })

  test('hides the one button that needs a script where there is none', () => {
    // The others send a form.
    expect(stallText.match(/<button[^>]*type="button"[^>]*>/g)).toEqual([
      expect.stringContaining('needs-script'),
    ])
  })
})

describe('vendor’s home', () => {
  test('shows total, words, counts and every line before any script runs', async () => {
    const text = await home([payment({ memo: 'mua rau', payerName: 'TRAN VAN BINH' })])
    expect(text).toContain('1.234.000đ')
    expect(text).toContain('một triệu hai trăm ba mươi tư ngàn đồng')
    expect(text).toContain('23 lần chuyển khoản')
    expect(text).toContain('2 khoản chưa rõ')
    expect(text).toContain('TRAN VAN BINH')
  })

  test('asks openly about what is unclear, and folds the question away where it is not', async () => {
    const unclear = listOf(await home([payment({ classification: 'unclear' })]))
    expect(unclear).toContain('chưa rõ')
    expect(unclear).toMatch(/<form action="\/vendor\/A12K7X\/classify" method="post">/)
    expect(unclear).toContain('name="transactionSeq" value="41"')
    expect(unclear).toContain('name="classification" value="sale"')
    const sale = listOf(await home([payment({})]))
    expect(sale).toMatch(/<details>[\s\S]*Không phải tiền bán\?/)
    for (const answer of ['family', 'loan', 'cash_back', 'refund']) {
      expect(sale).toContain(`name="classification" value="${answer}"`)
    }
  })

  test('gives the phone the three shapes of a line to clone', async () => {
    const text = await home([])
    expect(text.match(/<template data-line="\w+"/g)).toHaveLength(3)
    expect(text).toContain('Chưa có khách chuyển khoản hôm nay')
  })
})

test('a vendor’s first entry reads out the whole consent and requires the tick; later entries do not', async () => {
  const view = {
    kind: 'vendor',
    code: 'x',
    market: 'Chợ Tam Kỳ',
    stall: 'A12',
    stallWord: 'sạp',
    vendorName: 'cô Hương',
  } as const
  const first = await render(enterPage(frame, { ...view, consentNeeded: true }))
  for (const { question, answer } of CONSENT_TEXT) {
    expect(first).toContain(question)
    expect(first).toContain(answer)
  }
  expect(first).toMatch(/name="consent"\s+value="yes"\s+required/)
  expect(await render(enterPage(frame, { ...view, consentNeeded: false }))).not.toContain('name="consent"')
})

test('each card carries what a shopper must see, and the whole account number', async () => {
  const text = await render(cardPage(frame, [stall, { ...stall, stall: 'B07' }]))
  expect(text.match(/class="a6"/g)).toHaveLength(2)
  for (const words of [
    'VietQR · Chuyển khoản 24/7',
    'quét bằng ứng dụng ngân hàng nào cũng được',
    'NGUYEN THI THU HUONG',
    '4200205184736',
    'Sạp B07',
  ]) {
    expect(text).toContain(words)
  }
})
