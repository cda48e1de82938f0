import { banks, findBank, shortNameOf } from '@vietqr/core'
import { describe, expect, it } from 'vitest'

describe('the bank table', () => {
  it('has 65 banks, each with its own BIN of 6 digits', () => {
    expect(banks).toHaveLength(65)
    expect(new Set(banks.map(({ bin }) => bin)).size).toBe(65)
    expect(
      banks.filter(({ bin, code, shortName, name }) => !/^\d{6}$/.test(bin) || !code || !shortName || !name),
    ).toEqual([])
  })

  it('knows which banks receive transfers and which tell an account’s holder', () => {
    expect(banks.filter(({ transferSupported }) => transferSupported)).toHaveLength(42)
    expect(banks.filter(({ lookupSupported }) => lookupSupported)).toHaveLength(53)
  })

  it.each([
    ['970444', 'VCBNeo', 'Ngoại thương Công nghệ số'],
    ['970408', 'GPBank', 'Kỷ Nguyên Thịnh Vượng'],
    ['970414', 'MBV', 'Việt Nam Hiện Đại'],
    ['970406', 'Vikki', 'Số Vikki'],
    ['970449', 'LPBank', 'Lộc Phát'],
  ])('shows the name of today for %s: %s', (bin, shortName, name) => {
    expect(findBank(bin)).toMatchObject({ shortName, name: expect.stringContaining(name) })
  })
})

describe('findBank', () => {
  it('finds every bank by its BIN, its code and its short name, and no name leads to two banks', () => {
    for (const bank of banks) {
      expect(findBank(bank.bin)).toBe(bank)
      expect(findBank(bank.code)).toBe(bank)
      expect(findBank(bank.shortName)).toBe(bank)
    }
  })

  it.each(['vietcombank', 'VIETCOMBANK', 'Viet Com Bank', ' Vietcombank ', 'Việtcombank', 'vcb', '970436'])(
    'does not mind case, spaces or accents: %j',
    (text) => {
      expect(findBank(text)?.bin).toBe('970436')
    },
  )

  it.each(['', ' ', 'ngân hàng', '97043', '9704366', 'constructor'])('finds no bank for %j', (text) => {
    expect(findBank(text)).toBeUndefined()
  })
})

it('a BIN of no bank stands for itself where its bank is named', () => {
  expect(['970422', '999999'].map(shortNameOf)).toEqual(['MBBank', '999999'])
})
