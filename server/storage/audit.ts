import { sql, type SQL } from 'drizzle-orm'
import { addDays } from '../../shared/business-day.ts'
import { createWindow, WINDOW_DAYS } from './audited-window.ts'
import type { Store } from './store.ts'
import { query, type Unit } from './unit.ts'

/** A counted figure that the ledger does not bear out. */
export interface Difference {
  table: string
  key: string
  counted: string
  recomputed: string
}

/** Days with transactions that are recomputed at once: few enough for any memory. */
const SPAN_DAYS = 7
/** What belongs to no market has no rollups. */
const NO_MARKET = 0

/**
 * Recomputes every counted figure from the ledger and names each that differs; an empty list is what is expected.
 * Reads the whole ledger, so it is the operator's command and never a page. Plain SQL and sums of its own on purpose:
 * an audit that shares the application's code would share its mistakes. Rollups are held against the ledger wherever
 * the follower has been, payers as far back as their words are kept. `onProgress` counts spans of days.
 */
export function findDifferences(
  store: Store,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Difference[]> {
  return store.read(function* () {
    const differences = yield* checkSeqs()
    const spans = yield* listSpans()
    const total = [...spans.values()].reduce((sum, ofMarket) => sum + ofMarket.length, 0)
    const sections = new Map(
      (yield* query<{ id: number; sectionId: number }>(
        sql`select id, section_id as "sectionId" from stall`,
      )).map((row) => [row.id, row.sectionId]),
    )
    let done = 0
    for (const [marketId, ofMarket] of spans) {
      const check = createCheck(marketId, sections, yield* listPending(marketId))
      for (const days of ofMarket) {
        differences.push(...(yield* check(days)))
        onProgress((done += 1), total)
      }
    }
    return differences
  })
}

/** A counter behind its ledger would give a number out twice; a cursor beyond it would pass entries by. */
function* checkSeqs(): Unit<Difference[]> {
  const behind = yield* query<{ marketId: number; seq: number; last: number }>(
    sql.raw(`select c.market_id as "marketId", c.seq, max(numbered.seq) as last from market_counter c
      join (${NUMBERED.map((table) => `select market_id, max(seq) as seq from "${table}" group by market_id`).join(' union all ')})
        as numbered on numbered.market_id = c.market_id
      group by c.market_id, c.seq having max(numbered.seq) > c.seq`),
  )
  return behind.map(({ marketId, seq, last }) => ({
    table: 'market_counter',
    key: `market ${marketId}`,
    counted: `seq ${seq}`,
    recomputed: `at least ${last}`,
  }))
}

const NUMBERED = [
  'bank_notification',
  'bank_transaction',
  'match',
  'match_reversal',
  'match_exception',
  'classification',
  'change',
  'sale',
  'cash_sale',
  'rollup_cursor',
]

/** Every market's days on which anything is told or counted, and those whose window reaches back to one, in spans. */
function* listSpans(): Unit<Map<number, string[][]>> {
  const found = yield* query<{ marketId: number; day: string; isTold: number }>(
    sql.raw(
      `select market_id as "marketId", business_day as day, max(is_told) as "isTold" from (${DATED.map(
        (table) =>
          `select distinct market_id, business_day, ${table === 'bank_transaction' ? 1 : 0} as is_told from ${table}`,
      ).join(' union all ')}) as dated group by market_id, business_day`,
    ),
  )
  return new Map(
    [...Map.groupBy(found, (row) => row.marketId)].map(([marketId, ofMarket]) => {
      const ahead = marketId === NO_MARKET ? 1 : WINDOW_DAYS
      const days = ofMarket.flatMap(({ day }) => Array.from({ length: ahead }, (_, n) => addDays(day, n)))
      const told = new Set(ofMarket.flatMap(({ day, isTold }) => (isTold ? [day] : [])))
      const spans: string[][] = [[]]
      let toldInSpan = 0
      for (const day of [...new Set(days)].sort()) {
        if (told.has(day)) toldInSpan += 1
        if (toldInSpan > SPAN_DAYS) {
          spans.push([])
          toldInSpan = 1
        }
        spans.at(-1)!.push(day)
      }
      return [marketId, spans]
    }),
  )
}

const DATED = [
  'bank_transaction',
  'cash_sale',
  'takings',
  'daily_outcome',
  'stall_day',
  'section_day',
  'market_day',
  'payer_sale',
]

/** What the follower has not come to yet. */
interface Pending {
  days: ReadonlySet<string>
  /** Some stall is in another section than its figures. */
  moves: boolean
}

function* listPending(marketId: number): Unit<Pending> {
  const [cursor] = yield* query<{ seq: number }>(
    sql`select coalesce(max(seq), 0) as seq from rollup_cursor where market_id = ${marketId}`,
  )
  const after = sql`market_id = ${marketId} and seq > ${cursor!.seq}`
  const days = yield* query<{ day: string }>(sql`
    select business_day as day from "match" where ${after}
    union
    select m.business_day from (select * from match_reversal where ${after}) as r
    join "match" m on m.market_id = r.market_id and m.seq = r.match_seq
    union
    select m.business_day from (select * from classification where ${after}) as c
    join "match" m on m.market_id = c.market_id and m.transaction_seq = c.transaction_seq`)
  const moves = yield* query(sql`select seq from stall_move where ${after} limit 1`)
  return { days: new Set(days.map(({ day }) => day)), moves: moves.length > 0 }
}

/** Returns what checks some days of a market, which are given in their order. */
function createCheck(marketId: number, sections: ReadonlyMap<number, number>, pending: Pending) {
  const window = createWindow()
  const payerNames = createPayerNames()

  return function* check(days: readonly string[]): Unit<Difference[]> {
    const within = sql`market_id = ${marketId} and business_day between ${days[0]} and ${days.at(-1)}`
    const differences: Difference[] = []
    const compare = (
      table: string,
      recomputed: Tally,
      counted: Tally,
      unknownOf: (key: string) => readonly string[] = () => [],
    ): void => {
      for (const key of new Set([...recomputed.keys(), ...counted.keys()])) {
        const unknown = unknownOf(key)
        const [was, is] = [counted.get(key) ?? {}, recomputed.get(key) ?? {}]
        if (isSame(was, is, unknown)) continue
        const said = { counted: inWords(was, unknown), recomputed: inWords(is, unknown) }
        differences.push({ table, key: `market ${marketId}, ${key}`, ...said })
      }
    }

    const takings = new Map<string, Figures>()
    const incoming = new Map<string, { count: number; amount: number }>()
    const stallDays = new Map<string, Figures>()
    const sectionDays = new Map<string, Figures>()
    const marketDays = new Map<string, Figures>()
    const cells = new Map<string, Cell>()
    const payerSales: PayerSale[] = []
    const erased = new Set<string>()
    /** Those of which a part was seen. */
    const split = new Set<number>()
    const namedSplits = new Set<number>()
    for (const row of yield* query<LedgerRow>(ledger(within))) {
      const { day, seq, sourceId, direction, outcome, stallId, matchDay, kind, amount, part } = row
      const isToldAgain = part !== null && split.has(seq)
      if (part !== null) split.add(seq)
      if (direction === 'in' && !isToldAgain) {
        const key = `day ${day}, source ${sourceId}, ${outcome}`
        const sum = incoming.get(key) ?? { count: 0, amount: 0 }
        incoming.set(key, sum)
        sum.count += 1
        sum.amount += amount
      }
      if (stallId === null) continue
      if (matchDay !== day) {
        const key = `market ${marketId}, transaction ${seq}`
        differences.push({ table: 'match', key, counted: `day ${matchDay}`, recomputed: `day ${day}` })
      }
      const key = `day ${day}, stall ${stallId}`
      const cell = cells.get(key) ?? { day, stallId, total: 0, sales: 0, unclear: 0, named: 0 }
      cells.set(key, cell)
      if (kind === 'unclear') cell.unclear += 1
      if (kind !== 'sale') continue
      cell.total += part ?? amount
      cell.sales += 1
      if (row.eraseOn === null) erased.add(day)
      if (row.payerAccount === null || namedSplits.has(seq)) continue
      // Both parts of a split may be sales: of one payment by one payer.
      if (part !== null) namedSplits.add(seq)
      cell.named += 1
      payerSales.push({ day, seq, payerAccount: row.payerAccount, eraseOn: row.eraseOn! })
    }
    const stalls = new Map<string, Map<number, number>>()
    for (const [key, { day, stallId, total, sales, unclear, named }] of cells) {
      add(takings, key, { total, sales, unclear })
      if (sales === 0) continue
      const sectionId = sections.get(stallId) ?? 0
      add(stallDays, `${key}, section ${sectionId}`, { total, sales })
      add(sectionDays, `day ${day}, section ${sectionId}`, { total, sales })
      add(marketDays, `day ${day}`, { total, sales, named })
      stalls.set(day, (stalls.get(day) ?? new Map<number, number>()).set(stallId, sectionId))
    }
    for (const { day, stallId, cash, notes } of yield* query<CashRow>(cashNotes(within)))
      add(takings, `day ${day}, stall ${stallId}`, { cash, notes })
    compare('takings', takings, yield* countedIn(TAKINGS, within))
    compare('daily_outcome', incoming, yield* countedIn(OUTCOMES, within))
    if (marketId === NO_MARKET) return differences

    const countedPayers = yield* query<CountedPayerSale>(payerKeys(within))
    const payersOn = Map.groupBy(payerSales, (row) => row.day)
    const windows = new Map(
      days.map((day) => [
        day,
        window.enter(day, {
          stalls: stalls.get(day) ?? new Map<number, number>(),
          payers: new Set(payersOn.get(day)?.map((row) => row.payerAccount)),
          isPending: pending.days.has(day),
          isErased: erased.has(day),
        }),
      ]),
    )
    for (const [day, { activeStalls, activeBySection, payers, repeatPayers }] of windows) {
      add(marketDays, `day ${day}`, { active: activeStalls, payers, repeating: repeatPayers })
      for (const [sectionId, active] of activeBySection)
        add(sectionDays, `day ${day}, section ${sectionId}`, { active })
    }
    // What the follower has not come to yet, and what nobody can recompute any more.
    const unknownOn = new Map(
      [...windows].map(([day, { isPending, isErased }]) => [
        day,
        [
          ...(pending.days.has(day) ? ['total', 'sales', 'payer', 'erased on'] : []),
          ...(isPending ? ['active'] : []),
          ...(pending.days.has(day) || erased.has(day) ? ['named'] : []),
          ...(isPending || isErased ? ['payers', 'repeating'] : []),
        ],
      ]),
    )
    const unknownOf = (key: string) => unknownOn.get(dayIn(key)) ?? []
    const unknownIfMoved = (key: string) => (pending.moves ? EVERYTHING : unknownOf(key))
    compare('stall_day', stallDays, yield* countedIn(STALL_DAYS, within), unknownIfMoved)
    compare('section_day', sectionDays, yield* countedIn(SECTION_DAYS, within), unknownIfMoved)
    compare('market_day', marketDays, yield* countedIn(MARKET_DAYS, within), unknownOf)
    compare('payer_sale', ...payerNames.tally(payerSales, countedPayers), unknownOf)
    return differences
  }
}

/** What is counted of something, by its name. */
type Figures = Record<string, number | string>
type Tally = ReadonlyMap<string, Figures>

/** Every key of a rollup begins with its day. */
const dayIn = (key: string): string => key.slice('day '.length, 'day 2026-11-22'.length)
const EVERYTHING = ['total', 'sales', 'active']

function add(tally: Map<string, Figures>, key: string, figures: Record<string, number>): void {
  const sums = tally.get(key) ?? {}
  for (const [name, figure] of Object.entries(figures)) sums[name] = Number(sums[name] ?? 0) + figure
  tally.set(key, sums)
}

/** What is nothing need not be there. */
function isSame(was: Figures, is: Figures, unknown: readonly string[]): boolean {
  const isKept = (one: Figures, other: Figures) => {
    for (const name in one) {
      if ((one[name] ?? 0) !== (other[name] ?? 0) && !unknown.includes(name)) return false
    }
    return true
  }
  return isKept(was, is) && isKept(is, was)
}

function inWords(figures: Figures, unknown: readonly string[]): string {
  const told = Object.entries(figures).filter(([name, figure]) => figure !== 0 && !unknown.includes(name))
  return told.map(([name, figure]) => `${name} ${figure}`).join(', ') || 'nothing'
}

/** Payers get numbers: neither their accounts nor our keys for them are told. */
function createPayerNames() {
  const accounts = new Map<string, number>()
  const keys = new Map<string, number>()
  const haveKey = new Set<number>()

  return {
    /** Both sides, a row a sale; a key stands for the account it was first seen with. */
    tally(sales: readonly PayerSale[], counted: readonly CountedPayerSale[]): [Tally, Tally] {
      const keyOf = new Map(counted.map((row) => [row.seq, row.payerKey]))
      const recomputed = new Map<string, Figures>()
      for (const { day, seq, payerAccount, eraseOn } of sales) {
        const payer = accounts.get(payerAccount) ?? accounts.size + 1
        accounts.set(payerAccount, payer)
        const key = keyOf.get(seq)
        if (key !== undefined && !keys.has(key) && !haveKey.has(payer)) {
          keys.set(key, payer)
          haveKey.add(payer)
        }
        recomputed.set(`day ${day}, transaction ${seq}`, { payer, 'erased on': eraseOn })
      }
      const told = counted.map(({ day, seq, payerKey, eraseOn }): [string, Figures] => {
        const payer = keys.get(payerKey) ?? 'of no sale'
        return [`day ${day}, transaction ${seq}`, { payer, 'erased on': eraseOn }]
      })
      return [recomputed, new Map(told)]
    },
  }
}

/** What a stall sold on a day. */
interface Cell {
  day: string
  stallId: number
  total: number
  sales: number
  unclear: number
  /** Sales whose payer's account is known. */
  named: number
}

/** A transaction, with what became of it. */
interface LedgerRow {
  day: string
  seq: number
  sourceId: string
  direction: string
  amount: number
  /** What of it is this stall's; null is all of it. */
  part: number | null
  outcome: string
  stallId: number | null
  matchDay: string | null
  kind: string | null
  payerAccount: string | null
  /** Null once its words are erased. */
  eraseOn: string | null
}

const STANDING = sql.raw(`not exists (
  select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq
)`)
const KIND = sql.raw(`coalesce((
  select c.classification from classification c
  where c.market_id = m.market_id and c.transaction_seq = m.transaction_seq and c.seq > m.seq
    and (c.stall_id is null or c.stall_id = m.stall_id)
  order by c.seq desc limit 1
), m.classification)`)

/** A row a transaction; of a split one a row for each part. */
const ledger = (within: SQL) => sql`
  select t.business_day as day, t.seq, t.source_id as "sourceId", t.direction, t.amount_vnd as amount,
    m.part_vnd as part,
    case when t.not_counted is not null or m.stall_id = 0 then 'not_counted' when m.seq is null then 'undecided'
      else 'matched' end as outcome,
    m.stall_id as "stallId", m.business_day as "matchDay", case when m.seq is not null then ${KIND} end as kind,
    x.payer_account as "payerAccount", x.erase_on as "eraseOn"
  from (select * from bank_transaction where ${within}) as t
  left join "match" m on m.market_id = t.market_id and m.transaction_seq = t.seq and ${STANDING}
  left join erasable x on x.market_id = t.market_id and x.seq = t.seq`

interface CashRow {
  day: string
  stallId: number
  cash: number
  notes: number
}

const cashNotes = (within: SQL) => sql`
  select business_day as day, stall_id as "stallId", sum(amount_vnd) as cash,
    sum(case when amount_vnd < 0 then -1 else 1 end) as notes
  from cash_sale where ${within} group by business_day, stall_id`

/** A sale whose payer's account is still known. */
interface PayerSale {
  day: string
  seq: number
  payerAccount: string
  eraseOn: string
}

type CountedPayerSale = Omit<PayerSale, 'payerAccount'> & { payerKey: string }

const payerKeys = (within: SQL) => sql`
  select business_day as day, transaction_seq as seq, payer_key as "payerKey", erase_on as "eraseOn"
  from payer_sale where ${within}`

function* countedIn(counted: string, within: SQL): Unit<Tally> {
  const found = yield* query<Figures & { key: string }>(sql`${sql.raw(counted)} where ${within}`)
  return new Map(found.map(({ key, ...figures }) => [key, figures]))
}

const TAKINGS = `
  select 'day ' || business_day || ', stall ' || stall_id as key, total_vnd as total, sale_count as sales,
    unclear_count as unclear, cash_vnd as cash, cash_count as notes
  from takings`
const OUTCOMES = `
  select 'day ' || business_day || ', source ' || source_id || ', ' || outcome as key, transaction_count as count,
    amount_vnd as amount
  from daily_outcome`
const STALL_DAYS = `
  select 'day ' || business_day || ', stall ' || stall_id || ', section ' || section_id as key, total_vnd as total,
    sale_count as sales
  from stall_day`
const SECTION_DAYS = `
  select 'day ' || business_day || ', section ' || section_id as key, total_vnd as total, sale_count as sales,
    active_stalls30d as active
  from section_day`
const MARKET_DAYS = `
  select 'day ' || business_day as key, total_vnd as total, sale_count as sales, active_stalls30d as active,
    payer_sale_count as named, payers30d as payers, repeat_payers30d as repeating
  from market_day`
