import { inflateSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import jsqr from 'jsqr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintStall } from '../../server/domain/registration.ts'
import { payableCode } from '../../server/sources/payable-code.ts'
import { payeeAccount, payeeAccountState, stallCode } from '../../server/storage/kit.sqlite.ts'
import type { Market } from '../../server/storage/market.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { closeStall, registerStall, type StallEntry } from '../../server/storage/stall.ts'
import { rows, run } from '../../server/storage/unit.ts'
import { seededRandom } from '../small-market.ts'
import { boardOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

const MM = 72 / 25.4
const LONG = 'Bún chả cá Quy Nhơn gia truyền ba đời bà Nguyễn Thị Kim Ửu'

let server: TestServer
let here: Market
let there: Market
let board: string
let operator: string
let sourceId: string
let printed: StallEntry[]

beforeAll(async () => {
  server = openTestServer()
  here = await server.addMarket('Chợ Phù Cát')
  there = await server.addMarket('Chợ Kỳ Anh')
  printed = [
    await server.addStall(here, 'A1', { account: { accountName: 'Nguyễn Thị Ậm' } }),
    await server.addStall(here, 'A2', {
      account: { bankBin: '970415', accountNumber: '0123456789012345678', holderType: 'individual' },
    }),
    await server.addStall(here, 'A3', { account: { bankBin: '970418', virtualAccount: 'VQRX77' } }),
    await server.addStall(here, LONG, {
      section: 'Khu vực bán hàng khô, gia vị và thực phẩm chế biến sẵn',
      account: { accountName: 'CONG TY TNHH MOT THANH VIEN THUONG MAI DICH VU NGUYEN THI KIM' },
    }),
    await server.addStall(here, 'Ếch ữ', { section: 'Khu B' }),
  ]
  const shut = await server.addStall(here, 'Z1')
  const bare = await server.addStall(here, 'Z2')
  await server.services.store.changeRegistry(function* (tx) {
    yield* closeStall(tx, marketScope(here.id), shut.stall.id, server.clock.now)
    yield* run(tx.delete(payeeAccountState).where(eq(payeeAccountState.accountId, bare.accounts[0]!.id)))
    yield* run(tx.delete(payeeAccount).where(eq(payeeAccount.stallId, bare.stall.id)))
  })
  sourceId = await server.addSource(printed)
  board = await server.signIn(boardOf(here))
  operator = await server.signIn(OPERATOR)
})
afterAll(() => server.close())

const postersOf = (market: Market, query = '') => `/board/${market.code}/posters.pdf${query}`
const payloadOf = ({ stall, accounts }: StallEntry) => payableCode(accounts[0]!, stall.reference)
const codesOf = (market: Market) =>
  server.services.store.read((tx) =>
    rows(tx.select().from(stallCode).where(eq(stallCode.marketId, market.id)).orderBy(stallCode.id)),
  )
const fetchPdf = async (path: string, cookie = board) => {
  const response = await server.get(path, cookie)
  expect(response.status).toBe(200)
  return readPdf(Buffer.from(await response.arrayBuffer()))
}

type Rectangle = [x: number, y: number, width: number, height: number]

interface Page {
  width: number
  height: number
  content: string
  texts: { text: string; x: number; y: number }[]
  /** Each figure: what its one path fills, in points from the lower left. */
  codes: Rectangle[][]
}

/** Reads just what our own PDFs are made of, with nothing of the library that wrote them. */
function readPdf(bytes: Buffer): { bytes: Buffer; skeleton: string; pages: Page[] } {
  const text = bytes.toString('latin1')
  expect(text).toMatch(/^%PDF-1\.7\n[^]*%%EOF\n$/)
  const objects = new Map<string, { dictionary: string; stream: string }>()
  const start = /(\d+) 0 obj\n([^]*?)\n(stream\n|endobj)/g
  for (let found = start.exec(text); found; found = start.exec(text)) {
    const [, id = '', dictionary = '', what] = found
    let stream = ''
    if (what === 'stream\n') {
      const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1])
      const raw = bytes.subarray(start.lastIndex, start.lastIndex + length)
      stream = (dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw).toString('latin1')
      start.lastIndex += length
    }
    objects.set(id, { dictionary, stream })
  }
  const get = (id: string | undefined) => objects.get(id ?? '')!
  const skeleton = [...objects.values()].map(({ dictionary }) => dictionary).join('\n')
  const kids = /\/Type \/Pages\n[^]*?\/Kids \[([^\]]*)\]/.exec(skeleton)![1]!
  const pages = [...kids.matchAll(/(\d+) 0 R/g)].map(([, id]): Page => {
    const { dictionary } = get(id)
    const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(dictionary)!
    const resources = get(/\/Resources (\d+) 0 R/.exec(dictionary)?.[1]).dictionary
    const fonts = new Map<string, string[]>()
    for (const [, name = '', font] of resources.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const toUnicode = get(/\/ToUnicode (\d+) 0 R/.exec(get(font).dictionary)?.[1]).stream
      const ranges = [...toUnicode.matchAll(/<\w+> <\w+> \[([^\]]*)\]/g)].map(([, range]) => range).join(' ')
      fonts.set(
        name,
        [...ranges.matchAll(/<([\w ]*)>/g)].map(([, code = '']) => fromHex(code.replaceAll(' ', ''))),
      )
    }
    const content = get(/\/Contents (\d+) 0 R/.exec(dictionary)?.[1]).stream
    return { width: Number(width), height: Number(height), content, ...draw(content, fonts) }
  })
  return { bytes, skeleton, pages }
}

