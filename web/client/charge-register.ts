import { saleState, type SaleFacts } from '../../shared/sale-state.ts'

/** A sale this phone made, with what the server has not been told of it yet. Times are this phone's own. */
export interface KeptSale {
  facts: SaleFacts
  madeAt: number
  cancelledAt: number | null
  unsent: readonly ('issue' | 'cancel')[]
  /** The newest code that a source was asked for; without a payload this phone's own was shown. */
  code?: { dueVnd: number; payload: string | null }
}

interface Kept {
  /** References reserved for this phone alone; one that was shown is never in it again. */
  pool: readonly string[]
  sales: readonly KeptSale[]
}

const POOL_SIZE = 20
/** Below this more are fetched. */
const POOL_LOW = 12
const KEPT_MS = 12 * 3_600_000
const MAX_KEPT = 20
const AGAIN_MS = 5_000
/** A shopper stands there. */
const CODE_TIMEOUT_MS = 2_000

/** The sales of this phone and its references, kept through reloads and lost networks. */
export class SaleRegister {
  readonly #key: string
  readonly #address: string
  /** Where storage is refused, this page at least remembers for itself. */
  #own: Kept = { pool: [], sales: [] }
  #sending = false
  #wantsPool = false
  readonly #asking = new Map<string, Promise<string | null>>()
  /** Called with a reference whose sale has changed. */
  changed = (_reference: string) => {}
  /** How many credits of each sale were known when this page began: the stream may tell more before they are shown. */
  readonly creditsAtStart: ReadonlyMap<string, number>

  constructor(stallCode: string) {
    this.#key = `cho:sales:${stallCode}`
    this.#address = `/vendor/${stallCode}/sales`
    this.creditsAtStart = new Map(this.list().map(({ facts }) => [facts.reference, facts.credits.length]))
    setInterval(() => void this.settle(), AGAIN_MS)
    addEventListener('online', () => void this.settle())
  }

  #read(): Kept {
    try {
      const text = localStorage.getItem(this.#key)
      if (text) this.#own = JSON.parse(text) as Kept
    } catch {
      // What this page remembers is all there is.
    }
    return this.#own
  }

  #write(kept: Kept) {
    this.#own = kept
    try {
      localStorage.setItem(this.#key, JSON.stringify(kept))
    } catch {
      // A full phone: this page still knows.
    }
  }

  /** Newest first, cancelled ones included. */
  list(): readonly KeptSale[] {
    return this.#read().sales
  }

  find(reference: string): KeptSale | undefined {
    return this.list().find((sale) => sale.facts.reference === reference)
  }

  /** Takes a reference out of the pool for good and asks for that amount under it; none when the pool is empty. */
  issue(amountVnd: number): KeptSale | undefined {
    const { pool, sales } = this.#read()
    const [reference, ...rest] = pool
    if (reference === undefined) return undefined
    const now = Date.now()
    const facts = { reference, amountVnd, issuedAt: null, cancelledAt: null, credits: [] }
    const made: KeptSale = { facts, madeAt: now, cancelledAt: null, unsent: ['issue'] }
    const recent = sales.filter((sale) => now - sale.madeAt < KEPT_MS || sale.unsent.length > 0)
    this.#write({ pool: rest, sales: [made, ...recent].slice(0, MAX_KEPT) })
    void this.settle()
    return made
  }

