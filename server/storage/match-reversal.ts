import { and, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { addToOutcome } from './counted.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, match, matchException, matchReversal } from './kit.sqlite.ts'
import { creditOfMatch, newestClassification, NO_STALL } from './match.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { addToTakings } from './takings.ts'
import { rows, run, type Unit } from './unit.ts'

/**
 * A person says that a match was wrong. Nothing is edited: a reversal is added, the takings of its stall and day lose
 * what they counted of it (whatever it had been called since), the sale it paid is open again, her phones hear of it,
 * and the credit waits in the inbox as `match_reversed`. Throws `not_found` if there is no such match, `conflict` if
 * it was undone before.
 */
export function* reverseMatch(
  tx: Db,
  _scope: OperatorScope,
  undoing: { marketId: number; matchSeq: number; by: string; reason: string },
  now: number,
): Unit<Published[]> {
  const { marketId, matchSeq, by, reason } = undoing
  const [undone] = yield* rows(
    tx
      .select({ match, credit: bankTransaction, kind: newestClassification(tx), reversed: matchReversal.seq })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .leftJoin(
        matchReversal,
        and(eq(matchReversal.marketId, match.marketId), eq(matchReversal.matchSeq, match.seq)),
      )
      .where(and(eq(match.marketId, marketId), eq(match.seq, matchSeq))),
  )
  if (!undone) throw new AppError('not_found', `no match ${matchSeq} in market ${marketId}`)
  if (undone.reversed !== null) throw new AppError('conflict', `match ${matchSeq} is already undone`)

  const { credit, kind } = undone
  const { stallId, transactionSeq } = undone.match
  const { businessDay, amountVnd, notificationSeq } = credit
  const [seq, exceptionSeq, changeSeq] = yield* takeSeqs(tx, marketId, 3)
  yield* run(tx.insert(matchReversal).values({ marketId, seq: seq!, matchSeq, by, reason, at: now }))
  const about = { marketId, notificationSeq, transactionSeq, businessDay }
  const exception = { ...about, seq: exceptionSeq!, reason: 'match_reversed', at: now } as const
  yield* run(tx.insert(matchException).values(exception))
  yield* addToOutcome(tx, credit, stallId === NO_STALL ? 'not_counted' : 'matched', -1)
  yield* addToOutcome(tx, credit, 'undecided', 1)
  if (stallId === NO_STALL) return []
  yield* addToTakings(tx, stallScope(marketId, stallId), businessDay, amountVnd, kind, -1)
  yield* run(
    tx.insert(change).values({ marketId, seq: changeSeq!, stallId, transactionSeq, kind: 'undone', at: now }),
  )
  return [{ marketId, stallId, seq: changeSeq! }]
}
