import { and, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { vendor } from './kit.sqlite.ts'
import type { Db, Store } from './store.ts'
import { run, type Unit } from './unit.ts'
import type { Vendor } from './stall.ts'

/** How she wants to be told of money. */
export type Preferences = Pick<Vendor, 'announce' | 'thousand' | 'odd'>

export async function getVendor(store: Store, marketId: number, vendorId: number): Promise<Vendor> {
  const [row] = await store.db
    .select()
    .from(vendor)
    .where(and(eq(vendor.marketId, marketId), eq(vendor.id, vendorId)))
  if (!row) throw new AppError('not_found', `vendor ${vendorId}`)
  return row
}

export function* setPreferences(tx: Db, marketId: number, vendorId: number, chosen: Preferences): Unit<void> {
  yield* run(
    tx
      .update(vendor)
      .set(chosen)
      .where(and(eq(vendor.marketId, marketId), eq(vendor.id, vendorId))),
  )
}
