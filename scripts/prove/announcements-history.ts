import * as fc from 'fast-check'
import type { BankTransaction, Channel } from '../../shared/bank-transaction.ts'
import { mintReference } from '../../shared/reference.ts'
import { MORNING, seededRandom } from '../../test/small-market.ts'
import type { banks } from '../../test/statement-files.ts'
import { MANGLING_NAMES, TEMPLATE_COUNT, writeMemo, type ManglingName } from './announcements-memo.ts'

/**
 * The accounts of a market by what is special about each, the bank each is at, how that bank lays its statements out
 * (null: it is never asked for one), and the stalls that are paid into it.
 */
export const ACCOUNTS = {
  own: { bankBin: '970436', layout: 'vietcombank', stalls: ['A'] },
  sellingOnly: { bankBin: '970418', layout: 'bidv', stalls: ['B'] },
  /** Proposed; its first credit with the reference proves it. */
  fresh: { bankBin: '970415', layout: 'vietinbank', stalls: ['C'] },
  /** D has a virtual account of it, F is closed, K's vendor did not agree. */
  shared: { bankBin: '970407', layout: 'techcombank', stalls: ['D', 'E', 'F', 'K'] },
  /** Given up by G for «moved». */
  old: { bankBin: '970422', layout: null, stalls: ['G'] },
  moved: { bankBin: '970422', layout: null, stalls: ['G'] },
  closed: { bankBin: '970422', layout: null, stalls: ['H'] },
  silent: { bankBin: '970422', layout: null, stalls: ['I'] },
  unbound: { bankBin: '970422', layout: null, stalls: ['J'] },
  nobodys: { bankBin: '970422', layout: null, stalls: [] },
} as const satisfies Record<
  string,
  { bankBin: string; layout: keyof typeof banks | null; stalls: readonly string[] }
>
export type Account = keyof typeof ACCOUNTS
export const ACCOUNT_NAMES = Object.keys(ACCOUNTS) as Account[]
export type StallName = (typeof ACCOUNTS)[Account]['stalls'][number]

/** Borne out by a credit before the history begins. */
export const PROVEN = ['own', 'sellingOnly', 'shared', 'old', 'moved', 'closed'] as const satisfies Account[]
export const CLOSED: readonly StallName[] = ['F', 'H']
/** Their vendors did not agree to be counted. */
export const SILENT: readonly StallName[] = ['I', 'K']

export const SEPAY = 'sepay-proof'
export const CASSO = 'casso-proof'
/** Its rows may become takings. */
export const BANK_STATEMENTS = 'statement-proof'
/** Its rows only witness. */
export const VENDOR_STATEMENTS = 'statement-vendor'

/** Who is not allowed to speak for which accounts. */
export const MUTE_ABOUT: Record<string, readonly Account[]> = {
  [SEPAY]: ['unbound', 'nobodys'],
  [CASSO]: ['unbound', 'nobodys', 'sellingOnly'],
  [BANK_STATEMENTS]: ['unbound', 'nobodys'],
  [VENDOR_STATEMENTS]: ['unbound', 'nobodys'],
}

const TELLERS = [
  { sourceId: SEPAY, channel: 'push' },
  { sourceId: SEPAY, channel: 'backfill' },
  { sourceId: CASSO, channel: 'push' },
  { sourceId: CASSO, channel: 'backfill' },
] as const satisfies { sourceId: string; channel: Channel }[]

const MINUTE_MS = 60_000
const LATE_EVENING = MORNING + 14 * 60 * MINUTE_MS + 40 * MINUTE_MS
/** Midnight's batch run: a transfer sent at 23:40 is booked at 00:50. */
const POSTED_LATER_MS = 70 * MINUTE_MS

type ValueOf<Generated> = Generated extends fc.Arbitrary<infer Value> ? Value : never

/** A smaller one would say no more, and each takes a run of its own. */
const order = fc.noShrink(fc.nat(1_000))
const telling = fc.record({
  by: fc.constantFrom(...TELLERS),
  order,
  /** When the same bytes come again; null: never. */
  again: fc.oneof({ weight: 11, arbitrary: fc.constant(null) }, { weight: 9, arbitrary: order }),
  /** The same key with another amount, which no source should send. */
  changed: fc.oneof({ weight: 24, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: order }),
  /** The same text with its lines broken elsewhere, with the receiving bank's words in front, or those alone. */
  words: fc.constantFrom('same', 'same', 'same', 'rewrapped', 'more', 'lost'),
  /** Every channel's clock has its own idea. */
  driftMs: fc.constantFrom(0, 0, 0, 10_000, 20_000),
})
type Telling = ValueOf<typeof telling>

