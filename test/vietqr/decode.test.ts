import { decode, encode, type VietQrErrorCode } from '@vietqr/core'
import { describe, expect, it } from 'vitest'
import { signed } from './mutation.ts'
import { refusalOf } from './refusal.ts'

const PAYEE = '38540010A00000072701240006970422011009000000230208QRIBFTTA'
const READ = { initiation: 'static', service: 'QRIBFTTA', bankBin: '970422', accountNumber: '0900000023' }

/** A sound static code whose pieces may be replaced. */
function code({
  first = '000201',
  initiation = '010211',
  payee = PAYEE,
  currency = '5303704',
  country = '5802VN',
  more = '',
} = {}) {
  return signed(`${first}${initiation}${payee}${currency}${more}${country}6304????`)
}

describe('decode is liberal in what real issuers vary', () => {
  it.each([
    [
      'fields in any order',
      signed(`0002015802VN62110807tien le5303704${PAYEE}0102116304????`),
      { purpose: 'tien le' },
    ],
    ['an unknown root field', code({ more: '80030468707CLASSIC' }), {}],
    ['a lower-case CRC', code().slice(0, -4) + code().slice(-4).toLowerCase(), {}],
    ['an empty purpose, which is an absent one', code({ more: '62040800' }), {}],
    ['an empty amount, which is an absent one', code({ more: '5400' }), {}],
    ['an amount on a static code', code({ more: '54071234567' }), { amountVnd: 1_234_567 }],
    ['an amount with a bare decimal point', code({ more: '540650000.' }), { amountVnd: 50_000 }],
    ['an amount with a zero fraction', code({ more: '540850000.00' }), { amountVnd: 50_000 }],
    ['a purpose of 95 characters', code({ more: `62990895${'x'.repeat(95)}` }), { purpose: 'x'.repeat(95) }],
    [
      'a purpose with Vietnamese marks, counted in characters',
      code({ more: '62100806Phở bò' }),
      { purpose: 'Phở bò' },
    ],
    ['an emoji, counted as one character', code({ more: '62060802🍜🍲' }), { purpose: '🍜🍲' }],
    ['the language template', code({ more: '64260002en0107Shop VN0205Hanoi' }), {}],
    ['a bank outside the table', code({ payee: PAYEE.replace('970422', '000000') }), { bankBin: '000000' }],
    [
      'cash from a machine',
      code({ payee: '38520010A00000072701240006970422011009000000230206QRCASH' }),
      { service: 'QRCASH' },
    ],
    ['a VietQR account beside another scheme', code({ more: '26180010A0000007750100' }), {}],
    [
      'the labels of the additional data',
      code({ more: '62250101a0301b0501c0701d0801e' }),
      { billNumber: 'a', storeLabel: 'b', referenceLabel: 'c', terminalLabel: 'd', purpose: 'e' },
    ],
  ])('reads %s', (_what, payload, more) => {
    expect(decode(payload)).toEqual({ ...READ, ...more })
  })
})

