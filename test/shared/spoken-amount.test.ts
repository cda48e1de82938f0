import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { doReadNumber, ReadingConfig } from 'read-vietnamese-number'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../shared/app-error.ts'
import {
  announcement,
  rowAnnouncement,
  CLIPS,
  MAX_SPOKEN_VND,
  saleAnnouncement,
  spokenAmount,
  spokenText,
} from '../../shared/spoken-amount.ts'
import type { SaleState } from '../../shared/sale-state.ts'
import type { Dialect } from '../../shared/spoken-amount.ts'

const NORTH: Dialect = { thousand: 'nghìn', odd: 'linh' }
const SOUTH: Dialect = { thousand: 'ngàn', odd: 'lẻ' }

const voice = join(import.meta.dirname, '../../web/voice')
const places: Record<string, [startMs: number, durationMs: number]> = JSON.parse(
  readFileSync(join(voice, 'clips.json'), 'utf8'),
)

describe('spokenText', () => {
  test.each([
    [1, 'một'],
    [4, 'bốn'],
    [5, 'năm'],
    [10, 'mười'],
    [11, 'mười một'],
    [14, 'mười bốn'],
    [15, 'mười lăm'],
    [20, 'hai mươi'],
    [21, 'hai mươi mốt'],
    [24, 'hai mươi tư'],
    [25, 'hai mươi lăm'],
    [44, 'bốn mươi tư'],
    [55, 'năm mươi lăm'],
    [91, 'chín mươi mốt'],
    [100, 'một trăm'],
    [101, 'một trăm lẻ một'],
    [104, 'một trăm lẻ bốn'],
    [105, 'một trăm lẻ năm'],
    [110, 'một trăm mười'],
    [111, 'một trăm mười một'],
    [115, 'một trăm mười lăm'],
    [121, 'một trăm hai mươi mốt'],
    [500, 'năm trăm'],
    [1000, 'một ngàn'],
    [1001, 'một ngàn không trăm lẻ một'],
    [1010, 'một ngàn không trăm mười'],
    [2500, 'hai ngàn năm trăm'],
    [5005, 'năm ngàn không trăm lẻ năm'],
    [15_000, 'mười lăm ngàn'],
    [21_000, 'hai mươi mốt ngàn'],
    [50_000, 'năm mươi ngàn'],
    [105_000, 'một trăm lẻ năm ngàn'],
    [199_800, 'một trăm chín mươi chín ngàn tám trăm'],
    [250_000, 'hai trăm năm mươi ngàn'],
    [1_000_000, 'một triệu'],
    [1_000_005, 'một triệu không trăm lẻ năm'],
    [1_050_000, 'một triệu không trăm năm mươi ngàn'],
    [12_345_678, 'mười hai triệu ba trăm bốn mươi lăm ngàn sáu trăm bảy mươi tám'],
    [1_000_000_000, 'một tỷ'],
    [3_000_004_000, 'ba tỷ không trăm lẻ bốn ngàn'],
    [
      999_999_999_999,
      'chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm chín mươi chín ngàn chín trăm chín mươi chín',
    ],
  ])('reads %d as southern Vietnamese does', (amountVnd, words) => {
    expect(spokenText(amountVnd)).toBe(`${words} đồng`)
  })

  test('reads every amount as read-vietnamese-number does, in the words of each dialect and no other', () => {
    for (const dialect of [NORTH, SOUTH, { thousand: 'ngàn', odd: 'linh' }] satisfies Dialect[]) {
      const oracle = new ReadingConfig()
      oracle.unit = ['đồng']
      oracle.units = [[], [dialect.thousand], ['triệu'], ['tỷ']]
      oracle.oddText = dialect.odd
      const agree = (amountVnd: number) => {
        expect(spokenText(amountVnd, dialect)).toBe(doReadNumber(String(amountVnd), oracle))
      }
      for (let amountVnd = 1; amountVnd < 10_000; amountVnd += 1) agree(amountVnd)
      fc.assert(fc.property(fc.integer({ min: 1, max: 999_999_999 }), agree), { numRuns: 5000 })
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 999_999 }), (n) => agree(n * 1000)),
        { numRuns: 2000 },
      )
      fc.assert(fc.property(fc.integer({ min: 1, max: MAX_SPOKEN_VND }), agree), { numRuns: 2000 })
    }
  })

  test('refuses what cannot be read: nothing, debts, fractions, a trillion', () => {
    for (const wrong of [0, -1, 1.5, MAX_SPOKEN_VND + 1, Number.NaN, Infinity]) {
      expect(() => spokenText(wrong)).toThrow(AppError)
      expect(() => announcement(wrong)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    }
  })
})

const EXCEPTIONS = ['none', 'underpaid', 'overpaid', 'late', 'after_cancel', 'paid_twice'] as const

