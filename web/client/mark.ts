import { OLD_NEWS_MS } from './announcer.ts'

/**
 * Up to where a stall's news has been told aloud on this phone, shared by its tabs and kept across reloads.
 * `at` says when that was last known to be all there is, so that a page opened a moment later can take up the
 * stream from there and tell what came in while it was loading.
 */
export class Mark {
  readonly #key: string
  /** Where storage is refused, this page at least remembers for itself. */
  #own = 0

  constructor(stallCode: string) {
    this.#key = `cho:told:${stallCode}`
  }

  #stored(): { seq: number; at: number } {
    try {
      const stored: { seq?: number; at?: number } = JSON.parse(localStorage.getItem(this.#key) ?? '{}')
      return { seq: stored.seq ?? 0, at: stored.at ?? 0 }
    } catch {
      return { seq: 0, at: 0 }
    }
  }

  read(): number {
    return Math.max(this.#own, this.#stored().seq)
  }

  /** Never moves back. */
  write(seq: number) {
    this.#own = Math.max(seq, this.read())
    this.#store(this.#own, Date.now())
  }

  #store(seq: number, at: number) {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ seq, at }))
    } catch {
      // Private windows and full phones: told once in this tab is all that can be promised.
    }
  }

  /** Where the stream goes on: after what was told, if that was a moment ago; else after what the page shows. */
  resumeAfter(cursor: number): number {
    const { seq, at } = this.#stored()
    if (Date.now() - at < OLD_NEWS_MS) return Math.min(seq, cursor)
    // A mark ahead of the server is of a ledger that was begun anew: it would silence everything.
    if (seq > cursor) this.#store(cursor, 0)
    return cursor
  }
}
