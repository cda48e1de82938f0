import { and, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { accountProof, sale, stall } from './kit.sqlite.ts'
import type { Db } from './store.ts'
import { rows, type Unit } from './unit.ts'

const MAX_MINTS = 8

/**
 * A reference that is nobody's in this market: no stall's, no sale's, no proof's. For whoever holds the market's
 * counter (`takeSeqs`): nobody else can take it before it is written.
 */
export function* freeReference(tx: Db, marketId: number, mint: () => string): Unit<string> {
  for (let attempt = 0; attempt < MAX_MINTS; attempt += 1) {
    const reference = mint()
    const taken = [
      yield* rows(tx.select({ id: stall.id }).from(stall).where(eq(stall.reference, reference))),
      yield* rows(
        tx
          .select({ seq: sale.seq })
          .from(sale)
          .where(and(eq(sale.marketId, marketId), eq(sale.reference, reference))),
      ),
      yield* rows(
        tx
          .select({ seq: accountProof.seq })
          .from(accountProof)
          .where(and(eq(accountProof.marketId, marketId), eq(accountProof.reference, reference))),
      ),
    ]
    if (taken.every((found) => found.length === 0)) return reference
  }
  throw new AppError('unavailable', `no free reference in ${MAX_MINTS} tries`)
}