  /**
   * The code that the source makes for what is due; null where this phone makes it itself, after two seconds at most.
   * Asked for once: whatever was held out to a shopper stays, also when the page is loaded again.
   */
  async askForCode(reference: string, dueVnd: number): Promise<string | null> {
    const sale = this.find(reference)
    if (sale?.code?.dueVnd === dueVnd) return sale.code.payload
    const key = `${reference} ${dueVnd}`
    const asked = this.#asking.get(key) ?? this.#fetchCode(reference, dueVnd).catch(() => null)
    this.#asking.set(key, asked)
    const payload = await asked
    if (this.#asking.delete(key)) this.#change(reference, (one) => ({ ...one, code: { dueVnd, payload } }))
    return payload
  }

  async #fetchCode(reference: string, dueVnd: number): Promise<string | null> {
    const sale = this.find(reference)
    if (!sale || !navigator.onLine) return null
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), CODE_TIMEOUT_MS)
    try {
      const answer = await this.#post('code', fieldsOf(sale, sale.madeAt), late.signal)
      if (!answer.ok) return null
      const told = (await answer.json()) as { dueVnd: number; payload: string | null }
      return told.dueVnd === dueVnd ? told.payload : null
    } finally {
      clearTimeout(timer)
    }
  }

  cancel(reference: string) {
    this.#change(reference, (sale) => ({
      ...sale,
      cancelledAt: Date.now(),
      unsent: [...sale.unsent, 'cancel'],
    }))
    void this.settle()
  }

  /**
   * What the server says of a sale, which alone can bring money into it. Returns it with what this phone knows better:
   * the amount, when the money was faster than the phone's word. Only where a match was undone it may have less money.
   */
  hear(told: SaleFacts, isUndone = false): SaleFacts {
    this.#change(told.reference, (sale) =>
      // What a page or stream tells again may be older than what is known.
      told.credits.length < sale.facts.credits.length && !isUndone
        ? sale
        : { ...sale, facts: { ...told, amountVnd: told.amountVnd ?? sale.facts.amountVnd } },
    )
    const amountVnd = told.amountVnd ?? this.find(told.reference)?.facts.amountVnd ?? null
    return { ...told, amountVnd }
  }

  #change(reference: string, how: (sale: KeptSale) => KeptSale) {
    const { pool, sales } = this.#read()
    if (!sales.some((sale) => sale.facts.reference === reference)) return
    this.#write({
      pool,
      sales: sales.map((sale) => (sale.facts.reference === reference ? how(sale) : sale)),
    })
    this.changed(reference)
  }

  /** Keeps a pool from now on: only a phone that makes codes needs one. */
  keepPool() {
    this.#wantsPool = true
    return this.settle()
  }

  /** Tells the server what it has not heard, and fills the pool up; does nothing when there is nothing to do. */
  async settle() {
    if (this.#sending) return
    this.#sending = true
    try {
      for (const sale of this.list()) {
        for (const word of sale.unsent) await this.#send(sale, word)
      }
      if (this.#wantsPool && this.#read().pool.length < POOL_LOW) await this.#fillPool()
    } catch {
      // No network: asked again soon.
    } finally {
      this.#sending = false
    }
  }

  async #send(sale: KeptSale, word: 'issue' | 'cancel') {
    const { madeAt, cancelledAt } = sale
    const { reference } = sale.facts
    const answer = await this.#post(word, fieldsOf(sale, word === 'issue' ? madeAt : (cancelledAt ?? madeAt)))
    // What the server will never take is not asked again; a server at rest or a session ended is.
    if (!answer.ok && ![400, 404, 409].includes(answer.status)) throw new Error(`Answered ${answer.status}`)
    this.#change(reference, (kept) => ({ ...kept, unsent: kept.unsent.filter((one) => one !== word) }))
    // A server restored from a backup knows none of what it reserved since.
    if (answer.status === 404) this.#write({ ...this.#read(), pool: [] })
    if (answer.ok) this.hear((await answer.json()) as SaleFacts)
  }

  async #fillPool() {
    const count = POOL_SIZE - this.#read().pool.length
    const answer = await this.#post('reserve', { count: String(count) })
    if (!answer.ok) return
    const { references } = (await answer.json()) as { references: string[] }
    const { pool, sales } = this.#read()
    this.#write({ pool: [...pool, ...references], sales })
  }

  #post(word: string, fields: Record<string, string>, signal: AbortSignal | null = null) {
    return fetch(`${this.#address}/${word}`, { method: 'POST', body: new URLSearchParams(fields), signal })
  }
}

/** What the server is told of a sale, and how long ago that was. */
function fieldsOf({ facts: { reference, amountVnd } }: KeptSale, at: number): Record<string, string> {
  return { reference, amount: String(amountVnd), age: String(Math.max(0, Date.now() - at)) }
}

/** How a sale of this phone stands; taken back counts at once, also before the server has heard it. */
export function stateOf({ facts, cancelledAt }: KeptSale) {
  const takenBack = facts.cancelledAt === null && cancelledAt !== null && facts.credits.length === 0
  return saleState(takenBack ? { ...facts, cancelledAt: 0 } : facts)
}
