import type { Published } from '../storage/decision.ts'

/**
 * Tells open streams that there is something to read. Only a hint: what is true is in storage, read by cursor, so a
 * lost hint delays and never loses.
 */
export interface ChangeFeed {
  publish(news: readonly Published[]): void
  /** Calls `listener` whenever the stall has news, until the returned function is called. */
  subscribe(stallId: number, listener: () => void): () => void
  /** How many listen. */
  listening(): number
}

type Deliver = ChangeFeed['publish']

/** `share` joins the processes on one database: what any of them publishes is delivered in all. */
export function createChangeFeed(share: (deliver: Deliver) => Deliver = (deliver) => deliver): ChangeFeed {
  const listeners = new Map<number, Set<() => void>>()
  return {
    publish: share((news) => {
      for (const stallId of new Set(news.map((one) => one.stallId))) {
        for (const listener of listeners.get(stallId) ?? []) listener()
      }
    }),
    subscribe(stallId, listener) {
      const ofStall = listeners.get(stallId) ?? new Set()
      listeners.set(stallId, ofStall.add(listener))
      return () => {
        ofStall.delete(listener)
        if (ofStall.size === 0) listeners.delete(stallId)
      }
    },
    listening: () => [...listeners.values()].reduce((sum, ofStall) => sum + ofStall.size, 0),
  }
}
