/**
 * What a query may see. Storage functions that touch anybody's data take one first; a scope can only be made by the
 * functions below, so that a forgotten check does not compile. `server/domain/access.ts` decides who gets which.
 */
declare const sealed: unique symbol
interface Sealed {
  readonly [sealed]: true
}

/** The registry of one market: never any money. */
export type MarketScope = Sealed & { readonly marketId: number }

/** How much of a stall's money a phone may know. */
export interface Reach {
  /** Only what was recorded after this seq of the market; 0 is everything. */
  readonly seesAfter: number
  /** Only this business day; null is every day. */
  readonly onlyDay: string | null
}

/** One stall's own money, for the vendor who holds it, as far as her phone may know it. */
export type StallScope = Sealed & Reach & { readonly marketId: number; readonly stallId: number }

/** What the shared speaker of a row may tell: only what its vendors chose, never a payer or a memo. */
export type SectionScope = Sealed & { readonly marketId: number; readonly sectionId: number }

/** Everything the operator keeps running: sources, markets, undecided money. */
export type OperatorScope = Sealed & { readonly operator: true }

export const marketScope = (marketId: number): MarketScope => ({ marketId }) as MarketScope
export const stallScope = (
  marketId: number,
  stallId: number,
  { seesAfter, onlyDay }: Reach = { seesAfter: 0, onlyDay: null },
): StallScope => ({ marketId, stallId, seesAfter, onlyDay }) as StallScope
export const sectionScope = (marketId: number, sectionId: number): SectionScope =>
  ({ marketId, sectionId }) as SectionScope
export const operatorScope = (): OperatorScope => ({ operator: true }) as OperatorScope
