import { and, eq, inArray } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { addToOutcome } from './counted.ts'
import type { Published } from './decision.ts'
import { bankTransaction, change, match, matchException, matchReversal } from './kit.sqlite.ts'
import { creditOfMatch, matchedVnd, newestClassification, NO_STALL } from './match.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { addToTakings } from './takings.ts'
import { rows, run, type Unit } from './unit.ts'

/**
 * A person says that a match was wrong. Nothing is edited: a reversal is added, the takings of its stall and day lose
 * what they counted of it (whatever it had been called since), the sale it paid is open again, her phones hear of it,
 * and the credit waits in the inbox as `match_reversed`. A split is undone whole, whichever part is named. Throws `not_found` if there is no such match, `conflict` if
 * it was undone before.
 */
export function* reverseMatch(
  tx: Db,
  _scope: OperatorScope,
  undoing: { marketId: number; matchSeq: number; by: string; reason: string },
  now: number,
): Unit<Published[]> {
  const { marketId, matchSeq, by, reason } = undoing
  const found = yield* rows(
    tx
      .select({
        match,
        credit: bankTransaction,
        amountVnd: matchedVnd,
        kind: newestClassification(tx),
        reversed: matchReversal.seq,
      })
      .from(match)
      .innerJoin(bankTransaction, creditOfMatch)
      .leftJoin(
        matchReversal,
        and(eq(matchReversal.marketId, match.marketId), eq(matchReversal.matchSeq, match.seq)),
      )
      .where(
        and(
          eq(match.marketId, marketId),
          inArray(
            match.transactionSeq,
            tx
              .select({ seq: match.transactionSeq })
              .from(match)
              .where(and(eq(match.marketId, marketId), eq(match.seq, matchSeq))),
          ),
        ),
      )
      .orderBy(match.seq),
  )
  const asked = found.find((one) => one.match.seq === matchSeq)
  if (!asked) throw new AppError('not_found', `no match ${matchSeq} in market ${marketId}`)
  if (asked.reversed !== null) throw new AppError('conflict', `match ${matchSeq} is already undone`)

  const { credit } = asked
  const { seq: transactionSeq, businessDay, notificationSeq } = credit
  const published: Published[] = []
  // All that stand are the asked one and, of a split, its other parts.
  for (const { match: undone, kind, amountVnd } of found.filter((one) => one.reversed === null)) {
    const { stallId } = undone
    const [seq] = yield* takeSeqs(tx, marketId, 1)
    const reversal = { marketId, seq: seq!, matchSeq: undone.seq, by, reason, at: now }
    yield* run(tx.insert(matchReversal).values(reversal))
    if (stallId === NO_STALL) continue
    yield* addToTakings(tx, stallScope(marketId, stallId), businessDay, amountVnd, kind, -1)
    const [changeSeq] = yield* takeSeqs(tx, marketId, 1)
    const news = { marketId, seq: changeSeq!, stallId, transactionSeq, kind: 'undone', at: now } as const
    yield* run(tx.insert(change).values(news))
    published.push({ marketId, stallId, seq: changeSeq! })
  }
  yield* addToOutcome(tx, credit, asked.match.stallId === NO_STALL ? 'not_counted' : 'matched', -1)
  yield* addToOutcome(tx, credit, 'undecided', 1)
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const exception = { marketId, notificationSeq, transactionSeq, businessDay, seq: seq!, at: now }
  yield* run(tx.insert(matchException).values({ ...exception, reason: 'match_reversed' }))
  return published
}
