import { squash } from './display-text.ts'

/**
 * Three letters no Vietnamese word brings together, glued or not: among 135,869 public memos none held them
 * before seven more characters. None of them is O, I, L or U, so nobody has to choose between O and 0.
 */
const PREFIX = 'ZQK'

/** Crockford's 32 characters: no I, L, O, U. A character's place is its value in GF(32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const DIGITS = ALPHABET.slice(0, 10)

/** The payload avoids the prefix's letters: then no reference hides the start of another. */
const PAYLOAD_ALPHABET = ALPHABET.replace(new RegExp(`[${PREFIX}]`, 'g'), '')

/**
 * The first payload character is a digit: in memos three letters are seldom followed by one, and chance hits in a
 * million randomised memos fall from 17 to 2.
 */
const SHAPE = new RegExp(`^${PREFIX}[${DIGITS}][${PAYLOAD_ALPHABET}]{5}[${ALPHABET}]$`)

const REFERENCE_LENGTH = 10

/** Remittance text beyond this many UTF-16 units is not read. Banks stop at 269. */
export const MAX_SCANNED_LENGTH = 10_000

/** Multiplies by the primitive element x of GF(32) = GF(2)[x] / (x⁵ + x² + 1). */
function timesX(value: number): number {
  return value & 16 ? (value << 1) ^ 0b100101 : value << 1
}

/**
 * Σ vᵢ·xⁿ⁻¹⁻ⁱ over GF(32), by Horner's rule. x has order 31, so up to 31 characters have distinct weights: one
 * wrong character, or two swapped (neighbours or not), always changes the sum.
 */
function checksum(text: string): number {
  let sum = 0
  for (const character of text) sum = timesX(sum) ^ ALPHABET.indexOf(character)
  return sum
}

/**
 * Makes a new reference: `ZQK`, a digit, five characters of 29 (205 million in all), a check character.
 *
 * `random(below)` must give a uniform integer from 0 to below − 1; then every reference is equally likely.
 * Throws RangeError where it gives anything else. Being unique is the caller's to see to.
 */
export function mintReference(random: (below: number) => number): string {
  let text = PREFIX + (DIGITS[random(DIGITS.length)] ?? '')
  for (let i = 0; i < 5; i += 1) text += PAYLOAD_ALPHABET[random(PAYLOAD_ALPHABET.length)] ?? ''
  // The character that makes the whole sum zero.
  const reference = text + ALPHABET.charAt(timesX(checksum(text)))
  if (!isReference(reference)) throw new RangeError('random(below) must give an integer from 0 to below - 1')
  return reference
}

/**
 * Whether `text` is exactly a reference in its one canonical form: ten characters, upper-case, check character
 * right. Anything a bank or a person may have touched goes through `findReferences` instead.
 */
export function isReference(text: string): boolean {
  return SHAPE.test(text) && checksum(text) === 0
}

/**
 * The distinct references in a bank's remittance text, in order of appearance; none gives `[]`. Never throws.
 *
 * Banks change case, drop hyphens, wrap lines and glue neighbours, so only letters and digits are compared, at
 * every offset. O is never read as 0: a repaired guess would be somebody else's money. Text beyond
 * `MAX_SCANNED_LENGTH` is ignored.
 */
export function findReferences(remittanceText: string): string[] {
  const text = squash(remittanceText.slice(0, MAX_SCANNED_LENGTH))
  const found = new Set<string>()
  for (let at = text.indexOf(PREFIX); at !== -1; at = text.indexOf(PREFIX, at + 1)) {
    const candidate = text.slice(at, at + REFERENCE_LENGTH)
    if (isReference(candidate)) found.add(candidate)
  }
  return [...found]
}
