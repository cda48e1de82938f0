import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import type { Published } from './decision.ts'
import type { Deliver } from './store.ts'

const CHANNEL = 'news'
const RECONNECT_MS = 1_000
/** A notification holds 8,000 bytes; one piece of news is at most 50. */
const MAX_NEWS = 150

const NOTIFY = {
  name: 'notify',
  text: `select pg_notify('${CHANNEL}', text) from unnest($1::text[]) as text`,
}

/**
 * Hints between the processes of one database, by LISTEN and NOTIFY. They are sent after the commit and not in it:
 * PostgreSQL lets only one transaction with a NOTIFY commit at a time. Nor do they wait for the disk, which the next
 * recording would then have to wait for too: on their one connection, which records nothing, commits do not. What is
 * lost with it is not made up for: streams look at the change table every few seconds anyway.
 */
export function createNews(connection: ClientConfig) {
  const self = randomBytes(6).toString('hex')
  const stopped = new AbortController()
  let listening: Promise<void> | undefined
  let connected: Client | undefined
  let waiting: Published[] = []
  let sending: Promise<void> | undefined

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const news = waiting
      waiting = []
      const payloads = chunks(news).map((part) => `${self} ${part.map(toText).join(' ')}`)
      // Only a hint: whoever misses it reads the change table a little later.
      await connected?.query({ ...NOTIFY, values: [payloads] }).catch(() => {})
    }
    sending = undefined
  }

  async function listen(deliver: Deliver): Promise<void> {
    while (!stopped.signal.aborted) {
      const client = new Client({ ...connection, options: '-c synchronous_commit=off' })
      // It may break more than once, and before anybody waits for that.
      client.on('error', () => {})
      try {
        await client.connect()
        client.on('notification', ({ payload }) => {
          const [sender, ...news] = (payload ?? '').split(' ')
          if (sender !== self) deliver(news.map(fromText))
        })
        await client.query(`listen ${CHANNEL}`)
        connected = client
        await ended(client, stopped.signal)
      } catch {
        // Tried again below, for as long as it takes.
      }
      connected = undefined
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
