import type { BankTransaction } from '../../shared/bank-transaction.ts'
import {
  ACCOUNTS,
  BANK_STATEMENTS,
  CLOSED,
  MUTE_ABOUT,
  PROVEN,
  SILENT,
  VENDOR_STATEMENTS,
  type Account,
  type Place,
  type StallName,
  type Statement,
  type Step,
  type Told,
} from './announcements-history.ts'

/*
 * What the ledger must say after some announcements, worked out from the documents (docs/outcomes.md,
 * docs/statements.md, shared/reference.ts's description of a reference) with plain lists, and with nothing of the
 * product's code.
 */

/** What the ledger says of one market, or of the money that is no market's; every list is sorted. */
export interface Books {
  transactions: string[]
  witnesses: string[]
  alerts: string[]
  notifications: number
  inbox: string[]
  takings: string[]
  /** By day and source: all that came in, matched, undecided, not counted. */
  sums: string[]
}

type Fate =
  | { is: 'matched'; stall: StallName; rule: string; kind: 'sale' | 'unclear'; isNamed: boolean }
  | { is: 'undecided'; reason: string }
  | { is: 'not counted'; reason: string; isNobodys: boolean }

/** One transaction of the ledger. */
interface Credit {
  label: string
  sourceId: string
  told: BankTransaction
  fate: Fate
  day: string
  tellers: Set<string>
  /** The tellings of it, the first one first. */
  tellings: Told[]
}

/** What a telling came to. */
export type Came =
  | 'matched'
  | 'undecided'
  | 'not counted'
  | 'a witness'
  | 'a duplicate'
  | 'an alert'
  | 'nothing'

export interface Ledger {
  credits: Credit[]
  byKey: Map<string, Credit>
  witnessKeys: Set<string>
  witnesses: string[]
  alerts: string[]
  messages: Set<string>
}

export const emptyLedger = (): Ledger => ({
  credits: [],
  byKey: new Map(),
  witnessKeys: new Set(),
  witnesses: [],
  alerts: [],
  messages: new Set(),
})

/** Why a credit waits that a later telling may decide. */
export const LACKS_A_NAME: readonly string[] = ['no_reference', 'unproven_account']

/** A stall of another market. */
const ELSEWHERE = 'elsewhere'
type Named = StallName | typeof ELSEWHERE

