import { hash } from 'node:crypto'
import { accountKey, type BankTransaction, type Channel } from '../../shared/bank-transaction.ts'
import { addDays } from '../../shared/business-day.ts'
import { squash } from '../../shared/display-text.ts'
import { findReferences } from '../../shared/reference.ts'
import type {
  Decision,
  ExceptionReason,
  IncomingMessage,
  Matched,
  Named,
  Published,
  RecordingRules,
  ToldBefore,
} from './decision.ts'
import type { bankTransaction, tables } from './kit.sqlite.ts'
import type { Registry } from './registry.ts'

/** Where messages and money go that are no market's. */
const NO_MARKET = 0
export const BY_RULE = 'rule'
/** Raised of a message's bytes: the same bytes again raise nothing. */
const ABOUT_THE_MESSAGE = new Set<ExceptionReason>(['unreadable', 'content_changed'])
export const BY_FIRST_CREDIT = "first credit with the stall's reference"

/** What a named reference was issued for in its market. */
export type Issued = Named & { marketId: number }

/** A reference that stands in a text, and a market in which it would mean something. */
export interface NamedReference {
  marketId: number
  reference: string
}

/** One transaction of a batch, decided; or a message that could not be read, as far as it could not. */
export interface Entry {
  message: IncomingMessage
  bodySha256: string
  marketId: number
  businessDay: string
  eraseOn: string
  /** Null: it could not be read. */
  told: Told | null
}

interface Told {
  transaction: BankTransaction
  named: readonly Named[]
  decision: Decision
  textSha256: string
  contentSha256: string
}

/** An earlier transaction that this channel has not told of. */
export type Untold = ToldBefore & { seq: number }

/** What the ledger knows of one entry before the batch. */
export interface Known {
  /** The message's row in that market, if a person was to look at it before. */
  notificationSeq: number | null
  /** The transaction recorded under the same key. */
  before: { seq: number; contentSha256: string } | null
  /** Recorded before as another telling of a transfer. */
  isWitness: boolean
  /** Of the same account, direction and amount, from the day before to the day after, oldest first. */
  untold: readonly Untold[]
}

type Inserts = { [Table in RecordedTable]: (typeof tables)[Table]['$inferInsert'][] }

export type RecordedTable =
  | 'bankNotification'
  | 'bankTransaction'
  | 'erasable'
  | 'witness'
  | 'match'
  | 'matchException'
  | 'takings'
  | 'dailyOutcome'

/** A message's row in a market. */
interface Notification {
  seq: number
  /** Made by this batch, for this entry. */
  isNew: boolean
  /** It was there before the batch, and its bytes with it. */
  isKept: boolean
}

/** Another telling of a known transfer, which by itself says whose the money is. */
export interface LaterTelling extends Pick<
  Matched,
  'marketId' | 'stallId' | 'rule' | 'saleSeq' | 'classification' | 'provesAccountId'
> {
  transactionSeq: number
  notificationSeq: number
  /** Epoch milliseconds. */
  at: number
}

interface ProofCredit {
  marketId: number
  seq: number
  transactionSeq: number
}

/** Everything one batch writes. */
export interface Recording {
  /** Takings and outcomes are added to what is there; everything else is new. */
  rows: Inserts
  /** The proofs of accounts that waited for a credit of the batch, and which it was. */
  proofCredits: ProofCredit[]
  /** Accounts that a credit of the batch bears out, in their order; `afterSeq` is the last seq before that credit. */
  bornOut: { marketId: number; stallId: number; accountId: number; afterSeq: number; at: number }[]
  laterTellings: LaterTelling[]
  /** The last seq of each market afterwards. */
  counters: ReadonlyMap<number, number>
  /** To be told after the commit. */
  published: Published[]
}

/** The references of a batch that are no stall's. What they were issued for no memory knows: a sale lives minutes. */
export function namedReferences(batch: readonly IncomingMessage[], registry: Registry): NamedReference[] {
  return batch.flatMap(({ transactions }) => transactions.flatMap((told) => namedIn(told, registry)))
}

/** Decides every transaction of a batch, knowing what the references that `namedReferences` gave were issued for. */
export function decideBatch(
  batch: readonly IncomingMessage[],
  registry: Registry,
  issued: readonly Issued[],
  rules: RecordingRules,
): Entry[] {
  const byName = new Map(issued.map((one) => [nameKey(one), one]))
  return batch.flatMap((message) => {
    const bodySha256 = sha256(message.rawBody)
    const unread: Entry[] = []
    if (message.unreadable !== null) {
      unread.push({
        message,
        bodySha256,
        marketId: NO_MARKET,
        ...rules.dayOf(message.receivedAt),
        told: null,
      })
    }
    const told = message.transactions.map((transaction): Entry => {
      const names = byName.size === 0 ? [] : namedIn(transaction, registry)
      const named = names.flatMap((name) => byName.get(nameKey(name)) ?? [])
      const decision = rules.decide(transaction, message.sourceId, registry, named)
      const { marketId, businessDay, eraseOn } = decision
      const textSha256 = sha256(squash(transaction.remittanceText))
      const contentSha256 = contentHash(transaction)
      const place = { message, bodySha256, marketId, businessDay, eraseOn }
      return { ...place, told: { transaction, named, decision, textSha256, contentSha256 } }
    })
    return [...unread, ...told]
  })
}

