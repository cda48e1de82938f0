import type { Published } from '../storage/decision.ts'

/**
 * Tells whoever keeps streams open that there is something to read. Only a hint: what is true is in storage, read by
 * cursor, so a lost hint delays and never loses.
 */
export interface ChangeFeed {
  publish(news: readonly Published[]): void
  /** `listener` is called with all news, until the server ends. */
  subscribe(listener: Deliver): void
}

type Deliver = (news: readonly Published[]) => void

/** `share` joins the processes on one database: what any of them publishes is delivered in all. */
export function createChangeFeed(share: (deliver: Deliver) => Deliver = (deliver) => deliver): ChangeFeed {
  const listeners: Deliver[] = []
  return {
    publish: share((news) => {
      for (const listener of listeners) listener(news)
    }),
    subscribe: (listener) => void listeners.push(listener),
  }
}