/** A market in which nothing was announced yet, beside what is nobody's of all markets. `on` hears of each telling. */
export function createMarket(place: Place, nobodys: Ledger, on: (told: Told, came: Came) => void) {
  const own = emptyLedger()
  const proven = new Set<Account>(PROVEN)
  const stallOf = new Map(
    Object.entries(place.stalls).map(([name, { reference }]) => [reference, name as StallName]),
  )

  function happen(step: Step): void {
    if ('messages' in step) return void tellAll(step.messages, false)
    // First every row looks for what is known; only then is what is left new.
    const unknown = tellAll(asMessages(step.statement), true)
    if (step.statement.sourceId === BANK_STATEMENTS) tellAll(unknown, false)
  }

  /** What arrives together is decided by what was proven before. Returns what came to nothing. */
  function tellAll(all: readonly Told[], onlyWitnesses: boolean): Told[] {
    const provenBefore = new Set(proven)
    return all.filter((told) => {
      const came = tell(told, provenBefore, onlyWitnesses)
      if (came !== 'nothing') on(told, came)
      return came === 'nothing'
    })
  }

  function tell(one: Told, provenBefore: ReadonlySet<Account>, onlyWitnesses: boolean): Came {
    const { sourceId, transaction: told, account, body } = one
    let fate = fateOf(one, provenBefore)
    const isNobodys = fate.is === 'not counted' && fate.isNobodys
    const ledger = isNobodys ? nobodys : own
    const day = dayOf(
      told.bookedAt,
      isNobodys || told.bookedPrecision === 'day' ? 0 : place.dayStartsAtMinutes,
    )
    const key = `${place.marketId} ${sourceId} ${told.sourceKey}`
    const message = `${sourceId} ${body}`

    const known = ledger.byKey.get(key)
    if (known) {
      if (known.told.amountVnd === told.amountVnd) return 'a duplicate'
      if (!ledger.messages.has(message)) ledger.alerts.push(sourceId)
      ledger.messages.add(message)
      return 'an alert'
    }
    if (ledger.witnessKeys.has(key)) return 'a duplicate'

    const teller = `${sourceId} ${told.channel}`
    const untold = ledger.credits.filter(
      (credit) =>
        credit.told.accountNumber === told.accountNumber &&
        credit.told.direction === told.direction &&
        credit.told.amountVnd === told.amountVnd &&
        Math.abs(Date.parse(credit.day) - Date.parse(day)) <= DAY_MS &&
        !credit.tellers.has(teller),
    )
    const same =
      untold.find((credit) => haveOneReference(credit.told, told)) ??
      untold.find((credit) => !haveTwoNumbers(credit.told, told) && saySame(credit.told, told))
    if (!same && onlyWitnesses) return 'nothing'
    ledger.messages.add(message)
    const label = labelOf(sourceId, told)
    if (same) {
      same.tellers.add(teller)
      same.tellings.push(one)
      ledger.witnessKeys.add(key)
      const name = told.channel === 'statement' ? `${sourceId} row` : label
      ledger.witnesses.push(`${name} of ${same.label}`)
      if (sourceId !== VENDOR_STATEMENTS) hearAgain(ledger, same, fate)
      return 'a witness'
    }
    const isPerhapsTold = untold.some(
      (credit) => !haveTwoNumbers(credit.told, told) && maySaySame(credit.told, told),
    )
    if (isPerhapsTold && fate.is === 'matched') fate = { is: 'undecided', reason: 'perhaps_told_before' }

    const credit: Credit = {
      label,
      sourceId,
      told,
      fate,
      day,
      tellers: new Set([teller]),
      tellings: [one],
    }
    ledger.credits.push(credit)
    ledger.byKey.set(key, credit)
    if (fate.is === 'matched' && fate.isNamed) proven.add(account)
    return fate.is
  }

  /** What a later telling says of a credit: a name that was all it lacked, or one that is not where it went. */
  function hearAgain(ledger: Ledger, credit: Credit, said: Fate): void {
    const { fate } = credit
    if (said.is !== 'matched' || said.rule === 'sole_stall') return
    if (fate.is === 'matched' && fate.stall !== said.stall) ledger.alerts.push(credit.sourceId)
    if (fate.is !== 'undecided' || !LACKS_A_NAME.includes(fate.reason)) return
    credit.fate = said
    if (said.isNamed) proven.add(credit.tellings[0]!.account)
  }

  /** Whose it is, in the order of docs/outcomes.md and the design. */
  function fateOf({ transaction: told, account, sourceId }: Told, provenBefore: ReadonlySet<Account>): Fate {
    const { stalls } = ACCOUNTS[account]
    const holders: readonly StallName[] = stalls
    const no = (reason: string, isNobodys: boolean): Fate => ({ is: 'not counted', reason, isNobodys })
    const person = (reason: string): Fate => ({ is: 'undecided', reason })
    if (told.isTest) return no('test', account === 'nobodys')
    if (account === 'nobodys') return no('unknown_account', true)
    if (MUTE_ABOUT[sourceId]!.includes(account)) return no('source_not_allowed', true)
    if (told.direction === 'out') return no('outgoing', false)
    if (holders.every((stall) => SILENT.includes(stall))) return no('no_consent', true)

    const give = (stall: StallName, rule: string, isNamed: boolean): Fate => {
      if (CLOSED.includes(stall)) return person('closed_stall')
      if (SILENT.includes(stall)) return no('no_consent', true)
      return { is: 'matched', stall, rule, kind: 'sale', isNamed }
    }
    const follow = (stall: Named, rule: string): Fate =>
      account !== 'old' && stall !== ELSEWHERE && holders.includes(stall)
        ? give(stall, rule, true)
        : person('wrong_account')
    const named = issuedIn(told.remittanceText)
    const isVirtual = told.virtualAccount === place.virtualAccount && account === 'shared'
    if (isVirtual && named.some((stall) => stall !== 'D')) return person('conflicting_evidence')
    if (named.length > 1) return person('two_references')
    if (isVirtual) return give('D', 'virtual_account', named.length === 1)
    if (named.length === 1) return follow(named[0]!, 'reference')
    const hinted = issuedIn(told.sourceCode ?? '')
    if (hinted.length === 1) return follow(hinted[0]!, 'source_code')

    if (account === 'old') return no('retired_account', false)
    if (holders.length > 1) return person('no_reference')
    if (!provenBefore.has(account)) return person('unproven_account')
    const alone = give(holders[0]!, 'sole_stall', false)
    return alone.is === 'matched' ? { ...alone, kind: account === 'sellingOnly' ? 'sale' : 'unclear' } : alone
  }

  /** The different stalls whose references stand in a text. */
  function issuedIn(text: string): Named[] {
    const found = soundReferences(text).flatMap(
      (reference): Named | readonly Named[] =>
        stallOf.get(reference) ?? (reference === place.elsewhere ? [ELSEWHERE] : []),
    )
    return [...new Set(found)]
  }

  /** The stall that a telling names by a sound reference, and no other, and that owns the credited account. */
  function promisedTo({ transaction: told, account, sourceId }: Told): StallName | undefined {
    const [stall, ...more] = issuedIn(told.remittanceText)
    const holders: readonly StallName[] = ACCOUNTS[account].stalls
    if (stall === undefined || stall === ELSEWHERE || more.length > 0 || !holders.includes(stall))
      return undefined
    const isOurs = told.direction === 'in' && !told.isTest && !MUTE_ABOUT[sourceId]!.includes(account)
    const isHers = account !== 'old' && !CLOSED.includes(stall) && !SILENT.includes(stall)
    const isOtherVirtual = told.virtualAccount === place.virtualAccount && stall !== 'D'
    return isOurs && isHers && !isOtherVirtual ? stall : undefined
  }

  return { happen, promisedTo, ledger: own }
}

