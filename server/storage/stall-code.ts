import { and, eq, isNull, ne, or } from 'drizzle-orm'
import { stallCode } from './kit.sqlite.ts'
import type { MarketScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import type { Stall } from './stall.ts'
import { rows, run, type Unit } from './unit.ts'

interface HungCode {
  stallId: number
  accountId: number
  payload: string
}

/**
 * Notes that a stall's code was printed. Printing the same code again is no new code; a new one retires the one
 * before, and the code her bank gave her if that is for another account.
 */
export function* recordPrintedCode(tx: Db, scope: MarketScope, code: HungCode, now: number): Unit<void> {
  const { marketId } = scope
  const live = and(
    eq(stallCode.marketId, marketId),
    eq(stallCode.stallId, code.stallId),
    isNull(stallCode.retiredAt),
  )
  const [known] = yield* rows(
    tx
      .select()
      .from(stallCode)
      .where(and(live, eq(stallCode.payload, code.payload))),
  )
  if (known) return
  yield* run(
    tx
      .update(stallCode)
      .set({ retiredAt: now })
      .where(
        and(
          live,
          ne(stallCode.payload, code.payload),
          or(eq(stallCode.kind, 'own'), ne(stallCode.accountId, code.accountId)),
        ),
      ),
  )
  yield* run(tx.insert(stallCode).values({ ...code, marketId, kind: 'own', printedAt: now }))
}

/** Notes the code her bank gave her, which hangs at the stall already. */
export function* recordBankIssuedCode(tx: Db, scope: MarketScope, code: HungCode, now: number): Unit<void> {
  const { marketId } = scope
  yield* run(tx.insert(stallCode).values({ ...code, marketId, kind: 'bank_issued', printedAt: now }))
}

/** Public: the codes of her bank's that hang at a stall. */
export async function listBankIssuedCodes(
  store: Store,
  { id, marketId }: Pick<Stall, 'id' | 'marketId'>,
): Promise<string[]> {
  const found = await store.db
    .select({ payload: stallCode.payload })
    .from(stallCode)
    .where(
      and(
        eq(stallCode.marketId, marketId),
        eq(stallCode.stallId, id),
        eq(stallCode.kind, 'bank_issued'),
        isNull(stallCode.retiredAt),
      ),
    )
  return found.map((row) => row.payload)
}
