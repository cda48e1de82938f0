/** One note of cash on its way to the server. */
export interface WaitingCash {
  key: string
  amountVnd: number
  /** Epoch milliseconds, by this phone. */
  at: number
  /** The server will never take it: she must look. */
  refused?: boolean
}

/** Answers that asking again may mend: signed out for now, too slow, too often. */
const PASSING = new Set([401, 408, 429])
const RETRY_MS = 30_000

/**
 * Cash noted on this phone and not yet in her book. Each note is one entry of local storage under its own key, so
 * that two tabs lose none of each other's; it goes only after the server has said 2xx. The key goes with it: what
 * was sent and not deleted is sent again and counts once.
 */
export class CashQueue {
  readonly #prefix: string
  readonly #url: string
  readonly #changed: () => void
  #sending: Promise<void> | undefined

  constructor(stallCode: string, changed: () => void = () => {}) {
    this.#prefix = `cho:cash:${stallCode}:`
    this.#url = `/vendor/${stallCode}/cash`
    this.#changed = changed
  }

  /** Throws where the browser keeps nothing. */
  add(amountVnd: number) {
    this.#store({ key: newKey(), amountVnd, at: Date.now() })
    this.#changed()
    void this.send()
  }

  list(): WaitingCash[] {
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(this.#prefix))
      .flatMap((name) => {
        const text = localStorage.getItem(name)
        const note: WaitingCash | null = text && JSON.parse(text)
        return note ? [note] : []
      })
      .sort((a, b) => a.at - b.at)
  }

  drop(key: string) {
    localStorage.removeItem(this.#prefix + key)
    this.#changed()
  }

  /** Sends what waits, oldest first; one round at a time. */
  send(): Promise<void> {
    this.#sending ??= this.#round().finally(() => (this.#sending = undefined))
    return this.#sending
  }

  /** Sends whenever there may be a network again. */
  keepSending() {
    addEventListener('online', () => void this.send())
    document.addEventListener('visibilitychange', () => void this.send())
    setInterval(() => void this.send(), RETRY_MS)
    void this.send()
  }

  async #round() {
    // A note added meanwhile is found at the end of the round.
    for (let note = this.#next(); note; note = this.#next()) {
      const { key, amountVnd, at } = note
      const body = new URLSearchParams({ key, amount: String(amountVnd), at: String(at) })
      try {
        const { ok, status } = await fetch(this.#url, {
          method: 'POST',
          body,
          headers: { accept: 'application/json' },
        })
        if (ok) this.drop(key)
        else if (status < 500 && !PASSING.has(status)) this.#store({ ...note, refused: true })
        else return
      } catch {
        // No network: the next round comes.
        return
      }
      this.#changed()
    }
  }

  #next() {
    return this.list().find((note) => !note.refused)
  }

  #store(note: WaitingCash) {
    localStorage.setItem(this.#prefix + note.key, JSON.stringify(note))
  }
}

/** `crypto.randomUUID` is missing on plain http, where a market may still try things out. */
function newKey(): string {
  if (crypto.randomUUID) return crypto.randomUUID()
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
}
