import { and, asc, eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { market, section, stall } from './kit.sqlite.ts'
import { markStalls } from './registry.ts'
import type { MarketScope, OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

export type Market = typeof market.$inferSelect

export interface NewMarket {
  code: string
  name: string
  dayStartsAtMinutes: number
  marketDays: string
  stallWord: string
}

export function listMarkets(store: Store, _scope: OperatorScope): Promise<Market[]> {
  return Promise.resolve(store.db.select().from(market).orderBy(asc(market.name)))
}

/** Public: a market's name and hours are on its signboard. */
export async function findMarket(store: Store, code: string): Promise<Market | undefined> {
  const [row] = await store.db.select().from(market).where(eq(market.code, code))
  return row
}

export async function getMarket(store: Store, scope: MarketScope): Promise<Market> {
  const [row] = await store.db.select().from(market).where(eq(market.id, scope.marketId))
  if (!row) throw new AppError('not_found', `market ${scope.marketId}`)
  return row
}

export function* addMarket(tx: Db, _scope: OperatorScope, row: NewMarket, now: number): Unit<Market> {
  const [added] = yield* rows(
    tx
      .insert(market)
      .values({ ...row, createdAt: now })
      .onConflictDoNothing()
      .returning(),
  )
  if (!added) throw new AppError('conflict', `a market with the code ${row.code} exists`, 'name')
  return added
}

/** Corrects what a market says of itself. Its code stays, and so does every business day already written. */
export function* updateMarket(
  tx: Db,
  _scope: OperatorScope,
  marketId: number,
  row: Omit<NewMarket, 'code'>,
): Unit<void> {
  const { name, dayStartsAtMinutes, marketDays, stallWord } = row
  yield* run(
    tx.update(market).set({ name, dayStartsAtMinutes, marketDays, stallWord }).where(eq(market.id, marketId)),
  )
  yield* markStalls(tx, eq(stall.marketId, marketId))
}

export interface Section {
  id: number
  name: string
}

export function listSections(store: Store, scope: MarketScope): Promise<Section[]> {
  return store.read((tx) =>
    rows(
      tx
        .select({ id: section.id, name: section.name })
        .from(section)
        .where(eq(section.marketId, scope.marketId))
        .orderBy(asc(section.name)),
    ),
  )
}

/** The section of that name, made if the market has none such yet. */
export function* sectionNamed(tx: Db, scope: MarketScope, name: string): Unit<number> {
  const { marketId } = scope
  const [known] = yield* rows(
    tx
      .select()
      .from(section)
      .where(and(eq(section.marketId, marketId), eq(section.name, name))),
  )
  if (known) return known.id
  const [added] = yield* rows(tx.insert(section).values({ marketId, name }).returning())
  return added!.id
}
