import { and, between, eq, gt, sql, type SQL } from 'drizzle-orm'
import { addDays } from '../../shared/business-day.ts'
import { ADD_TO_MARKET_DAY, ADD_TO_SECTION_DAY } from './counted.ts'
import { marketCounter, marketDay, payerSale, rollupCursor, sectionDay, stallMove } from './kit.sqlite.ts'
import { listBehind } from './rollup.ts'
import type { Db, Store } from './store.ts'
import { WINDOW_DAYS, windowChanges } from './trailing-window.ts'
import { query, rows, run, type Unit } from './unit.ts'

/** A keyed hash of a payer's account that is good in one market only; the same every time. */
export type PayerKey = (marketId: number, payerAccount: string) => string

/** What one transaction follows at most: some two thousand credits, a few hundredths of a second. */
export const PAGE_SEQS = 8_000
/** Below what either engine takes as parameters of one statement. */
const ROWS_PER_INSERT = 1_000
const DAY_MS = 86_400_000

interface Page {
  marketId: number
  /** After this seq, up to and with the next. */
  from: number
  to: number
}

/**
 * Brings every market's rollups up to its ledger, page by page (docs/rollups.md). The cursor moves in the transaction
 * that writes what it stands for, so that it may be cut off anywhere and be run by several processes at once.
 * `isStopped` is asked between pages.
 */
export async function followLedger(
  store: Store,
  payerKey: PayerKey,
  isStopped: () => boolean = () => false,
): Promise<void> {
  for (const { marketId } of await listBehind(store)) {
    while (!isStopped() && (await store.write((tx) => followPage(tx, marketId, payerKey)))) {
      // Whoever waits for an answer comes first.
      await new Promise(setImmediate)
    }
  }
}

/** Follows one page of a market. Returns whether there is more. */
function* followPage(tx: Db, marketId: number, payerKey: PayerKey): Unit<boolean> {
  // Written before anything is read: another follower of this market waits here, and then begins where this one ended.
  const [cursor] = yield* rows(
    tx
      .insert(rollupCursor)
      .values({ marketId, seq: 0 })
      .onConflictDoUpdate({ target: rollupCursor.marketId, set: { seq: sql`${rollupCursor.seq}` } })
      .returning(),
  )
  const [counter] = yield* rows(tx.select().from(marketCounter).where(eq(marketCounter.marketId, marketId)))
  const from = cursor!.seq
  const head = counter?.seq ?? 0
  if (from >= head) return false
  const to = Math.min(head, from + PAGE_SEQS)
  const sums = createSums(marketId)
  yield* followStalls(tx, { marketId, from, to }, sums)
  yield* followPayers(tx, { marketId, from, to }, payerKey, sums)
  for (const some of inStatements([...sums.sections.values()]))
    yield* run(tx.insert(sectionDay).values(some).onConflictDoUpdate(ADD_TO_SECTION_DAY))
  for (const some of inStatements([...sums.days.values()]))
    yield* run(tx.insert(marketDay).values(some).onConflictDoUpdate(ADD_TO_MARKET_DAY))
  yield* run(tx.update(rollupCursor).set({ seq: to }).where(eq(rollupCursor.marketId, marketId)))
  return to < head
}

/** What a stall's day comes to now, and what was counted of it before, in the section it was in then. */
interface Cell {
  day: string
  stallId: number
  sectionId: number
  totalVnd: number
  saleCount: number
  oldSectionId: number | null
  oldTotalVnd: number
  oldSaleCount: number
}

/**
 * Every stall's day that an entry of the page is about is compared with its takings as they are now. They may be
 * ahead of the page: then the later page finds nothing left to do.
 */
