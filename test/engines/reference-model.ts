import type { Classification } from '../../shared/wire.ts'
import { squash } from '../../shared/display-text.ts'
import { MORNING } from '../small-market.ts'
import {
  AGREED_AT,
  CLOSING,
  CONSENT_AT,
  DAY_MS,
  PARTS,
  saleOf,
  STALLS,
  VIRTUAL,
  type Account,
  type Act,
  type Place,
  type StallName,
  type Told,
} from './history.ts'

/**
 * What the ledger must say after some histories, worked out from the rules (docs and design) with plain maps, and from
 * nothing of the product: no sequence numbers, no SQL, no registry. Every list is in the order in which it happened.
 */
export interface Books {
  notifications: number
  bodies: number
  transactions: string[]
  witnesses: string[]
  matches: string[]
  classifications: string[]
  reversals: string[]
  exceptions: string[]
  changes: string[]
  takings: string[]
  outcomes: string[]
  /** Of each 30 days: active stalls, payers who are known, those of them who paid on two days or more. */
  windows: string[]
  cash: string[]
  sales: string[]
  proven: string[]
}

interface Part {
  stall: StallName
  kind: Classification
  amountVnd: number
  bookedAt: number
}

interface Credit {
  key: string
  account: Account
  accountNumber: string
  direction: string
  amountVnd: number
  bookedAt: number
  content: string
  bankReference: string
  payer: string | null
  memo: string
  toldBy: string[]
  undecided: boolean
  /** Nothing but a word whose it is was missing, and nobody has given it yet. */
  lacksName: boolean
  /** Whom it was ever given to. */
  given: Set<string>
  /** Where it is matched; `nobody` is what a person said is no sale, `several` what was split. */
  stall?: StallName | 'nobody' | 'several'
  parts?: Part[]
  kind?: Classification | undefined
  sale?: string
}

type Verdict =
  | { is: 'matched'; stall: StallName; rule: string; sale: string; kind: Classification; proves: boolean }
  | { is: 'undecided'; reason: string }
  | { is: 'not counted'; reason: string; nobodys: boolean }

/** Money that is nobody's is kept apart from every market's. */
export const NOBODYS = 0

