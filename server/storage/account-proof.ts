import { and, count, desc, eq, gt, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import {
  accountProof,
  bankTransaction,
  market,
  payeeAccount,
  session,
  stall,
  tenancy,
  vendor,
} from './kit.sqlite.ts'
import { freeReference } from './reference.ts'
import type { OperatorScope, StallScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

const DAY_MS = 86_400_000
/** Each asks somebody to send money; and each is a few more guesses. */
const MAX_STARTED_A_DAY = 5
/** On the operator's page; the next ones come up when these are done. */
const MAX_LISTED = 20

/** A proof with the amount of the newest credit that bore its reference. */
export type AccountProof = typeof accountProof.$inferSelect & { creditVnd: number | null }

/** A proof that waits for the operator's transfer, and who asked for it. */
export interface ProofToPay {
  proof: AccountProof
  account: typeof payeeAccount.$inferSelect
  stall: typeof stall.$inferSelect
  market: typeof market.$inferSelect
  vendor: typeof vendor.$inferSelect
  device: string
  pairedAt: number
}

const creditOfProof = and(
  eq(bankTransaction.marketId, accountProof.marketId),
  eq(bankTransaction.seq, accountProof.transactionSeq),
)
const ofSeq = ({ marketId, seq }: Pick<AccountProof, 'marketId' | 'seq'>) =>
  and(eq(accountProof.marketId, marketId), eq(accountProof.seq, seq))

/** The newest proof that this phone asked for at this stall. */
export function* findProof(
  tx: Db,
  { marketId, stallId }: StallScope,
  tokenHash: string,
): Unit<AccountProof | undefined> {
  const [found] = yield* rows(
    tx
      .select({ proof: accountProof, creditVnd: bankTransaction.amountVnd })
      .from(accountProof)
      .leftJoin(bankTransaction, creditOfProof)
      .where(
        and(
          eq(accountProof.marketId, marketId),
          eq(accountProof.stallId, stallId),
          eq(accountProof.tokenHash, tokenHash),
        ),
      )
      .orderBy(desc(accountProof.seq))
      .limit(1),
  )
  return found && { ...found.proof, creditVnd: found.creditVnd }
}

/** Begins a proof under a reference of its own. Throws `conflict` when the stall had as many as a day may have. */
export function* addProof(
  tx: Db,
  { marketId, stallId }: StallScope,
  proof: Pick<AccountProof, 'accountId' | 'tokenHash' | 'amountVnd' | 'startedAt' | 'expiresAt'>,
  mint: () => string,
): Unit<void> {
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const [started] = yield* rows(
    tx
      .select({ count: count() })
      .from(accountProof)
      .where(
        and(
          eq(accountProof.marketId, marketId),
          eq(accountProof.stallId, stallId),
          gt(accountProof.startedAt, proof.startedAt - DAY_MS),
        ),
      ),
  )
  if (started!.count >= MAX_STARTED_A_DAY)
    throw new AppError('conflict', `a stall starts at most ${MAX_STARTED_A_DAY} proofs a day`, 'proof')
  const reference = yield* freeReference(tx, marketId, mint)
  yield* run(tx.insert(accountProof).values({ ...proof, marketId, stallId, seq: seq!, reference }))
}

/** A wrong amount was typed. */
export function* countTry(tx: Db, proof: AccountProof): Unit<void> {
  const triesUsed = sql`${accountProof.triesUsed} + 1`
  yield* run(tx.update(accountProof).set({ triesUsed }).where(ofSeq(proof)))
}

/** The right amount was typed. */
export function* closeProof(tx: Db, proof: AccountProof, now: number): Unit<void> {
  yield* run(tx.update(accountProof).set({ provenAt: now }).where(ofSeq(proof)))
}

/** The accounts that whoever holds this phone has proven to see. */
export function provenAccounts(
  tx: Db,
  { marketId }: StallScope,
  stallIds: readonly number[],
  tokenHash: string,
): Unit<Pick<typeof payeeAccount.$inferSelect, 'bankBin' | 'accountNumber'>[]> {
  return rows(
    tx
      .select({ bankBin: payeeAccount.bankBin, accountNumber: payeeAccount.accountNumber })
      .from(accountProof)
      .innerJoin(payeeAccount, eq(payeeAccount.id, accountProof.accountId))
      .where(
        and(
          eq(accountProof.marketId, marketId),
          inArray(accountProof.stallId, [...stallIds]),
          eq(accountProof.tokenHash, tokenHash),
          isNotNull(accountProof.provenAt),
        ),
      ),
  )
}

/** The proofs of all markets whose transfer is the operator's to make and has not come, oldest first. */
export async function listProofsToPay(
  store: Store,
  _scope: OperatorScope,
  now: number,
): Promise<ProofToPay[]> {
  const found = await store.db
    .select({
      proof: accountProof,
      creditVnd: bankTransaction.amountVnd,
      account: payeeAccount,
      stall,
      market,
      vendor,
      device: session.device,
      pairedAt: session.createdAt,
    })
    .from(accountProof)
    .innerJoin(payeeAccount, eq(payeeAccount.id, accountProof.accountId))
    .innerJoin(stall, eq(stall.id, accountProof.stallId))
    .innerJoin(market, eq(market.id, accountProof.marketId))
    .innerJoin(tenancy, and(eq(tenancy.stallId, accountProof.stallId), isNull(tenancy.endedAt)))
    .innerJoin(vendor, eq(vendor.id, tenancy.vendorId))
    // A phone that was signed out needs no proof, nor one whose stall is another's now.
    .innerJoin(
      session,
      and(
        eq(session.tokenHash, accountProof.tokenHash),
        eq(session.vendorId, tenancy.vendorId),
        isNull(session.revokedAt),
      ),
    )
    .leftJoin(bankTransaction, creditOfProof)
    .where(
      and(
        // Every market, so that the index by market and expiry is of use.
        inArray(accountProof.marketId, store.db.select({ id: market.id }).from(market)),
        gt(accountProof.expiresAt, now),
        isNull(accountProof.provenAt),
        isNotNull(accountProof.amountVnd),
        sql`${bankTransaction.amountVnd} is distinct from ${accountProof.amountVnd}`,
      ),
    )
    .orderBy(accountProof.startedAt)
    .limit(MAX_LISTED)
  return found.map(({ proof, creditVnd, ...row }) => ({ ...row, proof: { ...proof, creditVnd } }))
}
