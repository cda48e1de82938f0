import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Classification } from '../../shared/wire.ts'
import type { MatchRule } from './decision.ts'
import { bankTransaction, match, matchException, stall } from './kit.sqlite.ts'
import { creditOfMatch, matchedVnd, newestClassification, newestMatchFirst, standing } from './match.ts'
import type { OperatorScope } from './scope.ts'
import type { Store } from './store.ts'

const MAX_LISTED = 50
/** As far back the newest decisions of people are looked for. */
const MAX_EXCEPTIONS = 400

/** A standing match, as the operator may see it: whose it is and why, never who paid nor the payer's words. */
export interface DecidedCredit {
  matchSeq: number
  amountVnd: number
  /** More than the amount where this is a part of it. */
  creditVnd: number
  bookedAt: number
  /** Null: a person said that it is no stall's sale. */
  stallName: string | null
  rule: MatchRule
  kind: Classification
  by: string
  reason: string | null
  at: number
}

/** What people decided last, newest first: of the newest exceptions those that have a match. */
export function listDecidedByPeople(
  { db }: Store,
  scope: OperatorScope,
  marketId: number,
): Promise<DecidedCredit[]> {
  const newest = db
    .select({ seq: matchException.transactionSeq })
    .from(matchException)
    .where(eq(matchException.marketId, marketId))
    .orderBy(desc(matchException.seq))
    .limit(MAX_EXCEPTIONS)
  return list({ db }, scope, and(eq(match.marketId, marketId), inArray(match.transactionSeq, newest)))
}

/** The matches of that day's credits of exactly that amount: whoever asks knows it already. */
export function findDecided(
  { db }: Store,
  scope: OperatorScope,
  marketId: number,
  { businessDay, amountVnd }: { businessDay: string; amountVnd: number },
): Promise<DecidedCredit[]> {
  const alike = and(
    eq(match.marketId, marketId),
    eq(match.businessDay, businessDay),
    eq(bankTransaction.amountVnd, amountVnd),
  )
  return list({ db }, scope, alike)
}

async function list(
  { db }: Pick<Store, 'db'>,
  _scope: OperatorScope,
  which: ReturnType<typeof and>,
): Promise<DecidedCredit[]> {
  return db
    .select({
      matchSeq: match.seq,
      amountVnd: matchedVnd,
      creditVnd: bankTransaction.amountVnd,
      bookedAt: bankTransaction.bookedAt,
      stallName: stall.name,
      rule: match.rule,
      kind: newestClassification(db),
      by: match.by,
      reason: match.reason,
      at: match.at,
    })
    .from(match)
    .innerJoin(bankTransaction, creditOfMatch)
    .leftJoin(stall, eq(stall.id, match.stallId))
    .where(and(which, standing(db)))
    .orderBy(newestMatchFirst)
    .limit(MAX_LISTED)
}
