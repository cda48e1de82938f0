import { and, eq, inArray } from 'drizzle-orm'
import { activateAccount } from './account.ts'
import { decideFor } from './assignment.ts'
import type { ExceptionReason, Published } from './decision.ts'
import { bankTransaction, match, matchException } from './kit.sqlite.ts'
import { standing as isStanding } from './match.ts'
import { BY_FIRST_CREDIT, BY_RULE, type LaterTelling } from './recording.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

type Credit = typeof bankTransaction.$inferSelect

/** All that was missing was a word whose it is. Every other reason is a contradiction, or a person's own doing. */
const ANSWERED: ExceptionReason[] = ['no_reference', 'unproven_account']

/**
 * Takes what a later telling says of a credit. One that waits for nothing but such a word, and that nobody decided
 * meanwhile, is that stall's from now on, as if a person had assigned it, but counting as what the telling says. One
 * that stands elsewhere stays there, and the operator is told. Else nothing happens.
 */
export function* takeLaterTelling(tx: Db, telling: LaterTelling): Unit<Published[]> {
  const { marketId, transactionSeq, stallId } = telling
  const [credit] = yield* rows(
    tx
      .select()
      .from(bankTransaction)
      .where(and(eq(bankTransaction.marketId, marketId), eq(bankTransaction.seq, transactionSeq))),
  )
  const ofCredit = and(eq(match.marketId, marketId), eq(match.transactionSeq, transactionSeq))
  const decided = yield* rows(tx.select({ stallId: match.stallId }).from(match).where(ofCredit))
  if (decided.length === 0)
    return (yield* lacksName(tx, credit!)) ? [yield* giveTo(tx, credit!, telling)] : []
  if (decided.some((one) => one.stallId === stallId)) return []
  const standing = yield* rows(
    tx
      .select({ seq: match.seq })
      .from(match)
      .where(and(ofCredit, isStanding(tx))),
  )
  if (standing.length > 0) yield* raiseAlert(tx, credit!, telling)
  return []
}

function* lacksName(tx: Db, { marketId, businessDay, seq }: Credit): Unit<boolean> {
  const found = yield* rows(
    tx
      .select({ seq: matchException.seq })
      .from(matchException)
      .where(
        and(
          eq(matchException.marketId, marketId),
          eq(matchException.businessDay, businessDay),
          eq(matchException.transactionSeq, seq),
          inArray(matchException.reason, ANSWERED),
        ),
      ),
  )
  return found.length > 0
}

function* giveTo(tx: Db, credit: Credit, telling: LaterTelling): Unit<Published> {
  const { marketId, stallId, rule, saleSeq, classification, provesAccountId, at } = telling
  const hers = { stallId, saleSeq, rule, by: BY_RULE, reason: null }
  const news = yield* decideFor(tx, credit, hers, classification, at)
  if (provesAccountId !== null) {
    const account = { marketId, stallId, accountId: provesAccountId }
    yield* activateAccount(tx, account, BY_FIRST_CREDIT, news.seq - 1, at)
  }
  return news
}

/** With what the operator finds the credit by. */
function* raiseAlert(
  tx: Db,
  { marketId, seq: transactionSeq, businessDay, amountVnd }: Credit,
  { notificationSeq, at }: LaterTelling,
): Unit<void> {
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const about = { marketId, seq: seq!, businessDay, notificationSeq, transactionSeq, at }
  const detail = `told again with another stall's code: ${amountVnd} VND of ${businessDay}`
  yield* run(tx.insert(matchException).values({ ...about, reason: 'content_changed', detail }))
}
