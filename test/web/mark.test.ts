import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OLD_NEWS_MS } from '../../web/client/announcer.ts'
import { Mark } from '../../web/client/mark.ts'

const NOW = 1_800_000_000_000

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.useFakeTimers({ now: NOW })
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('is shared by the tabs of a stall, kept across reloads, and never moves back', () => {
  new Mark('A12').write(7)
  const other = new Mark('A12')
  expect(other.read()).toBe(7)
  other.write(5)
  expect(new Mark('A12').read()).toBe(7)
  expect(new Mark('B07').read()).toBe(0)
})

test('a page opened a moment later takes up the stream from what was told, a later one from what it shows', () => {
  new Mark('A12').write(7)
  expect(new Mark('A12').resumeAfter(9)).toBe(7)
  vi.setSystemTime(NOW + OLD_NEWS_MS)
  expect(new Mark('A12').resumeAfter(9)).toBe(9)
  expect(new Mark('A12').read()).toBe(7)
})

test('a phone never opened before starts from what the page shows', () => {
  expect(new Mark('A12').resumeAfter(41)).toBe(41)
})

test('a ledger begun anew does not find the phone silent', () => {
  new Mark('A12').write(500)
  vi.setSystemTime(NOW + OLD_NEWS_MS)
  expect(new Mark('A12').resumeAfter(3)).toBe(3)
  expect(new Mark('A12').read()).toBe(3)
})

test('where storage is refused, a tab still tells each thing once', () => {
  vi.stubGlobal('localStorage', {
    getItem: () => {
      throw new Error('refused')
    },
    setItem: () => {
      throw new Error('refused')
    },
  })
  const mark = new Mark('A12')
  mark.write(7)
  expect(mark.read()).toBe(7)
})