export function createModel(places: readonly Place[]) {
  const markets = new Map(
    [NOBODYS, ...places.map((place) => place.marketId)].map((marketId) => [marketId, emptyMarket(marketId)]),
  )
  const get = (marketId: number) => markets.get(marketId)!

  /** Everything told at once is decided by what was known before any of it. */
  function tell(told: readonly { place: Place; one: Told }[]): void {
    const before = new Map(places.map(({ marketId }) => [marketId, new Set(get(marketId).proven)]))
    const again = told.flatMap(({ place, one }) => {
      const proven = before.get(place.marketId)!
      const credit = record(place.marketId, one, proven)
      return credit ? [{ marketId: place.marketId, one, credit, proven }] : []
    })
    // All of a batch first, then what its later tellings say of what is there.
    for (const { marketId, one, credit, proven } of again) hearAgain(get(marketId), one, credit, proven)
  }

  /** Returns the credit that was known already and is told of again. */
  function record(
    marketId: number,
    { message, account, names }: Told,
    proven: ReadonlySet<StallName>,
  ): Credit | null {
    const [told] = message.transactions
    if (!told) {
      recordUnreadable(message)
      return null
    }
    const { sourceKey: key, direction, amountVnd, bookedAt, bankReference, channel, accountNumber } = told
    const reference = bankReference ?? ''
    const own = get(marketId)
    const isVirtual = told.virtualAccount !== null
    let verdict = judge(own, { account, names, direction, bookedAt, isVirtual, isTest: told.isTest }, proven)
    const market = verdict.is === 'not counted' && verdict.nobodys ? get(NOBODYS) : own
    const day = dayOf(bookedAt)
    const body = Buffer.from(message.rawBody).toString()
    const memo = told.remittanceText
    const content = JSON.stringify([accountNumber, direction, amountVnd, bookedAt, bankReference, memo])

    // The same key: a resend says nothing, another content is for a person, once for each message that says it.
    const same = market.credits.get(key)
    if (same) {
      if (same.content === content) return null
      if (!market.messages.has(body)) market.exceptions.push(`content_changed ${key} ${day}`)
      market.messages.add(body)
      market.bodies.add(body)
      return null
    }
    if (market.witnesses.has(key)) return null

    // The other channel tells the same transfer: of those it has not told of yet the oldest with the same long
    // reference, else the oldest with the same words at the same time.
    const untold = [...market.credits.values()].filter(
      (one) =>
        one.accountNumber === accountNumber &&
        one.direction === direction &&
        one.amountVnd === amountVnd &&
        Math.abs(dayNumber(one.bookedAt) - dayNumber(bookedAt)) <= 1 &&
        !one.toldBy.includes(channel),
    )
    const twin =
      untold.find((one) => isLong(one) && one.bankReference === reference) ??
      untold.find((one) => isSameContent(one, { bankReference: reference, memo, bookedAt }))
    if (!twin && message.corroborates) return null
    market.messages.add(body)
    if (verdict.is !== 'not counted') market.bodies.add(body)
    if (twin) {
      twin.toldBy.push(channel)
      market.witnesses.set(key, twin.key)
      return twin
    }

    // A statement tells of everything: the same minute in other words may be the same, and only a person can say.
    const mayBeSame = (one: Credit) =>
      (channel === 'statement' || one.toldBy[0] === 'statement') &&
      !(isLong(one) && isLong({ bankReference: reference })) &&
      isSameTime(one, { bookedAt })
    if (verdict.is === 'matched' && untold.some(mayBeSame))
      verdict = { is: 'undecided', reason: 'perhaps_told_before' }

    const credit: Credit = {
      key,
      account,
      accountNumber,
      direction,
      amountVnd,
      bookedAt,
      content,
      bankReference: reference,
      payer: told.payerAccount,
      memo,
      toldBy: [channel],
      undecided: verdict.is === 'undecided',
      lacksName: verdict.is === 'undecided' && ['no_reference', 'unproven_account'].includes(verdict.reason),
      given: new Set(),
    }
    market.credits.set(key, credit)
    const reason = verdict.is === 'not counted' ? verdict.reason : 'counts'
    market.transactions.push(`${key} ${day} ${direction} ${amountVnd} ${reason}`)
    if (direction === 'in') add(market.outcomes, `${day} ${verdict.is}`, 1, amountVnd)
    if (verdict.is === 'undecided') market.exceptions.push(`${verdict.reason} ${key} ${day}`)
    if (verdict.is === 'matched') give(market, credit, verdict)
    return null
  }

  function give(market: Market, credit: Credit, verdict: Extract<Verdict, { is: 'matched' }>): void {
    const { key, bookedAt } = credit
    market.matches.push(`${key} ${verdict.stall} ${verdict.rule} ${verdict.sale} ${dayOf(bookedAt)}`)
    Object.assign(credit, { stall: verdict.stall, kind: verdict.kind, sale: verdict.sale })
    credit.given.add(verdict.stall)
    market.classifications.push(`${key} ${verdict.kind}`)
    market.changes.push(`credit ${key} ${verdict.stall}`)
    count(market, credit, 1)
    if (verdict.proves) market.proven.add(verdict.stall)
  }

  /** A credit that only lacked a name is whose a later telling names; one that stands elsewhere is an alert. */
  function hearAgain(
    market: Market,
    { message, names }: Told,
    credit: Credit,
    proven: ReadonlySet<StallName>,
  ): void {
    const [told] = message.transactions
    const { account, bookedAt, direction, amountVnd, key } = credit
    const isVirtual = told!.virtualAccount !== null
    const of = { account, names, direction, bookedAt, isVirtual, isTest: told!.isTest }
    const verdict = judge(market, of, proven)
    if (message.corroborates || verdict.is !== 'matched' || verdict.rule === 'sole_stall') return
    const day = dayOf(bookedAt)
    if (credit.lacksName) {
      Object.assign(credit, { lacksName: false, undecided: false })
      give(market, credit, verdict)
      add(market.outcomes, `${day} undecided`, -1, -amountVnd)
      add(market.outcomes, `${day} matched`, 1, amountVnd)
    } else if (credit.stall && !credit.given.has(verdict.stall)) {
      market.exceptions.push(`content_changed ${key} ${day}`)
    }
  }

  function recordUnreadable({ rawBody, receivedAt }: Told['message']): void {
    const market = get(NOBODYS)
    const body = Buffer.from(rawBody).toString()
    if (!market.messages.has(body)) market.exceptions.push(`unreadable undefined ${dayOf(receivedAt)}`)
    market.messages.add(body)
    market.bodies.add(body)
  }

  function judge(
    market: Market,
    told: Pick<Told, 'account' | 'names'> & {
      direction: string
      bookedAt: number
      isVirtual: boolean
      isTest: boolean
    },
    proven: ReadonlySet<StallName>,
  ): Verdict {
    const no = (reason: string, nobodys = true): Verdict => ({ is: 'not counted', reason, nobodys })
    const person = (reason: string): Verdict => ({ is: 'undecided', reason })
    const { account } = told
    if (told.isTest) return no('test', account === 'nobodys')
    if (account === 'nobodys') return no('unknown_account')
    if (account === 'unbound') return no('source_not_allowed')
    if (told.direction === 'out') return no('outgoing', false)
    // A booking told to the second has that second's end.
    const agreedAt = account !== 'silent' ? AGREED_AT : market.agreed ? CONSENT_AT : Infinity
    if (agreedAt >= told.bookedAt + 1_000) return no('no_consent')

    const holders: StallName[] = STALLS.filter((stall) => stall.account === account).map(
      (stall) => stall.name,
    )
    const named = told.names.flatMap((name) => {
      if ('stall' in name) return [{ stall: name.stall, sale: '' }]
      const { reference, stall } = saleOf(market.id, name.sale)
      return market.sales.has(reference) ? [{ stall, sale: reference }] : []
    })
    if (told.isVirtual && named.some(({ stall }) => stall !== VIRTUAL.stall))
      return person('conflicting_evidence')
    const sales = new Set(named.flatMap((one) => one.sale || []))
    if (new Set(named.map((one) => one.stall)).size > 1 || sales.size > 1) return person('two_references')
    const best = named.find((one) => one.sale) ?? named[0]
    const hers = told.isVirtual ? VIRTUAL.stall : best?.stall
    if (hers !== undefined && holders.includes(hers) && market.closed.has(hers)) return person('closed_stall')
    if (told.isVirtual)
      return {
        is: 'matched',
        stall: VIRTUAL.stall,
        rule: 'virtual_account',
        sale: '',
        kind: 'sale',
        proves: best !== undefined,
      }
    if (best) {
      if (!holders.includes(best.stall)) return person('wrong_account')
      const rule = best.sale ? 'sale_reference' : 'reference'
      return { is: 'matched', ...best, rule, kind: 'sale', proves: true }
    }
    if (holders.length > 1) return person('no_reference')
    if (!proven.has(holders[0]!)) return person('unproven_account')
    const kind = account === 'sellingOnly' ? 'sale' : 'unclear'
    return { is: 'matched', stall: holders[0]!, rule: 'sole_stall', sale: '', kind, proves: false }
  }

  /** What a person does. Returns `ok`, or the code with which it is refused. */
  function act({ marketId }: Place, one: Exclude<Act, { do: 'tell' }>): string {
    const market = get(marketId)
    if (one.do === 'consent') {
      market.agreed = true
      return 'ok'
    }
    if (one.do === 'close') {
      market.closed.add(CLOSING)
      return 'ok'
    }
    if (one.do === 'assign' || one.do === 'setAside') {
      const credit = market.credits.get(one.sourceKey)
      if (!credit) return 'no such credit'
      if (credit.stall) return 'conflict'
      if (!credit.undecided) return 'not_found'
      const day = dayOf(credit.bookedAt)
      const [stall, kind, rule] =
        one.do === 'assign'
          ? ([one.stall, 'unclear', 'assigned'] as const)
          : (['nobody', one.as, 'not_a_sale'] as const)
      Object.assign(credit, { stall, kind, sale: '', undecided: false, lacksName: false })
      credit.given.add(stall)
      market.matches.push(`${credit.key} ${stall} ${rule}  ${day}`)
      market.classifications.push(`${credit.key} ${kind}`)
      if (one.do === 'assign') market.changes.push(`credit ${credit.key} ${one.stall}`)
      count(market, credit, 1)
      add(market.outcomes, `${day} undecided`, -1, -credit.amountVnd)
      add(market.outcomes, `${day} ${one.do === 'assign' ? 'matched' : 'not counted'}`, 1, credit.amountVnd)
      return 'ok'
    }
    if (one.do === 'split') {
      const credit = market.credits.get(one.sourceKey)
      if (!credit) return 'no such credit'
      if (credit.stall) return 'conflict'
      if (!credit.undecided) return 'not_found'
      const { bookedAt, amountVnd } = credit
      const part = (stall: StallName, partVnd: number): Part => {
        return { stall, kind: 'unclear', amountVnd: partVnd, bookedAt }
      }
      const parts = [part(PARTS.first, PARTS.firstVnd), part(PARTS.second, amountVnd - PARTS.firstVnd)]
      const now = { stall: 'several', kind: undefined, sale: '', undecided: false, lacksName: false, parts }
      Object.assign(credit, now)
      for (const hers of parts) {
        credit.given.add(hers.stall)
        market.matches.push(`${credit.key} ${hers.stall} split  ${dayOf(bookedAt)}`)
        market.classifications.push(`${credit.key} unclear`)
        market.changes.push(`credit ${credit.key} ${hers.stall}`)
        count(market, hers, 1)
      }
      add(market.outcomes, `${dayOf(bookedAt)} undecided`, -1, -amountVnd)
      add(market.outcomes, `${dayOf(bookedAt)} matched`, 1, amountVnd)
      return 'ok'
    }
    if (one.do === 'undo') {
      const credit = market.credits.get(one.sourceKey)
      if (!credit) return 'no such credit'
      const { stall } = credit
      if (!stall) return 'not_found'
      const day = dayOf(credit.bookedAt)
      const { kind, parts } = credit
      const gone = parts ?? [{ ...credit, stall, kind }]
      Object.assign(credit, {
        stall: undefined,
        kind: undefined,
        sale: undefined,
        parts: undefined,
        undecided: true,
      })
      for (const hers of gone) {
        count(market, hers, -1)
        market.reversals.push(`${credit.key} ${hers.stall}`)
        if (hers.stall !== 'nobody') market.changes.push(`undone ${credit.key} ${hers.stall}`)
      }
      market.exceptions.push(`match_reversed ${credit.key} ${day}`)
      add(market.outcomes, `${day} ${stall === 'nobody' ? 'not counted' : 'matched'}`, -1, -credit.amountVnd)
      add(market.outcomes, `${day} undecided`, 1, credit.amountVnd)
      return 'ok'
    }
    if (one.do === 'classify') {
      const credit = market.credits.get(one.sourceKey)
      if (!credit) return 'no such credit'
      const hers = credit.parts?.find((part) => part.stall === one.stall) ?? credit
      if (hers.stall !== one.stall) return 'not_found'
      if (hers.kind === one.as) return 'ok'
      count(market, hers, -1)
      hers.kind = one.as
      count(market, hers, 1)
      market.classifications.push(`${credit.key} ${one.as}`)
      market.changes.push(`classified ${credit.key} ${one.stall}`)
      return 'ok'
    }
    if (one.do === 'noteCash' || one.do === 'undoCash') {
      const key = `${one.stall} ${one.key}`
      const noted = market.cash.get(key)
      if (one.do === 'noteCash') {
        if (noted !== undefined) return noted === one.amountVnd ? 'ok' : 'conflict'
        market.cash.set(key, one.amountVnd)
        addCash(market, one.stall, one.amountVnd)
        return 'ok'
      }
      if (noted === undefined) return 'not_found'
      if (!market.cash.has(`undo ${key}`)) {
        market.cash.set(`undo ${key}`, -noted)
        addCash(market, one.stall, -noted)
      }
      return 'ok'
    }
    const { reference, stall } = saleOf(marketId, one.sale)
    const sale = market.sales.get(reference)
    if (one.do === 'reserveSale') {
      if (sale) return 'unavailable'
      market.sales.set(reference, { stall, amountVnd: null, isCancelled: false })
      return 'ok'
    }
    if (!sale) return 'not_found'
    if (one.do === 'issueSale') {
      if (sale.amountVnd !== null) return sale.amountVnd === one.amountVnd ? 'ok' : 'conflict'
      sale.amountVnd = one.amountVnd
    } else {
      if (sale.isCancelled) return 'ok'
      sale.isCancelled = true
    }
    // Money that was faster than this word: her other phones look again.
    const newest = [...market.credits.values()].findLast((credit) => credit.sale === reference)
    if (newest) market.changes.push(`classified ${newest.key} ${stall}`)
    return 'ok'
  }

  return {
    tell,
    act,
    books: (marketId: number): Books => {
      const market = get(marketId)
      return {
        notifications: market.messages.size,
        bodies: market.bodies.size,
        transactions: market.transactions,
        witnesses: [...market.witnesses].map(([key, of]) => `${key} of ${of}`).sort(),
        matches: market.matches,
        classifications: market.classifications,
        reversals: market.reversals,
        exceptions: market.exceptions,
        changes: market.changes,
        takings: lines(market.takings),
        outcomes: lines(market.outcomes),
        windows: windowsOf(
          [...market.credits.values()]
            .flatMap((credit) => credit.parts?.map((part) => ({ ...credit, ...part })) ?? [credit])
            .filter((credit) => credit.kind === 'sale'),
        ),
        cash: [...market.cash].map(([key, amountVnd]) => `${key} ${amountVnd}`).sort(),
        sales: [...market.sales]
          .map(([key, one]) => `${key} ${one.stall} ${one.amountVnd} ${one.isCancelled}`)
          .sort(),
        proven: [...market.proven].sort(),
      }
    },
  }
}

