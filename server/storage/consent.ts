import { and, desc, eq, inArray, isNull } from 'drizzle-orm'
import { consent, stall, tenancy } from './kit.sqlite.ts'
import { markStalls } from './registry.ts'
import type { MarketScope } from './scope.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

export interface ConsentGiven {
  vendorId: number
  marketId: number
  textVersion: string
  by: string
  at: number
}

export function* hasConsent(tx: Db, vendorId: number): Unit<boolean> {
  return (yield* newestDecision(tx, vendorId))?.action === 'given'
}

/** What she last said, with the text she said it to. */
export function* newestDecision(tx: Db, vendorId: number): Unit<typeof consent.$inferSelect | undefined> {
  const [newest] = yield* rows(
    tx.select().from(consent).where(eq(consent.vendorId, vendorId)).orderBy(desc(consent.id)).limit(1),
  )
  return newest
}

/** The vendors of a market who agree now. */
export function* consentingVendors(tx: Db, scope: MarketScope): Unit<Set<number>> {
  const decisions = yield* rows(
    tx.select().from(consent).where(eq(consent.marketId, scope.marketId)).orderBy(consent.id),
  )
  const newest = new Map(decisions.map((row) => [row.vendorId, row.action]))
  return new Set([...newest].filter(([, action]) => action === 'given').map(([vendorId]) => vendorId))
}

/** Giving again to the same text changes nothing; neither does a paper older than what she said since. */
export function* giveConsent(tx: Db, given: ConsentGiven): Unit<boolean> {
  const newest = yield* newestDecision(tx, given.vendorId)
  if (newest?.action === 'given' && newest.textVersion === given.textVersion) return false
  if (newest && newest.at >= given.at) return false
  yield* run(tx.insert(consent).values({ ...given, action: 'given' }))
  yield* markStallsOf(tx, given)
  return true
}

export function* withdrawConsent(tx: Db, withdrawn: ConsentGiven): Unit<boolean> {
  if (!(yield* hasConsent(tx, withdrawn.vendorId))) return false
  yield* run(tx.insert(consent).values({ ...withdrawn, action: 'withdrawn' }))
  yield* markStallsOf(tx, withdrawn)
  return true
}

function* markStallsOf(tx: Db, { marketId, vendorId }: ConsentGiven): Unit<void> {
  const held = tx
    .select({ id: tenancy.stallId })
    .from(tenancy)
    .where(and(eq(tenancy.marketId, marketId), eq(tenancy.vendorId, vendorId), isNull(tenancy.endedAt)))
  yield* markStalls(tx, inArray(stall.id, held))
}
