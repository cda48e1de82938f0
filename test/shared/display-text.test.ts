import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bankName, displayText, fold, squash, stripMarks, wellFormed } from '../../shared/display-text.ts'

/** Any text a network can bring: lone surrogates, controls, marks and all. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
})

test('fold makes one of what differs in marks and capitals only', () => {
  expect(fold('Sạp ĐÔNG 1')).toBe('sap dong 1')
  expect(fold('1-23')).not.toBe(fold('12-3'))
})

describe('wellFormed', () => {
  test('turns U+0000 and lone surrogates into U+FFFD and leaves all else alone', () => {
    expect(wellFormed('a\0b')).toBe('a\uFFFDb')
    expect(wellFormed('\uD83C x \uDF89')).toBe('\uFFFD x \uFFFD')
    expect(wellFormed('Chị Đào 🎉 =1+1 <b>\n\t')).toBe('Chị Đào 🎉 =1+1 <b>\n\t')
  })

  test('whatever comes in, what comes out survives UTF-8 unchanged, at the same length', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = wellFormed(text)
        expect(clean).not.toContain('\0')
        expect(new TextDecoder().decode(new TextEncoder().encode(clean))).toBe(
          // TextDecoder drops one leading byte order mark.
          clean.replace(/^\uFEFF/, ''),
        )
        expect(clean).toHaveLength(text.length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('displayText', () => {
  test.each([
    ['plain Vietnamese stays', 'Chị Đào trả tiền cá', 'Chị Đào trả tiền cá'],
    ['loose marks are composed', 'Tra\u0309 tie\u0302\u0300n', 'Trả tiền'],
    ['lines become one', 'a\r\nb\u2028c\u0085d\te', 'a b c d e'],
    ['spaces collapse', '  a \u00A0 \u3000 b  ', 'a b'],
    ['controls are gone', 'a\u0007b\u001B[31mc', 'a b [31mc'],
    ['direction cannot be turned', 'a\u202Egnp.exe\u202C\u2066b\u2069\u200Fc\u061Cd', 'agnp.exebcd'],
    ['nothing invisible', 'a\u200B\u200D\uFEFF\u00AD\u2060\u180E\u3164\uFE0F\u{E0041}b', 'ab'],
    ['marks do not pile up', `a${'\u0489'.repeat(50)}b`, 'a\u0489\u0489b'],
    ['nor marks that come in one piece', `a${'\u0344'.repeat(9)}b`, 'ä\u0301\u0308b'],
    ['U+0000 is shown as broken', 'a\0b', 'a\uFFFDb'],
    ['markup is data', '<b>&amp; =1+1', '<b>&amp; =1+1'],
    ['only blanks is empty', ' \u200B\n ', ''],
  ])('%s', (_, text, shown) => {
    expect(displayText(text)).toBe(shown)
  })

  test('is at most 140 long, with … where it was cut and none where it was not', () => {
    expect(displayText('x'.repeat(140))).toBe('x'.repeat(140))
    expect(displayText('x'.repeat(141))).toBe(`${'x'.repeat(139)}…`)
    expect(displayText('một hai ba', 5)).toBe('một…')
    expect(displayText('🎉🎉🎉', 4)).toBe('🎉…')
  })

  test('whatever comes in, one short well-formed line without invisible characters comes out', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, maxLength) => {
        const shown = displayText(text, maxLength)
        expect(shown.length).toBeLessThanOrEqual(maxLength)
        expect(shown.isWellFormed()).toBe(true)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
        expect(shown).not.toMatch(/^\s|\s$|\s\s|[^\S ]/)
        expect(shown).not.toMatch(/\p{M}{3}/u)
        expect(displayText(shown, maxLength)).toBe(shown)
      }),
      { numRuns: 2000 },
    )
  })

  test('cleans a megabyte of stacked marks in less than a second', () => {
    const start = performance.now()
    displayText('\u0301\u0323'.repeat(500_000))
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('stripMarks, bankName, squash', () => {
  const LOWER = 'aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ'
  const PLAIN = 'aaaaaaaaaaaaaaaaaabcddeeeeeeeeeeeeghiiiiiiklmnoooooooooooooooooopqrstuuuuuuuuuuuuvxyyyyyy'

  test('every Vietnamese letter loses its marks, small or capital, composed or not', () => {
    expect(stripMarks(LOWER)).toBe(PLAIN)
    expect(stripMarks(LOWER.toUpperCase())).toBe(PLAIN.toUpperCase())
    expect(stripMarks(LOWER.normalize('NFD'))).toBe(PLAIN)
  })

  test.each([
    ['Nguyễn Thị Đào', 'NGUYEN THI DAO'],
    ['  nguyễn   thị\tđào ', 'NGUYEN THI DAO'],
    ['HKD Phở Bà Tám (Q.5) & Con', 'HKD PHO BA TAM (Q.5) & CON'],
    ['Cty A/B - 2', 'CTY A/B - 2'],
    ['Đỗ<script>🎉\u202EVăn', 'DO SCRIPT VAN'],
    ['王', ''],
  ])('bankName shows «%s» as «%s»', (name, shown) => {
    expect(bankName(name)).toBe(shown)
  })

  test('squash keeps capital letters and digits, nothing else', () => {
    expect(squash('Nạp tiền-84 c|T tu.\n Đ')).toBe('NAPTIEN84CTTUD')
    fc.assert(
      fc.property(anyText, (text) => {
        expect(squash(text)).toMatch(/^[A-Z0-9]*$/)
      }),
    )
  })
})
