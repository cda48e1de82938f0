// A second opinion on the codec: its own CRC (bit by bit) and its own reader, sharing no code with the package.
import { isDeepStrictEqual } from 'node:util'
import { decode, encode, VietQrError } from '@vietqr/core'
import { vectors } from './vectors.ts'

/** An integer from 0 to `below` − 1. */
type Random = (below: number) => number

/** Mulberry32: small, fast, and the same everywhere for one seed. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** CRC-16/CCITT-FALSE, one bit at a time. */
export function bitwiseCrc(text: string): string {
  let crc = 0xffff
  for (const byte of Buffer.from(text, 'utf8')) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const flip = ((crc >>> 15) & 1) !== ((byte >>> bit) & 1)
      crc = (crc << 1) & 0xffff
      if (flip) crc ^= 0x1021
    }
  }
  return crc.toString(16).padStart(4, '0').toUpperCase()
}

/** The text with a CRC that holds in place of its last four characters. */
export function signed(payload: string): string {
  const body = payload.slice(0, -4)
  return body + bitwiseCrc(body)
}

/** One level of fields, or a plain Error saying what is wrong with it. */
function walk(text: string): [id: string, value: string][] {
  const fields: [string, string][] = []
  let rest = Array.from(text)
  while (rest.length > 0) {
    const header = rest.slice(0, 4).join('')
    if (!/^[0-9]{4}$/.test(header)) throw new Error(`no header: ${header}`)
    const length = Number(header.slice(2))
    if (rest.length < 4 + length) throw new Error(`field ${header.slice(0, 2)} overruns`)
    if (fields.some(([id]) => id === header.slice(0, 2)))
      throw new Error(`field ${header.slice(0, 2)} occurs twice`)
    fields.push([header.slice(0, 2), rest.slice(4, 4 + length).join('')])
    rest = rest.slice(4 + length)
  }
  return fields
}

/** What a sound payload says, by this file's own reading; a plain Error for anything else. */
function read(payload: string): Record<string, string | number> {
  if (bitwiseCrc(payload.slice(0, -4)) !== payload.slice(-4).toUpperCase())
    throw new Error('the CRC does not hold')
  const fields = walk(payload)
  const root = Object.fromEntries(fields)
  const account = Object.fromEntries(walk(root['38'] ?? ''))
  const beneficiary = Object.fromEntries(walk(account['01'] ?? ''))
  const additional = Object.fromEntries(walk(root['62'] ?? ''))
  const fixed = [fields[0]?.join(), fields.at(-1)?.[0], account['00'], root['53'], root['58']]
  if (fixed.join(' ') !== '00,01 63 A000000727 704 VN') throw new Error(`not VietQR: ${fixed.join(' ')}`)

  const found: Record<string, string | number | undefined> = {
    initiation: { 11: 'static', 12: 'dynamic' }[root['01'] ?? ''],
    service: ['QRIBFTTA', 'QRIBFTTC', 'QRPUSH', 'QRCASH'].find((service) => service === account['02']),
    bankBin: /^[0-9]{6}$/.exec(beneficiary['00'] ?? '')?.[0],
    accountNumber: /^[0-9A-Za-z]{1,19}$/.exec(beneficiary['01'] ?? '')?.[0],
    amountVnd: root['54'] ? Number(/^[0-9]+(?=\.?0*$)/.exec(root['54'])?.[0]) : undefined,
    merchantCategory: root['52'],
    merchantName: root['59'],
    merchantCity: root['60'],
    billNumber: additional['01'],
    storeLabel: additional['03'],
    referenceLabel: additional['05'],
    terminalLabel: additional['07'],
    purpose: additional['08'],
  }
  for (const name of ['initiation', 'service', 'bankBin', 'accountNumber']) {
    if (!found[name]) throw new Error(`no ${name}`)
  }
  if (root['54'] && !(Number(found['amountVnd']) > 0)) throw new Error(`no amount: ${root['54']}`)
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string | number] => !!entry[1]),
  )
}

