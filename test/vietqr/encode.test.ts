import { banks, decode, encode } from '@vietqr/core'
import { array, assert, constantFrom, integer, oneof, property, record, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRefusalOf } from './refusal.ts'

const account = { bankBin: '970403', accountNumber: '9704031101234567' }

describe('encode writes what the standard says', () => {
  it('a static code without an amount, as NAPAS §6.1.2 prints it', () => {
    expect(encode({ ...account, service: 'QRIBFTTC' })).toBe(
      '00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52',
    )
  })

  it('a dynamic code with an amount and a purpose without its marks, as vietqr.io prints it', () => {
    expect(
      encode({
        bankBin: '970415',
        accountNumber: '113366668888',
        amountVnd: 79_000,
        purpose: 'Ủng Hộ Quỹ Vắc Xin',
      }),
    ).toBe(
      '00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA53037045405790005802VN62220818Ung Ho Quy Vac Xin63043ACF',
    )
  })

  it.each([
    ['đ and Đ become d and D', 'Đường đen', 'Duong den'],
    ['decomposed letters lose their marks too', 'Phở bò'.normalize('NFD'), 'Pho bo'],
    ['outer spaces go', '  SAP12 ', 'SAP12'],
    ['an empty purpose is absent', '', undefined],
    ['a purpose of spaces is absent', '   ', undefined],
    ['25 characters are kept', 'x'.repeat(25), 'x'.repeat(25)],
    ['25 accented letters count as 25, though decomposed they are 75', 'ệ'.repeat(25), 'e'.repeat(25)],
  ])('%s', (_what, purpose, expected) => {
    expect(decode(encode({ ...account, purpose })).purpose).toBe(expected)
  })
})

describe('encode refuses what no bank could pay, naming the field', () => {
  it.each([
    ['amountVnd', 0],
    ['amountVnd', -5],
    ['amountVnd', Number.NaN],
    ['amountVnd', Number.POSITIVE_INFINITY],
    ['amountVnd', 12.5],
    ['amountVnd', 500_000_000],
    ['amountVnd', '50000'],
    ['amountVnd', '10.000'],
    ['amountVnd', 50_000n],
    ['amountVnd', null],
    ['accountNumber', ''],
    ['accountNumber', '1'.repeat(20)],
    ['accountNumber', '0900 00023'],
    ['accountNumber', '0900000023\n'],
    ['accountNumber', 'tàikhoản'],
    ['accountNumber', 900_000_023],
    ['accountNumber', undefined],
    ['bankBin', '97043'],
    ['bankBin', 'VCB436'],
    ['bankBin', '999999'],
    ['bankBin', 970_403],
    ['bankBin', undefined],
    ['service', 'QRPUSH'],
    ['service', null],
    ['purpose', 'x'.repeat(26)],
    ['purpose', 'phở 🍜'],
    ['purpose', '北京'],
    ['purpose', 'a\nb'],
    ['purpose', 42],
    ['purpose', null],
  ])('%s: %o', (field, value) => {
    expect(encodeRefusalOf({ ...account, [field]: value })).toMatchObject({ code: 'invalid_input', field })
  })

  it('accepts the largest amount that NAPAS247 carries', () => {
    expect(decode(encode({ ...account, amountVnd: 499_999_999 })).amountVnd).toBe(499_999_999)
  })
})

const LETTERS = Array.from('aáàảãạăắằẳẵặâấầẩẫậdđDĐeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵ')

function bare(letter: string): string {
  if (letter === 'đ') return 'd'
  if (letter === 'Đ') return 'D'
  return letter.normalize('NFD').charAt(0)
}

describe('decode(encode(x)) is x', () => {
  const character = oneof(
    constantFrom(...LETTERS).map((letter) => [letter, bare(letter)] as const),
    integer({ min: 0x20, max: 0x7e }).map(
      (unit) => [String.fromCharCode(unit), String.fromCharCode(unit)] as const,
    ),
  )
  const transfer = record(
    {
      bankBin: constantFrom(...banks.map(({ bin }) => bin)),
      accountNumber: stringMatching(/^[A-Za-z0-9]{1,19}$/),
      service: constantFrom('QRIBFTTA' as const, 'QRIBFTTC' as const),
      amountVnd: integer({ min: 1, max: 499_999_999 }),
      characters: array(character, { maxLength: 25 }),
    },
    { requiredKeys: ['bankBin', 'accountNumber'] },
  )

  it('for every bank, account, service, amount and purpose, up to the marks', () => {
    assert(
      property(transfer, ({ characters = [], ...input }) => {
        const payload = encode({ ...input, purpose: characters.map(([written]) => written).join('') })
        const purpose = characters
          .map(([, plain]) => plain)
          .join('')
          .trim()
        expect(payload).toMatch(/^[ -~]+6304[0-9A-F]{4}$/)
        expect(decode(payload)).toEqual({
          initiation: input.amountVnd === undefined ? 'static' : 'dynamic',
          service: 'QRIBFTTA',
          ...input,
          ...(purpose && { purpose }),
        })
      }),
      { numRuns: 2000 },
    )
  })
})