/**
 * What recording these entries writes, in their order. `known` says of each what the ledger knew before the batch;
 * what one entry means for a later one (the same bytes, the same key, the same transfer) is worked out here.
 */
export function planRecording(
  entries: readonly Entry[],
  known: readonly Known[],
  lastSeqs: ReadonlyMap<number, number>,
  registry: Registry,
  rules: RecordingRules,
): Recording {
  const rows: Inserts = {
    bankNotification: [],
    bankTransaction: [],
    erasable: [],
    witness: [],
    match: [],
    matchException: [],
    takings: [],
    dailyOutcome: [],
  }
  const counters = new Map<number, number>()
  const published: Published[] = []
  const bornOut: Recording['bornOut'] = []
  const laterTellings: LaterTelling[] = []
  // What this batch itself added to what the ledger knows.
  const notifications = new Map<string, number>()
  const bodies = new Set<string>()
  const transactions = new Map<string, { seq: number; contentSha256: string }>()
  const transfers = new Map<string, (typeof bankTransaction.$inferSelect)[]>()
  const witnesses = new Set<string>()
  const toldBy = new Set<string>()
  const proofs = new Map<string, ProofCredit & { credit: { creditVnd: number } }>()
  const takings = new Map<string, Inserts['takings'][number]>()
  const outcomes = new Map<string, Inserts['dailyOutcome'][number]>()

  for (const [index, entry] of entries.entries()) {
    if (entry.told) recordTold(entry, entry.told, known[index]!)
    else recordUnreadable(entry, known[index]!)
  }
  rows.takings.push(...inKeyOrder(takings))
  rows.dailyOutcome.push(...inKeyOrder(outcomes))
  const proofCredits = [...proofs.values()]
  return { rows, proofCredits, bornOut, laterTellings, counters, published }

  function recordUnreadable(entry: Entry, { notificationSeq }: Known): void {
    const notification = recordNotification(entry, notificationSeq)
    keepBody(entry, notification)
    if (notification.isNew) raise(entry, 'unreadable', notification.seq, null, entry.message.unreadable)
  }

  function recordTold(entry: Entry, told: Told, { before, isWitness, untold, notificationSeq }: Known): void {
    const { marketId, businessDay, eraseOn, message } = entry
    const { transaction, textSha256, contentSha256 } = told
    let { decision } = told
    const { sourceId } = message
    const { sourceKey, channel } = transaction
    const key = `${marketId} ${sourceId} ${sourceKey}`

    const recorded = before ?? transactions.get(key)
    if (recorded) {
      if (recorded.contentSha256 === contentSha256) return
      const notification = recordNotification(entry, notificationSeq)
      keepBody(entry, notification)
      const { seq, isNew } = notification
      const detail = 'same key as an earlier message, other content'
      if (isNew) raise(entry, 'content_changed', seq, recorded.seq, detail)
      return
    }
    if (isWitness || witnesses.has(key)) return

    // Money that is not counted leaves no words: they are nobody's business yet.
    const keepsWords = decision.outcome !== 'not_counted'
    const ofChannel = ({ seq }: { seq: number }) => `${marketId} ${seq} ${sourceId} ${channel}`
    const alike = transfers.get(transferKey(marketId, transaction)) ?? []
    const untoldNow = [...untold, ...alike.filter((one) => mayBeToldBy(one, entry, channel))].filter(
      (one) => !toldBy.has(ofChannel(one)),
    )
    const same = rules.sameTransfer({ ...transaction, textSha256 }, untoldNow)
    if (message.corroborates && same?.is !== 'certain') return
    const notification = recordNotification(entry, notificationSeq)
    if (same?.is === 'certain') {
      const { twin } = same
      witnesses.add(key)
      toldBy.add(ofChannel(twin))
      if (keepsWords) keepBody(entry, notification)
      const row = { marketId, sourceId, sourceKey, channel, notificationSeq: notification.seq }
      rows.witness.push({ ...row, transactionSeq: twin.seq })
      if (message.corroborates !== 'only') hearAgain(entry, told, twin, notification.seq)
      return
    }

    // It would be counted twice, or, taken for the same, not at all: a person decides.
    if (same && decision.outcome === 'matched')
      decision = { marketId, businessDay, eraseOn, outcome: 'undecided', reason: 'perhaps_told_before' }

    const seq = nextSeq(marketId)
    const { remittanceText, payerName, payerAccount } = transaction
    // Each by its name: what is copied by a rest and a spread takes several times as long.
    const row = {
      marketId,
      seq,
      sourceId,
      sourceKey,
      notificationSeq: notification.seq,
      channel,
      bankBin: transaction.bankBin,
      accountNumber: transaction.accountNumber,
      virtualAccount: transaction.virtualAccount,
      direction: transaction.direction,
      amountVnd: transaction.amountVnd,
      bookedAt: transaction.bookedAt,
      bookedPrecision: transaction.bookedPrecision,
      businessDay,
      bankReference: transaction.bankReference,
      textSha256,
      contentSha256,
      notCounted: decision.outcome === 'not_counted' ? decision.reason : null,
      recordedAt: message.receivedAt,
    }
    rows.bankTransaction.push(row)
    transactions.set(key, row)
    transfers.set(transferKey(marketId, transaction), [...alike, row])
    if (keepsWords) {
      const body = takeBody(entry, notification)
      rows.erasable.push({ marketId, seq, body, remittanceText, payerName, payerAccount, eraseOn })
    }
    if (transaction.direction === 'in') countOutcome(entry, decision.outcome, transaction.amountVnd)
    if (decision.outcome === 'undecided') raise(entry, decision.reason, notification.seq, seq, null)
    if (decision.outcome === 'not_counted' && decision.proofSeq !== null) creditProof(entry, told, seq)
    if (decision.outcome === 'matched') recordMatch(entry, transaction.amountVnd, decision, seq)
  }

  /** The message's row in that market, made at its first use: a resend that says nothing new leaves none. */
  function recordNotification(
    { message, bodySha256, marketId }: Entry,
    recordedBefore: number | null,
  ): Notification {
    const { sourceId, receivedAt } = message
    const key = `${marketId} ${sourceId} ${bodySha256}`
    const before = recordedBefore ?? notifications.get(key)
    const seq = before ?? nextSeq(marketId)
    if (before === undefined) {
      notifications.set(key, seq)
      rows.bankNotification.push({ marketId, seq, sourceId, bodySha256, receivedAt })
    }
    return { seq, isNew: before === undefined, isKept: recordedBefore !== null }
  }

  /** The message's bytes, once: whoever takes them keeps them. */
  function takeBody({ message, marketId }: Entry, { seq, isKept }: Notification): Buffer | null {
    const key = `${marketId} ${seq}`
    if (isKept || bodies.has(key)) return null
    bodies.add(key)
    const { buffer, byteOffset, byteLength } = message.rawBody
    return Buffer.from(buffer, byteOffset, byteLength)
  }

  /** Of a message that told of no new transaction. */
  function keepBody(entry: Entry, notification: Notification): void {
    const body = takeBody(entry, notification)
    const { marketId, eraseOn } = entry
    if (body) rows.erasable.push({ marketId, seq: notification.seq, body, eraseOn })
  }

  function recordMatch(
    { message }: Entry,
    amountVnd: number,
    decision: Matched,
    transactionSeq: number,
  ): void {
    const { marketId, businessDay, stallId, rule, saleSeq, classification, provesAccountId } = decision
    const at = message.receivedAt
    const row = { marketId, transactionSeq, at }
    const seq = nextSeq(marketId)
    rows.match.push({ ...row, seq, businessDay, stallId, saleSeq, rule, classification, by: BY_RULE })
    countTakings(decision, amountVnd)
    published.push({ marketId, stallId, seq })
    if (provesAccountId !== null) {
      bornOut.push({ marketId, stallId, accountId: provesAccountId, afterSeq: transactionSeq - 1, at })
    }
  }

  /** The money is the first telling's: what this one says of it is decided as of when that one was booked. */
  function hearAgain(
    { message }: Entry,
    { transaction, named, decision }: Told,
    { seq, bookedAt, bookedPrecision }: Untold,
    notificationSeq: number,
  ): void {
    if (!namesStall(decision)) return
    // Mostly both tell the same time, and it is decided already.
    const isThen = transaction.bookedAt === bookedAt && transaction.bookedPrecision === bookedPrecision
    const asOfThen = isThen
      ? decision
      : rules.decide({ ...transaction, bookedAt, bookedPrecision }, message.sourceId, registry, named)
    if (!namesStall(asOfThen)) return
    laterTellings.push({ ...asOfThen, transactionSeq: seq, notificationSeq, at: message.receivedAt })
  }

  function raise(
    { message, bodySha256, marketId, businessDay }: Entry,
    reason: ExceptionReason,
    notificationSeq: number,
    transactionSeq: number | null,
    detail: string | null,
  ): void {
    const about = { marketId, businessDay, notificationSeq, transactionSeq }
    rows.matchException.push({
      ...about,
      seq: nextSeq(marketId),
      reason,
      detail,
      bodySha256: ABOUT_THE_MESSAGE.has(reason) ? bodySha256 : null,
      at: message.receivedAt,
    })
  }

  /** Test money for the proof of an account: what it waited for, unless an earlier credit of this batch was that. */
  function creditProof({ marketId, message }: Entry, told: Told, transactionSeq: number): void {
    const { transaction, named } = told
    const asOfNow = named.map((one) => ({ ...one, ...proofs.get(`${marketId} ${one.seq}`)?.credit }))
    const decision = rules.decide(transaction, message.sourceId, registry, asOfNow)
    if (decision.outcome !== 'not_counted' || decision.proofSeq === null) return
    const { proofSeq: seq } = decision
    const credit = { creditVnd: transaction.amountVnd }
    proofs.set(`${marketId} ${seq}`, { marketId, seq, transactionSeq, credit })
  }

  function countTakings(
    { marketId, businessDay, stallId, classification }: Matched,
    amountVnd: number,
  ): void {
    const key = `${marketId} ${businessDay} ${stallId}`
    const zero = { totalVnd: 0, saleCount: 0, unclearCount: 0, cashVnd: 0, cashCount: 0 }
    const sum = takings.get(key) ?? { marketId, businessDay, stallId, ...zero }
    if (classification === 'sale') {
      sum.totalVnd += amountVnd
      sum.saleCount += 1
    }
    if (classification === 'unclear') sum.unclearCount += 1
    takings.set(key, sum)
  }

  function countOutcome(
    { marketId, businessDay, message }: Entry,
    outcome: Decision['outcome'],
    amountVnd: number,
  ): void {
    const { sourceId } = message
    const key = `${marketId} ${businessDay} ${sourceId} ${outcome}`
    const zero = { transactionCount: 0, amountVnd: 0 }
    const sum = outcomes.get(key) ?? { marketId, businessDay, sourceId, outcome, ...zero }
    sum.transactionCount += 1
    sum.amountVnd += amountVnd
    outcomes.set(key, sum)
  }

  function nextSeq(marketId: number): number {
    const seq = (counters.get(marketId) ?? lastSeqs.get(marketId) ?? 0) + 1
    counters.set(marketId, seq)
    return seq
  }
}

