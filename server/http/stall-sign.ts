import type { StallListing } from '../storage/stall.ts'

/** What stands on every page and card of a stall. */
export function stallSign({ market, section, stall }: StallListing) {
  return {
    market: market.name,
    section,
    stall: stall.name,
    stallWord: market.stallWord,
    stallCode: stall.code,
  }
}
