/** A lease is renewed this often, and lost after three misses. */
const LEASE_MS = 2000

/**
 * Which of a phone's tabs may sound: one at a time. Uses the browser's locks; where they are missing (a page on
 * plain http) a lease in local storage.
 */
export class Floor {
  readonly #name: string
  readonly #changed: () => void
  #held = false
  #leave: (() => void) | undefined

  constructor(stallCode: string, changed: () => void) {
    this.#name = `cho:speaker:${stallCode}`
    this.#changed = changed
  }

  get held() {
    return this.#held
  }

  /** Waits its turn, or takes the floor at once: she tapped this tab's loudspeaker. */
  ask(atOnce = false) {
    if (this.#held || (this.#leave && !atOnce)) return
    this.#leave?.()
    this.#leave = navigator.locks ? this.#askLock(atOnce) : this.#askLease(atOnce)
  }

  leave() {
    this.#leave?.()
    this.#leave = undefined
    this.#hold(false)
  }

  #hold(held: boolean) {
    if (this.#held === held) return
    this.#held = held
    this.#changed()
  }

  #askLock(atOnce: boolean): () => void {
    let left = false
    let release: (() => void) | undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const waiting = new AbortController()
    const hold = () => {
      if (!left) this.#hold(true)
      return released
    }
    navigator.locks
      .request(this.#name, atOnce ? { steal: true } : { signal: waiting.signal }, hold)
      .catch(() => {
        if (left) return
        // Another tab took it: stand in line again.
        this.#hold(false)
        this.#leave = this.#askLock(false)
      })
    return () => {
      left = true
      release?.()
      waiting.abort()
    }
  }

  #askLease(atOnce: boolean): () => void {
    const me = String(Math.random())
    const renew = (take: boolean) => {
      try {
        const [holder, until] = (localStorage.getItem(this.#name) ?? ' 0').split(' ')
        const mine = take || holder === me || Number(until) < Date.now()
        if (mine) localStorage.setItem(this.#name, `${me} ${Date.now() + 3 * LEASE_MS}`)
        this.#hold(mine)
      } catch {
        // No storage, no other tab to agree with: better heard twice than not at all.
        this.#hold(true)
      }
    }
    renew(atOnce)
    const timer = setInterval(renew, LEASE_MS, false)
    return () => {
      clearInterval(timer)
      if (this.#held) localStorage.removeItem(this.#name)
    }
  }
}