/** Codes to start from: every published one, and our own. */
const seeds: readonly string[] = [
  ...vectors.map(({ payload }) => payload),
  encode({ bankBin: '970436', accountNumber: '0123456789' }),
  encode({ bankBin: '970422', accountNumber: 'VQRQ0000X1234', amountVnd: 50_000, purpose: 'SAP12' }),
]

const NASTY = [
  '',
  ' ',
  '\n',
  '\0',
  '00',
  '99',
  '-1',
  '.5',
  '0',
  '1e3',
  '６３',
  'ở',
  '最',
  '🍜',
  '\ud83c',
  '\udf5c',
  '***',
]
const IDS = ['00', '01', '02', '08', '26', '38', '52', '53', '54', '58', '59', '62', '63', '64', '80']

/** One seed, damaged one to four times, and half of the time signed again, so that the damage lies behind a CRC. */
function mutate(random: Random): string {
  const pick = <T>(list: readonly T[]) => list[random(list.length)]!
  let text = pick(seeds)
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(text.length + 1)
    const span = text.slice(at, at + 1 + random(12))
    const field = pick(IDS) + String(random(30)).padStart(2, '0')
    text = pick([
      () => text.slice(0, at) + String.fromCharCode(32 + random(95)) + text.slice(at + 1),
      () => text.slice(0, at) + String(random(10)) + text.slice(at + 1),
      () => text.slice(0, at) + pick(NASTY) + text.slice(at),
      () => text.slice(0, at) + text.slice(at + span.length),
      () => text.slice(0, at) + span + text.slice(at),
      () => text.slice(0, at) + field + text.slice(at),
      () => text.slice(0, at),
      () => text.slice(0, at) + pick(seeds).slice(at),
      () => shuffled(text, random),
      () => valueReplaced(text, random, pick(NASTY)),
    ])()
  }
  return random(2) === 0 ? signed(text) : text
}

function shuffled(text: string, random: Random): string {
  const fields = walkOrNothing(text)
  const from = random(fields.length + 1)
  fields.splice(random(fields.length + 1), 0, ...fields.splice(from, 1 + random(2)))
  return fields.length > 0 ? written(fields) : text
}

/** A whole value replaced and its length made right, so that only the value is wrong. */
function valueReplaced(text: string, random: Random, value: string): string {
  const fields = walkOrNothing(text)
  const field = fields[random(fields.length + 1)]
  if (!field) return text
  const inner = walkOrNothing(field[1])
  const part = inner[random(inner.length + 1)]
  if (part) part[1] = value
  field[1] = part ? written(inner) : value
  return written(fields)
}

function walkOrNothing(text: string): [string, string][] {
  try {
    return walk(text)
  } catch {
    return []
  }
}

function written(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([id, value]) => id + String(Array.from(value).length).padStart(2, '0') + value).join('')
}

/** Why the codec is wrong about this payload, or undefined; `outcome` is told `accepted` or the error's code. */
function findFailure(payload: string, outcome: (of: string) => void): string | undefined {
  let code
  try {
    code = decode(payload)
  } catch (error) {
    if (!(error instanceof VietQrError)) return `threw ${String(error)}`
    outcome(error.code)
    return undefined
  }
  outcome('accepted')
  try {
    const expected = read(payload)
    return isDeepStrictEqual({ ...code }, expected)
      ? undefined
      : `read ${JSON.stringify(code)}, not ${JSON.stringify(expected)}`
  } catch (error) {
    return `accepted, but ${String(error)}`
  }
}

/** Decodes `count` damaged payloads and throws at the first that the codec is wrong about; returns the outcomes. */
export function fuzz(count: number, seed: number, progress?: (done: number) => void): Map<string, number> {
  const random = seededRandom(seed)
  const outcomes = new Map<string, number>()
  const tally = (of: string) => outcomes.set(of, (outcomes.get(of) ?? 0) + 1)
  for (let done = 1; done <= count; done += 1) {
    const payload = mutate(random)
    const failure = findFailure(payload, tally)
    if (failure) throw new Error(`SEED=${seed}, payload ${done}: ${failure}\n${JSON.stringify(payload)}`)
    if (done % 100_000 === 0) progress?.(done)
  }
  return outcomes
}
