import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sepay } from '../../server/sources/sepay.ts'
import { UnreadableNotification } from '../../server/sources/source.ts'
import { anyCharacter } from '../any-character.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/notifications/${name}.json`, import.meta.url))

const sample: Record<string, unknown> = JSON.parse(fixture('sepay/webhook').toString())
const encode = (message: unknown) => new TextEncoder().encode(JSON.stringify(message))

/** The one transaction of the documented sample with some fields changed. */
function normalised(changes: Record<string, unknown> = {}) {
  const [transaction] = sepay.normalise(encode({ ...sample, ...changes }))
  if (transaction === undefined) throw new Error('no transaction')
  return transaction
}

/** Why it cannot be read, and which field. */
function unreadable(rawBody: Uint8Array): string {
  try {
    sepay.normalise(rawBody)
  } catch (error) {
    if (error instanceof UnreadableNotification) return `${error.reason} ${error.message.split(':')[0]}`
    throw error
  }
  return 'readable'
}
const unreadableWith = (changes: Record<string, unknown>) => unreadable(encode({ ...sample, ...changes }))

test("the documented sample is read exactly, and what we don't know of it is ignored", () => {
  expect(sepay.normalise(fixture('sepay/webhook'))).toEqual([
    {
      channel: 'push',
      sourceKey: 'push:92704',
      bankBin: '970436',
      accountNumber: '0123499999',
      virtualAccount: null,
      direction: 'in',
      amountVnd: 2_277_000,
      bookedAt: Date.UTC(2023, 2, 25, 7, 2, 37),
      bookedPrecision: 'second',
      remittanceText: 'chuyen tien mua iphone',
      bankReference: 'MBVCB.3278907687',
      sourceCode: null,
      payerName: null,
      payerAccount: null,
      isTest: false,
    },
  ])
})

test('money going out says so, with a positive amount', () => {
  expect(normalised({ transferType: 'out' })).toMatchObject({ direction: 'out', amountVnd: 2_277_000 })
})

test('SePay hears its own word of thanks', () => {
  expect(sepay.acknowledge()).toEqual({ status: 200, body: { success: true } })
})

test('an id is the same key as a number and as digits', () => {
  expect(normalised({ id: '92704' }).sourceKey).toBe(normalised({ id: 92_704 }).sourceKey)
})

test('empty strings are nothing, as test mode sends them', () => {
  expect(normalised({ subAccount: '', code: '', referenceCode: '' })).toMatchObject({
    virtualAccount: null,
    sourceCode: null,
    bankReference: null,
  })
})

test('virtual account and code are passed on', () => {
  expect(normalised({ subAccount: 'VQRQ0001abc', code: 'DH1709' })).toMatchObject({
    virtualAccount: 'VQRQ0001abc',
    sourceCode: 'DH1709',
  })
})

test('spaces in an account number are no part of it', () => {
  expect(normalised({ accountNumber: ' 0123 499 999 ' }).accountNumber).toBe('0123499999')
})

test('times are Vietnamese, and whole minutes are only known to the minute', () => {
  expect(normalised({ transactionDate: '2026-01-01 06:59:59' })).toMatchObject({
    bookedAt: Date.UTC(2025, 11, 31, 23, 59, 59),
    bookedPrecision: 'second',
  })
  expect(normalised({ transactionDate: '2026-01-01 07:00:00' })).toMatchObject({
    bookedAt: Date.UTC(2026, 0, 1),
    bookedPrecision: 'minute',
  })
})

describe('amounts are whole, positive đồng in JSON numbers', () => {
  test.each([0, -1, 0.5, 50_000.5, 2 ** 53, 1e21, '50000', '50000.00', '', null, true, [50_000], undefined])(
    '%j is a bad amount',
    (transferAmount) => {
      expect(unreadableWith({ transferAmount })).toBe('bad_amount transferAmount')
    },
  )

  test.each([1, Number.MAX_SAFE_INTEGER])('%j is an amount', (transferAmount) => {
    expect(normalised({ transferAmount }).amountVnd).toBe(transferAmount)
  })
})

