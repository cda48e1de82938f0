import { can } from '../../domain/access.ts'
import { rowStalls } from '../../domain/row-speaker.ts'
import { listRowMembers, listRowNews } from '../../storage/row-speaker.ts'
import { sectionScope } from '../../storage/scope.ts'
import { findSessions } from '../../storage/session.ts'
import { currentCursor } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { askedCursor, createEventStreams, message, type OpenMarket, type Room } from '../event-stream.ts'

const LISTEN = 'speaker.listen'
/** The tablet, its reloads, and a second tablet at the other end of the row. */
const MAX_STREAMS_OF_ROW = 4
/** A tablet that lost its network for a moment hears what it missed; whoever asks for more gets no history. */
const MISSED_MS = 60_000

/** The live channel of a row's tablet: new sales of the stalls whose vendors chose so, as far as they chose. */
export function streamRow(doors: Doors, services: Services): void {
  const { store, feed, now } = services
  const { open, wake } = createEventStreams(services, { maxStreamsOfRoom: MAX_STREAMS_OF_ROW, tell })
  /** The row of each stall of which a tablet may be told. */
  const rowOf = new Map<number, number>()

  doors.section(LISTEN).get('/speaker/stream', async ({ c, actor, scope }) => {
    const cursor = askedCursor(c) ?? (await currentCursor(store, scope))
    return open(c, scope.marketId, scope.sectionId, actor.tokenHash, cursor)
  })
  feed.subscribe((news) => {
    for (const { marketId, stallId } of news) {
      const row = rowOf.get(stallId)
      if (row !== undefined) wake(marketId, row)
    }
  })

  async function tell(market: OpenMarket, rows: ReadonlySet<Room>): Promise<Iterable<Room>> {
    for (const row of rows) await tellRow(market, row)
    return []
  }

  async function tellRow(market: OpenMarket, { id: sectionId, streams }: Room): Promise<void> {
    const scope = sectionScope(market.id, sectionId)
    // Whoever comes while it is asked is told in the next turn.
    const present = [...streams]
    const hashes = present.map((stream) => stream.tokenHash)
    const sessions = await findSessions(store, hashes, now())
    const actors = new Map(sessions.map((one) => [one.tokenHash, { ...one, stalls: [] }]))
    const members = await listRowMembers(store, scope)
    for (const { stallId } of members) rowOf.set(stallId, sectionId)
    const stalls = JSON.stringify(rowStalls(members))
    for (const stream of present) {
      // Asked each time: a tablet the board turned off tells not one payment more.
      const actor = actors.get(stream.tokenHash)
      if (!actor || !can(actor, LISTEN, scope)) {
        stream.end()
        continue
      }
      // Before the news: whoever stopped is gone from the screen first.
      if (stream.standing !== stalls) stream.send(message('stalls', stalls))
      stream.standing = stalls
      const { news, cursor } = await listRowNews(store, scope, stream.cursor, now() - MISSED_MS)
      stream.send(news.map((one) => message('change', JSON.stringify(one), one.seq)).join(''))
      stream.cursor = cursor
      stream.isBehind = false
    }
  }
}

/** Lets the open streams of these stalls look again at what they may tell. */
export function wakeStreams(
  { feed }: Services,
  { marketId }: { marketId: number },
  stalls: readonly { id: number }[],
): void {
  feed.publish(stalls.map(({ id }) => ({ marketId, stallId: id, seq: 0 })))
}