function* followStalls(tx: Db, page: Page, sums: Sums): Unit<void> {
  const { marketId } = page
  const moved = yield* rows(
    tx
      .select()
      .from(stallMove)
      .where(and(eq(stallMove.marketId, marketId), between(stallMove.seq, page.from + 1, page.to)))
      .limit(1),
  )
  const changed = changedCells(page, moved.length > 0)
  const cells = yield* query<Cell>(sql`${changed}
    select business_day as "day", stall_id as "stallId", section_id as "sectionId", total_vnd as "totalVnd",
      sale_count as "saleCount", old_section_id as "oldSectionId", old_total_vnd as "oldTotalVnd",
      old_sale_count as "oldSaleCount"
    from changed`)
  if (cells.length === 0) return
  for (const cell of cells) {
    const { day, sectionId, totalVnd, saleCount, oldSectionId, oldTotalVnd, oldSaleCount } = cell
    const of = sums.day(day)
    of.totalVnd += totalVnd - oldTotalVnd
    of.saleCount += saleCount - oldSaleCount
    if (oldSectionId !== null) {
      const before = sums.section(day, oldSectionId)
      before.totalVnd -= oldTotalVnd
      before.saleCount -= oldSaleCount
    }
    const now = sums.section(day, sectionId)
    now.totalVnd += totalVnd
    now.saleCount += saleCount
  }
  yield* followPresence(tx, marketId, cells, sums)
  yield* query(sql`
    insert into stall_day (market_id, business_day, stall_id, section_id, total_vnd, sale_count)
    ${changed}
    select ${marketId}, business_day, stall_id, section_id, total_vnd, sale_count from changed where true
    on conflict (market_id, business_day, stall_id) do update
      set section_id = excluded.section_id, total_vnd = excluded.total_vnd, sale_count = excluded.sale_count
    returning stall_id`)
}

/** Only a stall's first sale of a day, its last that is undone, or its move can make it active or not. */
function* followPresence(tx: Db, marketId: number, cells: readonly Cell[], sums: Sums): Unit<void> {
  const switched = cells.filter((cell) => sectionBefore(cell) !== sectionNow(cell))
  if (switched.length === 0) return
  const days = yield* daysAround(tx, marketId, switched, gt(marketDay.saleCount, 0))
  const stallIds = [...new Set(switched.map(({ stallId }) => stallId))]
  const present = yield* query<{ day: string; stallId: number; sectionId: number }>(sql`
    select business_day as "day", stall_id as "stallId", section_id as "sectionId" from stall_day
    where market_id = ${marketId} and business_day in ${days} and stall_id in ${stallIds} and sale_count > 0`)
  const presentOf = Map.groupBy(present, (row) => row.stallId)
  for (const [stallId, changes] of Map.groupBy(switched, (cell) => cell.stallId)) {
    const before = new Map((presentOf.get(stallId) ?? []).map((row) => [numberOf(row.day), row.sectionId]))
    const after = new Map(before)
    for (const cell of changes) {
      const section = sectionNow(cell)
      if (section === null) after.delete(numberOf(cell.day))
      else after.set(numberOf(cell.day), section)
    }
    for (const [end, { present: change }] of windowChanges(new Set(before.keys()), new Set(after.keys())))
      sums.day(dayOf(end)).activeStalls30d += change
    for (const sectionId of new Set([...before.values(), ...after.values()])) {
      const inSection = (places: ReadonlyMap<number, number>) =>
        new Set([...places].flatMap(([day, section]) => (section === sectionId ? [day] : [])))
      for (const [end, { present: change }] of windowChanges(inSection(before), inSection(after)))
        sums.section(dayOf(end), sectionId).activeStalls30d += change
    }
  }
}

const sectionBefore = ({ oldSaleCount, oldSectionId }: Cell) => (oldSaleCount > 0 ? oldSectionId : null)
const sectionNow = ({ saleCount, sectionId }: Cell) => (saleCount > 0 ? sectionId : null)