test.each([
  '2023-02-29 14:02:37',
  '2023-03-25 24:00:00',
  '2023-03-25 14:02',
  '2023-03-25',
  '2023-03-25T14:02:37',
  '2023-03-25 14:02:37+07:00',
  '25/03/2023 14:02:37',
  '0000-00-00 00:00:00',
  '',
  null,
  1_679_727_757,
])('%j is a bad time', (transactionDate) => {
  expect(unreadableWith({ transactionDate })).toBe('bad_time transactionDate')
})

describe('banks', () => {
  test.each([
    ['Vietcombank', '970436'],
    ['VietinBank', '970415'],
    ['BIDV', '970418'],
    ['Techcombank', '970407'],
    ['MBBank', '970422'],
    ['ACB', '970416'],
    ['VPBank', '970432'],
    ['TPBank', '970423'],
    ['Sacombank', '970403'],
    ['OCB', '970448'],
    ['MSB', '970426'],
    ['KienLongBank', '970452'],
    ['SHB', '970443'],
    ['HDBank', '970437'],
    ['VIB', '970441'],
    ['Agribank', '970405'],
    ['Eximbank', '970431'],
    ['SeABank', '970440'],
    ['NamABank', '970428'],
    ['LPBank', '970449'],
    ['LienVietPostBank', '970449'],
    ['PVcomBank', '970412'],
    ['VietCapitalBank', '970454'],
    ['BVBank', '970454'],
    ['ABBANK', '970425'],
    ['NCB', '970419'],
    ['PGBank', '970430'],
    ['ShinhanBank', '970424'],
    ['DongABank', '970406'],
    ['Oceanbank', '970414'],
    ['CBBank', '970444'],
    ['BacABank', '970409'],
    ['SaigonBank', '970400'],
    ['VietABank', '970427'],
    ['VietBank', '970433'],
    ['BaoVietBank', '970438'],
    ['GPBank', '970408'],
    ['Vietinbank', '970415'],
  ])('%s is %s', (gateway, bin) => {
    expect(normalised({ gateway }).bankBin).toBe(bin)
  })

  test.each(['', 'Bank', 'constructor', '__proto__', 'x'.repeat(100_000), null, 970_436])(
    'a bank nobody knows is not guessed (%#)',
    (gateway) => {
      expect(unreadableWith({ gateway })).toBe('unknown_bank gateway')
    },
  )
})

describe('what is not a message of the documented shape is malformed, and names the field', () => {
  test.each([
    ['id', undefined],
    ['id', '9e5'],
    ['id', -1],
    ['id', 2 ** 53],
    ['accountNumber', ''],
    ['accountNumber', '   '],
    ['accountNumber', '1'.repeat(35)],
    ['accountNumber', "1' or '1'='1"],
    ['accountNumber', '０１２３'],
    ['accountNumber', 123_499_999],
    ['transferType', 'credit'],
    ['transferType', 'IN'],
    ['transferType', undefined],
    ['content', undefined],
    ['content', 5],
    ['content', 'x'.repeat(10_001)],
    ['code', { $ne: null }],
    ['referenceCode', 'x'.repeat(201)],
  ])('%s (%#)', (field, value) => {
    expect(unreadableWith({ [field]: value })).toBe(`malformed ${field}`)
  })

  test.each([
    ['nothing', ''],
    ['half a message', '{"id":92704,"gateway":"Vietc'],
    ['two messages', '{}{}'],
    ['a comment', '{/**/}'],
    ['NaN', '{"id":NaN}'],
  ])('%s is malformed', (_, text) => {
    expect(unreadable(new TextEncoder().encode(text))).toBe('malformed body')
  })

  test.each([
    ['array', [sample]],
    ['null', null],
    ['number', 1],
    ['string', 'x'],
  ])('%s is malformed', (_, value) => {
    expect(unreadable(encode(value))).toBe('malformed body')
  })

  test('bytes that are not UTF-8 are malformed, not repaired', () => {
    const raw = Buffer.from(JSON.stringify({ ...sample, content: 'caf@' }))
    raw[raw.indexOf('@')] = 0xe9
    expect(unreadable(raw)).toBe('malformed body')
  })

  test.each(['sepay/userapi-v1', 'bankhub/ipn', 'sepay/userapi-v2'])(
    'a message of another SePay product (%s) is not mistaken for a webhook',
    (name) => {
      expect(unreadable(fixture(name))).toMatch(/^malformed /)
    },
  )

  test('nothing of the message is quoted', () => {
    const secret = 'NGUYEN VAN A: tra no'
    for (const field of ['content', 'transferType', 'accountNumber', 'gateway', 'transactionDate']) {
      const body = encode({ ...sample, [field]: field === 'content' ? secret.repeat(1000) : secret })
      expect(() => sepay.normalise(body)).toThrow(UnreadableNotification)
      expect(() => sepay.normalise(body)).not.toThrow(/NGUYEN/)
    }
  })
})