/** What the ledger must say of it. */
export function booksOf({ credits, witnesses, alerts, messages }: Ledger): Books {
  const takings = new Map<string, number[]>()
  const sums = new Map<string, number[]>()
  for (const { fate, day, told, sourceId } of credits) {
    const { amountVnd } = told
    if (fate.is === 'matched') {
      const [sales, vnd, unclear] = takings.get(`${day} ${fate.stall}`) ?? [0, 0, 0]
      const isSale = fate.kind === 'sale'
      const now = isSale ? [sales! + 1, vnd! + amountVnd, unclear!] : [sales!, vnd!, unclear! + 1]
      takings.set(`${day} ${fate.stall}`, now)
    }
    if (told.direction === 'out') continue
    const sum = sums.get(`${day} ${sourceId}`) ?? [0, 0, 0, 0]
    sum[0]! += amountVnd
    sum[['matched', 'undecided', 'not counted'].indexOf(fate.is) + 1]! += amountVnd
    sums.set(`${day} ${sourceId}`, sum)
  }
  const inLines = (all: ReadonlyMap<string, number[]>) =>
    [...all].map(([key, numbers]) => `${key}: ${numbers.join(' ')}`).sort()
  return {
    transactions: credits.map(({ label, day, fate }) => `${label} ${day} ${inWords(fate)}`).sort(),
    witnesses: witnesses.toSorted(),
    alerts: alerts.toSorted(),
    notifications: messages.size,
    inbox: credits
      .flatMap(({ label, fate }) => (fate.is === 'undecided' ? `${label} ${fate.reason}` : []))
      .sort(),
    takings: inLines(takings),
    sums: inLines(sums),
  }
}

const inWords = (fate: Fate) =>
  fate.is === 'matched' ? `matched ${fate.stall} ${fate.rule} ${fate.kind}` : `${fate.is} ${fate.reason}`

/** What a row of the ledger is called on both sides: a statement's rows have no key that anybody could foretell. */
export function labelOf(
  sourceId: string,
  row: Pick<
    BankTransaction,
    'channel' | 'sourceKey' | 'accountNumber' | 'direction' | 'amountVnd' | 'bookedAt' | 'bankReference'
  >,
): string {
  const key =
    row.channel === 'statement'
      ? `row ${row.accountNumber} ${row.bookedAt} ${row.bankReference}`
      : row.sourceKey
  return `${sourceId} ${key} ${row.direction} ${row.amountVnd}`
}

