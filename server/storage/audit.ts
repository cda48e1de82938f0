import { sql } from 'drizzle-orm'
import {
  add,
  countedIn,
  inWords,
  isSame,
  MARKET_DAYS,
  OUTCOMES,
  SECTION_DAYS,
  STALL_DAYS,
  TAKINGS,
  type Figures,
  type Tally,
} from './audited-figures.ts'
import { cashNotes, ledger, type CashRow, type LedgerRow } from './audited-ledger.ts'
import { createPayerNames, payerKeys, type CountedPayerSale, type PayerSale } from './audited-payers.ts'
import { listSpans, NO_MARKET } from './audited-span.ts'
import { createWindow } from './audited-window.ts'
import type { Store } from './store.ts'
import { query, type Unit } from './unit.ts'

/** A counted figure that the ledger does not bear out. */
export interface Difference {
  table: string
  key: string
  counted: string
  recomputed: string
}

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

/** Every key of a rollup begins with its day. */
const dayIn = (key: string): string => key.slice('day '.length, 'day 2026-11-22'.length)
const EVERYTHING = ['total', 'sales', 'active']

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
