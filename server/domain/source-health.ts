import type { IncomingMessage } from '../storage/decision.ts'
import { noteHeard, type Heard } from '../storage/source.ts'
import type { Store } from '../storage/store.ts'

/** What this process has heard of its sources and not yet written down. */
export interface SourceHealth {
  /** The same store; whose messages it records was heard. */
  listening(store: Store): Store
  /** Writes down what was heard since the last time: apart from the commits that sources wait for. */
  save(): Promise<void>
}

export function createSourceHealth(store: Store): SourceHealth {
  let unsaved = new Map<string, Heard>()

  function hear({ sourceId, channel, heardAt }: Heard): void {
    const key = `${channel} ${sourceId}`
    const known = unsaved.get(key)
    if (!known) unsaved.set(key, { sourceId, channel, heardAt })
    else if (known.heardAt < heardAt) known.heardAt = heardAt
  }
  const hearMessage = ({ sourceId, channel, receivedAt }: IncomingMessage) =>
    hear({ sourceId, channel, heardAt: receivedAt })

  return {
    listening: (inner) => ({
      ...inner,
      async record(batch, rules) {
        const news = await inner.record(batch, rules)
        for (const message of batch) hearMessage(message)
        return news
      },
    }),
    async save() {
      const heard = [...unsaved.values()]
      if (heard.length === 0) return
      unsaved = new Map()
      try {
        await store.write((tx) => noteHeard(tx, heard))
      } catch (error) {
        heard.forEach(hear)
        throw error
      }
    },
  }
}