describe('decode refuses each fault with its own code', () => {
  const sound = code({ more: '62110807tien le' })

  it.each<[VietQrErrorCode, string, unknown]>([
    ['invalid_input', 'no text', undefined],
    ['invalid_input', 'a number', 5],
    ['invalid_input', 'an object that pretends to be a text', { length: 99, toString: () => sound }],
    ['invalid_input', 'an empty text', ''],
    ['invalid_input', 'more than 512 characters', sound.padEnd(513, '0')],
    ['not_vietqr', 'a web address', 'https://example.test/'],
    ['not_vietqr', 'an account number', '0900000023'],
    ['not_vietqr', 'a sound payload without a VietQR account', code({ payee: '' })],
    [
      'not_vietqr',
      'an unknown scheme of another country',
      code({ payee: PAYEE.replace('727', '999'), country: '5802LA' }),
    ],
    ['truncated', 'a missing end', sound.slice(0, 60)],
    ['truncated', 'a missing CRC', sound.slice(0, -8)],
    ['truncated', 'half a CRC', sound.slice(0, -2)],
    ['bad_crc', 'a changed digit of the account', sound.replace('0900000023', '0900000024')],
    ['bad_crc', 'a CRC that is no number', sound.slice(0, -4) + 'ZZZZ'],
    ['malformed', 'text after the CRC', `${sound}\n`],
    ['malformed', 'a field after the CRC', `${sound}8001x`],
    ['malformed', 'a CRC that is only the tail of another field', signed(`${code()}80086304????`)],
    [
      'malformed',
      'a format indicator that is not first',
      signed(`010211000201${PAYEE}53037045802VN6304????`),
    ],
    ['malformed', 'a field whose length runs past the end', code({ more: '6299' })],
    ['malformed', 'an id that is no number', code({ more: 'A103abc' })],
    ['malformed', 'a length that is no number', code({ more: '80+1x' })],
    ['malformed', 'a length in full-width digits', code({ more: '80０１x' })],
    [
      'malformed',
      'an account template whose lengths do not add up',
      code({ payee: PAYEE.replace('0208QRIB', '0209QRIB') }),
    ],
    ['malformed', 'an account whose length is one short', code({ payee: PAYEE.replace('0110', '0109') })],
    ['malformed', 'additional data whose lengths do not add up', code({ more: '62110806tien le' })],
    [
      'malformed',
      'a language template whose lengths do not add up',
      code({ more: '64260003en0107Shop VN0205Hanoi' }),
    ],
    ['malformed', 'half of a surrogate pair', code({ more: '62050801\ud83c' })],
    ['malformed', 'a missing initiation', code({ initiation: '' })],
    ['malformed', 'an unknown initiation', code({ initiation: '010213' })],
    ['malformed', 'a missing service', code({ payee: '38420010A0000007270124000697042201100900000023' })],
    ['malformed', 'an unknown service', code({ payee: PAYEE.replace('QRIBFTTA', 'QRIBFTTX') })],
    ['malformed', 'a BIN that is no number', code({ payee: PAYEE.replace('970422', '97O422') })],
    ['malformed', 'an account with a space', code({ payee: PAYEE.replace('0900000023', '0900 00023') })],
    ['malformed', 'a missing currency', code({ currency: '' })],
    ['malformed', 'a missing country', code({ country: '' })],
    ['malformed', 'an amount of zero', code({ more: '54010' })],
    ['malformed', 'an amount with a thousands separator', code({ more: '540650 000' })],
    ['malformed', 'a negative amount', code({ more: '5402-5' })],
    ['malformed', 'an amount of 14 characters', code({ more: '541412345678901234' })],
    ['duplicate_field', 'two amounts', code({ more: '5404100054042000' })],
    ['duplicate_field', 'two CRCs', code({ more: '6304ABCD' })],
    [
      'duplicate_field',
      'two accounts',
      code({ payee: '38680010A0000007270138000697042201100900000023011009000000240208QRIBFTTA' }),
    ],
    ['duplicate_field', 'two purposes', code({ more: '62100801a0801b' })],
    ['wrong_guid', 'another identifier in a Vietnamese code', code({ payee: PAYEE.replace('727', '999') })],
    ['wrong_currency', 'dollars', code({ currency: '5303840' })],
    ['wrong_country', 'Thailand', code({ country: '5802TH' })],
    ['fractional_amount', 'half a đồng', code({ more: '540412.5' })],
    ['fractional_amount', 'dollars and cents by habit', code({ more: '540550.01' })],
  ])('%s: %s', (expected, _what, payload) => {
    expect(refusalOf(payload)).toMatchObject({ code: expected, scheme: undefined })
  })

  it('refuses every proper beginning of a sound code', () => {
    for (let length = 1; length < sound.length; length += 1) {
      expect(refusalOf(sound.slice(0, length)).code).toBe('truncated')
    }
  })

  it('refuses every change of one character', () => {
    for (let at = 0; at < sound.length - 4; at += 1) {
      const other = sound[at] === '7' ? '8' : '7'
      expect(refusalOf(sound.slice(0, at) + other + sound.slice(at + 1)).code).not.toBe('invalid_input')
    }
  })

  it('names the field that was wrong', () => {
    expect(refusalOf(code({ more: '54010' })).field).toBe('54')
    expect(refusalOf(code({ payee: PAYEE.replace('0110', '0109') })).field).toBe('38-01')
  })

  it('refuses a megabyte as quickly as an empty text', () => {
    const huge = '0'.repeat(1_000_000)
    const started = performance.now()
    for (let i = 0; i < 1000; i += 1) refusalOf(huge)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

function foreign(fields: string): string {
  return signed(`000201010211${fields}6304????`)
}

describe('decode names a foreign scheme and never half-reads its code', () => {
  it.each([
    ['vnpayqr', '26280010A0000007750110900000004253037045802VN'],
    ['airpay', '26170013vn.airpay.www53037045802VN'],
    ['promptpay', '29200016A00000067701011153037645802TH'],
    ['sgqr', '26130009SG.PAYNOW51110007SG.SGQR53037025802SG'],
    ['paynow', '26130009SG.PAYNOW53037025802SG'],
    ['duitnow', '26180014A000000615000153034585802MY'],
    ['qris', '51180014ID.CO.QRIS.WWW53033605802ID'],
    ['pix', '26180014br.gov.bcb.pix53039865802BR'],
    ['khqr', '29180014stall0001@devb53031165802KH'],
    ['bharatqr', '26140010A00000052453033565802IN'],
    ['unionpay', '1531' + '1'.repeat(31) + '53031565802CN'],
  ])('%s', (scheme, fields) => {
    expect(refusalOf(foreign(fields))).toMatchObject({ code: 'not_vietqr', scheme })
    expect(refusalOf(foreign(fields).slice(0, -4) + 'ZZZZ')).toMatchObject({ code: 'not_vietqr', scheme })
  })

  it('a purpose that mentions a foreign identifier makes no code foreign', () => {
    const payload = encode({ bankBin: '970422', accountNumber: '0900000023', purpose: '0014br.gov.bcb.pix' })
    expect(decode(payload).purpose).toBe('0014br.gov.bcb.pix')
  })
})
