import type { SaleFacts } from '../../shared/sale-state.ts'
import type { VendorChange } from '../../shared/wire.ts'

/** News older than this is shown, never read aloud. */
export const OLD_NEWS_MS = 60_000

/** More than this waiting is read as one sum: nobody listens to a minute of numbers. */
export const LONG_QUEUE = 5

/** One thing to sound: the chime, then words; the chime alone where there are none. */
export interface Utterance {
  /** The newest change it tells of. */
  seq: number
  words: readonly string[]
}

export interface AnnouncerNeeds {
  /** The server's clock, epoch milliseconds. */
  now(): number
  /** May this tab sound now? Asked before each utterance. */
  maySpeak(): boolean
  /** The highest sequence number any tab has dealt with; kept by the browser across reloads. */
  mark: { read(): number; write(seq: number): void }
  /** The words for an amount, and for what it makes of its sale; none when she chose the chime. */
  words(amountVnd: number, sale?: SaleFacts): readonly string[]
  /** Resolves when the sound has ended. */
  say(utterance: Utterance): Promise<void>
}

/** Says each credit once, in order, one after another. Knows nothing of the browser. */
export class Announcer {
  readonly #needs: AnnouncerNeeds
  #waiting: VendorChange[] = []
  #speaking = false

  constructor(needs: AnnouncerNeeds) {
    this.#needs = needs
  }

  hear(change: VendorChange) {
    if (change.kind === 'credit') this.#waiting.push(change)
    // What was never hers is not told any more, if it still waits.
    if (change.kind === 'undone') {
      const { transactionSeq } = change.payment
      this.#waiting = this.#waiting.filter(({ payment }) => payment.transactionSeq !== transactionSeq)
    }
    void this.speak()
  }

  /** Works off what waits, if it may; call it again when it may. */
  async speak() {
    if (this.#speaking) return
    this.#speaking = true
    try {
      while (this.#needs.maySpeak()) {
        const utterance = this.#next()
        if (!utterance) return
        // Marked before it sounds: a page that dies in the middle is not told again.
        this.#needs.mark.write(utterance.seq)
        // A sound that fails must not silence the next one.
        await this.#needs.say(utterance).catch(() => {})
      }
    } finally {
      this.#speaking = false
    }
  }

  #next(): Utterance | undefined {
    const mark = this.#needs.mark.read()
    const oldest = this.#needs.now() - OLD_NEWS_MS
    const fresh = this.#waiting.filter((change) => change.seq > mark && change.recordedAt >= oldest)
    fresh.sort((a, b) => a.seq - b.seq)
    const told = fresh.length > LONG_QUEUE ? fresh : fresh.slice(0, 1)
    this.#waiting = fresh.slice(told.length)
    const last = told.at(-1)
    return last && { seq: last.seq, words: this.#words(told) }
  }

  /** What may be her salary is nobody's business in the market: it gets the chime alone. */
  #words(told: readonly VendorChange[]) {
    const spoken = told
      .map(({ payment }) => payment)
      .filter(({ classification }) => classification === 'sale' || classification === 'test')
    const sum = spoken.reduce((total, { amountVnd }) => total + amountVnd, 0)
    // A sum of several is nobody's sale.
    return sum > 0 ? this.#needs.words(sum, told.length === 1 ? told[0]?.sale : undefined) : []
  }
}