describe('the voice', () => {
  test.each<[SaleState['exception'], number, number, number, string]>([
    ['none', 50_000, 50_000, 0, 'đã nhận năm mươi ngàn đồng đủ'],
    ['none', 199_800, 200_000, 0, 'đã nhận một trăm chín mươi chín ngàn tám trăm đồng đủ'],
    [
      'underpaid',
      200,
      200,
      199_800,
      'khoan mới có hai trăm đồng còn thiếu một trăm chín mươi chín ngàn tám trăm đồng',
    ],
    ['overpaid', 60_000, 60_000, -10_000, 'đã nhận sáu mươi ngàn đồng dư mười ngàn đồng'],
    ['late', 50_000, 50_000, 0, 'tiền về trễ đã nhận năm mươi ngàn đồng đủ'],
    ['after_cancel', 50_000, 50_000, 0, 'đã nhận năm mươi ngàn đồng mã này đã huỷ'],
    ['paid_twice', 5_000, 10_000, -5_000, 'đã nhận năm ngàn đồng khách trả hai lần dư năm ngàn đồng'],
  ])('says of a sale that is %s what she must know', (exception, amountVnd, receivedVnd, dueVnd, words) => {
    const status = dueVnd > 0 ? 'open' : 'paid'
    const said = saleAnnouncement(amountVnd, { status, exception, receivedVnd, dueVnd })
    expect(said.map((clip) => CLIPS[clip]).join(' ')).toBe(words)
  })

  test('says only the amount while nobody knows what was asked for', () => {
    const state = { status: 'reserved', exception: 'none', receivedVnd: 50_000, dueVnd: 0 } as const
    expect(saleAnnouncement(50_000, state)).toEqual(announcement(50_000))
  })

  test('announces «đã nhận năm mươi ngàn đồng», and in the north «nghìn»', () => {
    expect(spokenAmount(50_000)).toEqual(['nam', 'muoi', 'ngan'])
    expect(announcement(50_000)).toEqual(['da-nhan', 'nam', 'muoi', 'ngan', 'dong'])
    expect(announcement(105_000, NORTH)).toEqual(['da-nhan', 'mot', 'tram', 'linh', 'nam', 'nghin', 'dong'])
    const said = announcement(21_000).map((clip) => CLIPS[clip])
    expect(said.join(' ')).toBe('đã nhận hai mươi mốt ngàn đồng')
  })

  test('has every clip that an announcement can name, each word once, and no clip that none names', () => {
    const named = new Set<string>()
    for (const dialect of [NORTH, SOUTH]) {
      for (const power of [1, 1e3, 1e6, 1e9]) {
        for (let n = 1; n < 1000; n += 1)
          for (const clip of announcement(n * power + 1, dialect)) named.add(clip)
      }
    }
    for (const exception of EXCEPTIONS) {
      for (const dueVnd of [-1, 0, 1]) {
        const state = { status: 'paid', exception, receivedVnd: 1, dueVnd } as const
        for (const clip of saleAnnouncement(1, state)) named.add(clip)
      }
    }
    for (const stallWord of ['sạp', 'lô', 'quầy', 'ki-ốt'])
      for (const clip of rowAnnouncement(stallWord, 1, null)) named.add(clip)
    expect([...named].sort()).toEqual(Object.keys(CLIPS).sort())
    expect(Object.keys(places).sort()).toEqual(Object.keys(CLIPS).sort())
    expect(new Set(Object.values(CLIPS)).size).toBe(Object.keys(CLIPS).length)
    for (const clip of Object.keys(CLIPS)) expect(clip).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test('is one mp3 of at most 70 KB that lasts as long as its clips, which never overlap', () => {
    const sprite = readFileSync(join(voice, 'clips.mp3'))
    expect(sprite.length).toBeLessThanOrEqual(70 * 1024)
    let frames = 0
    // MPEG-2 layer III, 24 kbit/s, 24 kHz, mono: frames of 72 bytes and 24 ms.
    for (let at = 0; at < sprite.length; at += 72) {
      expect(sprite.readUInt16BE(at)).toBe(0xfff3)
      expect(sprite.readUInt8(at + 2) >> 1).toBe(0x34 >> 1)
      frames += 1
    }
    let end = 0
    for (const [startMs, durationMs] of Object.values(places)) {
      // Half the silence between words is room enough for what mp3 smears.
      expect(startMs).toBeGreaterThanOrEqual(end + 40)
      expect(durationMs).toBeGreaterThan(100)
      end = startMs + durationMs
    }
    expect(end).toBeLessThanOrEqual(frames * 24)
  })

  test('announces every amount of whole thousands below a million within two seconds', () => {
    for (const dialect of [NORTH, SOUTH]) {
      for (let amountVnd = 1000; amountVnd < 1_000_000; amountVnd += 1000) {
        const lasts = announcement(amountVnd, dialect).reduce(
          (sum, clip) => sum + (places[clip]?.[1] ?? Infinity),
          0,
        )
        expect(lasts).toBeLessThanOrEqual(2000)
      }
    }
  })
})

describe('rowAnnouncement', () => {
  const words = (...about: Parameters<typeof rowAnnouncement>) =>
    rowAnnouncement(...about)
      .map((clip) => CLIPS[clip])
      .join(' ')

  test('says the stall first, then the amount where it may', () => {
    expect(words('sạp', 12, 50_000)).toBe('sạp mười hai đã nhận năm mươi ngàn đồng')
    expect(words('ki-ốt', 105, null, NORTH)).toBe('ki ốt một trăm linh năm có khách chuyển khoản')
  })

  test('says nothing of a stall it cannot name: the chime is all', () => {
    expect(words('sạp', null, 50_000)).toBe('')
    expect(words('gian', 12, 50_000)).toBe('')
  })
})
