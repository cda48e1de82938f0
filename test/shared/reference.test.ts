import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { squash } from '../../shared/display-text.ts'
import { findReferences, isReference, MAX_SCANNED_LENGTH, mintReference } from '../../shared/reference.ts'

interface Memo {
  content: string
  embedded_code: string | null
}

const memos: Memo[] = readFileSync(join(import.meta.dirname, '../fixtures/memos.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** xorshift32: the same numbers every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Gives the listed numbers, then zeros: mints the one reference a test wants. */
function scripted(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0
}

function mintMany(count: number, seed: number): string[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => mintReference(random))
}

/** References whose neighbours at each place show every pair of characters that can stand there. */
function referencesWithEveryPair(): string[] {
  const references: string[] = []
  for (let place = 0; place < 5; place += 1) {
    for (let left = 0; left < (place === 0 ? 10 : 29); left += 1) {
      for (let right = 0; right < 29; right += 1) {
        const numbers = [7, 3, 11, 20, 5, 28]
        numbers[place] = left
        numbers[place + 1] = right
        references.push(mintReference(scripted(...numbers)))
      }
    }
  }
  // The check character cannot be chosen; the payload before it can, until each check has followed each character.
  for (let last = 0; last < 29; last += 1) {
    for (let before = 0; before < 29; before += 1) {
      for (let digit = 0; digit < 10; digit += 1)
        references.push(mintReference(scripted(digit, 0, 0, 0, before, last)))
    }
  }
  return references
}

function replaceAt(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1)
}

describe('mintReference', () => {
  test('gives ten upper-case characters: three letters, a digit, and no I, L, O or U anywhere', () => {
    for (const reference of mintMany(20_000, 1)) {
      expect(reference).toMatch(/^ZQK[0-9][0-9A-HJKMNP-TV-Z]{6}$/)
      expect(isReference(reference)).toBe(true)
    }
  })

  test('never hides the prefix inside a reference, so that glued references cannot be misread', () => {
    for (const reference of mintMany(20_000, 2)) expect(reference.slice(3, 9)).not.toMatch(/[ZQK]/)
  })

  test('asks for each character once and uses the whole range: uniform numbers give uniform references', () => {
    const asked: number[] = []
    mintReference((below) => {
      asked.push(below)
      return below - 1
    })
    expect(asked).toEqual([10, 29, 29, 29, 29, 29])
    for (let place = 0; place < 6; place += 1) {
      const range = place === 0 ? 10 : 29
      const seen = Array.from({ length: range }, (_, n) => {
        const numbers = [0, 0, 0, 0, 0, 0]
        numbers[place] = n
        return mintReference(scripted(...numbers))
      })
      expect(new Set(seen).size).toBe(range)
    }
  })

  test('throws instead of handing out a broken reference when random() breaks its word', () => {
    for (const wrong of [29, -1, 0.5, Number.NaN])
      expect(() => mintReference(() => wrong)).toThrow(RangeError)
  })

  test('makes a hundred thousand references with the collisions of chance only', () => {
    // 100,000² / 2 / 205 million ≈ 24 pairs expected.
    expect(100_000 - new Set(mintMany(100_000, 3)).size).toBeLessThan(60)
  })
})

describe('isReference', () => {
  const references = [...referencesWithEveryPair(), ...mintMany(500, 4)]

  test('the samples show every pair of characters beside each other that a reference can have', () => {
    const pairs = Array.from({ length: 6 }, () => new Set<string>())
    for (const reference of references) pairs.forEach((seen, i) => seen.add(reference.slice(3 + i, 5 + i)))
    expect(pairs.map((seen) => seen.size)).toEqual([290, 841, 841, 841, 841, 29 * 32])
  })

  test('refuses every single wrong character, at every place', () => {
    let accepted = 0
    for (const reference of references) {
      for (let at = 0; at < reference.length; at += 1) {
        for (const character of ALPHABET + 'ILOU') {
          if (character !== reference[at] && isReference(replaceAt(reference, at, character))) accepted += 1
        }
      }
    }
    expect(accepted).toBe(0)
  })

  test('refuses every swap of two different characters, neighbours or not, across all boundaries', () => {
    let accepted = 0
    for (const reference of references) {
      for (let i = 0; i < reference.length; i += 1) {
        for (let j = i + 1; j < reference.length; j += 1) {
          const swapped = replaceAt(replaceAt(reference, i, reference.charAt(j)), j, reference.charAt(i))
          if (swapped !== reference && isReference(swapped)) accepted += 1
        }
      }
    }
    expect(accepted).toBe(0)
  })

  test('takes the canonical form only: no lower case, no space, no neighbours, no line end', () => {
    const [reference = ''] = references
    expect(isReference(reference)).toBe(true)
    const others = [
      reference.toLowerCase(),
      ` ${reference}`,
      `${reference}\n`,
      `${reference}0`,
      reference.slice(0, 9),
      `${reference.slice(0, 5)} ${reference.slice(5)}`,
      '',
    ]
    for (const other of others) expect(isReference(other)).toBe(false)
    expect(references.filter((each) => isReference(each.toLowerCase()))).toEqual([])
  })
})