/** Every transaction that an entry of the page is about is, or is no more, a sale of a payer who is known. */
function* followPayers(tx: Db, page: Page, payerKey: PayerKey, sums: Sums): Unit<void> {
  const { marketId } = page
  const touched = (yield* query<{
    day: string
    transactionSeq: number
    payerAccount: string
    eraseOn: string
    isSale: number
  }>(sql`with ${touchedMatches(page)}
    select t.business_day as "day", t.seq as "transactionSeq", x.payer_account as "payerAccount",
      x.erase_on as "eraseOn",
      case when exists (
        select 1 from "match" m
        where m.market_id = t.market_id and m.transaction_seq = t.seq and ${KIND} = 'sale' and not exists (
          select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq
        )
      ) then 1 else 0 end as "isSale"
    from (select distinct transaction_seq from touched) as one
    join erasable x on x.market_id = ${marketId} and x.seq = one.transaction_seq
      and x.payer_account is not null
    join bank_transaction t on t.market_id = ${marketId} and t.seq = one.transaction_seq`)).map((row) => ({
    ...row,
    payerKey: payerKey(marketId, row.payerAccount),
  }))
  if (touched.length === 0) return

  const days = yield* daysAround(tx, marketId, touched, gt(marketDay.payerSaleCount, 0))
  const keys = [...new Set(touched.map((row) => row.payerKey))]
  const known = Map.groupBy(
    yield* query<{ day: string; payerKey: string; transactionSeq: number }>(sql`
      select business_day as "day", payer_key as "payerKey", transaction_seq as "transactionSeq" from payer_sale
      where market_id = ${marketId} and business_day in ${days} and payer_key in ${keys}`),
    (row) => row.payerKey,
  )
  const added: (typeof payerSale.$inferInsert)[] = []
  for (const [key, changes] of Map.groupBy(touched, (row) => row.payerKey)) {
    const before = new Map((known.get(key) ?? []).map((row) => [row.transactionSeq, numberOf(row.day)]))
    const after = new Map(before)
    for (const { day, transactionSeq, eraseOn, isSale } of changes) {
      if (isSale === Number(before.has(transactionSeq))) continue
      sums.day(day).payerSaleCount += isSale ? 1 : -1
      const row = { marketId, businessDay: day, payerKey: key, transactionSeq }
      if (isSale) {
        after.set(transactionSeq, numberOf(day))
        added.push({ ...row, eraseOn })
      } else {
        after.delete(transactionSeq)
        const { payerKey: ofPayer, businessDay, transactionSeq: ofSale } = payerSale
        const isThis = [eq(ofPayer, key), eq(businessDay, day), eq(ofSale, transactionSeq)]
        yield* run(tx.delete(payerSale).where(and(eq(payerSale.marketId, marketId), ...isThis)))
      }
    }
    for (const [end, { present, repeats }] of windowChanges(
      new Set(before.values()),
      new Set(after.values()),
    )) {
      const of = sums.day(dayOf(end))
      of.payers30d += present
      of.repeatPayers30d += repeats
    }
  }
  for (const some of inStatements(added)) yield* run(tx.insert(payerSale).values(some))
}

/** What the money of a `match m` was last said to be. */
const KIND = sql.raw(`coalesce((
  select c.classification from classification c
  where c.market_id = m.market_id and c.transaction_seq = m.transaction_seq and c.seq > m.seq
    and (c.stall_id is null or c.stall_id = m.stall_id)
  order by c.seq desc limit 1
), m.classification)`)

/** The matches, standing or not, that the page's entries are about. */
function touchedMatches({ marketId, from, to }: Page): SQL {
  return sql`touched as (
    select m.transaction_seq, m.business_day, m.stall_id from "match" m
    where m.market_id = ${marketId} and m.seq > ${from} and m.seq <= ${to}
    union all
    select m.transaction_seq, m.business_day, m.stall_id from match_reversal r
    join "match" m on m.market_id = r.market_id and m.seq = r.match_seq
    where r.market_id = ${marketId} and r.seq > ${from} and r.seq <= ${to}
    union all
    select m.transaction_seq, m.business_day, m.stall_id from classification c
    join "match" m on m.market_id = c.market_id and m.transaction_seq = c.transaction_seq
    where c.market_id = ${marketId} and c.seq > ${from} and c.seq <= ${to}
  )`
}

