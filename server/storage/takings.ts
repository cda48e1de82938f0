import {
  and,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  ne,
  not,
  sql,
  type Placeholder,
  type SQL,
} from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { vietnamTime } from '../../shared/business-day.ts'
import { displayText } from '../../shared/display-text.ts'
import type { Classification, DayTakings, PaymentLine, VendorChange } from '../../shared/wire.ts'
import { notesKnown } from './cash.ts'
import { ADD_TO_TAKINGS } from './counted.ts'
import { lastPartDay } from './cut.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, classification, erasable, match, takings } from './kit.sqlite.ts'
import { known, knownOn } from './known.ts'
import { creditOfMatch, matchedVnd, newestClassification, NO_STALL, standing } from './match.ts'
import { salesAsOf, salesOfCredits } from './sale.ts'
import type { MarketScope, SectionScope, StallScope } from './scope.ts'
import { lastSeq, takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import { prepared, rows, run, type Unit } from './unit.ts'

/** A day's list on a phone; a busier stall sees the newest. */
const MAX_LINES = 200
/** Read and told at once; whoever missed more reads on from there. */
export const NEWS_PAGE = 100

const HIDDEN = '•••'
/** For whoever needs no words. */
const NO_DAY = ''

export function getTakings(store: Store, scope: StallScope, businessDay: string): Promise<DayTakings> {
  return store.read((tx) => takingsOn(tx, scope, businessDay))
}

/** The credits of a stall's day, newest first; those of another day than `today` with their words masked. */
export async function listPayments(
  store: Store,
  scope: StallScope,
  businessDay: string,
  today: string,
): Promise<PaymentLine[]> {
  const found = await store.read((tx) =>
    linesOf(
      tx,
      scope,
      today,
      and(eq(match.businessDay, businessDay), eq(match.stallId, scope.stallId), standing(tx)),
    ),
  )
  return found.map((one) => one.line)
}

/** The market's newest seq: where a phone that has just been drawn goes on from. */
export async function currentCursor(
  store: Store,
  scope: MarketScope | StallScope | SectionScope,
): Promise<number> {
  return store.read((tx) => lastSeq(tx, scope.marketId))
}

/** Something that the phones of a stall may have to hear; what it was is read when it is told. */
export interface News {
  seq: number
  stallId: number
  transactionSeq: number
  kind: VendorChange['kind']
  at: number
}

/** What happened in a market after `afterSeq`, or at one of its stalls, oldest first; a full page may not be all. */
export function listNews(
  store: Store,
  { marketId }: MarketScope | StallScope,
  afterSeq: number,
  stallId?: number,
): Promise<News[]> {
  return store.read(function* (tx) {
    const of = (t: typeof match | typeof change) =>
      and(
        eq(t.marketId, marketId),
        gt(t.seq, afterSeq),
        stallId === undefined ? ne(t.stallId, NO_STALL) : eq(t.stallId, stallId),
      )
    const { seq, transactionSeq, at } = match
    const credits = yield* rows(
      tx
        .select({ seq, stallId: match.stallId, transactionSeq, at })
        .from(match)
        .where(of(match))
        .orderBy(seq)
        .limit(NEWS_PAGE),
    )
    const changes = yield* rows(
      tx.select().from(change).where(of(change)).orderBy(change.seq).limit(NEWS_PAGE),
    )
    return [...credits.map((one) => ({ ...one, kind: 'credit' as const })), ...changes]
      .sort((a, b) => a.seq - b.seq)
      .slice(0, NEWS_PAGE)
  })
}

/** Some news of a stall, and as whose phones they are told. */
export interface Telling {
  scope: StallScope
  news: readonly News[]
}

/**
 * For each telling, all of one market, what its phones hear: of its news those that they may know, as they stand now.
 * What phones may know alike is read once for all of them.
 */
export function readNews<Of extends Telling>(
  store: Store,
  tellings: Iterable<Of>,
  today: string,
): Promise<Map<Of, VendorChange[]>> {
  const alike = Map.groupBy(tellings, ({ scope }) => `${scope.seesAfter} ${scope.onlyDay}`)
  return store.read(function* (tx) {
    const told = new Map<Of, VendorChange[]>()
    for (const group of alike.values()) yield* readAlike(tx, group, today, told)
    return told
  })
}

/** The same for scopes that differ in nothing but the stall. */
function* readAlike<Of extends Telling>(
  tx: Db,
  group: readonly Of[],
  today: string,
  told: Map<Of, VendorChange[]>,
): Unit<void> {
  const stallIds = [...new Set(group.map(({ scope }) => scope.stallId))]
  const seqs = new Set(group.flatMap(({ news }) => news.map((one) => one.transactionSeq)))
  const [{ scope: reach }] = group as [Of]
  const matched = and(inArray(match.stallId, stallIds), inArray(match.transactionSeq, [...seqs]))
  const most = group.reduce((count, { news }) => count + news.length, 0)
  const found = yield* linesOf(tx, reach, today, and(matched, standing(tx)), most)
  const hasUndone = group.some(({ news }) => news.some(({ kind }) => kind === 'undone'))
  const gone = hasUndone ? yield* linesOf(tx, reach, NO_DAY, and(matched, not(standing(tx)))) : []
  const byStall = Map.groupBy(found, (one) => one.stallId)
  const days = [...new Set(found.map((one) => one.businessDay))]
  // What may not know everything sums for itself, below.
  const isWhole = reach.seesAfter === 0
  const counted = isWhole ? yield* rows(countedOn(tx, reach.marketId, stallIds, days)) : []
  const totals = new Map(
    counted.map((row) => [`${row.stallId} ${row.businessDay}`, dayTakings(row.businessDay, row)]),
  )
  for (const telling of group) {
    const { scope, news } = telling
    const ofStall = byStall.get(scope.stallId) ?? []
    const lines = new Map(ofStall.map((one) => [one.line.transactionSeq, one]))
    const credits = ofStall.map((one) => ({ ...one, transactionSeq: one.line.transactionSeq }))
    const sales = yield* salesOfCredits(tx, scope, credits)
    const undone = gone.filter((one) => one.stallId === scope.stallId)
    const salesLeft = yield* salesAsOf(
      tx,
      scope,
      undone.flatMap(({ saleSeq }) => saleSeq ?? []),
      Math.max(...news.map(({ at }) => at)),
    )
    const changes: VendorChange[] = []
    for (const { seq, kind, transactionSeq, at } of news) {
      const isUndone = kind === 'undone'
      const current = lines.get(transactionSeq)
      // What became hers again is told by the news of that.
      const credit = !isUndone
        ? current
        : current
          ? undefined
          : undone.find((one) => one.line.transactionSeq === transactionSeq)
      if (!credit) continue
      const day = `${scope.stallId} ${credit.businessDay}`
      const takingsNow = totals.get(day) ?? (yield* takingsOn(tx, scope, credit.businessDay))
      totals.set(day, takingsNow)
      const payment = isUndone ? { ...credit.line, memo: '', payerName: '' } : credit.line
      const sale = isUndone ? salesLeft.get(credit.saleSeq ?? 0) : sales.get(transactionSeq)
      const one = { seq, kind, payment, takings: takingsNow, recordedAt: at }
      changes.push(sale ? { ...one, sale } : one)
    }
    told.set(telling, changes)
  }
}

/** Says what a credit of hers was. Saying the same again changes nothing. */
export function* classify(
  tx: Db,
  scope: StallScope,
  transactionSeq: number,
  kind: Classification,
  by: string,
  now: number,
): Unit<Published | undefined> {
  const { marketId, stallId } = scope
  const [found] = yield* linesOf(
    tx,
    scope,
    NO_DAY,
    and(eq(match.transactionSeq, transactionSeq), eq(match.stallId, stallId), standing(tx)),
  )
  if (!found) throw new AppError('not_found', `no credit ${transactionSeq} at this stall`)
  const { line, businessDay, isPart } = found
  if (line.classification === kind) return undefined
  const [seq, changeSeq] = yield* takeSeqs(tx, marketId, 2)
  yield* run(
    tx.insert(classification).values({
      marketId,
      seq: seq!,
      transactionSeq,
      classification: kind,
      stallId: isPart ? stallId : null,
      by,
      at: now,
    }),
  )
  yield* addToTakings(tx, scope, businessDay, line.amountVnd, line.classification, -1)
  yield* addToTakings(tx, scope, businessDay, line.amountVnd, kind, 1)
  yield* run(
    tx
      .insert(change)
      .values({ marketId, seq: changeSeq!, stallId, transactionSeq, kind: 'classified', at: now }),
  )
  return { marketId, stallId, seq: changeSeq! }
}

/** Counts one credit of that kind in (`sign` 1) or out (−1). */
export function* addToTakings(
  tx: Db,
  scope: StallScope,
  businessDay: string,
  amountVnd: number,
  kind: Classification,
  sign: 1 | -1,
): Unit<void> {
  const sale = kind === 'sale' ? sign : 0
  const unclear = kind === 'unclear' ? sign : 0
  yield* run(
    tx
      .insert(takings)
      .values({
        marketId: scope.marketId,
        businessDay,
        stallId: scope.stallId,
        totalVnd: sale * amountVnd,
        saleCount: sale,
        unclearCount: unclear,
      })
      .onConflictDoUpdate(ADD_TO_TAKINGS),
  )
}

/** A stall's day: her transfers, and the cash she noted. */
type DayFigures = Omit<typeof takings.$inferSelect, 'marketId' | 'stallId'>

/**
 * The figures of some days as far as this scope knows them; days without any are not among them. What counts
 * everything (`takings`) would tell a phone by subtraction what it may not know, so the days that may hold such are
 * summed from the credits after its cut. All later ones are one key lookup each.
 */
export function* figuresOf(
  tx: Db,
  scope: StallScope,
  days: readonly string[],
): Unit<Map<string, DayFigures>> {
  const asked = days.filter((day) => scope.onlyDay === null || day === scope.onlyDay)
  const partDay = yield* lastPartDay(tx, scope)
  const { marketId, stallId } = scope
  const whole = Object.fromEntries(
    asked.filter((day) => day > partDay).map((day, index) => [`day${index}`, day]),
  )
  const names = Object.keys(whole)
  const counted = yield* prepared(
    tx,
    `takings_${names.length}`,
    () =>
      countedOn(
        tx,
        sql.placeholder('marketId'),
        [sql.placeholder('stallId')],
        names.map((day) => sql.placeholder(day)),
      ),
    { marketId, stallId, ...whole },
  )
  const summed = yield* sumKnown(
    tx,
    scope,
    asked.filter((day) => day <= partDay),
  )
  return new Map([...counted.map((row) => [row.businessDay, row] as const), ...summed])
}

/** What the recording counted for some stalls on some days: everything, whoever may know it. */
function countedOn(
  tx: Db,
  marketId: number | Placeholder,
  stallIds: readonly (number | Placeholder)[],
  days: readonly (string | Placeholder)[],
) {
  // Every column costs as much to map as to read, and the market's is known.
  const { marketId: _, ...columns } = getTableColumns(takings)
  return tx
    .select(columns)
    .from(takings)
    .where(
      and(
        eq(takings.marketId, marketId),
        inArray(takings.businessDay, [...days]),
        inArray(takings.stallId, [...stallIds]),
      ),
    )
}

function* sumKnown(tx: Db, scope: StallScope, days: readonly string[]): Unit<Map<string, DayFigures>> {
  if (days.length === 0) return new Map()
  const credits = yield* rows(
    tx
      .select({
        businessDay: match.businessDay,
        amountVnd: matchedVnd,
        classification: newestClassification(tx),
      })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .where(and(knownOn(scope, days), standing(tx))),
  )
  const notes = yield* notesKnown(tx, scope, days)
  const sum = (part: readonly { amountVnd: number }[]) => part.reduce((vnd, one) => vnd + one.amountVnd, 0)
  return new Map(
    days.map((businessDay) => {
      const ofDay = credits.filter((one) => one.businessDay === businessDay)
      const sales = ofDay.filter((one) => one.classification === 'sale')
      const cash = notes.filter((one) => one.businessDay === businessDay)
      return [
        businessDay,
        {
          businessDay,
          totalVnd: sum(sales),
          saleCount: sales.length,
          unclearCount: ofDay.filter((one) => one.classification === 'unclear').length,
          cashVnd: sum(cash),
          cashCount: cash.reduce((count, one) => count + Math.sign(one.amountVnd), 0),
        },
      ]
    }),
  )
}

function* takingsOn(tx: Db, scope: StallScope, businessDay: string): Unit<DayTakings> {
  return dayTakings(businessDay, (yield* figuresOf(tx, scope, [businessDay])).get(businessDay))
}

function dayTakings(businessDay: string, figures: Partial<DayFigures> = {}): DayTakings {
  const { totalVnd = 0, saleCount = 0, unclearCount = 0 } = figures
  return { businessDay, totalVnd, saleCount, unclearCount }
}

interface Credit {
  line: PaymentLine
  stallId: number
  businessDay: string
  bookedAt: number
  saleSeq: number | null
  /** The line is of a part of a credit that a person split. */
  isPart: boolean
}

/**
 * Payer and memo are hers in full on their business day only («chị Lan chuyển rồi» is asked at the stall); after it
 * they leave this room masked. A memo goes whole: most banks begin it with the payer's name.
 */
function* linesOf(
  tx: Db,
  scope: StallScope,
  today: string,
  which: SQL | undefined,
  most = MAX_LINES,
): Unit<Credit[]> {
  const found = yield* rows(
    tx
      .select({
        seq: bankTransaction.seq,
        amountVnd: matchedVnd,
        bookedAt: bankTransaction.bookedAt,
        businessDay: match.businessDay,
        stallId: match.stallId,
        saleSeq: match.saleSeq,
        partVnd: match.partVnd,
        memo: erasable.remittanceText,
        payerName: erasable.payerName,
        classification: newestClassification(tx),
      })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .leftJoin(erasable, and(eq(erasable.marketId, match.marketId), eq(erasable.seq, match.transactionSeq)))
      .where(and(eq(match.marketId, scope.marketId), which, known(scope)))
      .orderBy(desc(match.seq))
      .limit(most),
  )
  return found.map((row) => ({
    stallId: row.stallId,
    businessDay: row.businessDay,
    bookedAt: row.bookedAt,
    saleSeq: row.saleSeq,
    isPart: row.partVnd !== null,
    line: {
      transactionSeq: row.seq,
      amountVnd: row.amountVnd,
      time: vietnamTime(row.bookedAt),
      memo: row.businessDay === today ? displayText(row.memo ?? '') : row.memo ? HIDDEN : '',
      payerName:
        row.businessDay === today ? displayText(row.payerName ?? '') : maskedName(row.payerName ?? ''),
      classification: row.classification,
    },
  }))
}

function maskedName(name: string): string {
  const [initial] = displayText(name)
  return initial === undefined ? '' : `${initial}${HIDDEN}`
}
