/** Fewer stalls than this never stand behind a published count, nor behind what can be worked out from several. */
export const FEWEST_STALLS = 10

/** A count that might be published: how many stalls it covers, and of how many the reader may not know each answer. */
export interface Cell {
  stalls: number
  unnamed: number
}

/** Too few stalls itself; or enough, but another hidden cell could be worked out if this one were shown. */
export type Withheld = 'fewer_than_10_stalls' | 'protects_another'

/**
 * Which cells of a whole are withheld. The cells part the whole (no stall is in two), so whatever a reader works out
 * by adding and subtracting is made of shown cells and of the hidden ones *together*: the hidden ones together must
 * themselves be publishable, and the smallest shown cells are withheld too until they are.
 */
export function withhold(cells: readonly Cell[]): { whole: Withheld | null; cells: (Withheld | null)[] } {
  const reasons = cells.map((cell): Withheld | null => (isPublishable(cell) ? null : 'fewer_than_10_stalls'))
  const smallestFirst = [...cells.keys()].sort((a, b) => cells[a]!.stalls - cells[b]!.stalls)
  const hidden = () => together(cells.filter((_, index) => reasons[index] !== null))
  while (reasons.some((reason) => reason !== null) && !isPublishable(hidden())) {
    const next = smallestFirst.find((index) => reasons[index] === null)
    if (next === undefined) break
    reasons[next] = 'protects_another'
  }
  return { whole: isPublishable(together(cells)) ? null : 'fewer_than_10_stalls', cells: reasons }
}

function isPublishable({ stalls, unnamed }: Cell): boolean {
  return stalls >= FEWEST_STALLS && (unnamed === 0 || unnamed >= FEWEST_STALLS)
}

function together(cells: readonly Cell[]): Cell {
  return {
    stalls: cells.reduce((sum, cell) => sum + cell.stalls, 0),
    unnamed: cells.reduce((sum, cell) => sum + cell.unnamed, 0),
  }
}
