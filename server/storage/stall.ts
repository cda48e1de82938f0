import { and, asc, eq, isNull } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { accountsOf, proposeAccount, type PayeeAccount, type ProposedAccount } from './account.ts'
import { consentingVendors, giveConsent } from './consent.ts'
import { takeCut } from './cut.ts'
import { market, section, stall, stallMove, tenancy, vendor } from './kit.sqlite.ts'
import { sectionNamed } from './market.ts'
import { markStalls } from './registry.ts'
import type { MarketScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** In the application, not in SQL: collations differ between engines. */
const collator = new Intl.Collator('vi', { numeric: true })

const MAX_MINTS = 8

export type Stall = typeof stall.$inferSelect
export type Vendor = typeof vendor.$inferSelect

/** A stall with what its holder may not know of it: what was recorded up to that seq was another's. */
export type HeldStall = Stall & { seesAfter: number }

/** A stall with everything its public page and its card say. */
export interface StallListing {
  stall: Stall
  market: typeof market.$inferSelect
  section: string
  accounts: PayeeAccount[]
}

/** A stall as the board keeps it. */
export interface StallEntry {
  stall: Stall
  section: string
  vendor: Vendor | undefined
  consented: boolean
  accounts: PayeeAccount[]
}

/** One line of an import, or one filled-in «Thêm sạp», checked. */
export interface Registration {
  section: string
  stall: string
  vendor: string
  phone: string
  account: ProposedAccount
  /** When she agreed on paper; null where she has not yet. */
  consentAt: number | null
  consentTextVersion: string
}

export interface RegistrationResult {
  stallId: number
  changed: ('stall' | 'section' | 'vendor' | 'phone' | 'account' | 'consent')[]
}

/** Public: what is printed on the stall's card. */
export async function findStall(store: Store, code: string): Promise<StallListing | undefined> {
  const [row] = await store.db
    .select({ stall, market, section: section.name })
    .from(stall)
    .innerJoin(market, eq(market.id, stall.marketId))
    .innerJoin(section, eq(section.id, stall.sectionId))
    .where(eq(stall.code, code))
  if (!row) return undefined
  return { ...row, accounts: await store.read((tx) => accountsOf(tx, [row.stall.id])) }
}

export async function getStall(store: Store, code: string): Promise<StallListing> {
  const found = await findStall(store, code)
  if (!found) throw new AppError('not_found', `stall ${code}`)
  return found
}

/** The stalls a vendor holds now. */
export function listVendorStalls(store: Store, marketId: number, vendorId: number): Promise<HeldStall[]> {
  return store.read((tx) => stallsHeldBy(tx, marketId, vendorId))
}

export function* stallsHeldBy(tx: Db, marketId: number, vendorId: number): Unit<HeldStall[]> {
  const held = yield* rows(
    tx
      .select({ stall, seesAfter: tenancy.seesAfter })
      .from(tenancy)
      .innerJoin(stall, eq(stall.id, tenancy.stallId))
      .where(and(eq(tenancy.marketId, marketId), eq(tenancy.vendorId, vendorId), isNull(tenancy.endedAt)))
      .orderBy(asc(stall.name)),
  )
  return held.map((row) => ({ ...row.stall, seesAfter: row.seesAfter }))
}

/** The whole registry of a market, by section and name. Never any money. */
export function listStalls(store: Store, scope: MarketScope): Promise<StallEntry[]> {
  return store.read(function* (tx) {
    const entries = yield* rows(
      tx
        .select({ stall, section: section.name, vendor })
        .from(stall)
        .innerJoin(section, eq(section.id, stall.sectionId))
        .leftJoin(tenancy, and(eq(tenancy.stallId, stall.id), isNull(tenancy.endedAt)))
        .leftJoin(vendor, eq(vendor.id, tenancy.vendorId))
        .where(eq(stall.marketId, scope.marketId)),
    )
    const accounts = yield* accountsOf(
      tx,
      entries.map((entry) => entry.stall.id),
    )
    const consenting = yield* consentingVendors(tx, scope)
    const byStall = Map.groupBy(accounts, (account) => account.stallId)
    return entries
      .map((entry) => ({
        ...entry,
        vendor: entry.vendor ?? undefined,
        consented: entry.vendor !== null && consenting.has(entry.vendor.id),
        accounts: byStall.get(entry.stall.id) ?? [],
      }))
      .sort((a, b) => collator.compare(a.section, b.section) || collator.compare(a.stall.name, b.stall.name))
  })
}

/** The vendor who holds a stall now. */
export function* vendorOf(tx: Db, scope: MarketScope, stallId: number): Unit<Vendor | undefined> {
  const [row] = yield* rows(
    tx
      .select({ vendor })
      .from(tenancy)
      .innerJoin(vendor, eq(vendor.id, tenancy.vendorId))
      .where(
        and(eq(tenancy.marketId, scope.marketId), eq(tenancy.stallId, stallId), isNull(tenancy.endedAt)),
      ),
  )
  return row?.vendor
}

/**
 * Writes one registration: the stall, who holds it, what account is proposed for it. Done twice, it changes nothing
 * the second time. `mint` makes a public code and a reference for a new stall.
 */
export function* registerStall(
  tx: Db,
  scope: MarketScope,
  row: Registration,
  mint: () => { code: string; reference: string },
  by: string,
  now: number,
): Unit<RegistrationResult> {
  const { marketId } = scope
  const changed: RegistrationResult['changed'] = []
  const sectionId = yield* sectionNamed(tx, scope, row.section)
  const [known] = yield* rows(
    tx
      .select()
      .from(stall)
      .where(and(eq(stall.marketId, marketId), eq(stall.name, row.stall))),
  )
  if (known && known.closedAt !== null)
    throw new AppError('conflict', `stall ${row.stall} is closed`, 'stall')
  let stallId = known?.id
  if (stallId === undefined) {
    const added = yield* addStall(tx, { marketId, sectionId, name: row.stall, openedAt: now }, mint)
    stallId = added.id
    changed.push('stall')
  } else if (known!.sectionId !== sectionId) {
    yield* run(tx.update(stall).set({ sectionId }).where(eq(stall.id, stallId)))
    const [seq] = yield* takeSeqs(tx, marketId, 1)
    yield* run(tx.insert(stallMove).values({ marketId, seq: seq!, stallId, at: now }))
    changed.push('section')
  }

  let holder = yield* vendorOf(tx, scope, stallId)
  if (holder?.name !== row.vendor) {
    if (holder) {
      yield* run(
        tx
          .update(tenancy)
          .set({ endedAt: now })
          .where(and(eq(tenancy.stallId, stallId), isNull(tenancy.endedAt))),
      )
    }
    const seesAfter = holder ? yield* takeCut(tx, marketId) : 0
    holder = yield* vendorNamed(tx, scope, row.vendor, row.phone)
    yield* run(
      tx.insert(tenancy).values({ marketId, stallId, vendorId: holder.id, startedAt: now, seesAfter }),
    )
    yield* markStalls(tx, eq(stall.id, stallId))
    changed.push('vendor')
  } else if (holder.phone !== row.phone) {
    // The same woman with a new number keeps her consent and her phones; another name is another person.
    yield* run(tx.update(vendor).set({ phone: row.phone }).where(eq(vendor.id, holder.id)))
    changed.push('phone')
  }
  if (yield* proposeAccount(tx, scope, stallId, row.account, by, now)) changed.push('account')
  if (row.consentAt !== null) {
    const given = {
      vendorId: holder.id,
      marketId,
      textVersion: row.consentTextVersion,
      by,
      at: row.consentAt,
    }
    if (yield* giveConsent(tx, given)) changed.push('consent')
  }
  return { stallId, changed }
}

/** Closed from now on: its page is gone, its code stays taken, and money that still comes is for a person. */
export function* closeStall(tx: Db, scope: MarketScope, stallId: number, now: number): Unit<void> {
  const { marketId } = scope
  yield* run(
    tx
      .update(stall)
      .set({ closedAt: now, version: null })
      .where(and(eq(stall.marketId, marketId), eq(stall.id, stallId), isNull(stall.closedAt))),
  )
}

/** Adds a stall under a code and a reference nobody has: chance repeats itself once in many thousands. */
export function* addStall(
  tx: Db,
  row: Pick<Stall, 'marketId' | 'sectionId' | 'name' | 'openedAt'>,
  mint: () => { code: string; reference: string },
): Unit<Stall> {
  for (let attempt = 0; attempt < MAX_MINTS; attempt += 1) {
    const [added] = yield* rows(
      tx
        .insert(stall)
        .values({ ...row, ...mint() })
        .onConflictDoNothing()
        .returning(),
    )
    if (added) return added
  }
  throw new AppError('unavailable', `no free reference in ${MAX_MINTS} tries`)
}

/** One person with two stalls is one vendor: the same name and telephone in the same market. */
function* vendorNamed(tx: Db, scope: MarketScope, name: string, phone: string): Unit<Vendor> {
  const { marketId } = scope
  const [known] = yield* rows(
    tx
      .select()
      .from(vendor)
      .where(and(eq(vendor.marketId, marketId), eq(vendor.name, name), eq(vendor.phone, phone))),
  )
  if (known) return known
  const [added] = yield* rows(tx.insert(vendor).values({ marketId, name, phone }).returning())
  return added!
}