const fromHex = (hex: string) =>
  String.fromCharCode(...(hex.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 16)))

/** Follows the operators of a page: where its texts stand, and what its figures fill. */
function draw(content: string, fonts: Map<string, string[]>): Pick<Page, 'texts' | 'codes'> {
  const texts: Page['texts'] = []
  const codes: Page['codes'] = []
  const saved: number[][] = []
  let matrix = [1, 0, 0, 1, 0, 0]
  let code: Rectangle[] | undefined
  let font = ''
  let at = { x: 0, y: 0 }
  const place = (x: number, y: number) => ({
    x: matrix[0]! * x + matrix[2]! * y + matrix[4]!,
    y: matrix[1]! * x + matrix[3]! * y + matrix[5]!,
  })
  for (const line of content.split('\n')) {
    const verb = line.slice(line.lastIndexOf(' ') + 1)
    const numbers = line.split(' ').slice(0, -1).map(Number)
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers
    if (verb === 'q') saved.push(matrix)
    else if (verb === 'Q') matrix = saved.pop()!
    else if (verb === 'cm') {
      const [p, q, r, s] = matrix as [number, number, number, number]
      const { x, y } = place(e, f)
      matrix = [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, x, y]
    } else if (line.startsWith('/Figure')) code = []
    else if (verb === 'EMC') code = undefined
    else if (verb === 're' && code) {
      const [one, two] = [place(a, b), place(a + c, b + d)]
      const [x, y] = [Math.min(one.x, two.x), Math.min(one.y, two.y)]
      code.push([x, y, Math.abs(two.x - one.x), Math.abs(two.y - one.y)])
    } else if (verb === 'f' && code) codes.push(code.splice(0))
    else if (verb === 'Tm') at = place(e, f)
    else if (verb === 'Tf') font = line.slice(1).split(' ')[0]!
    else if (verb === 'TJ') {
      const glyphs = [...line.matchAll(/<(\w+)>/g)].flatMap(([, hex = '']) => hex.match(/.{4}/g) ?? [])
      const text = glyphs.map((glyph) => fonts.get(font)?.[Number.parseInt(glyph, 16)] ?? '?').join('')
      texts.push({ text, ...at })
    }
  }
  return { texts, codes }
}

/** The area of a code with its quiet zone; its first run is the seven modules of a finder pattern. */
function areaOf(code: Rectangle[]): { left: number; bottom: number; side: number; module: number } {
  const module = code[0]![2] / 7
  const left = Math.min(...code.map(([x]) => x)) - 4 * module
  const bottom = Math.min(...code.map(([, y]) => y)) - 4 * module
  const side = Math.max(...code.map(([x, , width]) => x + width)) - left + 4 * module
  return { left, bottom, side, module }
}

const PIXELS_OF_MODULE = 4

/** Paints a code again and reads it with a decoder that shares nothing with the one that made it. */
function readCode(code: Rectangle[]): string | undefined {
  const { left, bottom, side, module } = areaOf(code)
  const size = Math.round(side / module) * PIXELS_OF_MODULE
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255)
  const toPixel = (length: number) => Math.round((length / side) * size)
  for (const [x, y, width, height] of code) {
    for (let row = toPixel(y - bottom); row < toPixel(y + height - bottom); row += 1) {
      for (let column = toPixel(x - left); column < toPixel(x + width - left); column += 1) {
        pixels.fill(0, ((size - 1 - row) * size + column) * 4, ((size - 1 - row) * size + column) * 4 + 3)
      }
    }
  }
  return jsqr.default(pixels, size, size, { inversionAttempts: 'dontInvert' })?.data
}