/** Where the memo's own code stands, found as it will be compared: letters and digits only, upper-case. */
function standsAt(memo: Memo): [start: number, end: number] {
  const places: number[] = []
  let squashed = ''
  for (let i = 0; i < memo.content.length; i += 1) {
    const kept = squash(memo.content.charAt(i))
    if (kept === '') continue
    squashed += kept
    places.push(i)
  }
  const code = squash(memo.embedded_code ?? '')
  const at = squashed.indexOf(code)
  const [start, last] = [places[at], places[at + code.length - 1]]
  if (at === -1 || start === undefined || last === undefined) throw new Error(`no code in ${memo.content}`)
  return [start, last + 1]
}

/** Everything banks and payers were seen to do to a code. */
function mangled(reference: string): string[] {
  const variants = [
    reference,
    reference.toLowerCase(),
    reference
      .split('')
      .map((c, i) => (i % 2 ? c.toLowerCase() : c))
      .join(''),
    reference.split('').join(' '),
    reference.split('').join('  '),
    reference.split('').join('-'),
    reference.split('').join('.'),
    `${reference}${reference}`,
    `${reference} ${reference}`,
    `${reference.toLowerCase()}-${reference}`,
    `\u200B${reference}\u00A0`,
  ]
  for (let at = 1; at < reference.length; at += 1) {
    for (const inserted of [' ', '  ', '-', '.', '\n', ' - ', '|']) {
      variants.push(reference.slice(0, at) + inserted + reference.slice(at))
    }
    for (let then = at + 1; then < reference.length; then += 1) {
      variants.push([reference.slice(0, at), reference.slice(at, then), reference.slice(then)].join(' '))
    }
  }
  return variants
}

