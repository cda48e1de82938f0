import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { AppError } from '../../shared/app-error.ts'
import type { Services } from '../services.ts'
import type { Env } from './door.ts'

/**
 * Each stream says something this often, so that a phone can tell a dead socket from a quiet day. Then it is also
 * looked at without a hint: another process may have written, or signed the phone out.
 */
const LOOK_SECONDS = 15
const RETRY_MS = 1_000
/** A phone that has not taken so much is cut off; it comes back and says where it was. */
const MAX_UNREAD_BYTES = 64 * 1024

/** Asked and told at once. */
const MAX_ROOMS_OF_TURN = 200

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // A proxy that gathers what it passes on would make her wait.
  'x-accel-buffering': 'no',
}

/** Those who listen to the same: to a stall, or to a row of stalls. */
export interface Room {
  readonly id: number
  readonly streams: Set<EventStream>
  /** Its time to say something has come. */
  isDue: boolean
}

/** The rooms of one market that anybody listens in. */
export interface OpenMarket {
  readonly id: number
  readonly rooms: Map<number, Room>
  readonly woken: Set<Room>
  isTelling: boolean
}

/** What is told to one kind of listeners. */
export interface Audience {
  /** Phones, tabs, reloads. */
  maxStreamsOfRoom: number
  /**
   * Tells some rooms what is new, and ends the streams that would not be let in now. Resolves with the rooms that
   * there is more for, and is not called again for this market before. If it rejects, nothing may count as told.
   */
  tell(market: OpenMarket, rooms: ReadonlySet<Room>): Promise<Iterable<Room>>
}

/** The open streams of one kind. */
export interface EventStreams {
  /**
   * Answers a request that came through its door, alone: nothing of the request is kept. `cursor` is the seq after
   * which it listens. Throws `unavailable` where too many listen already.
   */
  open(c: Context<Env>, marketId: number, roomId: number, tokenHash: string, cursor: number): Response
  /** Has a room told soon, if anybody listens in it. */
  wake(marketId: number, roomId: number): void
}

/** One page that listens. There are ten thousand of them: a few fields each, no timer and no promise. */
export class EventStream {
  /** Names its session, and opens nothing. */
  readonly tokenHash: string
  /** What its room heard up to this seq it has been told, or may not know. */
  cursor: number
  /** Until it has been told all that it missed before it came. */
  isBehind = true
  /** What it was last told of besides changes. */
  standing: string | undefined
  readonly #room: Room
  readonly #outgoing: ServerResponse

  constructor(room: Room, tokenHash: string, cursor: number, outgoing: ServerResponse) {
    this.#room = room
    this.tokenHash = tokenHash
    this.cursor = cursor
    this.#outgoing = outgoing
    room.streams.add(this)
  }

  /** Sends what `message` made. Whoever does not take what it is sent is cut off: nothing is kept for it. */
  send(messages: string): void {
    const { destroyed, writableEnded, writableLength } = this.#outgoing
    if (destroyed || writableEnded || messages === '') return
    if (writableLength <= MAX_UNREAD_BYTES) this.#outgoing.write(messages)
    else {
      this.#room.streams.delete(this)
      this.#outgoing.destroy()
    }
  }

  /** Whether it has taken what it was sent. */
  get isReady(): boolean {
    return !this.#outgoing.writableNeedDrain
  }

  onceReady(then: () => void): void {
    this.#outgoing.once('drain', then)
  }

  end(): void {
    this.#room.streams.delete(this)
    this.#outgoing.end()
  }
}

/** One message of a stream; `data` is a single line. */
export function message(event: string, data: string, id?: number): string {
  return `event: ${event}\ndata: ${data}\n${id === undefined ? '' : `id: ${id}\n`}\n`
}

/** The seq after which a page asks to be told: its browser's word on a retry, its script's on a new stream. */
export function askedCursor(c: Context<Env>): number | undefined {
  const asked = c.req.header('last-event-id') ?? c.req.query('after')
  if (asked === undefined) return undefined
  const cursor = Number(asked)
  if (!Number.isSafeInteger(cursor) || cursor < 0) throw new AppError('invalid_input', 'bad cursor', 'after')
  return cursor
}

