import { and, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import type { Classification } from '../../shared/wire.ts'
import { addToOutcome } from './counted.ts'
import type { Published } from './decision.ts'
import { bankTransaction, match, sale } from './kit.sqlite.ts'
import { NO_STALL, standing } from './match.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { addToTakings } from './takings.ts'
import { rows, run, type Unit } from './unit.ts'

type Credit = typeof bankTransaction.$inferSelect

/** What an undecided credit can be that is no stall's sale. */
export type NotASale = Exclude<Classification, 'sale' | 'unclear'>

/** A person's word on one undecided credit. */
interface Word {
  marketId: number
  transactionSeq: number
  by: string
  /** How that person knows. */
  reason: string
}

/** What of a credit is a stall's. */
export interface Part {
  stallId: number
  amountVnd: number
}

/**
 * A person says whose an undecided credit is, and perhaps which of her sales it pays. What it was is hers to say: it
 * starts as unclear, outside her takings. Throws `conflict` if somebody decided it meanwhile, `not_found` if there is
 * no such credit, or no such sale of that stall's.
 */
export function* assign(
  tx: Db,
  _scope: OperatorScope,
  word: Word & { stallId: number; saleSeq: number | null },
  now: number,
): Unit<Published> {
  const credit = yield* getUndecided(tx, word)
  const { stallId, saleSeq } = word
  if (saleSeq !== null) yield* demandSale(tx, word.marketId, stallId, saleSeq)
  return yield* decideFor(tx, credit, { ...word, rule: 'assigned' }, 'unclear', now)
}

/** An undecided credit is this stall's after all, whoever says so. */
export function* decideFor(
  tx: Db,
  credit: Credit,
  decided: Omit<Decided, 'partVnd'>,
  kind: Classification,
  now: number,
): Unit<Published> {
  const news = yield* giveTo(tx, credit, { ...decided, partVnd: null }, kind, now)
  yield* addToOutcome(tx, credit, 'undecided', -1)
  yield* addToOutcome(tx, credit, 'matched', 1)
  return news
}

/**
 * A person says that an undecided credit is of several stalls: each gets its part, as in `assign`. Throws
 * `invalid_input` unless these are two or more stalls whose parts add up to the credit exactly; else as `assign`.
 */
export function* split(
  tx: Db,
  _scope: OperatorScope,
  word: Word & { parts: readonly Part[] },
  now: number,
): Unit<Published[]> {
  const { parts } = word
  const credit = yield* getUndecided(tx, word)
  const areSound = parts.every(({ amountVnd }) => Number.isSafeInteger(amountVnd) && amountVnd > 0)
  const sumVnd = parts.reduce((vnd, part) => vnd + part.amountVnd, 0)
  const stalls = new Set(parts.map(({ stallId }) => stallId))
  if (!areSound || parts.length < 2 || stalls.size < parts.length || sumVnd !== credit.amountVnd) {
    throw new AppError('invalid_input', `the parts are not those of ${credit.amountVnd} đồng`, 'amount')
  }
  const news: Published[] = []
  for (const { stallId, amountVnd } of parts) {
    const hers = { ...word, stallId, saleSeq: null, rule: 'split', partVnd: amountVnd } as const
    news.push(yield* giveTo(tx, credit, hers, 'unclear', now))
  }
  yield* addToOutcome(tx, credit, 'undecided', -1)
  yield* addToOutcome(tx, credit, 'matched', 1)
  return news
}

/** A person says that an undecided credit is no stall's sale, and what it is. Throws as `assign` does. */
export function* setAside(
  tx: Db,
  _scope: OperatorScope,
  word: Word & { kind: NotASale },
  now: number,
): Unit<void> {
  const credit = yield* getUndecided(tx, word)
  const nobodys = { ...word, stallId: NO_STALL, saleSeq: null, partVnd: null, rule: 'not_a_sale' } as const
  yield* recordMatch(tx, credit, nobodys, word.kind, now)
  yield* addToOutcome(tx, credit, 'undecided', -1)
  yield* addToOutcome(tx, credit, 'not_counted', 1)
}

function* getUndecided(tx: Db, { marketId, transactionSeq }: Word): Unit<Credit> {
  const [credit] = yield* rows(
    tx
      .select()
      .from(bankTransaction)
      .where(and(eq(bankTransaction.marketId, marketId), eq(bankTransaction.seq, transactionSeq))),
  )
  if (!credit || credit.direction !== 'in' || credit.notCounted !== null) {
    throw new AppError('not_found', `no undecided credit ${transactionSeq} in market ${marketId}`)
  }
  const [decided] = yield* rows(
    tx
      .select()
      .from(match)
      .where(and(eq(match.marketId, marketId), eq(match.transactionSeq, transactionSeq), standing(tx))),
  )
  if (decided) throw new AppError('conflict', `credit ${transactionSeq} is already decided`)
  return credit
}

function* demandSale(tx: Db, marketId: number, stallId: number, seq: number): Unit<void> {
  const [found] = yield* rows(
    tx
      .select({ seq: sale.seq })
      .from(sale)
      .where(and(eq(sale.marketId, marketId), eq(sale.seq, seq), eq(sale.stallId, stallId))),
  )
  if (!found) throw new AppError('not_found', `no sale ${seq} of stall ${stallId}`)
}

type Decided = Required<
  Pick<typeof match.$inferInsert, 'stallId' | 'saleSeq' | 'partVnd' | 'rule' | 'by' | 'reason'>
>

/** Matches a credit, or a part of it, to a stall; her phones hear of it. */
function* giveTo(
  tx: Db,
  credit: Credit,
  decided: Decided,
  kind: Classification,
  now: number,
): Unit<Published> {
  const { marketId, businessDay } = credit
  const { stallId, partVnd } = decided
  const seq = yield* recordMatch(tx, credit, decided, kind, now)
  yield* addToTakings(tx, stallScope(marketId, stallId), businessDay, partVnd ?? credit.amountVnd, kind, 1)
  return { marketId, stallId, seq }
}

function* recordMatch(
  tx: Db,
  { marketId, seq: transactionSeq, businessDay }: Credit,
  decided: Decided,
  kind: Classification,
  now: number,
): Unit<number> {
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const row = { marketId, seq: seq!, transactionSeq, businessDay, at: now }
  yield* run(tx.insert(match).values({ ...row, ...decided, classification: kind }))
  return seq!
}
