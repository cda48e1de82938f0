import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FEWEST_STALLS, withhold, type Cell } from '../../server/domain/disclosure.ts'

const named = (stalls: number): Cell => ({ stalls, unnamed: 0 })

describe('what is withheld', () => {
  it.each<[string, number[], (string | null)[], string | null]>([
    ['nothing where every section has ten', [10, 25, 40], [null, null, null], null],
    [
      'a small one, and the smallest other',
      [4, 30, 12],
      ['fewer_than_10_stalls', null, 'protects_another'],
      null,
    ],
    [
      'two small ones that are ten together',
      [4, 6, 30],
      ['fewer_than_10_stalls', 'fewer_than_10_stalls', null],
      null,
    ],
    [
      'all of a market below ten',
      [4, 5],
      ['fewer_than_10_stalls', 'fewer_than_10_stalls'],
      'fewer_than_10_stalls',
    ],
    ['a market’s only section, if it is small', [9], ['fewer_than_10_stalls'], 'fewer_than_10_stalls'],
    ['a market of one section of ten: nothing', [10], [null], null],
    ['no market at all', [], [], 'fewer_than_10_stalls'],
  ])('%s', (_, sizes, cells, whole) => {
    expect(withhold(sizes.map(named))).toEqual({ whole, cells })
  })

  it('what the board knows by name does not hide the few it may not know', () => {
    // Of 30 stalls the board knows 29: the count tells of the last.
    expect(withhold([{ stalls: 30, unnamed: 1 }, named(40)]).cells[0]).toBe('fewer_than_10_stalls')
    expect(withhold([{ stalls: 30, unnamed: 10 }, named(40)]).cells).toEqual([null, null])
  })
})

describe('whatever a reader adds and subtracts', () => {
  const cells = fc.array(
    fc
      .record({ stalls: fc.integer({ min: 0, max: 30 }), share: fc.integer({ min: 0, max: 3 }) })
      .map(({ stalls, share }): Cell => ({ stalls, unnamed: share === 0 ? Math.floor(stalls / 2) : 0 })),
    { maxLength: 7 },
  )

  /** Sums of sections that follow from what is shown: by elimination over the shown rows, for every set of sections. */
  function derivable(all: readonly Cell[]): number[] {
    const { whole, cells: reasons } = withhold(all)
    const rows = all.flatMap((_, index) =>
      reasons[index] === null ? [all.map((__, at) => Number(at === index))] : [],
    )
    if (whole === null) rows.push(all.map(() => 1))
    const found: number[] = []
    for (let set = 1; set < 2 ** all.length; set += 1) {
      const target = all.map((_, at) => (set >> at) & 1)
      if (rank([...rows, target]) === rank(rows)) found.push(set)
    }
    return found
  }

  it('never comes to fewer than ten stalls, nor to a few unnamed ones', () => {
    let tried = 0
    fc.assert(
      fc.property(cells, (all) => {
        for (const set of derivable(all)) {
          const chosen = all.filter((_, at) => (set >> at) & 1)
          const stalls = chosen.reduce((sum, one) => sum + one.stalls, 0)
          const unnamed = chosen.reduce((sum, one) => sum + one.unnamed, 0)
          tried += 1
          // Empty sections add nothing to any sum, and so tell nothing.
          expect(stalls).toBeGreaterThanOrEqual(FEWEST_STALLS)
          expect(unnamed === 0 || unnamed >= FEWEST_STALLS).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(tried).toBeGreaterThan(2_000)
  })
})

function rank(rows: readonly (readonly number[])[]): number {
  const left = rows.map((row) => [...row])
  let found = 0
  for (let column = 0; column < (left[0]?.length ?? 0); column += 1) {
    const pivot = left.findIndex((row, index) => index >= found && Math.abs(row[column]!) > 1e-9)
    if (pivot < 0) continue
    ;[left[found], left[pivot]] = [left[pivot]!, left[found]!]
    for (let index = found + 1; index < left.length; index += 1) {
      const factor = left[index]![column]! / left[found]![column]!
      left[index] = left[index]!.map((value, at) => value - factor * left[found]![at]!)
    }
    found += 1
  }
  return found
}
