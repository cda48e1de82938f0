import { memoWith, readTemplates } from '../fake-bank.ts'

/** A uniform integer from 0 to below − 1. */
export type Random = (below: number) => number

/** A memo in which the reference stands, and what is around it. */
interface Composed {
  before: string
  written: string
  after: string
}

/** One thing that banks, wallets and payers do to a memo. */
interface Mangling {
  /** Whether the reference is still there for who compares letters and digits only. */
  keeps: boolean
  write(memo: Composed, random: Random): string
}

const TEMPLATES = readTemplates()
export const TEMPLATE_COUNT = TEMPLATES.length
const WITHOUT_CODE = TEMPLATES.filter((template) => template.embedded_code === null)

/** Where MB breaks a memo into lines. */
const LINE = 35
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const whole = ({ before, written, after }: Composed) => before + written + after
const keeping = (write: Mangling['write']): Mangling => ({ keeps: true, write })
const losing = (write: Mangling['write']): Mangling => ({ keeps: false, write })
const digits = (count: number, random: Random) => Array.from({ length: count }, () => random(10)).join('')
/** A place inside a text: after its first character at the earliest, before its last one at the latest. */
const inside = (text: string, random: Random) => 1 + random(text.length - 1)
const spaceless = (text: string) => text.replaceAll(' ', '')

/** Everything in the taxonomy of what memos go through, on top of what the template's own bank did to it. */
export const MANGLINGS = {
  'the reference alone': keeping(({ written }) => written),
  'as the template has it': keeping(whole),
  'lower case': keeping((memo) => whole(memo).toLowerCase()),
  'mixed case': keeping((memo, random) =>
    Array.from(whole(memo), (letter) => (random(2) === 0 ? letter.toLowerCase() : letter)).join(''),
  ),
  'Vietnamese marks around it': keeping((memo, random) =>
    `Trả tiền cá ở Đà Lạt ${whole(memo)} nhé, cảm ơn chị Hường`.normalize(random(2) === 0 ? 'NFC' : 'NFD'),
  ),
  'punctuation in it': keeping(({ before, written, after }, random) => {
    const at = inside(written, random)
    return `${before}${written.slice(0, at)}${'-./_'.charAt(random(4))}${written.slice(at)}${after}`
  }),
  'punctuation become spaces': keeping((memo) => whole(memo).replaceAll(/[-./:;,]/g, ' ')),
  'spaces and punctuation gone': keeping((memo) => whole(memo).replaceAll(/[-./:;, ]/g, '')),
  'glued between digits': keeping(
    ({ before, written, after }, random) =>
      `${before.trimEnd()}${digits(12, random)}${written}${digits(6, random)}${after.trimStart()}`,
  ),
  'a space in it': keeping(({ before, written, after }, random) => {
    const at = inside(written, random)
    return `${before}${written.slice(0, at)} ${written.slice(at)}${after}`
  }),
  'a space at every 35th column': keeping((memo) => whole(memo).replaceAll(/.{35}/gsu, '$& ')),
  'the space at every 35th column eaten': keeping((memo) =>
    Array.from(whole(memo))
      .filter((letter, at) => letter !== ' ' || (at + 1) % LINE > 1)
      .join(''),
  ),
  'said twice': keeping(({ before, written, after }, random) =>
    [before, written, random(2) === 0 ? ' ' : '', spaceless(written), after].join(''),
  ),
  'cut off behind it': keeping(
    ({ before, written, after }, random) => before + written + after.slice(0, random(after.length + 1)),
  ),
  'cut off in it': losing(
    ({ before, written }, random) => before + spaceless(written).slice(0, 1 + random(8)),
  ),
  'one character wrong': losing(({ before, written, after }, random) => {
    const letters = Array.from(spaceless(written).toUpperCase())
    const at = random(letters.length)
    const others = ALPHABET.replace(letters[at]!, '')
    letters[at] = others.charAt(random(others.length))
    return before + letters.join('') + after
  }),
  'two characters swapped': losing(({ before, written, after }, random) => {
    const letters = Array.from(spaceless(written))
    const at = random(letters.length - 1)
    // Two alike are no mistake: then the character is another one.
    const other = letters[at] === letters[at + 1] ? 'O' : letters[at + 1]!
    letters.splice(at, 2, other, letters[at]!)
    return before + letters.join('') + after
  }),
  'O for 0, or a letter lost': losing(({ before, written, after }) => {
    const text = spaceless(written)
    // The Q: what stands before or behind may be the very letter that any other place lost.
    return before + (text.includes('0') ? text.replaceAll('0', 'O') : text.replace(/q/i, '')) + after
  }),
  'the payer’s own words': losing((_, random) => WITHOUT_CODE[random(WITHOUT_CODE.length)]!.content),
} satisfies Record<string, Mangling>

export type ManglingName = keyof typeof MANGLINGS
export const MANGLING_NAMES = Object.keys(MANGLINGS) as ManglingName[]

/**
 * A memo made of that real template (0 to TEMPLATE_COUNT − 1) with these references in it, the first one mangled in
 * that way. Without references: the payer's own words.
 */
export function writeMemo(
  template: number,
  mangling: ManglingName,
  references: readonly string[],
  random: Random,
): string {
  const [first, ...more] = references
  if (first === undefined) return MANGLINGS['the payer’s own words'].write(NOTHING, random)
  const { before, written, after } = compose(template, first, random)
  const rest = more.map((reference) => ` ${reference}`).join('')
  return MANGLINGS[mangling].write({ before, written, after: rest + after }, random)
}

const NOTHING: Composed = { before: '', written: '', after: '' }

/** The reference where the template's own code stood, as that code was written; else at one of its gaps. */
function compose(index: number, reference: string, random: Random): Composed {
  const template = TEMPLATES[index]!
  const text = memoWith(template, reference, random)
  if (text === undefined) {
    const { content } = template
    const gaps = [0, ...content.matchAll(/ /g).map(({ index: at }) => at), content.length]
    const at = gaps[random(gaps.length)]!
    return { before: `${content.slice(0, at)} `, written: reference, after: ` ${content.slice(at)}` }
  }
  const { 0: written, index: at } = new RegExp(Array.from(reference).join(' ?'), 'i').exec(text)!
  return { before: text.slice(0, at), written, after: text.slice(at + written.length) }
}
