import type { BankTransaction } from '../../shared/bank-transaction.ts'
import type { ProposedAccount } from '../storage/account.ts'
import type { AccountKey } from '../storage/source.ts'

/** A request as it arrived, before anything is parsed. Header names are lower-case. */
export interface IncomingRequest {
  /** The configured source it was sent to. */
  sourceId: string
  rawBody: Uint8Array
  header(name: string): string | undefined
  /** Epoch milliseconds. */
  now: number
}

export type Refusal = { ok: false; reason: 'missing' | 'malformed' | 'stale' | 'mismatch' }
export type Verdict = { ok: true } | Refusal

/** What the source hears once its message is on the disk. */
export interface Acknowledgement {
  status: 200
  body: Record<string, unknown>
}

/** A genuine message we could not read: the raw bytes are kept and a person looks at it. */
export class UnreadableNotification extends Error {
  override readonly name = 'UnreadableNotification'
  readonly reason: 'malformed' | 'unknown_bank' | 'bad_amount' | 'bad_time'
  readonly field: string
  readonly detail: string
  /** What else stood in the same message and could be read. */
  readonly readable: readonly BankTransaction[]
  /** `field` names what was wrong in the message, `detail` says how, in English; neither quotes a memo. */
  constructor(
    reason: UnreadableNotification['reason'],
    field: string,
    detail: string,
    readable: readonly BankTransaction[] = [],
  ) {
    super(`${field}: ${detail}`)
    this.reason = reason
    this.field = field
    this.detail = detail
    this.readable = readable
  }
}

/**
 * The bank (BIN) of an account number that came without one: that of the source's own account of this number, or
 * UNKNOWN_BANK where it has none, so that the money stays nobody's. Throws UnreadableNotification where two banks do.
 */
export type BankOf = (accountNumber: string) => string

/** One page of a source's own history, and the cursor that comes after it. */
export interface BackfillPage {
  transactions: BankTransaction[]
  /** Entries of this page that could not be read, raw, so that none is lost. */
  unreadable: { raw: Uint8Array; error: UnreadableNotification }[]
  /** Each entry of `transactions` as JSON bytes, by the same index: a page has no bytes of its own per entry. */
  rawEntries: Uint8Array[]
  cursor: string | null
}

/** What calling a source's own API takes, by the names of its `access` fields. */
export type Access = Readonly<Record<string, string>>

export interface BackfillRequest {
  access: Access
  /** The cursor of the last page that was recorded, or null for the first time. */
  cursor: string | null
  /** Start of a fetch without a cursor, and the end of any, epoch milliseconds. */
  since: number
  until: number
  bankOf: BankOf
  signal: AbortSignal
}

/** One way in which a source proves its origin. */
export interface Mode {
  readonly id: string
  readonly words: string
  readonly hint?: string
  /** Whether the proof covers the message; a fixed token only says that the sender knows it. */
  readonly signs: boolean
}

/** Something a person copies from the source's pages, in words of the screen. */
interface AccessField {
  /** Its name in a form, in a file and in `Access`. */
  readonly name: string
  readonly label: string
  readonly hint: string
}

/** What an instance's messages are proven with. */
interface SecretField {
  readonly label: string
  readonly hint: string
  /** Whether one is made here when none is given; else the source gives it. */
  readonly madeHere: boolean
  /** What is wrong with one somebody gave us, in words; a source whose secret is no plain word says it itself. */
  problem?(secret: string): string | undefined
}

/** A bank whose credits a source is documented to tell of, and what it takes. */
export interface Hearing {
  readonly bankBin: string
  readonly holders: readonly ProposedAccount['holderType'][]
  readonly condition: 'none' | 'virtual_account' | 'purpose_prefix'
  /** With `purpose_prefix`: what the purpose of our code must begin with, upper-case. */
  readonly purposePrefix?: string
}

/** What the technician is told to do at the source. */
export interface Setup {
  sourceId: string
  /** Where it shall send its notifications. */
  address: string
  label: string
  mode: Mode
}

/** The code of a sale that a source is asked to make. */
export interface WantedCode {
  /** The sale's, which the code has to bear. */
  reference: string
  /** Which of the sale's codes: 0, and one more after each credit that left something missing. */
  part: number
  amountVnd: number
  /** The number it has to lead to: the one that our own code would name. */
  payee: AccountKey
  /** A page of ours, where a source that leads payers anywhere may lead them. */
  returnUrl: string
}

/** How a source makes codes of sales, where it has calls for that. Both throw an Error; neither is asked twice. */
interface CodeMaking {
  /** A VietQR payload with that reference, amount and payee and no other. */
  make(access: Access, secret: string, wanted: WantedCode, signal: AbortSignal): Promise<string>
  /** It shall not be paid any more; money that is on its way may still come. */
  withdraw(access: Access, code: Pick<WantedCode, 'reference' | 'part'>, signal: AbortSignal): Promise<void>
}

/** A question that a source asks below its own address before it tells of money. */
type Ask = (
  request: IncomingRequest,
  secrets: readonly string[],
) => Promise<{ ok: true; body: Record<string, unknown> } | Refusal>

/**
 * Who tells us of money. One file each; adding one is that file, its fixtures and one line in `registry.ts`: the
 * operator's pages, `npm run source`, the route, the tests and the fake bank know of nothing but what stands here.
 */
export interface Source {
  /** Its name in the registry and in addresses. */
  readonly kind: string
  /** Its name on screens. */
  readonly name: string
  /** Where the technician configures it. */
  readonly console: string
  /** How it proves its origin; an instance has exactly one. */
  readonly modes: readonly [Mode, ...Mode[]]
  readonly secret: SecretField
  /** What calling its API takes; empty where there is nothing to call. */
  readonly access: readonly AccessField[]
  /** Which banks it hears on what condition, as far as it publishes that. */
  readonly hears: readonly Hearing[]
  /** Step by step, in Vietnamese, without the secret. */
  setup(setup: Setup): readonly string[]
  /** Whether the source sent this, told before its content is used; never throws but for `unavailable`. */
  verify(request: IncomingRequest, mode: string, secrets: readonly string[]): Verdict | Promise<Verdict>
  /** It may tell an account's number and not its bank: only then is `bankOf` there to be asked. */
  readonly tellsBareNumbers?: true
  /** Throws UnreadableNotification; called for nothing that is not verified. */
  normalise(rawBody: Uint8Array, bankOf: BankOf): BankTransaction[]
  /** `transactions` is empty where the message could not be read: sent again it would not become readable. */
  acknowledge(transactions: readonly BankTransaction[]): Acknowledgement
  /** Where below its address it tells of money, if it insists; at the address itself it always may. */
  readonly tellsAt?: string
  /** What else it asks of us, by path below its address. */
  readonly asks?: Readonly<Record<string, Ask>>
  /** Its own history. Pages are yielded in any order; a cursor only ever covers what was yielded before it. */
  backfill?(request: BackfillRequest): AsyncGenerator<BackfillPage>
  /** A page of the source's, good for minutes, on which a vendor links her own account; she returns to `returnUrl`. */
  linkAccount?(access: Access, returnUrl: string, signal: AbortSignal): Promise<string>
  /** Tells the source our address, where it has a call for that; it may call us back before this resolves. */
  announce?(access: Access, address: string, signal: AbortSignal): Promise<void>
  readonly codes?: CodeMaking
}
