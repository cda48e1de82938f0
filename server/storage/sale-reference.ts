import { and, eq, inArray } from 'drizzle-orm'
import { sale } from './kit.sqlite.ts'
import type { Store } from './store.ts'

/** Public: of these references those that are sales of a market, each with its stall. */
export async function findSaleStalls(
  store: Store,
  marketId: number,
  references: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (references.length === 0) return new Map()
  const found = await store.db
    .select({ reference: sale.reference, stallId: sale.stallId })
    .from(sale)
    .where(and(eq(sale.marketId, marketId), inArray(sale.reference, [...references])))
  return new Map(found.map((row) => [row.reference, row.stallId]))
}