const wordsOf = (page: Page) => page.texts.map(({ text }) => text).join(' ')

describe('the posters of a market', () => {
  it('are a tagged Vietnamese PDF with its fonts inside, no picture, no colour and no money', async () => {
    const canary = 27_182_818
    const { accountNumber } = printed[0]!.accounts[0]!
    await server.pay(sourceId, {
      accountNumber,
      content: printed[0]!.stall.reference,
      amount: canary,
    })
    const { skeleton, pages } = await fetchPdf(postersOf(here))
    expect(skeleton).toMatch(/\/MarkInfo \d+ 0 R/)
    expect(skeleton).toContain('/Marked true')
    expect(skeleton).toMatch(/\/StructTreeRoot \d+ 0 R/)
    expect(skeleton).toContain('/Lang (vi)')
    expect(skeleton).toContain('/DisplayDocTitle true')
    expect(skeleton.match(/\/S \/Figure/g)).toHaveLength(printed.length)
    expect(skeleton.match(/\/Alt \(/g)).toHaveLength(printed.length)
    expect(skeleton.match(/\/S \/H1/g)).toHaveLength(printed.length)
    expect(
      skeleton.match(/\/BaseFont \/(\S+)/g)!.every((name) => /\/[A-Z]{6}\+BeVietnamPro/.test(name)),
    ).toBe(true)
    expect(skeleton.match(/\/FontFile2/g)).toHaveLength(2)
    expect(skeleton).not.toContain('/Subtype /Image')
    for (const page of pages) {
      expect(page.content).not.toMatch(/ (cs|CS|sc|SC|scn|SCN|rg|RG|k|K|Do)$/m)
      expect(page.content.match(/^[\d.]+ g$/gim)).toEqual(['1 g'])
    }
    const told = `${skeleton} ${pages.map(wordsOf).join(' ')}`.replaceAll(/[\s.]/g, '')
    expect(told).not.toContain(String(canary))
  })

  it('say market, stall, holder in capitals, bank, whole account number and code, and that any app reads it', async () => {
    const { pages } = await fetchPdf(postersOf(here))
    expect(pages).toHaveLength(printed.length)
    for (const { stall, section, accounts } of printed) {
      const page = pages.find((one) => wordsOf(one).includes(`Mã sạp ${stall.code}`))!
      const words = wordsOf(page)
      expect(words).toContain(`Chợ Phù Cát · ${section}`)
      expect(words).toContain(`Sạp ${stall.name}`)
      expect(words).toContain(accounts[0]!.accountName.toUpperCase())
      expect(words).toContain(accounts[0]!.virtualAccount ?? accounts[0]!.accountNumber)
      expect(words).toContain('VietQR · Chuyển khoản 24/7')
      expect(words).toContain('quét bằng ứng dụng ngân hàng nào cũng được')
      expect(words).not.toContain('TIỀN GIẢ')
      // Every line is centred, so one that begins on the paper also ends on it.
      for (const { x, y } of page.texts) {
        expect(x).toBeGreaterThan(4 * MM)
        expect(y).toBeGreaterThan(4 * MM)
      }
    }
    expect(pages.map(wordsOf).join(' ')).toContain('BIDV')
  })

  it.each([
    ['a6', 105, 148, 1, 1],
    ['a5', 148, 210, 1, 148 / 105],
    ['a4x4', 210, 297, 4, 1],
  ])(
    'on %s have one code a card of 70 mm at least, each with its stall’s payload',
    async (size, width, height, each, scale) => {
      const { pages } = await fetchPdf(postersOf(here, `?size=${size}`))
      expect(pages).toHaveLength(Math.ceil(printed.length / each))
      const found: (string | undefined)[] = []
      for (const page of pages) {
        expect(page.width).toBeCloseTo(width * MM, 1)
        expect(page.height).toBeCloseTo(height * MM, 1)
        for (const code of page.codes) {
          const { left, bottom, side } = areaOf(code)
          expect(side).toBeGreaterThanOrEqual(70 * MM * scale - 0.01)
          const inside = page.texts.filter(
            ({ x, y }) => x > left && x < left + side && y > bottom && y < bottom + side,
          )
          expect(inside).toEqual([])
          found.push(readCode(code))
        }
      }
      expect(new Set(found)).toEqual(new Set(printed.map(payloadOf)))
      expect(found).toHaveLength(printed.length)
    },
  )

  it('leave out what is closed or has no account, and take one section where asked', async () => {
    const all = (await fetchPdf(postersOf(here))).pages.map(wordsOf).join(' ')
    expect(all).not.toMatch(/Sạp Z[12]/)
    const { pages } = await fetchPdf(postersOf(here, `?section=${encodeURIComponent('Khu B')}`))
    expect(pages.map(wordsOf)).toEqual([expect.stringContaining('Sạp Ếch ữ')])
  })

  it('are noted as printed, once', async () => {
    await fetchPdf(postersOf(here))
    const before = await codesOf(here)
    expect(before.map((row) => row.payload).toSorted()).toEqual(printed.map(payloadOf).toSorted())
    await fetchPdf(postersOf(here, '?size=a5'))
    expect(await codesOf(here)).toEqual(before)
  })

  it('are nobody else’s: another market’s board finds none, a stranger must sign in', async () => {
    await server.addStall(there, 'B1')
    expect((await server.get(postersOf(there), board)).status).toBe(404)
    expect((await server.get(postersOf(here))).status).toBe(401)
    expect(await codesOf(there)).toEqual([])
    expect((await fetchPdf(postersOf(there), operator)).pages).toHaveLength(1)
  })

  it('that cannot be drawn are explained', async () => {
    expect((await server.get(postersOf(here, '?size=a3'), board)).status).toBe(400)
    const none = await server.get(postersOf(here, '?section=X'), board)
    expect(none.status).toBe(409)
    expect(await none.text()).toContain('Chưa có thẻ nào để in')
  })

  it('of a demo say so on every card', async () => {
    const demo = openTestServer({ demo: true })
    const market = await demo.addMarket('Chợ Thử')
    await demo.addStall(market, 'A1')
    await demo.addStall(market, LONG)
    const response = await demo.get(postersOf(market), await demo.signIn(boardOf(market)))
    const { pages } = readPdf(Buffer.from(await response.arrayBuffer()))
    expect(pages.filter((page) => wordsOf(page).includes('BẢN THỬ — TIỀN GIẢ'))).toHaveLength(2)
    for (const { codes } of pages) expect(areaOf(codes[0]!).side).toBeGreaterThanOrEqual(70 * MM - 0.01)
    await demo.close()
  })
})

describe('500 posters', () => {
  let large: Market
  beforeAll(async () => {
    large = await server.addMarket('Chợ Lớn')
    const random = seededRandom(7)
    await server.services.store.changeRegistry(function* (tx) {
      for (let n = 1; n <= 500; n += 1) {
        const account = {
          bankBin: '970422',
          accountNumber: `LON${n}`,
          accountName: `CHU SAP ${n}`,
          virtualAccount: null,
          holder: 'vendor' as const,
          holderType: 'individual' as const,
          sellingOnly: false,
        }
        const row = { section: 'Dãy A', stall: `L${n}`, vendor: `Chủ ${n}`, phone: '', account }
        const registration = { ...row, consentAt: null, consentTextVersion: 'test' }
        yield* registerStall(tx, marketScope(large.id), registration, () => mintStall(random), 'test', 1)
      }
    })
  })

  it('are not drawn for a reader who has gone, nor for one who only asks', async () => {
    const head = await server.request(postersOf(large), { method: 'HEAD', headers: { cookie: operator } })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/pdf'])
    expect(await codesOf(large)).toEqual([])
    const reader = (await server.get(postersOf(large), operator)).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(await codesOf(large)).toHaveLength(100)
  })

  it('come in pieces, within ten seconds', async () => {
    const began = performance.now()
    const { body } = await server.get(postersOf(large), operator)
    const pieces: Uint8Array[] = []
    for await (const piece of body!) pieces.push(piece)
    const seconds = (performance.now() - began) / 1000
    expect(seconds).toBeLessThan(10)
    // Fonts come last, in one piece; no other is more than a few posters.
    expect(pieces.length).toBeGreaterThan(500)
    const { pages } = readPdf(Buffer.concat(pieces))
    expect(pages).toHaveLength(500)
    expect(new Set(pages.map(({ codes }) => readCode(codes[0]!))).size).toBe(500)
    expect(await codesOf(large)).toHaveLength(500)
    console.log(`500 posters in ${seconds.toFixed(1)} s, ${pieces.length} pieces`)
  })
})