interface Market {
  id: number
  agreed: boolean
  closed: Set<StallName>
  credits: Map<string, Credit>
  messages: Set<string>
  bodies: Set<string>
  witnesses: Map<string, string>
  transactions: string[]
  matches: string[]
  classifications: string[]
  reversals: string[]
  exceptions: string[]
  changes: string[]
  /** By what they are counted: how many, how much. */
  takings: Map<string, [count: number, amountVnd: number]>
  outcomes: Map<string, [count: number, amountVnd: number]>
  cash: Map<string, number>
  sales: Map<string, { stall: StallName; amountVnd: number | null; isCancelled: boolean }>
  proven: Set<StallName>
}

function emptyMarket(id: number): Market {
  return {
    id,
    agreed: false,
    closed: new Set(),
    credits: new Map(),
    messages: new Set(),
    bodies: new Set(),
    witnesses: new Map(),
    transactions: [],
    matches: [],
    classifications: [],
    reversals: [],
    exceptions: [],
    changes: [],
    takings: new Map(),
    outcomes: new Map(),
    cash: new Map(),
    sales: new Map(),
    proven: new Set(),
  }
}

/** Counted anew for every day on which the 30 days hold anything. */
function windowsOf(sales: readonly Credit[]): string[] {
  const days = sales.map((sale) => dayNumber(sale.bookedAt))
  const ends = new Set(days.flatMap((day) => Array.from({ length: 30 }, (_, ahead) => day + ahead)))
  return [...ends]
    .map((end) => {
      const within = sales.filter((sale) => {
        const age = end - dayNumber(sale.bookedAt)
        return age >= 0 && age < 30
      })
      const known = Map.groupBy(
        within.filter((sale) => sale.payer !== null),
        (sale) => sale.payer,
      )
      const repeating = [...known.values()].filter(
        (ofPayer) => new Set(ofPayer.map((sale) => dayNumber(sale.bookedAt))).size > 1,
      )
      const active = new Set(within.map((sale) => sale.stall)).size
      return `${dayOf(end * DAY_MS)} ${active} ${known.size} ${repeating.length}`
    })
    .sort()
}

