import type { BankTransaction } from '../../shared/bank-transaction.ts'

/** A request as it arrived, before anything is parsed. Header names are lower-case. */
export interface IncomingRequest {
  rawBody: Uint8Array
  header(name: string): string | undefined
  /** Epoch milliseconds. */
  now: number
}

export type Verdict = { ok: true } | { ok: false; reason: 'missing' | 'malformed' | 'stale' | 'mismatch' }

/** What happened to a genuine notification; the source's own words for it are in `acknowledge`. */
type Reception = 'recorded' | 'unreadable'

export interface Acknowledgement {
  status: 200
  body: Record<string, unknown>
}

/** A genuine message we could not read: the raw bytes are kept and a person looks at it. */
export class UnreadableNotification extends Error {
  override readonly name = 'UnreadableNotification'
  readonly reason: 'malformed' | 'unknown_bank' | 'bad_amount' | 'bad_time'
  /** `field` names what was wrong in the message, `detail` says how, in English; neither quotes a memo. */
  constructor(reason: UnreadableNotification['reason'], field: string, detail: string) {
    super(`${field}: ${detail}`)
    this.reason = reason
  }
}

/** One page of a source's own history, oldest first, and the cursor that comes after it. */
export interface BackfillPage {
  transactions: BankTransaction[]
  /** Entries of this page that could not be read, raw, so that none is lost. */
  unreadable: { raw: Uint8Array; error: UnreadableNotification }[]
  /** Each entry of `transactions` as JSON bytes, by the same index: a page has no bytes of its own per entry. */
  rawEntries: Uint8Array[]
  cursor: string
}

export interface BackfillRequest {
  apiToken: string
  /** The cursor of the last page that was recorded, or null for the first time. */
  cursor: string | null
  /** Start of the very first fetch, epoch milliseconds. */
  since: number
  signal: AbortSignal
}

export interface Source {
  /** Its name in the registry. One file each; adding one is one line in `registry.ts`. */
  readonly kind: string
  /** How the source proves its origin; an instance has exactly one. */
  readonly modes: readonly string[]
  verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict
  normalise(rawBody: Uint8Array): BankTransaction[]
  acknowledge(reception: Reception): Acknowledgement
  backfill(request: BackfillRequest): AsyncGenerator<BackfillPage>
}
