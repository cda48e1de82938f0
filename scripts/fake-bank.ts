import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { squash } from '../shared/display-text.ts'

/** A real memo as some bank passed it on, and the code that stood in it, if any. */
export interface MemoTemplate {
  content: string
  embedded_code: string | null
  tags: string[]
}

/** A stall as the bank knows it. */
export interface Payee {
  /** The bank's name as SePay writes it: `MBBank`. */
  gateway: string
  accountNumber: string
  virtualAccount: string | null
  reference: string
}

/** How often each thing goes as it does in the world: shares of 1. */
export interface Habits {
  /** Told a second time, byte by byte the same. */
  resend: number
  /** Held back and told after a later one. */
  outOfOrder: number
  /** The payer wrote anything but the reference. */
  unreferenced: number
  /** The reference of one stall, the account of another. */
  wrongAccount: number
  /** Money that goes out. */
  outgoing: number
  /** A memo written to do harm. */
  hostile: number
}

export interface FakeBankOptions {
  /** The whole address of the source: `http://localhost:4040/notifications/sepay-…`. */
  address: string
  secret: string
  payees: readonly Payee[]
  habits?: Partial<Habits>
  /** The same seed tells the same story. */
  seed: number
  /** SePay numbers its notifications; a bank that starts again must go on above its last number. */
  firstId: number
  now?: () => number
}

export interface FakeBank {
  readonly payees: readonly Payee[]
  /** One transfer with the stall's reference to its own account, now or earlier: what a shopper who scanned the code sends. */
  pay(payee: Payee, bookedAt?: number): string
  /** Whatever happens next; the bodies to tell now, oldest first, possibly none. */
  next(): string[]
  /** Tells one body over HTTP, signed as SePay signs. Returns the status, or 0 where nobody answered. */
  tell(body: string): Promise<number>
  /** Pays every stall once, quickly, then goes on until the signal. What was not acknowledged is told again. */
  run(pauseMs: number, signal: AbortSignal): Promise<void>
}

const CALM: Habits = { resend: 0, outOfOrder: 0, unreferenced: 0, wrongAccount: 0, outgoing: 0, hostile: 0 }

/** What things cost at a market. */
const PRICES = [
  5, 8, 10, 12, 15, 15, 20, 20, 25, 25, 30, 35, 40, 45, 50, 50, 60, 75, 80, 100, 120, 150, 200, 350, 1_250,
]

/** Held back, not acknowledged or to be told twice; more than this and the oldest is let go. */
const MAX_HELD = 100
const OPENING_PAUSE_MS = 400

/** Where each finds its place: `§` is the reference. */
const HOSTILE = [
  '<script>alert(1)</script> §',
  '"><img src=x onerror=alert(1)> §',
  "=cmd|'/c calc'!A1 §",
  '\u202Egnorw em daer §',
  'tra tien \u0000\u0007\u001b[31m §',
  `§ ${'dai qua '.repeat(1_200)}`,
  '\uD800 § \uDFFF',
  'Z̸̢̛A̷L̶G̵O̸ §',
]

const TEMPLATES = join(import.meta.dirname, '../test/fixtures/memos.jsonl')

export function readTemplates(): MemoTemplate[] {
  return readFileSync(TEMPLATES, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MemoTemplate)
}

/**
 * The template with `reference` where its own code stood, mangled as that code was: its case, and a space inserted
 * where this bank inserts one. Templates without a code have no place for it: undefined.
 */
export function memoWith(
  template: MemoTemplate,
  reference: string,
  random: (below: number) => number,
): string | undefined {
  const { content, embedded_code: code, tags } = template
  if (code === null) return undefined
  // Compared squashed: the code as it was sent is not always the code as it arrived.
  const places = Array.from(content, (character, at) => ({ kept: squash(character), at })).filter(
    ({ kept }) => kept !== '',
  )
  const at = places
    .map(({ kept }) => kept)
    .join('')
    .indexOf(squash(code))
  const start = places[at]?.at
  const last = places[at + squash(code).length - 1]?.at
  if (at === -1 || start === undefined || last === undefined) return undefined
  let written = inCaseOf(content.slice(start, last + 1), reference)
  if (tags.includes('wrap35-space-inserted')) {
    const cut = 1 + random(written.length - 1)
    written = `${written.slice(0, cut)} ${written.slice(cut)}`
  }
  return content.slice(0, start) + written + content.slice(last + 1)
}