/** Whether it is by what a telling says, and not by there being nobody else. */
const namesStall = (decision: Decision): decision is Matched =>
  decision.outcome === 'matched' && decision.rule !== 'sole_stall'

/** Of the days in which a late transfer may have been posted, and not told by this channel itself. */
function mayBeToldBy(
  earlier: { businessDay: string; sourceId: string; channel: Channel },
  { businessDay, message }: Entry,
  channel: Channel,
): boolean {
  return (
    daysAbout(businessDay).includes(earlier.businessDay) &&
    (earlier.sourceId !== message.sourceId || earlier.channel !== channel)
  )
}

/** A transfer booked late in the evening is posted on the next day by some banks. */
export function daysAbout(businessDay: string): readonly [string, string, string] {
  // Nearly always the same day as before.
  if (lastAbout[1] !== businessDay)
    lastAbout = [addDays(businessDay, -1), businessDay, addDays(businessDay, 1)]
  return lastAbout
}
let lastAbout: readonly [string, string, string] = ['', '', '']

/** The same way in every process, whatever the order in the batch. */
function inKeyOrder<Row>(sums: ReadonlyMap<string, Row>): Row[] {
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

function transferKey(marketId: number, told: BankTransaction): string {
  return `${marketId} ${told.bankBin} ${told.accountNumber} ${told.direction} ${told.amountVnd}`
}

/** They mean something only where their market's accounts are paid. */
function namedIn(told: BankTransaction, registry: Registry): NamedReference[] {
  const references = [told.remittanceText, told.sourceCode ?? '']
    .flatMap(findReferences)
    .filter((reference) => !registry.stallsByReference.has(reference))
  if (references.length === 0) return []
  return marketsPaid(told, registry).flatMap((marketId) =>
    [...new Set(references)].map((reference) => ({ marketId, reference })),
  )
}

function marketsPaid(told: BankTransaction, registry: Registry): number[] {
  return [...new Set(registry.holdings.get(accountKey(told))?.map((one) => one.stall.marketId))]
}

const nameKey = ({ marketId, reference }: NamedReference) => `${marketId} ${reference}`

function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex')
}

function contentHash(told: BankTransaction): string {
  const { bankBin, accountNumber, direction, amountVnd, bookedAt, bankReference, remittanceText } = told
  return sha256(
    JSON.stringify([bankBin, accountNumber, direction, amountVnd, bookedAt, bankReference, remittanceText]),
  )
}
