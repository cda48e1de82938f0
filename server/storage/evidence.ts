import { and, between, eq, inArray, sql } from 'drizzle-orm'
import { addDays } from '../../shared/business-day.ts'
import { saleState } from '../../shared/sale-state.ts'
import type { Classification } from '../../shared/wire.ts'
import type { MatchRule } from './decision.ts'
import type { UndecidedCredit } from './inbox.ts'
import { bankTransaction, erasable, match, sale } from './kit.sqlite.ts'
import { newestClassification, newestMatchFirst, standing } from './match.ts'
import { salesAsOf } from './sale.ts'
import { stallScope, type OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { rows, type Unit } from './unit.ts'

/** Payers' words are kept for 90 days; who paid last month is whom a person remembers. */
const DAYS_BACK = 30
const MAX_EARLIER = 500
/** An account that serves more stalls than this says nothing by its open sales. */
const MAX_STALLS = 50
const MAX_SALES = 20

/** A decided credit of the same account. */
export interface EarlierCredit {
  /** 0: no stall's sale. */
  stallId: number
  rule: MatchRule
  kind: Classification
  remittanceText: string | null
  payerName: string | null
  payerAccount: string | null
}

/** A sale that asks for exactly what came, and has not got it. */
interface OpenSale {
  seq: number
  stallId: number
  issuedAt: number
}

/** What the ledger knows that may say whose an undecided credit is. */
export interface Evidence {
  /** Newest first. */
  earlier: readonly EarlierCredit[]
  openSales: readonly OpenSale[]
  /** Of the references asked about, those of this market's sales. */
  sales: readonly { seq: number; stallId: number; reference: string }[]
}

/** What to look for about one credit: the stalls of its account, the references its text may mean, and when. */
export interface EvidenceQuestion {
  stallIds: readonly number[]
  references: readonly string[]
  issuedFrom: number
  issuedTo: number
}

/** Looks up what may say whose a credit is: by its account, by its stalls, by reference; never the whole ledger. */
export function findEvidence(
  store: Store,
  _scope: OperatorScope,
  marketId: number,
  credit: UndecidedCredit,
  question: EvidenceQuestion,
): Promise<Evidence> {
  return store.read(function* (tx) {
    return {
      earlier: yield* earlierOf(tx, marketId, credit),
      openSales: yield* openSalesOf(tx, marketId, credit, question),
      sales: yield* salesNamed(tx, marketId, question.references),
    }
  })
}

function* earlierOf(
  tx: Db,
  marketId: number,
  { bankBin, accountNumber, businessDay }: UndecidedCredit,
): Unit<EarlierCredit[]> {
  // Up to a day later: of two alike the later one may have been decided first.
  const days = Array.from({ length: DAYS_BACK + 2 }, (_, index) => addDays(businessDay, 1 - index))
  // The account's credits first: joined, SQLite would begin with every match of the market.
  const ofAccount = tx
    .select({ seq: bankTransaction.seq })
    .from(bankTransaction)
    .where(
      and(
        eq(bankTransaction.marketId, marketId),
        inArray(bankTransaction.businessDay, days),
        eq(bankTransaction.accountNumber, accountNumber),
        eq(bankTransaction.bankBin, bankBin),
      ),
    )
  return yield* rows(
    tx
      .select({
        stallId: match.stallId,
        rule: match.rule,
        kind: newestClassification(tx),
        remittanceText: erasable.remittanceText,
        payerName: erasable.payerName,
        payerAccount: erasable.payerAccount,
      })
      .from(match)
      .leftJoin(erasable, and(eq(erasable.marketId, match.marketId), eq(erasable.seq, match.transactionSeq)))
      .where(and(eq(match.marketId, marketId), inArray(match.transactionSeq, ofAccount), standing(tx)))
      .orderBy(newestMatchFirst)
      .limit(MAX_EARLIER),
  )
}

function* openSalesOf(
  tx: Db,
  marketId: number,
  { amountVnd }: UndecidedCredit,
  { stallIds, issuedFrom, issuedTo }: EvidenceQuestion,
): Unit<OpenSale[]> {
  if (stallIds.length > MAX_STALLS) return []
  const asked = yield* rows(
    tx
      .select({ seq: sale.seq, stallId: sale.stallId })
      .from(sale)
      .where(
        and(
          eq(sale.marketId, marketId),
          inArray(sale.stallId, [...stallIds]),
          eq(sale.amountVnd, amountVnd),
          between(sale.issuedAt, issuedFrom, issuedTo),
        ),
      )
      // Not by the bare key, in whose order SQLite may walk all sales of the market.
      .orderBy(sql`${sale.seq} + 0`)
      .limit(MAX_SALES),
  )
  const open: OpenSale[] = []
  for (const { seq, stallId } of asked) {
    const scope = stallScope(marketId, stallId)
    // Money of a sale comes late, and is then still its own.
    const facts = (yield* salesAsOf(tx, scope, [seq], issuedTo + DAYS_BACK * 86_400_000)).get(seq)
    if (facts?.issuedAt && saleState(facts).status === 'open' && facts.credits.length === 0) {
      open.push({ seq, stallId, issuedAt: facts.issuedAt })
    }
  }
  return open
}

function* salesNamed(tx: Db, marketId: number, references: readonly string[]) {
  if (references.length === 0) return []
  return yield* rows(
    tx
      .select({ seq: sale.seq, stallId: sale.stallId, reference: sale.reference })
      .from(sale)
      .where(and(eq(sale.marketId, marketId), inArray(sale.reference, [...references]))),
  )
}