/** One timer, and one turn of telling at a time for each market, however many listen. */
export function createEventStreams(
  { now, log, meter }: Pick<Services, 'now' | 'log' | 'meter'>,
  { maxStreamsOfRoom, tell }: Audience,
): EventStreams {
  const markets = new Map<number, OpenMarket>()
  let timer: NodeJS.Timeout | undefined
  let second = 0

  function wake(market: OpenMarket, room: Room): void {
    market.woken.add(room)
    if (market.isTelling) return
    market.isTelling = true
    // After the answer to whoever brought the news.
    setImmediate(() => void tellWoken(market))
  }

  async function tellWoken(market: OpenMarket): Promise<void> {
    while (market.woken.size > 0) {
      const rooms = new Set(market.woken.values().take(MAX_ROOMS_OF_TURN))
      for (const room of rooms) market.woken.delete(room)
      try {
        for (const room of await tell(market, rooms)) market.woken.add(room)
        for (const room of rooms) if (room.isDue) ping(room)
      } catch (error) {
        log.error({ err: error, marketId: market.id }, 'streams were not told; they are at their next look')
      }
      // Between two turns requests are answered.
      await new Promise(setImmediate)
    }
    market.isTelling = false
  }

  function ping(room: Room): void {
    room.isDue = false
    for (const stream of room.streams) {
      stream.send(message('ping', '', stream.isBehind ? undefined : stream.cursor))
    }
  }

  /** A fifteenth of the rooms each second: neither questions nor pings come all at once. */
  function look(): void {
    second = (second + 1) % LOOK_SECONDS
    for (const market of markets.values()) {
      for (const room of market.rooms.values()) {
        if (room.id % LOOK_SECONDS !== second) continue
        room.isDue = true
        wake(market, room)
      }
    }
  }

  function enter(marketId: number, roomId: number): [OpenMarket, Room] {
    const market = markets.get(marketId) ?? {
      id: marketId,
      rooms: new Map(),
      woken: new Set(),
      isTelling: false,
    }
    const room = market.rooms.get(roomId) ?? { id: roomId, streams: new Set(), isDue: false }
    if (room.streams.size >= maxStreamsOfRoom) throw new AppError('unavailable', 'too many listen here')
    markets.set(marketId, market)
    market.rooms.set(roomId, room)
    timer ??= setInterval(look, 1_000)
    return [market, room]
  }

  function leave(market: OpenMarket, room: Room, stream: EventStream): void {
    meter.openStreams -= 1
    room.streams.delete(stream)
    // Another of the same name may have been opened since this one was left by all.
    if (room.streams.size > 0 || market.rooms.get(room.id) !== room) return
    market.rooms.delete(room.id)
    if (market.rooms.size > 0) return
    markets.delete(market.id)
    if (markets.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    open(c, marketId, roomId, tokenHash, cursor) {
      const outgoing = c.env.outgoing as ServerResponse
      // It left while its door was being asked.
      if (outgoing.destroyed) return RESPONSE_ALREADY_SENT
      const [market, room] = enter(marketId, roomId)
      listen(outgoing, market, room, tokenHash, cursor)
      return RESPONSE_ALREADY_SENT
    },
    wake(marketId, roomId) {
      const market = markets.get(marketId)
      const room = market?.rooms.get(roomId)
      if (market && room) wake(market, room)
    },
  }

  /** Apart, so that what stays in memory with the stream is no request. */
  function listen(
    outgoing: ServerResponse,
    market: OpenMarket,
    room: Room,
    tokenHash: string,
    cursor: number,
  ): void {
    const stream = new EventStream(room, tokenHash, cursor, outgoing)
    meter.openStreams += 1
    outgoing.once('close', () => leave(market, room, stream))
    outgoing.writeHead(200, HEADERS)
    stream.send(`retry: ${RETRY_MS}\n${message('hello', JSON.stringify({ now: now() }))}`)
    wake(market, room)
  }
}
