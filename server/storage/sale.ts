import { and, asc, count, desc, eq, gt, gte, inArray, isNotNull, isNull } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { addDays, businessDay } from '../../shared/business-day.ts'
import type { SaleFacts } from '../../shared/sale-state.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, match, sale } from './kit.sqlite.ts'
import { knownOn } from './known.ts'
import { creditOfMatch, matchedVnd, newestMatchFirst, standing } from './match.ts'
import { freeReference } from './reference.ts'
import type { StallScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

type Sale = typeof sale.$inferSelect

const DAY_MS = 86_400_000
/** Reserved in a day and not yet used: many phones' pools, and nobody can fill the disk with them. */
const MAX_UNUSED = 400
/** More is history, and «Sổ bán hàng» has it. */
const MAX_LISTED = 20
/** What «the amounts she uses most» is taken from. */
const SAMPLE = 200
const SAMPLE_DAYS = 7

/** Reserves references for a phone of hers: nobody else's, no stall's, never given out again. */
export function* reserveSales(
  tx: Db,
  scope: StallScope,
  wanted: number,
  mint: () => string,
  now: number,
): Unit<string[]> {
  const { marketId, stallId } = scope
  const [unused] = yield* rows(
    tx
      .select({ count: count() })
      .from(sale)
      .where(
        and(
          eq(sale.marketId, marketId),
          eq(sale.stallId, stallId),
          isNull(sale.issuedAt),
          gte(sale.reservedAt, now - DAY_MS),
        ),
      ),
  )
  if (unused!.count + wanted > MAX_UNUSED)
    throw new AppError('unavailable', 'too many references are reserved for this stall')
  const references: string[] = []
  for (const seq of yield* takeSeqs(tx, marketId, wanted)) {
    const reference = yield* freeReference(tx, marketId, mint)
    yield* run(tx.insert(sale).values({ marketId, seq, stallId, reference, reservedAt: now }))
    references.push(reference)
  }
  return references
}

/**
 * The phone's word: this reference asks for this amount, since then. Said again it changes nothing. Money may have
 * been faster; then her other phones are told what it was for.
 */
export function* issueSale(
  tx: Db,
  scope: StallScope,
  reference: string,
  amountVnd: number,
  issuedAt: number,
  now: number,
): Unit<Published | undefined> {
  const found = yield* saleOf(tx, scope, reference)
  if (found.amountVnd !== null) {
    if (found.amountVnd !== amountVnd) throw new AppError('conflict', 'this sale has another amount')
    return undefined
  }
  // Nobody shows a code before its reference exists, whatever the phone's clock says.
  const since = Math.max(found.reservedAt, issuedAt)
  yield* run(tx.update(sale).set({ amountVnd, issuedAt: since }).where(ofSeq(found)))
  return yield* tellAgain(tx, scope, found, now)
}

/** She took the code away. Money that is on its way still finds the sale. */
export function* cancelSale(
  tx: Db,
  scope: StallScope,
  reference: string,
  cancelledAt: number,
  now: number,
): Unit<Published | undefined> {
  const found = yield* saleOf(tx, scope, reference)
  if (found.cancelledAt !== null) return undefined
  const since = Math.max(found.issuedAt ?? found.reservedAt, cancelledAt)
  yield* run(tx.update(sale).set({ cancelledAt: since }).where(ofSeq(found)))
  return yield* tellAgain(tx, scope, found, now)
}

/** The newest sales asked for since then, newest first. */
export function listSales(store: Store, scope: StallScope, since: number, now: number): Promise<SaleFacts[]> {
  return store.read(function* (tx) {
    const found = yield* rows(
      tx
        .select()
        .from(sale)
        .where(and(ofStall(scope), gte(sale.issuedAt, since)))
        .orderBy(desc(sale.seq))
        .limit(MAX_LISTED),
    )
    const credits = yield* creditsOf(tx, scope, found, now)
    return found.map((row) => factsOf(row, credits)).sort((a, b) => (b.issuedAt ?? 0) - (a.issuedAt ?? 0))
  })
}

export function* getSale(tx: Db, scope: StallScope, reference: string, now: number): Unit<SaleFacts> {
  const found = yield* saleOf(tx, scope, reference)
  return factsOf(found, yield* creditsOf(tx, scope, [found], now))
}

/** For each of some credits the sale whose reference it bore, as it stood with that credit. */
export function* salesOfCredits(
  tx: Db,
  scope: StallScope,
  credits: readonly { transactionSeq: number; saleSeq: number | null; bookedAt: number }[],
): Unit<Map<number, SaleFacts>> {
  const seqs = [...new Set(credits.flatMap(({ saleSeq }) => saleSeq ?? []))]
  if (seqs.length === 0) return new Map()
  const found = yield* rows(
    tx
      .select()
      .from(sale)
      .where(and(ofStall(scope), inArray(sale.seq, seqs))),
  )
  const newest = Math.max(...credits.map((credit) => credit.bookedAt))
  const all = yield* creditsOf(tx, scope, found, newest)
  const bySeq = new Map(found.map((row) => [row.seq, row]))
  return new Map(
    credits.flatMap(({ transactionSeq, saleSeq }) => {
      const row = saleSeq === null ? undefined : bySeq.get(saleSeq)
      const upTo = all.filter((credit) => credit.transactionSeq <= transactionSeq)
      return row ? [[transactionSeq, factsOf(row, upTo)]] : []
    }),
  )
}

/** These sales, by their seq, with the money of theirs that had come by then and is still theirs. */
export function* salesAsOf(
  tx: Db,
  scope: StallScope,
  seqs: readonly number[],
  until: number,
): Unit<Map<number, SaleFacts>> {
  if (seqs.length === 0) return new Map()
  const found = yield* rows(
    tx
      .select()
      .from(sale)
      .where(and(ofStall(scope), inArray(sale.seq, [...seqs]))),
  )
  const credits = yield* creditsOf(tx, scope, found, until)
  return new Map(found.map((row) => [row.seq, factsOf(row, credits)]))
}

/** The amounts she asks for or is paid most, most used first. */
export function listUsualAmounts(
  store: Store,
  scope: StallScope,
  today: string,
  most: number,
): Promise<number[]> {
  const days = Array.from({ length: SAMPLE_DAYS }, (_, ago) => addDays(today, -ago))
  return store.read(function* (tx) {
    const asked = yield* rows(
      tx
        .select({ amountVnd: sale.amountVnd })
        .from(sale)
        .where(and(ofStall(scope), isNotNull(sale.amountVnd)))
        .orderBy(desc(sale.seq))
        .limit(SAMPLE),
    )
    const paid = yield* rows(
      tx
        .select({ amountVnd: matchedVnd })
        .from(match)
        .innerJoin(bankTransaction, creditOfMatch)
        .where(and(knownOn(scope, days), isNull(match.saleSeq), standing(tx)))
        .orderBy(newestMatchFirst)
        .limit(SAMPLE),
    )
    const uses = new Map<number, number>()
    for (const { amountVnd } of [...asked, ...paid]) {
      if (amountVnd !== null) uses.set(amountVnd, (uses.get(amountVnd) ?? 0) + 1)
    }
    return [...uses]
      .sort(([a, usesOfA], [b, usesOfB]) => usesOfB - usesOfA || a - b)
      .slice(0, most)
      .map(([amountVnd]) => amountVnd)
  })
}

/** Of the stall, and reserved since the phone behind this scope may know of it. */
const ofStall = ({ marketId, stallId, seesAfter }: StallScope) =>
  and(eq(sale.marketId, marketId), eq(sale.stallId, stallId), gt(sale.seq, seesAfter))
const ofSeq = ({ marketId, seq }: Sale) => and(eq(sale.marketId, marketId), eq(sale.seq, seq))

function* saleOf(tx: Db, scope: StallScope, reference: string): Unit<Sale> {
  const [found] = yield* rows(
    tx
      .select()
      .from(sale)
      .where(and(ofStall(scope), eq(sale.reference, reference))),
  )
  if (!found) throw new AppError('not_found', `no sale ${reference} at this stall`)
  return found
}

interface SaleCredit {
  saleSeq: number | null
  transactionSeq: number
  amountVnd: number
  recordedAt: number
}

/** The credits of some sales, oldest first, without those whose match a person undid. */
function* creditsOf(tx: Db, scope: StallScope, sales: readonly Sale[], until: number): Unit<SaleCredit[]> {
  if (sales.length === 0) return []
  const since = Math.min(...sales.map((row) => row.issuedAt ?? row.reservedAt))
  return yield* rows(
    tx
      .select({
        saleSeq: match.saleSeq,
        transactionSeq: match.transactionSeq,
        amountVnd: matchedVnd,
        recordedAt: bankTransaction.recordedAt,
      })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .where(
        and(
          // By their days: there is no index by sale.
          knownOn(scope, daysAround(since, until)),
          inArray(
            match.saleSeq,
            sales.map((row) => row.seq),
          ),
          standing(tx),
        ),
      )
      .orderBy(asc(match.transactionSeq)),
  )
}

/** Every market's day that holds a part of that time, with room for a bank's clock. */
function daysAround(since: number, until: number): string[] {
  const last = addDays(businessDay(until, 0), 1)
  const days: string[] = []
  for (let day = addDays(businessDay(since, 0), -2); day <= last; day = addDays(day, 1)) days.push(day)
  return days
}

function factsOf(row: Sale, credits: readonly SaleCredit[]): SaleFacts {
  const { reference, amountVnd, issuedAt, cancelledAt } = row
  return {
    reference,
    amountVnd,
    issuedAt,
    cancelledAt,
    credits: credits
      .filter((credit) => credit.saleSeq === row.seq)
      .map((credit) => ({ amountVnd: credit.amountVnd, recordedAt: credit.recordedAt })),
  }
}

/** What is known of a sale changed after its money was told: a silent change lets every phone look again. */
function* tellAgain(tx: Db, scope: StallScope, found: Sale, now: number): Unit<Published | undefined> {
  const { marketId, stallId } = scope
  const newest = (yield* creditsOf(tx, scope, [found], now)).at(-1)
  if (!newest) return undefined
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const { transactionSeq } = newest
  yield* run(
    tx.insert(change).values({ marketId, seq: seq!, stallId, transactionSeq, kind: 'classified', at: now }),
  )
  return { marketId, stallId, seq: seq! }
}
