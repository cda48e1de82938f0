import { describe, expect, it } from 'vitest'
import { isLate, whoIsLate } from '../../server/domain/delay.ts'
import { isSilent, missedCount, pushesOf, usualCount, whoFellSilent } from '../../server/domain/silence.ts'

const HOUR_MS = 3_600_000
const WEEK = 168
/** A Sunday at 9 in Vietnam, in whole hours since 1970. */
const NINE = Date.parse('2026-11-22T09:00:00+07:00') / HOUR_MS
const at = (hour: number) => (NINE + hour - 9) * HOUR_MS

describe('what an hour of the week usually brings', () => {
  const countOf = (counts: number[]) => (hour: number) => counts[(NINE - hour) / WEEK - 1] ?? 999
  it('is the lower median of the same hour of four weeks, so that one feast or one outage is not usual', () => {
    expect(usualCount(countOf([30, 20, 900, 25]), NINE, 0)).toBe(25)
    expect(usualCount(countOf([30, 0, 0, 25]), NINE, 0)).toBe(0)
    expect(usualCount(countOf([30, 0, 28, 25]), NINE, 0)).toBe(25)
  })
  it('is not known of a source that is younger than two weeks', () => {
    const countOfAll = countOf([30, 20, 40, 25])
    expect(usualCount(countOfAll, NINE, NINE - WEEK)).toBe(0)
    expect(usualCount(countOfAll, NINE, NINE - 2 * WEEK)).toBe(20)
  })
})

describe('silent longer than usual', () => {
  /** Twelve an hour while the market is open, six to eleven; nothing at night. */
  const usual = (hour: number) => (hour >= NINE - 3 && hour < NINE + 2 ? 12 : 0)
  it('is eight usual gaps, each hour by its own', () => {
    expect(missedCount(usual, at(9.5), at(12))).toBe(18)
    expect(isSilent(usual, at(9), at(9 + 39 / 60))).toBe(false)
    expect(isSilent(usual, at(9), at(9 + 40 / 60))).toBe(true)
  })
  it('is never the night, nor the first minutes of the morning after it', () => {
    expect(isSilent(usual, at(10.8), at(24))).toBe(false)
    expect(isSilent(usual, at(-13), at(6.5))).toBe(false)
    expect(isSilent(usual, at(-13), at(6.7))).toBe(true)
  })
  it('is at least ten minutes, however busy the source is', () => {
    const busy = () => 10_000
    expect(isSilent(busy, at(9), at(9 + 9 / 60))).toBe(false)
    expect(isSilent(busy, at(9), at(9 + 10 / 60))).toBe(true)
  })
  it('weighs two days at most, so that a source long gone costs no more to look at', () => {
    expect(missedCount(() => 1, 0, at(9))).toBe(48)
  })
})

describe('far later than usual', () => {
  const told = (withinS: number, count: number) => [{ withinS, count }]
  const usual = told(20, 200)
  it('is four times the day before, and two minutes at least', () => {
    expect(isLate(told(120, 20), usual)).toBe(true)
    expect(isLate(told(60, 20), told(5, 200))).toBe(false)
    expect(isLate(told(600, 20), told(300, 200))).toBe(false)
    expect(isLate(told(1_800, 20), told(300, 200))).toBe(true)
  })
  it('is said of no handful, and of no history of a handful', () => {
    expect(isLate(told(600, 19), usual)).toBeUndefined()
    expect(isLate(told(600, 50), told(20, 99))).toBeUndefined()
  })

  type Told = { bankBin: string; withinS: number; count: number; usually: number }
  const late = (bankBin: string, count = 20): Told => ({ bankBin, withinS: 600, count, usually: 5 * count })
  const inTime = (bankBin: string, count = 20): Told => ({ ...late(bankBin, count), withinS: 20 })
  const who = (...rows: Told[]) =>
    whoIsLate(
      rows,
      rows.map(({ bankBin, usually }) => ({ bankBin, withinS: 20, count: usually })),
      rows.map(({ bankBin }) => bankBin),
    )
  it('is one bank’s where the others are known to be in time', () => {
    expect(who(late('A'), inTime('B', 10), inTime('C', 10))).toEqual(['A'])
    expect(who(late('A'), late('B'), inTime('C'))).toEqual(['A', 'B'])
  })
  it('is the whole source’s where nobody is known to be in time', () => {
    expect(who(late('A'), late('B'))).toEqual([null, 'A', 'B'])
    expect(who(late('A'), inTime('B', 19))).toEqual([null, 'A'])
    // Of each too little to say, of all together enough.
    expect(who(late('A', 12), late('B', 12))).toEqual([null])
    expect(who(inTime('A'), inTime('B'))).toEqual([])
  })
  it('is never said of a bank that tells little, nor of the whole for its sake', () => {
    expect(who(late('A', 19), inTime('B', 30))).toEqual([])
    expect(who(late('A', 1), inTime('B', 100))).toEqual([])
  })
})

