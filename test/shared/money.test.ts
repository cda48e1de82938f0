import { expect, test } from 'vitest'
import { AppError } from '../../shared/app-error.ts'
import { formatVnd, MAX_CODE_AMOUNT_VND, parseVnd } from '../../shared/money.ts'

test.each([
  [0, '0đ'],
  [1, '1đ'],
  [999, '999đ'],
  [1000, '1.000đ'],
  [50_000, '50.000đ'],
  [1_234_567, '1.234.567đ'],
  [Number.MAX_SAFE_INTEGER, '9.007.199.254.740.991đ'],
  [-500, '-500đ'],
  [-50_000, '-50.000đ'],
])('formatVnd writes %d as %s', (amountVnd, text) => {
  expect(formatVnd(amountVnd)).toBe(text)
})

test.each([
  ['1', 1],
  ['50000', 50_000],
  ['50.000', 50_000],
  ['50.000đ', 50_000],
  [' 1.234.567 đ ', 1_234_567],
  ['499999999', MAX_CODE_AMOUNT_VND],
])('parseVnd reads «%s»', (text, amountVnd) => {
  expect(parseVnd(text)).toBe(amountVnd)
})

test('parseVnd reads back whatever formatVnd writes for a code', () => {
  for (let amountVnd = 1; amountVnd <= MAX_CODE_AMOUNT_VND; amountVnd = amountVnd * 3 + 1) {
    expect(parseVnd(formatVnd(amountVnd))).toBe(amountVnd)
  }
})

test.each([
  '',
  ' ',
  'đ',
  '0',
  '0đ',
  '-1',
  '+5',
  '050000',
  '0.500',
  '1.5',
  '50.00',
  '50.0000',
  '5000.000',
  '.500',
  '50.000.',
  '50,000',
  '50 000',
  '5e4',
  '0x10',
  '５０',
  'NaN',
  'Infinity',
  '50000đđ',
  '50000\n1',
  '500.000.000',
  '500000000',
  '9'.repeat(400),
])('parseVnd refuses «%s» as invalid_input and never guesses', (text) => {
  expect(() => parseVnd(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  expect(() => parseVnd(text)).toThrow(AppError)
})
