import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBank } from '@vietqr/core'
import { squash } from '../shared/display-text.ts'
import type { Sender, Transfer } from '../test/fixtures/notifications/sender.ts'

/** A real memo as some bank passed it on, and the code that stood in it, if any. */
export interface MemoTemplate {
  content: string
  embedded_code: string | null
  tags: string[]
}

/** A stall as the bank knows it. */
export interface Payee {
  /** The bank's short name: `MBBank`. */
  bank: string
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
  /** Never told: only the source's own history has it. */
  lose: number
  /** The memo as some bank passed it on; the rest is the reference alone. */
  mangle: number
  /** Told this much later, at most, in milliseconds. */
  delayMs: number
}

export interface FakeBankOptions {
  /** The source it plays, by its own side of the contract. */
  sender: Sender
  mode: string
  /** The whole address of the source: `http://localhost:4040/notifications/sepay-…`. */
  address: string
  /** The sender's half of it. */
  secret: string
  payees: readonly Payee[]
  habits?: Partial<Habits>
  /** The same seed tells the same story. */
  seed: number
  /** Transfers are numbered; a bank that starts again must go on above its last number. */
  firstId: number
  now?: () => number
  /** Every transfer that happens, told or not. */
  onBooked?: (transfer: Transfer) => void
}

export interface FakeBank {
  readonly payees: readonly Payee[]
  /** One transfer with the stall's reference to its own account, now or earlier: what a shopper who scanned the code sends. */
  pay(payee: Payee, bookedAt?: number): string
  /** Whatever happens next; the bodies to tell now, oldest first, possibly none. */
  next(): string[]
  /** Tells one body over HTTP, proven as the source proves. Returns the status, or 0 where nobody answered. */
  tell(body: string): Promise<number>
  /** Pays every stall once, quickly, then goes on until the signal. What was not acknowledged is told again. */
  run(pauseMs: number, signal: AbortSignal): Promise<void>
  /** So many turns, then whatever is still held back; how many tellings ended with which status. */
  play(turns: number, pauseMs: number, signal: AbortSignal): Promise<Map<number, number>>
}

const CALM: Habits = {
  resend: 0,
  outOfOrder: 0,
  unreferenced: 0,
  wrongAccount: 0,
  outgoing: 0,
  hostile: 0,
  lose: 0,
  mangle: 1,
  delayMs: 0,
}

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

/** A bank that invents money and tells of it honestly signed, over HTTP, with the memos real banks make. */
export function createFakeBank(options: FakeBankOptions): FakeBank {
  const { sender, mode, address, secret, payees, seed, now = Date.now, onBooked } = options
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

  const write = (payee: Payee, memo: string, direction: 'in' | 'out' = 'in', bookedAt = now()): string => {
    const { bank, accountNumber, virtualAccount } = payee
    const transfer = {
      id: id++,
      bankBin: findBank(bank)?.bin ?? '',
      accountNumber,
      virtualAccount,
      direction,
      amountVnd: pick(PRICES) * 1_000,
      // MB tells only the minute.
      bookedAt: bank === 'MBBank' ? bookedAt - (bookedAt % 60_000) : bookedAt,
      memo,
      bankReference: bankReference(bank),
    }
    onBooked?.(transfer)
    return sender.write(transfer, mode)
  }
  const bankReference = (bank: string): string => {
    if (bank === 'MBBank') return `FT26${digits(12)}`
    if (bank === 'Vietcombank') return `MBVCB.${digits(11)}`
    // ACB's are small numbers that come again.
    return bank === 'ACB' ? digits(4) : digits(12)
  }
  const memo = (reference: string) =>
    chance(habits.mangle) ? memoWith(pick(withCode), reference, random)! : reference

  const pay = (payee: Payee, bookedAt?: number) => write(payee, memo(payee.reference), 'in', bookedAt)

  const happen = (): string => {
    const payee = pick(payees)
    if (chance(habits.hostile)) return write(payee, pick(HOSTILE).replace('§', payee.reference))
    if (chance(sender.tellsOnlyCredits ? 0 : habits.outgoing))
      return write(payee, pick(withoutCode).content, 'out')
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
    if (chance(habits.lose)) return late
    const isLate = chance(habits.outOfOrder)
    if (isLate || chance(habits.resend)) hold(body)
    return isLate ? late : [body, ...late]
  }

  const sourceId = new URL(address).pathname.split('/').at(-1) ?? ''
  const ask = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${address}${path}`, { method: 'POST', headers })
    return response.json()
  }
  const tell = async (body: string): Promise<number> => {
    try {
      const told = await sender.prove(body, { mode, secret, sourceId, now: now(), ask })
      const { headers } = told
      const response = await fetch(`${address}${told.path}`, { method: 'POST', headers, body: told.body })
      await response.body?.cancel()
      return response.status
    } catch {
      return 0
    }
  }
  const rest = (milliseconds: number, signal: AbortSignal) =>
    sleep(milliseconds, undefined, { signal }).catch(() => {})

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
        await rest(pause, signal)
      }
    },
    async play(turns, pauseMs, signal) {
      const statuses = new Map<number, number>()
      const tellAll = async (bodies: readonly string[]) => {
        for (const body of bodies) {
          if (habits.delayMs > 0) await rest(habits.delayMs * fraction(), signal)
          const status = await tell(body)
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
      for (let turn = 0; turn < turns && !signal.aborted; turn += 1) {
        await tellAll(next())
        await rest(pauseMs, signal)
      }
      await tellAll(held.splice(0))
      return statuses
    },
  }
}