describe('who fell silent', () => {
  /** So many an hour of each bank, at every hour of four weeks, and when each last pushed, at so many minutes past nine. */
  const source = (perHour: Record<string, number>, lastMinute: Record<string, number>) => {
    const hours = Array.from({ length: 29 * 24 }, (_, ago) => NINE - ago)
    const counts = Object.entries(perHour).flatMap(([bankBin, count]) =>
      hours.map((hour) => ({ sourceId: 'x', bankBin, hour, count })),
    )
    const heard = Object.entries(lastMinute).map(([bankBin, minute]) => ({
      sourceId: 'x',
      channel: 'push' as const,
      bankBin,
      heardAt: at(9 + minute / 60),
    }))
    const any = { ...heard[0]!, bankBin: '', heardAt: Math.max(...heard.map(({ heardAt }) => heardAt)) }
    const banks = Object.keys(perHour).filter((bankBin) => bankBin !== '')
    const pushes = pushesOf(counts, [...heard, any], 0)
    return (minute: number, silentBanks: string[] = [], wokeAt = 0) =>
      whoFellSilent(pushes, { banks, silentBanks, since: 0, wokeAt }, at(9 + minute / 60))
  }
  it('of all but some banks the last push is one that told of another bank', () => {
    const heard = { A: 10, B: 5, '': 10 }
    const last = Object.entries(heard).map(([bankBin, heardAt]) => ({
      sourceId: 'x',
      channel: 'push' as const,
      bankBin,
      heardAt,
    }))
    const pushes = pushesOf([], last, 0)
    expect([pushes.without([]), pushes.without(['A']), pushes.of('A')].map(({ lastAt }) => lastAt)).toEqual([
      10, 5, 10,
    ])
  })
  it('is one bank while the others push, after sixteen of its own gaps', () => {
    const fell = source({ A: 24, B: 24 }, { A: 0, B: 38 })
    expect([fell(39), fell(40), fell(40, ['A'])]).toEqual([[], ['A'], []])
    // Nothing is missed of the time before the whole source woke.
    expect(fell(40, [], at(9) + 60_000)).toEqual([])
  })
  it('is the whole source, once and without its banks, where nobody pushes', () => {
    const fell = source({ A: 40, B: 20 }, { A: 0, B: 4 })
    expect([13, 14, 40, 600].map((minute) => fell(minute))).toEqual([[], [null], [null], [null]])
    // Nor is it first said of a bank so busy that it is missed sooner than the others.
    const busy = source({ A: 100, B: 20 }, { A: 0, B: 4 })
    expect([busy(11), busy(14)]).toEqual([[], [null]])
    const banks = Array.from({ length: 20 }, (_, bank) => `B${bank}`)
    const each = (number: number) => Object.fromEntries(banks.map((bank) => [bank, number]))
    expect(source(each(30), each(0))(59)).toEqual([null])
  })
  it('is the bank that carries nearly all, and is not said again of the whole', () => {
    const fell = source({ A: 57, B: 3 }, { A: 0, B: 1 })
    expect([fell(11), fell(11, ['A']), fell(100, ['A'])]).toEqual([['A'], [], []])
    // Until the others are missed too.
    expect(fell(161, ['A'])).toEqual([null])
    expect(source({ A: 57, B: 3 }, { A: 0, B: 1, '': 160 })(161, ['A'])).toEqual([])
  })
  it('is never a bank that tells little, nor one of a source that has no other', () => {
    expect(source({ A: 60, B: 0 }, { A: 300, B: 0 })(300)).toEqual([])
    expect(source({ A: 60, B: 0.3 }, { A: 2_800, B: 0 })(2_800)).toEqual([])
    expect(source({ A: 60 }, { A: 0 })(60)).toEqual([null])
  })
  it('is the whole source while its banks are not yet told apart', () => {
    expect(source({ '': 60, A: 0, B: 0 }, { A: 0, B: 0 })(60)).toEqual([null])
  })
})
