import { createHash } from 'node:crypto'
import { accountKey, type BankTransaction } from '../../shared/bank-transaction.ts'
import { addDays } from '../../shared/business-day.ts'
import { squash } from '../../shared/display-text.ts'
import { findReferences } from '../../shared/reference.ts'
import { activateAccount } from './account.ts'
import type {
  Decision,
  ExceptionReason,
  IncomingMessage,
  Named,
  Published,
  RecordingRules,
} from './decision.ts'
import { drive } from './drive.sqlite.ts'
import type { Registry } from './registry.ts'
import { prepareStatements } from './statements.sqlite.ts'
import type { Db } from './sqlite.ts'

/** Where messages and money go that are no market's. */
const NO_MARKET = 0
const BY_RULE = 'rule'
const BY_FIRST_CREDIT = "first credit with the stall's reference"

/** One message on its way into the ledger. */
interface Telling {
  message: IncomingMessage
  bodySha256: string
}

/**
 * The recording of one batch; the caller holds the write transaction around it. Everything or nothing: raw message,
 * transaction (idempotent by its source key), match or exception, takings, daily outcome, change.
 */
export function createRecorder(db: Db, registryNow: () => Registry) {
  const statements = prepareStatements(db)
  /** The last seq taken of each market in this batch, and what is to be published after it. */
  let seqs = new Map<number, number>()
  let published: Published[] = []

  return function recordBatch(batch: readonly IncomingMessage[], rules: RecordingRules): Published[] {
    seqs = new Map()
    published = []
    const registry = registryNow()
    for (const message of batch) {
      const telling = { message, bodySha256: sha256(message.rawBody) }
      if (message.unreadable !== null) recordUnreadable(telling, message.unreadable, rules)
      for (const told of message.transactions) {
        const named = namedIn(told, registry)
        recordTold(telling, told, rules.decide(told, message.sourceId, registry, named), rules)
      }
    }
    for (const [marketId, seq] of seqs) statements.advance.run({ marketId, seq })
    return published
  }

  /** Looked up here and not in memory: a sale lives minutes, and this transaction sees every one there is. */
  function namedIn(told: BankTransaction, registry: Registry): Named[] {
    const references = [told.remittanceText, told.sourceCode ?? '']
      .flatMap(findReferences)
      .filter((reference) => !registry.stallsByReference.has(reference))
    if (references.length === 0) return []
    // They mean something only where their market's accounts are paid.
    const markets = new Set(registry.holdings.get(accountKey(told))?.map((one) => one.stall.marketId))
    return [...markets].flatMap((marketId) =>
      [...new Set(references)].flatMap((reference) => issuedFor(marketId, reference) ?? []),
    )
  }

  function issuedFor(marketId: number, reference: string): Named | undefined {
    const sale = statements.saleByReference.get({ marketId, reference })
    if (sale) return { kind: 'sale', ...sale }
    const proof = statements.proofByReference.get({ marketId, reference })
    return proof && { kind: 'proof', ...proof }
  }

  function nextSeq(marketId: number): number {
    const last = seqs.get(marketId) ?? statements.counter.get({ marketId })?.seq ?? 0
    seqs.set(marketId, last + 1)
    return last + 1
  }

  function recordUnreadable(telling: Telling, detail: string, rules: RecordingRules): void {
    const { businessDay, eraseOn } = rules.dayOf(telling.message.receivedAt)
    const place = { marketId: NO_MARKET, businessDay, eraseOn }
    const notification = recordNotification(telling, place, true)
    if (notification.isNew) raise(telling, place, 'unreadable', notification.seq, null, detail)
  }

  function recordTold(
    telling: Telling,
    told: BankTransaction,
    decision: Decision,
    rules: RecordingRules,
  ): void {
    const { sourceId } = telling.message
    const { marketId } = decision
    const key = { marketId, sourceId, sourceKey: told.sourceKey }
    const contentSha256 = contentHash(told)

    const before = statements.byKey.get(key)
    if (before) {
      if (before.contentSha256 === contentSha256) return
      const { seq, isNew } = recordNotification(telling, decision, true)
      const detail = 'same key as an earlier message, other content'
      if (isNew) raise(telling, decision, 'content_changed', seq, before.seq, detail)
      return
    }
    if (statements.witnessByKey.get(key)) return

    // Money that is not counted leaves no words: they are nobody's business yet.
    const keepsWords = decision.outcome !== 'not_counted'
    const textSha256 = sha256(squash(told.remittanceText))
    const untold = statements.untold.all({
      ...key,
      channel: told.channel,
      bankBin: told.bankBin,
      accountNumber: told.accountNumber,
      amountVnd: told.amountVnd,
      direction: told.direction,
      businessDay: decision.businessDay,
      dayBefore: addDays(decision.businessDay, -1),
      dayAfter: addDays(decision.businessDay, 1),
    })
    const same = rules.sameTransfer({ ...told, textSha256 }, untold)
    if (telling.message.corroboratesOnly && same?.is !== 'certain') return
    const notificationSeq = recordNotification(telling, decision, keepsWords).seq
    if (same?.is === 'certain') {
      const { seq } = same.twin
      statements.witness.run({ ...key, channel: told.channel, transactionSeq: seq, notificationSeq })
      return
    }
    // It would be counted twice, or, taken for the same, not at all: a person decides.
    if (same && decision.outcome === 'matched') {
      const { businessDay, eraseOn } = decision
      decision = { marketId, businessDay, eraseOn, outcome: 'undecided', reason: 'perhaps_told_before' }
    }

    const transactionSeq = nextSeq(marketId)
    const { isTest: _, sourceCode: __, remittanceText, payerName, payerAccount, ...entry } = told
    statements.transaction.run({
      ...entry,
      ...key,
      seq: transactionSeq,
      notificationSeq,
      businessDay: decision.businessDay,
      textSha256,
      contentSha256,
      notCounted: decision.outcome === 'not_counted' ? decision.reason : null,
      recordedAt: telling.message.receivedAt,
    })
    if (keepsWords) {
      const { eraseOn } = decision
      statements.text.run({ marketId, transactionSeq, remittanceText, payerName, payerAccount, eraseOn })
    }
    if (told.direction === 'in') {
      statements.outcome.run({
        marketId,
        businessDay: decision.businessDay,
        sourceId,
        outcome: decision.outcome,
        transactionCount: 1,
        amountVnd: told.amountVnd,
      })
    }
    if (decision.outcome === 'undecided') {
      raise(telling, decision, decision.reason, notificationSeq, transactionSeq, null)
    }
    if (decision.outcome === 'not_counted' && decision.proofSeq !== null) {
      statements.creditProof.run({ marketId, seq: decision.proofSeq, transactionSeq })
    }
    if (decision.outcome === 'matched') recordMatch(telling, told, decision, transactionSeq)
  }

  /** The message's row in that market, made at its first use: a resend that says nothing new leaves none. */
  function recordNotification(
    { message, bodySha256 }: Telling,
    { marketId, eraseOn }: Pick<Decision, 'marketId' | 'eraseOn'>,
    keepsBody: boolean,
  ): { seq: number; isNew: boolean } {
    const { sourceId, receivedAt, rawBody } = message
    const known = statements.notificationByBody.get({ marketId, sourceId, bodySha256 })
    const seq = known?.seq ?? nextSeq(marketId)
    if (!known) statements.notification.run({ marketId, seq, sourceId, bodySha256, receivedAt })
    if (keepsBody)
      statements.body.run({ marketId, notificationSeq: seq, body: Buffer.from(rawBody), eraseOn })
    return { seq, isNew: !known }
  }

  function recordMatch(
    { message }: Telling,
    { amountVnd }: BankTransaction,
    decision: Extract<Decision, { outcome: 'matched' }>,
    transactionSeq: number,
  ): void {
    const { marketId, businessDay, stallId, rule, saleSeq, classification, provesAccountId } = decision
    const row = { marketId, transactionSeq, by: BY_RULE, at: message.receivedAt }
    statements.match.run({
      ...row,
      seq: nextSeq(marketId),
      businessDay,
      stallId,
      saleSeq,
      rule,
      reason: null,
    })
    statements.classification.run({ ...row, seq: nextSeq(marketId), classification })
    statements.takings.run({
      marketId,
      businessDay,
      stallId,
      totalVnd: classification === 'sale' ? amountVnd : 0,
      saleCount: classification === 'sale' ? 1 : 0,
      unclearCount: classification === 'unclear' ? 1 : 0,
      cashVnd: 0,
      cashCount: 0,
    })
    const seq = nextSeq(marketId)
    statements.change.run({ ...row, seq, stallId, kind: 'credit' })
    published.push({ marketId, stallId, seq })
    if (provesAccountId !== null) {
      const account = { marketId, stallId, accountId: provesAccountId }
      drive(activateAccount(db, account, BY_FIRST_CREDIT, transactionSeq - 1, message.receivedAt))
    }
  }

  function raise(
    { message }: Telling,
    { marketId, businessDay }: Pick<Decision, 'marketId' | 'businessDay'>,
    reason: ExceptionReason,
    notificationSeq: number,
    transactionSeq: number | null,
    detail: string | null,
  ): void {
    const at = message.receivedAt
    const seq = nextSeq(marketId)
    statements.exception.run({
      marketId,
      seq,
      notificationSeq,
      transactionSeq,
      businessDay,
      reason,
      detail,
      at,
    })
  }
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function contentHash(told: BankTransaction): string {
  const { bankBin, accountNumber, direction, amountVnd, bookedAt, bankReference, remittanceText } = told
  return sha256(
    JSON.stringify([bankBin, accountNumber, direction, amountVnd, bookedAt, bankReference, remittanceText]),
  )
}
