import { describe, expect, it } from 'vitest'
import { isLate, isSilent, missedCount, usualCount } from '../../server/domain/source-alarm.ts'

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
  const pushed = (hour: number, withinS: number, count: number) => ({
    sourceId: 'x',
    hour: NINE + hour,
    channel: 'push' as const,
    withinS,
    count,
  })
  const yesterday = pushed(-5, 20, 200)
  it('is four times the day before, and two minutes at least', () => {
    expect(isLate([yesterday, pushed(0, 120, 20)], NINE)).toBe(true)
    expect(isLate([pushed(-5, 5, 200), pushed(0, 60, 20)], NINE)).toBe(false)
    expect(isLate([pushed(-5, 300, 200), pushed(0, 600, 20)], NINE)).toBe(false)
    expect(isLate([pushed(-5, 300, 200), pushed(-1, 1_800, 20)], NINE)).toBe(true)
  })
  it('is said of no handful, of no history of a handful, and not of what is hours ago', () => {
    expect(isLate([yesterday, pushed(0, 600, 19)], NINE)).toBe(false)
    expect(isLate([pushed(-5, 20, 99), pushed(0, 600, 50)], NINE)).toBe(false)
    expect(isLate([yesterday, pushed(-2, 600, 50), pushed(0, 20, 50)], NINE)).toBe(false)
    expect(isLate([yesterday, pushed(-30, 600, 1_000_000), pushed(0, 120, 20)], NINE)).toBe(true)
  })
})