describe('findReferences in real memos', () => {
  const withCode = memos.filter((memo) => memo.embedded_code !== null)

  test('the fixture is whole: 54 memos, 26 of them with a code that stands in their text', () => {
    expect(memos).toHaveLength(54)
    expect(withCode).toHaveLength(26)
    for (const memo of withCode) expect(() => standsAt(memo)).not.toThrow()
  })

  test('finds nothing where no reference was written', () => {
    for (const { content } of memos) expect(findReferences(content)).toEqual([])
  })

  test('finds exactly the reference that stands where the code stood, however it was mangled', () => {
    const random = seeded(5)
    for (const memo of withCode) {
      const [start, end] = standsAt(memo)
      const [before, after] = [memo.content.slice(0, start), memo.content.slice(end)]
      const reference = mintReference(random)
      for (const variant of mangled(reference)) {
        for (const text of [
          `${before}${variant}${after}`,
          `${before.trimEnd()}${variant}${after.trimStart()}`,
        ]) {
          expect([text, findReferences(text)]).toEqual([text, [reference]])
        }
      }
    }
  })

  test('finds it wherever a bank wraps its lines, and whether the wrap adds a space or eats one', () => {
    const random = seeded(6)
    for (const memo of withCode) {
      const [start, end] = standsAt(memo)
      const reference = mintReference(random)
      const text = memo.content.slice(0, start) + reference + memo.content.slice(end)
      for (let column = 1; column < text.length; column += 1) {
        const [head, tail] = [text.slice(0, column), text.slice(column)]
        expect(findReferences(`${head} ${tail}`)).toEqual([reference])
        expect(findReferences(head.trimEnd() + tail.trimStart())).toEqual([reference])
      }
    }
  })

  test('finds both of two references, each once, in order of appearance', () => {
    const [first = '', second = ''] = mintMany(2, 7)
    for (const { content } of memos) {
      expect(findReferences(`${second}${content}${first} ${second}`)).toEqual([second, first])
      expect(findReferences(`${content} ${first}${second}${first}`)).toEqual([first, second])
    }
  })

  test('never gives a wrong reference when one character came through wrong: it gives none', () => {
    const random = seeded(8)
    for (const memo of withCode) {
      const [start, end] = standsAt(memo)
      const reference = mintReference(random)
      for (let at = 0; at < reference.length; at += 1) {
        for (const character of '0123456789' + LETTERS) {
          if (character === reference[at]) continue
          const wrong = replaceAt(reference, at, character)
          expect(findReferences(memo.content.slice(0, start) + wrong + memo.content.slice(end))).toEqual([])
        }
      }
    }
  })

  test('does not repair: O is not 0, I is not 1', () => {
    const reference = mintMany(500, 9).find((candidate) => /0/.test(candidate) && /1/.test(candidate)) ?? ''
    expect(findReferences(reference)).toEqual([reference])
    expect(findReferences(reference.replaceAll('0', 'O'))).toEqual([])
    expect(findReferences(reference.replaceAll('1', 'I'))).toEqual([])
  })

  test('finds it among Vietnamese marks, composed or loose', () => {
    const [reference = ''] = mintMany(1, 10)
    const text = `Trả tiền cá Đồng Tháp ${reference} chị Đào`
    expect(findReferences(text)).toEqual([reference])
    expect(findReferences(text.normalize('NFD'))).toEqual([reference])
    expect(findReferences(reference.split('').join('\u0301'))).toEqual([reference])
  })
})

describe('findReferences in hostile text', () => {
  const MILLION = 1_000_000

  test.each([
    ['letters stay letters, digits stay digits', LETTERS, '0123456789'],
    ['any letter or digit anywhere', LETTERS + '0123456789', LETTERS + '0123456789'],
  ])('meets at most 30 references by accident in a million randomised memos: %s', (name, letters, digits) => {
    const random = seeded(20_261_122)
    // UTF-16 buffers, filled in place: a million strings in a few seconds.
    const shapes = memos.map(({ content }) => ({
      buffer: Buffer.from(content, 'utf16le'),
      places: Array.from(content.matchAll(/[A-Za-z0-9]/g), ({ 0: character, index }) => ({
        at: index * 2,
        choices: /[0-9]/.test(character) ? digits : letters,
      })),
    }))
    let hits = 0
    for (let i = 0; i < MILLION / shapes.length; i += 1) {
      for (const { buffer, places } of shapes) {
        for (const { at, choices } of places) buffer[at] = choices.charCodeAt(random(choices.length))
        hits += findReferences(buffer.toString('utf16le')).length
      }
    }
    console.log(`${hits} accidental references in a million memos (${name})`)
    expect(hits).toBeLessThanOrEqual(30)
  })

  test('reads 10,000 characters of anything in a few milliseconds, and cuts what is longer', () => {
    const [reference = ''] = mintMany(1, 11)
    const hostile = [
      'ZQK',
      'ZQK1',
      reference,
      'ộ',
      '\u0344',
      'a\u0323\u0301',
      '\u0301\u0323',
      '🎉',
      '\uD800',
      '\uFDFA',
    ]
    for (const unit of hostile) {
      const text = unit.repeat(MAX_SCANNED_LENGTH / unit.length)
      findReferences(text)
      const start = performance.now()
      for (let i = 0; i < 10; i += 1) findReferences(text)
      expect((performance.now() - start) / 10).toBeLessThan(5)
    }
    const padding = 'x'.repeat(MAX_SCANNED_LENGTH - reference.length)
    expect(findReferences(padding + reference)).toEqual([reference])
    expect(findReferences(`${padding} ${reference}`)).toEqual([])
  })

  test('a thousand different references are all returned, none twice', () => {
    const many = [...new Set(mintMany(1000, 12))]
    expect(findReferences(many.join(''))).toEqual(many)
  })
})
