import { and, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { ADD_TO_OUTCOME } from './counted.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, classification, dailyOutcome, match } from './kit.sqlite.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { addToTakings, standing } from './takings.ts'
import { rows, run, type Unit } from './unit.ts'

/**
 * A person says whose an undecided credit is. What it was is hers to say: it starts as unclear, outside her takings.
 * Throws `conflict` if somebody decided it meanwhile, `not_found` if there is no such credit.
 */
export function* assign(
  tx: Db,
  _scope: OperatorScope,
  decision: { marketId: number; transactionSeq: number; stallId: number; by: string; reason: string },
  now: number,
): Unit<Published> {
  const { marketId, transactionSeq, stallId, by, reason } = decision
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

  const { businessDay, amountVnd, sourceId } = credit
  const [matchSeq, classificationSeq, changeSeq] = yield* takeSeqs(tx, marketId, 3)
  yield* run(
    tx.insert(match).values({
      marketId,
      seq: matchSeq!,
      transactionSeq,
      businessDay,
      stallId,
      rule: 'assigned',
      by,
      reason,
      at: now,
    }),
  )
  const kind = 'unclear'
  yield* run(
    tx
      .insert(classification)
      .values({ marketId, seq: classificationSeq!, transactionSeq, classification: kind, by, at: now }),
  )
  yield* addToTakings(tx, stallScope(marketId, stallId), businessDay, amountVnd, kind, 1)
  yield* moveOutcome(tx, marketId, businessDay, sourceId, 'undecided', -1, -amountVnd)
  yield* moveOutcome(tx, marketId, businessDay, sourceId, 'matched', 1, amountVnd)
  yield* run(
    tx.insert(change).values({ marketId, seq: changeSeq!, stallId, transactionSeq, kind: 'credit', at: now }),
  )
  return { marketId, stallId, seq: changeSeq! }
}

function* moveOutcome(
  tx: Db,
  marketId: number,
  businessDay: string,
  sourceId: string,
  outcome: 'matched' | 'undecided',
  transactionCount: number,
  amountVnd: number,
): Unit<void> {
  yield* run(
    tx
      .insert(dailyOutcome)
      .values({ marketId, businessDay, sourceId, outcome, transactionCount, amountVnd })
      .onConflictDoUpdate(ADD_TO_OUTCOME),
  )
}