function inCaseOf(code: string, reference: string): string {
  const letters = code.replaceAll(/[^A-Za-z]/g, '')
  if (letters === letters.toLowerCase()) return reference.toLowerCase()
  if (letters.slice(1) === letters.slice(1).toLowerCase()) {
    return reference.charAt(0) + reference.slice(1).toLowerCase()
  }
  return reference
}

/** mulberry32: small, and the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Signs as SePay does: `HMAC-SHA256` over `<timestamp>.<raw body>`. */
export function signedHeaders(body: string, secret: string, nowMs: number): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return {
    'content-type': 'application/json',
    'x-sepay-timestamp': timestamp,
    'x-sepay-signature': `sha256=${signature}`,
  }
}

/** A bank that invents money and tells of it honestly signed, over HTTP, with the memos real banks make. */
export function createFakeBank(options: FakeBankOptions): FakeBank {
  const { address, secret, payees, seed, now = Date.now } = options
  const habits = { ...CALM, ...options.habits }
  const templates = readTemplates()
  const withCode = templates.filter((one) => memoWith(one, '0', () => 0) !== undefined)
  const withoutCode = templates.filter((one) => one.embedded_code === null)
  const fraction = seeded(seed)
  const random = (below: number) => Math.floor(fraction() * below)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  const chance = (share: number) => fraction() < share
  const digits = (count: number) => Array.from({ length: count }, () => random(10)).join('')
  const held: string[] = []
  let id = options.firstId

  const write = (
    payee: Payee,
    content: string,
    transferType: 'in' | 'out' = 'in',
    bookedAt = now(),
  ): string => {
    const { gateway, accountNumber, virtualAccount } = payee
    return JSON.stringify({
      id: id++,
      gateway,
      transactionDate: bankTime(gateway, bookedAt),
      accountNumber,
      code: null,
      content,
      transferType,
      transferAmount: pick(PRICES) * 1_000,
      accumulated: 0,
      subAccount: virtualAccount,
      referenceCode: bankReference(gateway),
      description: `BankAPINotify ${content}`.slice(0, 200),
    })
  }
  const bankReference = (gateway: string): string => {
    if (gateway === 'MBBank') return `FT26${digits(12)}`
    if (gateway === 'Vietcombank') return `MBVCB.${digits(11)}`
    // ACB's are small numbers that come again.
    return gateway === 'ACB' ? digits(4) : digits(12)
  }
  const memo = (reference: string) => memoWith(pick(withCode), reference, random)!

  const pay = (payee: Payee, bookedAt?: number) => write(payee, memo(payee.reference), 'in', bookedAt)

  const happen = (): string => {
    const payee = pick(payees)
    if (chance(habits.hostile)) return write(payee, pick(HOSTILE).replace('§', payee.reference))
    if (chance(habits.outgoing)) return write(payee, pick(withoutCode).content, 'out')
    const others = payees.filter((one) => one.reference !== payee.reference)
    if (chance(habits.wrongAccount) && others.length > 0) return write(payee, memo(pick(others).reference))
    // Money for a virtual account says whose it is without any words.
    if (chance(habits.unreferenced))
      return write({ ...payee, virtualAccount: null }, pick(withoutCode).content)
    return pay(payee)
  }

  const hold = (body: string) => {
    held.push(body)
    if (held.length > MAX_HELD) held.shift()
  }
  const next = (): string[] => {
    const late = held.splice(0, chance(0.5) ? 1 : 0)
    const body = happen()
    const isLate = chance(habits.outOfOrder)
    if (isLate || chance(habits.resend)) hold(body)
    return isLate ? late : [body, ...late]
  }

  const tell = async (body: string): Promise<number> => {
    try {
      const headers = signedHeaders(body, secret, now())
      const response = await fetch(address, { method: 'POST', headers, body })
      await response.body?.cancel()
      return response.status
    } catch {
      return 0
    }
  }

  return {
    payees,
    pay,
    next,
    tell,
    async run(pauseMs, signal) {
      const opening = payees.map((payee) => pay(payee))
      while (!signal.aborted) {
        const first = opening.shift()
        for (const body of first === undefined ? next() : [first]) {
          if ((await tell(body)) !== 200) hold(body)
        }
        const pause = first === undefined ? pauseMs * (0.5 + fraction()) : OPENING_PAUSE_MS
        await sleep(pause, undefined, { signal }).catch(() => {})
      }
    },
  }
}

/** Vietnam time without a zone; MB tells only the minute. */
function bankTime(gateway: string, nowMs: number): string {
  const text = new Date(nowMs + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  return gateway === 'MBBank' ? `${text.slice(0, 17)}00` : text
}
