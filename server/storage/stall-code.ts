import { and, eq, isNull, ne } from 'drizzle-orm'
import { stallCode } from './kit.sqlite.ts'
import type { MarketScope } from './scope.ts'
import type { Db } from './sqlite.ts'
import { rows, run, type Unit } from './unit.ts'

/** Notes that a stall's code was printed. Printing the same code again is no new code; one for another account retires it. */
export function* recordPrintedCode(
  tx: Db,
  scope: MarketScope,
  code: { stallId: number; accountId: number; payload: string },
  now: number,
): Unit<void> {
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
      .where(and(live, ne(stallCode.payload, code.payload))),
  )
  yield* run(tx.insert(stallCode).values({ ...code, marketId, kind: 'own', printedAt: now }))
}
