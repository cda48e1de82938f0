import type { Store } from '../storage/store.ts'

/** Upper bounds in seconds: from a fast disk's commit to one that nobody should wait for. */
const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const

/** What this process has done since it started, counted where it happens anyway. */
export interface Meter {
  /** Requests that were refused or failed, by the code that was answered. */
  refusals: Map<string, number>
  /** Commits of recorded notifications: how many took at most each bound, and what they took together. */
  commits: { bounds: readonly number[]; counts: number[]; count: number; seconds: number }
  /** Open streams now: phones, their tabs, tablets. */
  openStreams: number
  countRefusal(code: string): void
  /** Codes of sales asked of a source: made, or missed, so that the phone showed its own. */
  codes: Record<'made' | 'missed', number>
  /** The same store, whose recording is timed. */
  timed(store: Store): Store
}

/** `clockMs` runs evenly from any moment on. */
export function createMeter(clockMs: () => number): Meter {
  const refusals = new Map<string, number>()
  const commits = { bounds: BOUNDS_S, counts: BOUNDS_S.map(() => 0), count: 0, seconds: 0 }
  return {
    refusals,
    commits,
    openStreams: 0,
    codes: { made: 0, missed: 0 },
    countRefusal: (code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
    timed: (store) => ({
      ...store,
      async record(batch, rules) {
        const begunAt = clockMs()
        const published = await store.record(batch, rules)
        const seconds = (clockMs() - begunAt) / 1_000
        commits.count += 1
        commits.seconds += seconds
        for (const [index, bound] of BOUNDS_S.entries()) if (seconds <= bound) commits.counts[index]! += 1
        return published
      },
    }),
  }
}
