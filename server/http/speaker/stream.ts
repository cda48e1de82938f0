import { streamSSE } from 'hono/streaming'
import { AppError } from '../../../shared/app-error.ts'
import { rowStalls } from '../../domain/row-speaker.ts'
import { listRowMembers, listRowNews, type RowMember } from '../../storage/row-speaker.ts'
import { currentCursor } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { waitForNews } from '../vendor/stream.ts'

const RETRY_MS = 1_000
/** The tablet, its reloads, and a second tablet at the other end of the row. */
const MAX_STREAMS_OF_A_ROW = 4
/** A tablet that lost its network for a moment hears what it missed; whoever asks for more gets no history. */
const MISSED_MS = 60_000

/** The live channel of a row's tablet: new sales of the stalls whose vendors chose so, as far as they chose. */
export function streamRow(doors: Doors, services: Services): void {
  const { store, feed, now } = services
  const open = new Map<number, number>()

  doors.section('speaker.listen').get('/speaker/stream', async ({ c, scope, stillWelcome }) => {
    const { sectionId } = scope
    const asked = c.req.header('last-event-id') ?? c.req.query('after')
    let cursor = asked === undefined ? await currentCursor(store, scope) : Number(asked)
    if (!Number.isSafeInteger(cursor) || cursor < 0)
      throw new AppError('invalid_input', 'bad cursor', 'after')
    const count = open.get(sectionId) ?? 0
    if (count >= MAX_STREAMS_OF_A_ROW)
      throw new AppError('unavailable', 'too many tablets are listening to this row')
    open.set(sectionId, count + 1)
    c.header('x-accel-buffering', 'no')
    c.header('cache-control', 'no-store')

    return streamSSE(c, async (stream) => {
      let wake = () => {}
      let hasNews = true
      const listening = new Map<number, () => void>()
      const listenTo = (members: readonly RowMember[]) => {
        for (const { stallId } of members) {
          if (listening.has(stallId)) continue
          const unsubscribe = feed.subscribe(stallId, () => {
            hasNews = true
            wake()
          })
          listening.set(stallId, unsubscribe)
        }
      }
      stream.onAbort(() => wake())
      let told = ''
      try {
        await stream.writeSSE({ event: 'hello', data: JSON.stringify({ now: now() }), retry: RETRY_MS })
        while (!stream.aborted) {
          while (hasNews && !stream.aborted) {
            hasNews = false
            // Asked each time: a tablet the board turned off tells not one payment more.
            if (!(await stillWelcome())) return
            const members = await listRowMembers(store, scope)
            listenTo(members)
            const stalls = JSON.stringify(rowStalls(members))
            // Before the news: whoever stopped is gone from the screen first.
            if (stalls !== told) await stream.writeSSE({ event: 'stalls', data: stalls })
            told = stalls
            const { news, cursor: upTo } = await listRowNews(store, scope, cursor, now() - MISSED_MS)
            for (const one of news) {
              await stream.writeSSE({ event: 'change', id: String(one.seq), data: JSON.stringify(one) })
            }
            cursor = upTo
          }
          const isQuiet = await waitForNews(
            () => hasNews,
            (resume) => (wake = resume),
          )
          if (isQuiet && !stream.aborted) {
            await stream.writeSSE({ event: 'ping', data: '' })
            hasNews = true
          }
        }
      } finally {
        for (const unsubscribe of listening.values()) unsubscribe()
        open.set(sectionId, (open.get(sectionId) ?? 1) - 1)
      }
    })
  })
}

/** Lets the open streams of these stalls look again at what they may tell. */
export function wakeStreams(
  { feed }: Services,
  { marketId }: { marketId: number },
  stalls: readonly { id: number }[],
): void {
  feed.publish(stalls.map(({ id }) => ({ marketId, stallId: id, seq: 0 })))
}