const transfer = fc.record({
  account: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom<Account>('own', 'own', 'sellingOnly', 'shared', 'fresh', 'moved'),
    },
    { weight: 1, arbitrary: fc.constantFrom(...ACCOUNT_NAMES) },
  ),
  /** Whose reference the payer was given: one of the account's own stalls mostly. */
  names: fc.oneof(
    {
      weight: 14,
      arbitrary: fc.tuple(
        fc.constantFrom('hers' as const, 'hers' as const, 'hers' as const, 'another' as const),
      ),
    },
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('elsewhere' as const, 'nobodys' as const)) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('hers' as const),
        fc.constantFrom('another' as const, 'nobodys' as const),
      ),
    },
  ),
  which: fc.noShrink(fc.nat(20)),
  mangling: fc.oneof(
    { weight: 1, arbitrary: fc.constant<ManglingName>('the reference alone') },
    { weight: 6, arbitrary: fc.constantFrom(...MANGLING_NAMES) },
  ),
  template: fc.noShrink(fc.nat(TEMPLATE_COUNT - 1)),
  chance: fc.noShrink(fc.nat()),
  amountVnd: fc.constantFrom(20_000, 50_000),
  second: fc.noShrink(fc.oneof(fc.nat(240), fc.nat(8 * 3_600))),
  /** Sent late in the evening, and by some told with the next day. */
  isLate: fc.constantFrom(false, false, false, false, false, false, false, true),
  direction: fc.constantFrom('in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 'out'),
  isTest: fc.oneof(
    { weight: 29, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  virtual: fc.constantFrom('none', 'none', 'none', 'none', 'hers', 'unknown'),
  sourceCode: fc.constantFrom('none', 'none', 'none', 'right', 'cut', 'wrong'),
  tellings: fc.uniqueArray(telling, {
    minLength: 1,
    maxLength: 3,
    selector: ({ by }) => `${by.sourceId} ${by.channel}`,
  }),
})
type Transfer = ValueOf<typeof transfer> & { isLong: boolean }

const statement = fc.record({
  account: fc.constantFrom('own' as const, 'sellingOnly' as const, 'fresh' as const, 'shared' as const),
  by: fc.constantFrom(BANK_STATEMENTS, BANK_STATEMENTS, BANK_STATEMENTS, VENDOR_STATEMENTS),
  order: fc.oneof(order, fc.constant(1_001)),
  /** One of the morning before it, which ends in the middle. */
  alsoHalf: fc.boolean(),
  /** The bank's reference as pushes tell it, with a suffix, a number of its own, or none. */
  reference: fc.constantFrom('same', 'same', 'suffixed', 'other', 'none'),
  words: fc.constantFrom('same', 'same', 'same', 'more', 'other'),
})

export const history = fc.record({
  transfers: fc.array(transfer, { maxLength: 18, size: 'max' }),
  /** Where the bank's references are small numbers that come again: a bank numbers in one way. */
  short: fc.subarray(ACCOUNT_NAMES, { maxLength: 5 }),
  /** A bank lays out all statements of an account alike: each is of another one. */
  statements: fc.uniqueArray(statement, { maxLength: 3, selector: ({ account }) => account }),
})
export type History = ValueOf<typeof history>

/** A market in which a history happens, with what its references and numbers are. */
export interface Place {
  marketId: number
  dayStartsAtMinutes: number
  virtualAccount: string
  stalls: Record<StallName, { id: number; reference: string }>
  accounts: Record<Account, string>
  /** A stall's reference of another market. */
  elsewhere: string
}

/** One telling of a transfer, as it reaches the ledger. */
export interface Told {
  sourceId: string
  transaction: BankTransaction
  /** Of the bytes it came in: equal ones are the same message. */
  body: string
  /** Which transfer of the history it is about. */
  transfer: number
  account: Account
  mangling: ManglingName
  /** What the payer was given to write, and was then mangled; undefined where nothing was, or the words are others. */
  written: string | undefined
  /** It says another amount than the transfer's, or another day and no number: nobody could say which it is. */
  isUncertain?: boolean
}

/** A statement as it is dropped: its rows in the file's order. */
export interface Statement {
  sourceId: string
  account: History['statements'][number]['account']
  rows: Told[]
}

/** What happens in a market, step by step: messages that arrive together, or a statement. */
export type Step = { messages: Told[] } | { statement: Statement }

/** So many messages arrive at once, at most. */
const TOGETHER = 6

interface Memo {
  text: string
  written: string | undefined
}

/** The history as it is announced in that market. */
export function stepsOf(happened: History, place: Place): Step[] {
  const { statements, short } = happened
  const transfers = happened.transfers.map((one) => ({ ...one, isLong: !short.includes(one.account) }))
  const memos = transfers.map((one) => memoOf(one, place))
  const timed: { order: number; message?: Told; statement?: Statement }[] = []
  transfers.forEach((one, index) => {
    for (const by of one.tellings) {
      // A ledger compares with the first telling: a statement with other times and other numbers would be lost on it.
      const isUnnumbered = statements.some(
        (listed) => listed.account === one.account && !tellsNumbers(listed),
      )
      const message = pushed(one, index, by, memos[index]!, isUnnumbered, place)
      timed.push({ order: by.order, message })
      if (by.again !== null) timed.push({ order: by.again, message })
      if (by.changed !== null) {
        const transaction = { ...message.transaction, amountVnd: message.transaction.amountVnd + 1_000 }
        timed.push({
          order: by.changed,
          message: { ...message, transaction, body: JSON.stringify(transaction), isUncertain: true },
        })
      }
    }
  })
  for (const one of statements) {
    const listed = rowsOf(one, transfers, memos, place)
    if (listed.length === 0) continue
    const inFile = (rows: Told[]): Statement => {
      const ordered = one.account === 'sellingOnly' ? rows.toReversed() : rows
      return { sourceId: one.by, account: one.account, rows: ordered }
    }
    const half = listed.slice(0, Math.floor(listed.length / 2))
    if (one.alsoHalf && half.length > 0)
      timed.push({ order: Math.floor(one.order / 2), statement: inFile(half) })
    timed.push({ order: one.order, statement: inFile(listed) })
  }

  const steps: Step[] = []
  for (const { message, statement: dropped } of timed.toSorted((a, b) => a.order - b.order)) {
    const last = steps.at(-1)
    if (dropped) steps.push({ statement: dropped })
    else if (message && last && 'messages' in last && last.messages.length < TOGETHER)
      last.messages.push(message)
    else if (message) steps.push({ messages: [message] })
  }
  return steps
}

function memoOf({ names, account, which, template, mangling, chance }: Transfer, place: Place): Memo {
  const random = seededRandom(chance)
  const hers: readonly StallName[] = ACCOUNTS[account].stalls
  const others = (Object.keys(place.stalls) as StallName[]).filter((name) => !hers.includes(name))
  const references = names.map((name) => {
    if (name === 'elsewhere') return place.elsewhere
    const among = name === 'hers' ? hers : others
    // An account that is nobody's has no stall either.
    const stall = name === 'nobodys' ? undefined : among[which % among.length]
    return stall === undefined ? mintReference(random) : place.stalls[stall].reference
  })
  return { text: writeMemo(template, mangling, references, random), written: references[0] }
}

function pushed(
  one: Transfer,
  index: number,
  told: Telling,
  { text: memo, written }: Memo,
  isUnnumbered: boolean,
  place: Place,
): Told {
  const { by, words, driftMs } = told
  const { account, amountVnd, direction, isTest, isLong, virtual } = one
  // With a small number nothing would say that it is the same.
  const isLost = words === 'lost' && isLong
  // With another day and a small number nothing would say that it is the same.
  const isPostedLater = one.isLate && isLong && by.channel === 'backfill' && !isUnnumbered
  const transaction: BankTransaction = {
    channel: by.channel,
    sourceKey: `${by.channel}:${place.marketId}-${index}`,
    bankBin: ACCOUNTS[account].bankBin,
    accountNumber: place.accounts[account],
    virtualAccount:
      account !== 'shared' || virtual === 'none' ? null : virtual === 'hers' ? place.virtualAccount : 'VALA',
    direction,
    amountVnd,
    bookedAt: bookedAt(one) + driftMs + (isPostedLater ? POSTED_LATER_MS : 0),
    bookedPrecision: 'second',
    remittanceText: isLost
      ? `MBVCB.${4_711 + index}`
      : words === 'rewrapped'
        ? memo.replaceAll(/.{35}/gsu, '$& ')
        : words === 'more' && isLong
          ? `CT DEN:526 ${memo}`
          : memo,
    bankReference: referenceOf(one, index, place),
    sourceCode: sourceCodeOf(one, place),
    payerName: null,
    payerAccount: null,
    isTest,
  }
  const body = JSON.stringify(transaction)
  return {
    sourceId: by.sourceId,
    transaction,
    body,
    transfer: index,
    account,
    mangling: one.mangling,
    written: isLost ? undefined : written,
  }
}

const bookedAt = ({ second, isLate }: Transfer) =>
  isLate ? LATE_EVENING + (second % 240) * 1_000 : MORNING + second * 1_000

function referenceOf({ isLong }: Transfer, index: number, { marketId }: Place): string {
  return isLong ? `FT26326${String(marketId * 100 + index).padStart(9, '0')}` : String(3_000 + index)
}

function sourceCodeOf({ sourceCode, account, which }: Transfer, place: Place): string | null {
  const [name] = ACCOUNTS[account].stalls
  if (sourceCode === 'none' || name === undefined) return null
  const { reference } = place.stalls[name]
  if (sourceCode === 'cut') return reference.slice(0, 5 + (which % 5))
  return sourceCode === 'right' ? reference : place.elsewhere
}

const tellsNumbers = ({ reference }: Pick<History['statements'][number], 'reference'>) =>
  reference === 'same' || reference === 'suffixed'

/** The rows of a statement, in the order of booking: all that was booked on the account. */
function rowsOf(
  { account, by, reference, words }: History['statements'][number],
  transfers: readonly Transfer[],
  memos: readonly Memo[],
  place: Place,
): Told[] {
  const isTimed = ACCOUNTS[account].layout === 'bidv' || ACCOUNTS[account].layout === 'vietinbank'
  return transfers
    .flatMap((one, index): { at: number; told: Told }[] => {
      if (one.account !== account || one.isTest) return []
      const { isLong } = one
      const { text, written } = memos[index]!
      const tellsIt = tellsNumbers({ reference })
      const own = referenceOf(one, index, place)
      // On another day, the number must be the same, or the words where there is no time: else nobody could tell.
      const isPostedLater = one.isLate && ((isLong && tellsIt) || (!isTimed && words === 'same'))
      const at = bookedAt(one) + (isPostedLater ? POSTED_LATER_MS : 0)
      const transaction: BankTransaction = {
        channel: 'statement',
        sourceKey: `statement:${account}-${index}`,
        bankBin: ACCOUNTS[account].bankBin,
        accountNumber: place.accounts[account],
        virtualAccount: null,
        direction: one.direction,
        amountVnd: one.amountVnd,
        bookedAt: isTimed ? at : startOfDay(at),
        bookedPrecision: isTimed ? 'second' : 'day',
        remittanceText: words === 'same' ? text : words === 'more' ? `REM Tfr ${text}` : 'TIEN HANG',
        bankReference: tellsIt
          ? isLong && reference === 'suffixed'
            ? `${own}\\BNK`
            : own
          : reference === 'other'
            ? `DOC.${index}`
            : null,
        sourceCode: null,
        payerName: null,
        payerAccount: null,
        isTest: false,
      }
      const { mangling } = one
      const isUncertain = isPostedLater && !(isLong && tellsIt)
      const about = { transfer: index, account, mangling, isUncertain }
      const told = {
        sourceId: by,
        transaction,
        body: '',
        ...about,
        written: words === 'other' ? undefined : written,
      }
      return [{ at, told }]
    })
    .toSorted((a, b) => a.at - b.at)
    .map(({ told }) => told)
}

const DAY_MS = 86_400_000
const VIETNAM_MS = 7 * 3_600_000
const startOfDay = (at: number) => Math.floor((at + VIETNAM_MS) / DAY_MS) * DAY_MS - VIETNAM_MS
