import { and, desc, eq, gt, inArray, not, sql, type SQL } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { vietnamTime } from '../../shared/business-day.ts'
import { displayText } from '../../shared/display-text.ts'
import type { Classification, DayTakings, PaymentLine, VendorChange } from '../../shared/wire.ts'
import { notesKnown } from './cash.ts'
import { ADD_TO_TAKINGS } from './counted.ts'
import { lastPartDay } from './cut.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, classification, match, takings, transactionText } from './kit.sqlite.ts'
import { known } from './known.ts'
import { creditOfMatch, matchedVnd, newestClassification, standing } from './match.ts'
import { salesAsOf, salesOfCredits } from './sale.ts'
import type { SectionScope, StallScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** A day's list on a phone; a busier stall sees the newest. */
const MAX_LINES = 200
/** One message of the stream; a phone that missed more reads on from there. */
const MAX_CHANGES = 100

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
export async function currentCursor(store: Store, scope: StallScope | SectionScope): Promise<number> {
  const [row] = await store.db
    .select({ seq: sql<number | null>`max(${change.seq})` })
    .from(change)
    .where(eq(change.marketId, scope.marketId))
  return row?.seq ?? 0
}

/** What a stall's phones must hear after `afterSeq`, oldest first, as it stands now. */
export async function listChanges(
  store: Store,
  scope: StallScope,
  afterSeq: number,
  today: string,
): Promise<VendorChange[]> {
  const { marketId, stallId } = scope
  const page = await store.read(function* (tx) {
    const news = yield* rows(
      tx
        .select()
        .from(change)
        .where(
          and(
            eq(change.marketId, marketId),
            gt(change.seq, Math.max(afterSeq, scope.seesAfter)),
            eq(change.stallId, stallId),
          ),
        )
        .orderBy(change.seq)
        .limit(MAX_CHANGES),
    )
    const matched = and(
      eq(match.stallId, stallId),
      inArray(
        match.transactionSeq,
        news.map((one) => one.transactionSeq),
      ),
    )
    const found = yield* linesOf(tx, scope, today, and(matched, standing(tx)))
    const lines = new Map(found.map((one) => [one.line.transactionSeq, one]))
    const gone = news.some((one) => one.kind === 'undone')
      ? yield* linesOf(tx, scope, NO_DAY, and(matched, not(standing(tx))))
      : []
    const goneLines = new Map(gone.map((one) => [one.line.transactionSeq, one]))
    const sales = yield* salesOfCredits(
      tx,
      scope,
      found.map((one) => ({ ...one, transactionSeq: one.line.transactionSeq })),
    )
    const salesLeft = yield* salesAsOf(
      tx,
      scope,
      gone.flatMap(({ saleSeq }) => saleSeq ?? []),
      Math.max(...news.map((one) => one.at)),
    )
    const totals = new Map<string, DayTakings>()
    const changes: VendorChange[] = []
    for (const { seq, kind, transactionSeq, at } of news) {
      const current = lines.get(transactionSeq)
      // What became hers again is told by the change that says so.
      const told = kind !== 'undone' ? current : current ? undefined : goneLines.get(transactionSeq)
      if (!told) continue
      const total = totals.get(told.businessDay) ?? (yield* takingsOn(tx, scope, told.businessDay))
      totals.set(told.businessDay, total)
      const payment = kind === 'undone' ? { ...told.line, memo: '', payerName: '' } : told.line
      const sale = kind === 'undone' ? salesLeft.get(told.saleSeq ?? 0) : sales.get(transactionSeq)
      const one = { seq, kind, payment, takings: total, recordedAt: at }
      changes.push(sale ? { ...one, sale } : one)
    }
    return { changes, last: news.length === MAX_CHANGES ? news.at(-1)!.seq : undefined }
  })
  // A whole page that this phone may not know is no end.
  const { changes: found, last } = page
  return found.length === 0 && last !== undefined ? listChanges(store, scope, last, today) : found
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
  const counted = yield* rows(
    tx
      .select()
      .from(takings)
      .where(
        and(
          eq(takings.marketId, scope.marketId),
          inArray(
            takings.businessDay,
            asked.filter((day) => day > partDay),
          ),
          eq(takings.stallId, scope.stallId),
        ),
      ),
  )
  const summed = yield* sumKnown(
    tx,
    scope,
    asked.filter((day) => day <= partDay),
  )
  return new Map([...counted.map((row) => [row.businessDay, row] as const), ...summed])
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
      .where(
        and(
          eq(match.marketId, scope.marketId),
          inArray(match.businessDay, [...days]),
          eq(match.stallId, scope.stallId),
          known(scope),
          standing(tx),
        ),
      ),
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
  const day = (yield* figuresOf(tx, scope, [businessDay])).get(businessDay)
  const { totalVnd = 0, saleCount = 0, unclearCount = 0 } = day ?? {}
  return { businessDay, totalVnd, saleCount, unclearCount }
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
): Unit<
  {
    line: PaymentLine
    businessDay: string
    bookedAt: number
    saleSeq: number | null
    isPart: boolean
  }[]
> {
  const found = yield* rows(
    tx
      .select({
        seq: bankTransaction.seq,
        amountVnd: matchedVnd,
        bookedAt: bankTransaction.bookedAt,
        businessDay: match.businessDay,
        saleSeq: match.saleSeq,
        partVnd: match.partVnd,
        memo: transactionText.remittanceText,
        payerName: transactionText.payerName,
        classification: newestClassification(tx),
      })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .leftJoin(
        transactionText,
        and(
          eq(transactionText.marketId, match.marketId),
          eq(transactionText.transactionSeq, match.transactionSeq),
        ),
      )
      .where(and(eq(match.marketId, scope.marketId), which, known(scope)))
      .orderBy(desc(match.seq))
      .limit(MAX_LINES),
  )
  return found.map((row) => ({
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
