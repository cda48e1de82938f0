import type { RowStall, VendorChange } from '../../shared/wire.ts'

/** A gap shorter than this is not worth a word. */
const DOWN_AFTER_MS = 3000

/** The server says something every 15 s; a mobile socket silent for longer is dead and does not know it. */
const SILENT_AFTER_MS = 25_000

/** How long a refused stream rests before it is tried again. */
const REST_MS = 5000

export interface StreamListener<Change = VendorChange> {
  change(change: Change): void
  /** The server's clock, each time the stream opens. */
  hello(now: number): void
  /** Anything at all arrived. */
  alive(): void
  /** Up or down; when down, `since` is when the figures were last known to be right. */
  link(up: boolean, since: number): void
  /** On a row's speaker: the stalls it tells of, each time they change. */
  stalls?(stalls: RowStall[]): void
  /** Of a vendor's: another phone of hers asks to hear, or now does. */
  phone?(isWaiting: boolean): void
  /** The server no longer lets this page listen. */
  refused(): void
}

/** The live stream, kept open over dead sockets, tunnels and restarts, never missing or repeating a change. */
export class ChangeStream<Change extends { seq: number } = VendorChange> {
  readonly #url: string
  readonly #listener: StreamListener<Change>
  #source: EventSource | undefined
  #last: number
  #heardAt = Date.now()
  #openedAt = 0
  /** Since when it has not been open; undefined while it is. */
  #brokenAt: number | undefined
  #up = true

  constructor(url: string, after: number, listener: StreamListener<Change>) {
    this.#url = url
    this.#last = after
    this.#listener = listener
    // A page that came from the phone's own store says so, and of when its figures are.
    const since = document.querySelector<HTMLElement>('[data-since]')?.dataset['since']
    if (since !== undefined) {
      this.#up = false
      this.#heardAt = Number(since)
    }
  }

  start() {
    this.#open()
    setInterval(() => this.#watch(), 1000)
    addEventListener('online', () => this.#open())
    addEventListener('pagehide', () => this.#source?.close())
    addEventListener('pageshow', (event) => event.persisted && this.#open())
  }

  #open() {
    this.#source?.close()
    this.#openedAt = Date.now()
    // The browser's own retries say Last-Event-ID; a stream opened anew can only say it in its address.
    const url = new URL(this.#url, location.href)
    url.searchParams.set('after', String(this.#last))
    const source = new EventSource(url)
    this.#source = source
    source.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      const { now }: { now: number } = JSON.parse(data)
      this.#listener.hello(now)
      this.#heard()
    })
    source.addEventListener('ping', () => this.#heard())
    source.addEventListener('change', ({ data }: MessageEvent<string>) => {
      const change: Change = JSON.parse(data)
      if (change.seq > this.#last) {
        this.#last = change.seq
        this.#listener.change(change)
      }
      this.#heard()
    })
    source.addEventListener('stalls', ({ data }: MessageEvent<string>) => {
      this.#listener.stalls?.(JSON.parse(data) as RowStall[])
      this.#heard()
    })
    source.addEventListener('phone', ({ data }: MessageEvent<string>) => {
      const { isWaiting }: { isWaiting: boolean } = JSON.parse(data)
      this.#listener.phone?.(isWaiting)
      this.#heard()
    })
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#listener.refused()
    })
  }

  #heard() {
    this.#heardAt = Date.now()
    if (!this.#up) this.#listener.link(true, this.#heardAt)
    this.#up = true
    this.#listener.alive()
  }

  #watch() {
    const now = Date.now()
    const state = this.#source?.readyState
    this.#brokenAt = state === EventSource.OPEN ? undefined : (this.#brokenAt ?? now)
    const broken = this.#brokenAt !== undefined && now - this.#brokenAt > DOWN_AFTER_MS
    const silent = now - this.#heardAt > SILENT_AFTER_MS
    if (this.#up && (broken || silent)) {
      this.#up = false
      this.#listener.link(false, this.#heardAt)
    }
    const rested = now - this.#openedAt
    if (state === EventSource.CLOSED ? rested > REST_MS : silent && rested > SILENT_AFTER_MS) this.#open()
  }
}
