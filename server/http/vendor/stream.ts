import { businessDay } from '../../../shared/business-day.ts'
import { can, onlyHears, openStall, type Actor } from '../../domain/access.ts'
import { getMarket } from '../../storage/market.ts'
import { marketScope } from '../../storage/scope.ts'
import { listListeners, type Listener } from '../../storage/session.ts'
import {
  currentCursor,
  listNews,
  NEWS_PAGE,
  readNews,
  type News,
  type Telling,
} from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import {
  askedCursor,
  createEventStreams,
  message,
  type EventStream,
  type OpenMarket,
  type Room,
} from '../event-stream.ts'

const LISTEN = 'takings.view'
/** Phones, tabs and the helper's phone of one stall. */
const MAX_STREAMS_OF_STALL = 10
/** So many stalls' phones that came back are told in one turn what they missed. */
const MAX_RETURNING = 50

/** Phones of a stall that are told the same: they may know as much, and have heard as much. */
interface Hearing extends Telling {
  room: Room
  streams: EventStream[]
}

/**
 * The live channel of a vendor's phone: every change of her stall after the cursor she has, in commit order, then each
 * new one as it is committed. The hint only wakes it. What it says is read from the ledger, once for all phones of the
 * market, and each time it is asked anew who may hear it.
 */
export function streamChanges(doors: Doors, services: Services): void {
  const { store, feed, now } = services
  const { open, wake } = createEventStreams(services, { maxStreamsOfRoom: MAX_STREAMS_OF_STALL, tell })
  /** Up to where its changes have been told to all phones of a market that are not behind. */
  const toldUpTo = new WeakMap<OpenMarket, number>()

  doors
    .stall(LISTEN)
    .get('/vendor/:stallCode/stream', ({ c, actor, scope }) =>
      open(c, scope.marketId, scope.stallId, actor.tokenHash, askedCursor(c) ?? 0),
    )
  feed.subscribe((news) => {
    for (const { marketId, stallId } of news) wake(marketId, stallId)
  })

  async function tell(market: OpenMarket, woken: ReadonlySet<Room>): Promise<Iterable<Room>> {
    const scope = marketScope(market.id)
    const { dayStartsAtMinutes } = await getMarket(store, scope)
    const today = businessDay(now(), dayStartsAtMinutes)
    const after = toldUpTo.get(market) ?? (await currentCursor(store, scope))
    const page = await listNews(store, scope, after)
    const upTo = page.at(-1)?.seq ?? after
    const newsOf = Map.groupBy(page, (one) => one.stallId)
    // A hint may have been lost: whoever has news is told.
    const rooms = new Set([...woken, ...[...newsOf.keys()].flatMap((id) => market.rooms.get(id) ?? [])])
    const stallIds = Array.from(rooms, (room) => room.id)
    // Whoever comes while it is asked is told in the next turn.
    const present = Array.from(rooms, (room) => [room, [...room.streams]] as const)
    const listenersOf = Map.groupBy(await listListeners(store, scope, stallIds, now()), (one) => one.stallId)

    const more = new Set<Room>(page.length === NEWS_PAGE ? woken : [])
    const missed = new Map<string, News[]>()
    const hearings = new Map<string, Hearing>()
    for (const [room, streams] of present) {
      const listeners = listenersOf.get(room.id) ?? []
      const standing = listeners.map(standingOf).join('\n')
      const listenerOf = new Map(listeners.map((one) => [one.tokenHash, one]))
      for (const stream of streams) {
        const actor = actorOf(listenerOf.get(stream.tokenHash))
        // A phone that was signed out, or whose stall changed hands, hears nothing more from that moment.
        if (!actor || !can(actor, LISTEN, { marketId: market.id, stallId: room.id })) {
          stream.end()
          continue
        }
        if (!onlyHears(actor)) tellOfPhones(stream, standing, listeners)
        let news = newsOf.get(room.id)?.filter(({ seq }) => seq > stream.cursor) ?? []
        if (stream.isBehind) {
          // It goes on when it has taken what it was sent.
          if (!stream.isReady) continue
          const from = `${room.id} ${stream.cursor}`
          if (!missed.has(from) && missed.size === MAX_RETURNING) {
            more.add(room)
            continue
          }
          news = missed.get(from) ?? (await listNews(store, scope, stream.cursor, room.id))
          missed.set(from, news)
        }
        const ofStall = openStall(actor, LISTEN, market.id, room.id, today)
        const alike = [room.id, ofStall.seesAfter, ofStall.onlyDay, news.length, news[0]?.seq].join(' ')
        const hearing = hearings.get(alike) ?? { room, scope: ofStall, news, streams: [] }
        hearing.streams.push(stream)
        hearings.set(alike, hearing)
      }
    }

    const told = await readNews(
      store,
      hearings.values().filter(({ news }) => news.length > 0),
      today,
    )
    for (const hearing of hearings.values()) {
      const { room, news, streams } = hearing
      const messages = told
        .get(hearing)
        ?.map((one) => message('change', JSON.stringify(one), one.seq))
        .join('')
      for (const stream of streams) {
        if (messages) stream.send(messages)
        if (stream.isBehind && news.length === NEWS_PAGE) {
          stream.cursor = news.at(-1)!.seq
          if (stream.isReady) more.add(room)
          else stream.onceReady(() => wake(market.id, room.id))
        } else {
          stream.isBehind = false
          // A phone without news goes on from here: a page it asks for later need not walk all that others heard.
          stream.cursor = Math.max(stream.cursor, upTo, news.at(-1)?.seq ?? 0)
        }
      }
    }
    toldUpTo.set(market, upTo)
    return more
  }
}

/** The phone as a door sees it, as far as this stall goes. */
function actorOf(listener: Listener | undefined): Actor | undefined {
  return listener && { ...listener, stalls: [{ id: listener.stallId, seesAfter: listener.heldAfter }] }
}

/** Which phone, and whether it may hear. */
const standingOf = ({ tokenHash, waiting }: Listener): string => `${tokenHash} ${waiting}`

/** Says that another phone of hers asks to hear, or now does. */
function tellOfPhones(stream: EventStream, standing: string, listeners: readonly Listener[]): void {
  const before = stream.standing
  stream.standing = standing
  if (before === undefined || before === standing) return
  const known = new Set(before.split('\n'))
  const news = listeners.find((one) => !known.has(standingOf(one)))
  if (news) stream.send(message('phone', JSON.stringify({ isWaiting: news.waiting })))
}