type Words = Pick<Credit, 'bankReference' | 'memo' | 'bookedAt'>

/** A long reference is its bank's own and decides alone; two that differ are of two transfers. */
const isLong = ({ bankReference }: Pick<Words, 'bankReference'>) => bankReference.length >= 10

/** The same words, within two minutes. */
function isSameContent(one: Words, other: Words): boolean {
  if (isLong(one) && isLong(other)) return false
  return squash(one.memo) === squash(other.memo) && isSameTime(one, other)
}

type When = Pick<Words, 'bookedAt'>

const isSameTime = (one: When, other: When) => Math.abs(one.bookedAt - other.bookedAt) <= 120_000

/** Only sales are takings; what is unclear is told beside them. */
function count(
  market: Market,
  { bookedAt, stall, kind, amountVnd }: Pick<Credit, 'bookedAt' | 'stall' | 'kind' | 'amountVnd'>,
  sign: 1 | -1,
): void {
  if (kind === 'sale') add(market.takings, `${dayOf(bookedAt)} ${stall} sales`, sign, sign * amountVnd)
  if (kind === 'unclear') add(market.takings, `${dayOf(bookedAt)} ${stall} unclear`, sign, 0)
}

function addCash(market: Market, stall: StallName, amountVnd: number): void {
  add(market.takings, `${dayOf(MORNING)} ${stall} cash`, Math.sign(amountVnd), amountVnd)
}

function add(sums: Map<string, [number, number]>, key: string, many: number, amountVnd: number): void {
  const [before, sum] = sums.get(key) ?? [0, 0]
  sums.set(key, [before + many, sum + amountVnd])
}

/** All that is not nothing. */
export function lines(sums: ReadonlyMap<string, readonly [number, number]>): string[] {
  return [...sums]
    .filter(([, [many, amountVnd]]) => many !== 0 || amountVnd !== 0)
    .map(([key, [many, amountVnd]]) => `${key}: ${many}, ${amountVnd}`)
    .sort()
}

/** Seven hours ahead of UTC, all year. */
const dayNumber = (at: number) => Math.floor((at + 7 * 3_600_000) / DAY_MS)
const dayOf = (at: number) => new Date(dayNumber(at) * DAY_MS).toISOString().slice(0, 10)
