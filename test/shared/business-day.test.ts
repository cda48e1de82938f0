import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../shared/app-error.ts'
import {
  addDays,
  businessDay,
  parseVietnamTime,
  vietnamDate,
  vietnamTime,
} from '../../shared/business-day.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE

/** Any instant from 1970 to 2100. */
const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0) })
const dayStarts = fc.integer({ min: 0, max: 1439 })

/** What the wall clock of Ho Chi Minh City shows, by the machine's own time zone table. */
function wallClock(epochMs: number): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Asia/Ho_Chi_Minh',
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(epochMs)
}

describe('businessDay', () => {
  test.each([
    ['2026-11-22 00:00:00', 0, '2026-11-22'],
    ['2026-11-22 23:59:59', 0, '2026-11-22'],
    ['2026-11-22 06:59:59', 0, '2026-11-22'],
    ['2026-11-22 02:00:00', 900, '2026-11-21'],
    ['2026-11-22 14:59:59', 900, '2026-11-21'],
    ['2026-11-22 15:00:00', 900, '2026-11-22'],
    ['2026-11-22 03:29:59', 210, '2026-11-21'],
    ['2026-11-22 03:30:00', 210, '2026-11-22'],
    ['2024-03-01 00:30:00', 60, '2024-02-29'],
    ['2027-01-01 00:00:00', 1439, '2026-12-31'],
  ])('%s in Vietnam, day starting at minute %d, counts for %s', (time, dayStartsAtMinutes, day) => {
    expect(businessDay(parseVietnamTime(time), dayStartsAtMinutes)).toBe(day)
  })

  test('with a day that starts at midnight it is the date on a Vietnamese wall since 1980', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1980, 0), max: Date.UTC(2100, 0) }), (at) => {
        expect(`${businessDay(at, 0)} ${vietnamTime(at)}`).toBe(wallClock(at).slice(0, 16))
      }),
    )
  })

  test('changes at the starting minute and at no other instant of the day', () => {
    fc.assert(
      fc.property(instants, dayStarts, (at, dayStartsAtMinutes) => {
        const day = businessDay(at, dayStartsAtMinutes)
        const start = parseVietnamTime(`${day} 00:00:00`) + dayStartsAtMinutes * MINUTE
        expect(at).toBeGreaterThanOrEqual(start)
        expect(at).toBeLessThan(start + DAY)
        expect(businessDay(start, dayStartsAtMinutes)).toBe(day)
        expect(businessDay(start - 1, dayStartsAtMinutes)).toBe(addDays(day, -1))
        expect(businessDay(start + DAY - 1, dayStartsAtMinutes)).toBe(day)
        expect(businessDay(start + DAY, dayStartsAtMinutes)).toBe(addDays(day, 1))
      }),
    )
  })

  test('throws on an instant that is none', () => {
    for (const at of [Number.NaN, Infinity, 9e15]) expect(() => businessDay(at, 0)).toThrow(RangeError)
  })
})

test('addDays and its opposite meet again, and days keep the order of their names', () => {
  fc.assert(
    fc.property(instants, fc.integer({ min: 1, max: 40_000 }), (at, days) => {
      const day = businessDay(at, 0)
      expect(addDays(addDays(day, days), -days)).toBe(day)
      expect(addDays(day, days) > day).toBe(true)
    }),
  )
  expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  expect(() => addDays('today', 1)).toThrow(RangeError)
})

test('vietnamDate and vietnamTime write what screens show: no year, no seconds', () => {
  expect(vietnamDate('2026-11-22')).toBe('22/11')
  expect(vietnamDate('2026-01-05')).toBe('05/01')
  expect(vietnamTime(parseVietnamTime('2026-11-22 10:42:59'))).toBe('10:42')
  expect(vietnamTime(parseVietnamTime('2026-11-22 00:05:00'))).toBe('00:05')
})

describe('parseVietnamTime', () => {
  test('reads a time without zone as Vietnam time, seven hours ahead of UTC', () => {
    expect(parseVietnamTime('2023-03-25 14:02:37')).toBe(Date.UTC(2023, 2, 25, 7, 2, 37))
    expect(parseVietnamTime('2024-02-29 23:59:59')).toBe(Date.UTC(2024, 1, 29, 16, 59, 59))
  })

  test('reads back every second a wall clock shows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 315_532_800, max: 4_102_444_800 }), (second) => {
        expect(parseVietnamTime(wallClock(second * 1000))).toBe(second * 1000)
      }),
    )
  })

  test.each([
    '',
    '2023-02-29 10:00:00',
    '2023-02-30 10:00:00',
    '2023-04-31 10:00:00',
    '2023-13-01 10:00:00',
    '2023-00-10 10:00:00',
    '2023-01-00 10:00:00',
    '2023-01-01 24:00:00',
    '2023-01-01 10:60:00',
    '2023-01-01 23:59:60',
    '2023-1-1 10:00:00',
    '2023-01-01T10:00:00',
    '2023-01-01T10:00:00.000Z',
    '2023-01-01 10:00:00Z',
    '2023-01-01 10:00:00+07:00',
    '2023-01-01 10:00',
    '2023-01-01',
    ' 2023-01-01 10:00:00',
    '2023-01-01 10:00:00\n',
    '25/03/2023 14:02:37',
    '20230325140237',
    '1679727757',
  ])('refuses «%s» as invalid_input', (text) => {
    expect(() => parseVietnamTime(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    expect(() => parseVietnamTime(text)).toThrow(AppError)
  })
})