/** Each row is a message of its own, of that file. */
function asMessages({ rows }: Statement): Told[] {
  const file = rows.map((row) => JSON.stringify(row.transaction)).join('\n')
  return rows.map((row, line) => ({ ...row, body: `${file} ${line}` }))
}

const DAY_MS = 86_400_000
const VIETNAM_MS = 7 * 3_600_000

function dayOf(at: number, startsAtMinutes: number): string {
  return new Date(at + VIETNAM_MS - startsAtMinutes * 60_000).toISOString().slice(0, 10)
}

/** Letters and digits only, upper-case, without marks. */
function lettersOf(text: string): string {
  return Array.from(text.replaceAll(/[đĐ]/g, 'D').normalize('NFD').toUpperCase())
    .filter((letter) => (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9'))
    .join('')
}

/** Two long references are one if one goes on where the other ends: statements add a suffix. */
function haveOneReference(one: BankTransaction, other: BankTransaction): boolean {
  const [short, long] = [lettersOf(one.bankReference ?? ''), lettersOf(other.bankReference ?? '')].sort(
    (a, b) => a.length - b.length,
  )
  return short!.length >= 10 && long!.startsWith(short!)
}

/** The same bank counted both and they are unlike, or both are long and alike in kind: two transfers. */
function haveTwoNumbers(one: BankTransaction, other: BankTransaction): boolean {
  const [a, b] = [lettersOf(one.bankReference ?? ''), lettersOf(other.bankReference ?? '')]
  if (a === '' || b === '' || a === b) return false
  const kind = (reference: string) => reference.replaceAll(/[0-9]/g, '')
  if (kind(a) !== kind(b)) return false
  return (a.length < 10 && b.length < 10) || a.length === b.length
}

const isTimed = ({ bookedPrecision }: BankTransaction) => bookedPrecision !== 'day'

/** Within two minutes; on the same day where one has no time. */
function areAtOnce(one: BankTransaction, other: BankTransaction): boolean {
  if (isTimed(one) && isTimed(other)) return Math.abs(one.bookedAt - other.bookedAt) <= 120_000
  return dayOf(one.bookedAt, 0) === dayOf(other.bookedAt, 0)
}

const saySameWords = (one: BankTransaction, other: BankTransaction) =>
  lettersOf(one.remittanceText) === lettersOf(other.remittanceText)

const saySame = (one: BankTransaction, other: BankTransaction) =>
  saySameWords(one, other) && areAtOnce(one, other)

/** Only the amount and the time, where a statement tells one of them; or the memo on the next day, without a time. */
function maySaySame(one: BankTransaction, other: BankTransaction): boolean {
  const isByStatement = one.channel === 'statement' || other.channel === 'statement'
  if (saySameWords(one, other)) return !(isTimed(one) && isTimed(other))
  return isByStatement && areAtOnce(one, other)
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** x⁰ … x³⁰ in GF(2)[x] / (x⁵ + x² + 1). */
const POWERS = [1]
while (POWERS.length < 31) {
  const next = POWERS.at(-1)! * 2
  POWERS.push(next < 32 ? next : next ^ 37)
}

/** Every sound reference in a text: ZQK, a digit, five of 29, and a character that makes Σ vᵢ·x⁹⁻ⁱ zero. */
export function soundReferences(text: string): string[] {
  const letters = lettersOf(text)
  return Array.from(letters, (_, at) => letters.slice(at, at + 10)).filter(isSound)
}

function isSound(text: string): boolean {
  if (!/^ZQK[0-9][0-9ABCDEFGHJMNPRSTVWXY]{5}[0-9A-HJKMNP-TV-Z]$/.test(text)) return false
  let sum = 0
  Array.from(text, (character, index) => {
    const value = CROCKFORD.indexOf(character)
    // A product is the sum of the powers: xᵃ·xᵇ = xᵃ⁺ᵇ, and x³¹ = 1.
    if (value > 0) sum ^= POWERS[(POWERS.indexOf(value) + 9 - index) % 31]!
  })
  return sum === 0
}