/** Of the stalls' days that the page is about, those that come to something else than what was counted. */
function changedCells(page: Page, withMoves: boolean): SQL {
  const { marketId, from, to } = page
  const ofMovedStalls = sql`union select d.business_day, d.stall_id from stall_day d
    where d.market_id = ${marketId} and d.stall_id in (
      select v.stall_id from stall_move v where v.market_id = ${marketId} and v.seq > ${from} and v.seq <= ${to}
    )`
  return sql`with ${touchedMatches(page)}, cell as (
    select business_day, stall_id from touched ${withMoves ? ofMovedStalls : sql`group by business_day, stall_id`}
  ), compared as (
    select cell.business_day, cell.stall_id, s.section_id, coalesce(t.total_vnd, 0) as total_vnd,
      coalesce(t.sale_count, 0) as sale_count, d.section_id as old_section_id,
      coalesce(d.total_vnd, 0) as old_total_vnd, coalesce(d.sale_count, 0) as old_sale_count
    from cell
    join stall s on s.id = cell.stall_id
    left join takings t on t.market_id = ${marketId} and t.business_day = cell.business_day
      and t.stall_id = cell.stall_id
    left join stall_day d on d.market_id = ${marketId} and d.business_day = cell.business_day
      and d.stall_id = cell.stall_id
  ), changed as (
    select * from compared
    where total_vnd <> old_total_vnd or sale_count <> old_sale_count or section_id <> old_section_id
  )`
}

/** The days of those that have anything at all, as far around the changed ones as a window reaches, and these. */
function* daysAround(
  tx: Db,
  marketId: number,
  changed: readonly { day: string }[],
  hasAny: SQL,
): Unit<string[]> {
  const days = [...new Set(changed.map(({ day }) => day))].sort()
  const first = addDays(days[0]!, 1 - WINDOW_DAYS)
  const last = addDays(days.at(-1)!, WINDOW_DAYS - 1)
  const { businessDay } = marketDay
  const found = yield* rows(
    tx
      .select({ day: businessDay })
      .from(marketDay)
      .where(and(eq(marketDay.marketId, marketId), between(businessDay, first, last), hasAny)),
  )
  return [...new Set([...days, ...found.map(({ day }) => day)])]
}

type Sums = ReturnType<typeof createSums>

/** What the page adds to each row, found by day and section. */
function createSums(marketId: number) {
  const days = new Map<string, typeof marketDay.$inferInsert>()
  const sections = new Map<string, typeof sectionDay.$inferInsert>()
  const nothing = { totalVnd: 0, saleCount: 0, activeStalls30d: 0 }
  const noPayers = { payerSaleCount: 0, payers30d: 0, repeatPayers30d: 0 }
  return {
    days,
    sections,
    day(businessDay: string) {
      const row = days.get(businessDay) ?? { marketId, businessDay, ...nothing, ...noPayers }
      days.set(businessDay, row)
      return row
    },
    section(businessDay: string, sectionId: number) {
      const key = `${businessDay} ${sectionId}`
      const row = sections.get(key) ?? { marketId, businessDay, sectionId, ...nothing }
      sections.set(key, row)
      return row
    },
  }
}

function* inStatements<Row>(all: readonly Row[]): Generator<Row[]> {
  for (let start = 0; start < all.length; start += ROWS_PER_INSERT)
    yield all.slice(start, start + ROWS_PER_INSERT)
}

const numberOf = (day: string): number => Date.parse(day) / DAY_MS
const dayOf = (dayNumber: number): string => addDays('1970-01-01', dayNumber)
