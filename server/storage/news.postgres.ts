import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig, type Pool } from 'pg'
import type { Published } from './decision.ts'
import type { Deliver } from './store.ts'

const CHANNEL = 'news'
const RECONNECT_MS = 1_000
/** Between two NOTIFYs: one after each of a hundred commits a second would cost recording a tenth of its time. */
const PAUSE_MS = 50
/** A notification holds 8,000 bytes; one piece of news is at most 50. */
const MAX_NEWS = 150

/**
 * Hints between the processes of one database, by LISTEN and NOTIFY. They are sent after the commit and not in it:
 * PostgreSQL lets only one transaction with a NOTIFY commit at a time. What is lost with a connection is not made
 * up for: streams look at the change table every few seconds anyway.
 */
export function createNews(pool: Pool, connection: ClientConfig) {
  const self = randomBytes(6).toString('hex')
  const stopped = new AbortController()
  let listening: Promise<void> | undefined
  let waiting: Published[] = []
  let sending: Promise<void> | undefined

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const news = waiting
      waiting = []
      const payloads = chunks(news).map((part) => `${self} ${part.map(toText).join(' ')}`)
      // Only a hint: whoever misses it reads the change table a little later.
      await pool
        .query(`select pg_notify('${CHANNEL}', text) from unnest($1::text[]) as text`, [payloads])
        .catch(() => {})
      await sleep(PAUSE_MS)
    }
    sending = undefined
  }

  async function listen(deliver: Deliver): Promise<void> {
    while (!stopped.signal.aborted) {
      const client = new Client(connection)
      // It may break more than once, and before anybody waits for that.
      client.on('error', () => {})
      try {
        await client.connect()
        client.on('notification', ({ payload }) => {
          const [sender, ...news] = (payload ?? '').split(' ')
          if (sender !== self) deliver(news.map(fromText))
        })
        await client.query(`listen ${CHANNEL}`)
        await ended(client, stopped.signal)
      } catch {
        // Tried again below, for as long as it takes.
      }
      await client.end().catch(() => {})
      await sleep(RECONNECT_MS, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }

  return {
    share(deliver: Deliver): Deliver {
      listening ??= listen(deliver)
      return (news) => {
        deliver(news)
        if (news.length === 0) return
        waiting.push(...news)
        sending ??= send()
      }
    },
    async close(): Promise<void> {
      await sending
      stopped.abort()
      await listening
    },
  }
}

/** Resolves when the connection is gone, or no longer wanted. */
function ended(client: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    client.once('error', () => resolve())
    client.once('end', () => resolve())
    signal.addEventListener('abort', () => resolve())
    if (signal.aborted) resolve()
  })
}

function chunks(news: readonly Published[]): Published[][] {
  return Array.from({ length: Math.ceil(news.length / MAX_NEWS) }, (_, index) =>
    news.slice(index * MAX_NEWS, (index + 1) * MAX_NEWS),
  )
}

const toText = ({ marketId, stallId, seq }: Published) => `${marketId}:${stallId}:${seq}`

function fromText(text: string): Published {
  const [marketId, stallId, seq] = text.split(':').map(Number)
  return { marketId: marketId!, stallId: stallId!, seq: seq! }
}