describe('a memo is kept as it came', () => {
  test.each([
    ['ten thousand characters', 'a'.repeat(10_000), 'a'.repeat(10_000)],
    ['NUL', 'a\0b', 'a\uFFFDb'],
    ['spaces and line breaks', '  a\r\n\tb  ', '  a\r\n\tb  '],
    ['direction marks', 'a\u202E000.005\u2066', 'a\u202E000.005\u2066'],
    ['a script', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['a formula', '=HYPERLINK("//x")', '=HYPERLINK("//x")'],
    ['a face', '😀', '😀'],
    ['decomposed Vietnamese', 'e\u0302\u0301', 'e\u0302\u0301'],
    ['nothing', '', ''],
  ])('%s', (_, content, kept) => {
    expect(normalised({ content }).remittanceText).toBe(kept)
  })

  test('an escaped lone surrogate becomes U+FFFD, and the rest stays', () => {
    const text = JSON.stringify({ ...sample, content: 'a@b' }).replace('@', String.raw`\ud800`)
    expect(sepay.normalise(new TextEncoder().encode(text))[0]?.remittanceText).toBe('a\uFFFDb')
  })

  test('no memo, well-formed already and without NUL, is changed', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 300 }), (content) => {
        fc.pre(!content.includes('\0'))
        expect(normalised({ content }).remittanceText).toBe(content)
      }),
    )
  })

  test('code, reference and virtual account are well-formed too', () => {
    expect(normalised({ code: 'a\0', referenceCode: 'b\0', subAccount: 'c\0' })).toMatchObject({
      sourceCode: 'a\uFFFD',
      bankReference: 'b\uFFFD',
      virtualAccount: 'c\uFFFD',
    })
  })
})

describe('tests of SePay are told from payments by its own references', () => {
  test('a message of Test mode is a test, also with a code and a virtual account', () => {
    expect(sepay.normalise(fixture('sepay/test-mode'))[0]).toMatchObject({
      isTest: true,
      bankReference: 'SB1A2B3C4D5E',
    })
  })

  test.each(['SB3AA09DBE2D73', 'SB52117364BC30', 'SB7703EF77157F', 'SBCF7A82A9EBC8'])(
    '%s is a test',
    (reference) => {
      expect(normalised({ referenceCode: reference }).isTest).toBe(true)
    },
  )

  test.each([
    'FT24323320170551',
    'MBVCB.3278907687',
    '3079',
    'SB',
    'SB2612345678',
    'SB261234567890',
    'sb3aa09dbe2d73',
    'SBG3AA09DBE2D73',
    'FTSB3AA09DBE2D73',
    'SB3AA09DBE2D73 ',
    null,
    '',
  ])('%j is no reason to doubt a payment', (referenceCode) => {
    expect(normalised({ referenceCode, code: '', subAccount: '' }).isTest).toBe(false)
  })
})
