import { createHash } from 'node:crypto'
import { and, eq, getTableColumns, inArray, ne, notExists, or, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { addDays } from '../../shared/business-day.ts'
import { squash } from '../../shared/display-text.ts'
import type { Decision, IncomingMessage, Published, RecordingRules } from './decision.ts'
import {
  bankNotification,
  bankTransaction,
  change,
  classification,
  dailyOutcome,
  marketCounter,
  match,
  matchException,
  notificationBody,
  payeeAccount,
  payeeAccountState,
  setting,
  takings,
  transactionText,
  witness,
} from './kit.sqlite.ts'
import type { Registry } from './registry.ts'
import type { Db } from './sqlite.ts'

/** Messages that are no market's, readable or not. */
const NO_MARKET = 0

/** Bound once and run many times: an unprepared drizzle builder costs ten times as much. */
function prepare(db: Db) {
  const p = sql.placeholder
  const insert = <T extends SQLiteTable>(table: T) =>
    db.insert(table).values(
      // A placeholder for every column, by the column's own name.
      Object.fromEntries(Object.keys(getTableColumns(table)).map((name) => [name, p(name)])) as T['$inferInsert'],
    )
  const key = (t: typeof bankTransaction | typeof witness) =>
    and(eq(t.marketId, p('marketId')), eq(t.sourceId, p('sourceId')), eq(t.sourceKey, p('sourceKey')))

  return {
    counter: db.select().from(marketCounter).where(eq(marketCounter.marketId, p('marketId'))).prepare(),
    advance: insert(marketCounter)
      .onConflictDoUpdate({ target: marketCounter.marketId, set: { seq: sql`excluded.seq` } })
      .prepare(),

    byKey: db.select().from(bankTransaction).where(key(bankTransaction)).prepare(),
    witnessByKey: db.select().from(witness).where(key(witness)).prepare(),
    /** Credits or debits of the same account and amount about that day which this channel has not told of yet. */
    untold: db
      .select()
      .from(bankTransaction)
      .where(
        and(
          eq(bankTransaction.marketId, p('marketId')),
          inArray(bankTransaction.businessDay, [p('dayBefore'), p('businessDay'), p('dayAfter')]),
          eq(bankTransaction.accountNumber, p('accountNumber')),
          eq(bankTransaction.amountVnd, p('amountVnd')),
          eq(bankTransaction.bankBin, p('bankBin')),
          eq(bankTransaction.direction, p('direction')),
          or(ne(bankTransaction.sourceId, p('sourceId')), ne(bankTransaction.channel, p('channel'))),
          notExists(
            db
              .select({ one: sql`1` })
              .from(witness)
              .where(
                and(
                  eq(witness.marketId, bankTransaction.marketId),
                  eq(witness.transactionSeq, bankTransaction.seq),
                  eq(witness.sourceId, p('sourceId')),
                  eq(witness.channel, p('channel')),
                ),
              ),
          ),
        ),
      )
      .orderBy(bankTransaction.seq)
      .prepare(),

    notificationByBody: db
      .select({ seq: bankNotification.seq })
      .from(bankNotification)
      .where(
        and(
          eq(bankNotification.marketId, p('marketId')),
          eq(bankNotification.sourceId, p('sourceId')),
          eq(bankNotification.bodySha256, p('bodySha256')),
        ),
      )
      .prepare(),
    notification: insert(bankNotification).prepare(),
    body: insert(notificationBody).onConflictDoNothing().prepare(),
    transaction: insert(bankTransaction).onConflictDoNothing().returning({ seq: bankTransaction.seq }).prepare(),
    text: insert(transactionText).prepare(),
    witness: insert(witness).prepare(),
    match: insert(match).prepare(),
    exception: insert(matchException).prepare(),
    classification: insert(classification).prepare(),
    change: insert(change).prepare(),

    takings: insert(takings)
      .onConflictDoUpdate({
        target: [takings.marketId, takings.businessDay, takings.stallId],
        set: {
          totalVnd: sql`${takings.totalVnd} + excluded.total_vnd`,
          saleCount: sql`${takings.saleCount} + excluded.sale_count`,
          unclearCount: sql`${takings.unclearCount} + excluded.unclear_count`,
        },
      })
      .prepare(),
    outcome: insert(dailyOutcome)
      .onConflictDoUpdate({
        target: [dailyOutcome.marketId, dailyOutcome.businessDay, dailyOutcome.sourceId, dailyOutcome.outcome],
        set: {
          transactionCount: sql`${dailyOutcome.transactionCount} + excluded.transaction_count`,
          amountVnd: sql`${dailyOutcome.amountVnd} + excluded.amount_vnd`,
        },
      })
      .prepare(),

    stallAccounts: db
      .select({ id: payeeAccount.id })
      .from(payeeAccount)
      .where(eq(payeeAccount.stallId, p('stallId')))
      .prepare(),
    newestState: db
      .select({ state: payeeAccountState.state })
      .from(payeeAccountState)
      .where(eq(payeeAccountState.accountId, p('accountId')))
      .orderBy(sql`${payeeAccountState.id} desc`)
      .limit(1)
      .prepare(),
    accountState: db
      .insert(payeeAccountState)
      .values({ marketId: p('marketId'), accountId: p('accountId'), state: p('state'), by: p('by'), at: p('at') } as never)
      .prepare(),
    bumpRegistry: db
      .update(setting)
      .set({ value: sql`cast(cast(${setting.value} as integer) + 1 as text)` })
      .where(eq(setting.key, 'registry_version'))
      .prepare(),
  }
}

/**
 * The recording of one batch; the caller holds the write transaction around it. Everything or nothing: raw message,
 * transaction (idempotent by its source key), match or exception, takings, daily outcome, change.
 */
export function createRecorder(db: Db, registryNow: () => Registry) {
  const statements = prepare(db)

  return function recordBatch(batch: readonly IncomingMessage[], rules: RecordingRules): Published[] {
    const registry = registryNow()
    const seqs = new Map<number, number>()
    const published: Published[] = []

    const nextSeq = (marketId: number): number => {
      const last = seqs.get(marketId) ?? statements.counter.get({ marketId })?.seq ?? 0
      seqs.set(marketId, last + 1)
      return last + 1
    }

    for (const message of batch) {
      const { sourceId, receivedAt: at } = message
      const bodySha256 = sha256(message.rawBody)

      /** The message's row in that market, made at its first use: a resend that says nothing new leaves none. */
      const notificationIn = (marketId: number, keepBody: string | null): { seq: number; isNew: boolean } => {
        const known = statements.notificationByBody.get({ marketId, sourceId, bodySha256 })
        const seq = known?.seq ?? nextSeq(marketId)
        if (!known) statements.notification.run({ marketId, seq, sourceId, bodySha256, receivedAt: at })
        if (keepBody !== null) {
          const body = Buffer.from(message.rawBody)
          statements.body.run({ marketId, notificationSeq: seq, body, eraseOn: keepBody })
        }
        return { seq, isNew: !known }
      }

      if (message.unreadable !== null) {
        const { businessDay, eraseOn } = rules.dayOf(at)
        const notification = notificationIn(NO_MARKET, eraseOn)
        if (notification.isNew) {
          statements.exception.run({
            marketId: NO_MARKET,
            seq: nextSeq(NO_MARKET),
            notificationSeq: notification.seq,
            transactionSeq: null,
            businessDay,
            reason: 'unreadable',
            detail: message.unreadable,
            at,
          })
        }
      }

      for (const told of message.transactions) {
        const decision = rules.decide(told, sourceId, registry)
        const { marketId, businessDay, eraseOn } = decision
        const { sourceKey, channel } = told
        const keepsText = decision.outcome !== 'not_counted'
        const textSha256 = sha256(squash(told.remittanceText))
        const contentSha256 = contentHash(told)

        const raise = (reason: 'content_changed' | Extract<Decision, { outcome: 'undecided' }>['reason'], notificationSeq: number, transactionSeq: number, detail: string | null) =>
          statements.exception.run({
            marketId,
            seq: nextSeq(marketId),
            notificationSeq,
            transactionSeq,
            businessDay,
            reason,
            detail,
            at,
          })

        const before = statements.byKey.get({ marketId, sourceId, sourceKey })
        if (before) {
          if (before.contentSha256 === contentSha256) continue
          const notification = notificationIn(marketId, eraseOn)
          if (notification.isNew) {
            raise('content_changed', notification.seq, before.seq, 'same key as an earlier message, other content')
          }
          continue
        }
        if (statements.witnessByKey.get({ marketId, sourceId, sourceKey })) continue

        const told0 = { ...told, textSha256 }
        const twin = statements.untold
          .all({
            marketId,
            businessDay,
            dayBefore: addDays(businessDay, -1),
            dayAfter: addDays(businessDay, 1),
            bankBin: told.bankBin,
            accountNumber: told.accountNumber,
            amountVnd: told.amountVnd,
            direction: told.direction,
            sourceId,
            channel,
          })
          .find((earlier) => rules.sameTransfer(told0, earlier))
        const notificationSeq = notificationIn(marketId, keepsText ? eraseOn : null).seq
        if (twin) {
          statements.witness.run({ marketId, sourceId, sourceKey, channel, transactionSeq: twin.seq, notificationSeq })
          continue
        }

        const seq = nextSeq(marketId)
        statements.transaction.all({
          marketId,
          seq,
          sourceId,
          sourceKey,
          notificationSeq,
          channel,
          bankBin: told.bankBin,
          accountNumber: told.accountNumber,
          virtualAccount: told.virtualAccount,
          direction: told.direction,
          amountVnd: told.amountVnd,
          bookedAt: told.bookedAt,
          bookedPrecision: told.bookedPrecision,
          businessDay,
          bankReference: told.bankReference,
          textSha256,
          contentSha256,
          notCounted: decision.outcome === 'not_counted' ? decision.reason : null,
          recordedAt: at,
        })
        if (keepsText) {
          const { remittanceText, payerName, payerAccount } = told
          statements.text.run({ marketId, transactionSeq: seq, remittanceText, payerName, payerAccount, eraseOn })
        }
        if (told.direction === 'in') {
          const { outcome } = decision
          const amountVnd = told.amountVnd
          statements.outcome.run({ marketId, businessDay, sourceId, outcome, transactionCount: 1, amountVnd })
        }
        if (decision.outcome === 'undecided') raise(decision.reason, notificationSeq, seq, null)
        if (decision.outcome !== 'matched') continue

        const { stallId, rule, classification: kind, provesAccountId } = decision
        const matchSeq = nextSeq(marketId)
        const by = 'rule'
        statements.match.run({ marketId, seq: matchSeq, transactionSeq: seq, businessDay, stallId, rule, by, reason: null, at })
        statements.classification.run({
          marketId,
          seq: nextSeq(marketId),
          transactionSeq: seq,
          classification: kind,
          by,
          at,
        })
        statements.takings.run({
          marketId,
          businessDay,
          stallId,
          totalVnd: kind === 'sale' ? told.amountVnd : 0,
          saleCount: kind === 'sale' ? 1 : 0,
          unclearCount: kind === 'unclear' ? 1 : 0,
        })
        const changeSeq = nextSeq(marketId)
        statements.change.run({ marketId, seq: changeSeq, stallId, transactionSeq: seq, kind: 'credit', at })
        published.push({ marketId, stallId, seq: changeSeq })
        if (provesAccountId !== null) prove(marketId, stallId, provesAccountId, at)
      }
    }
    for (const [marketId, seq] of seqs) statements.advance.run({ marketId, seq })
    return published
  }

  /** The first genuine credit bearing the stall's reference: the account is hers, and the one before it is not used any more. */
  function prove(marketId: number, stallId: number, accountId: number, at: number): void {
    // Another credit of this very batch may have been first.
    if (statements.newestState.get({ accountId })?.state !== 'proposed') return
    const by = 'first credit with the stall\'s reference'
    statements.accountState.run({ marketId, accountId, state: 'proven', by, at })
    statements.accountState.run({ marketId, accountId, state: 'active', by, at })
    for (const other of statements.stallAccounts.all({ stallId })) {
      if (other.id === accountId) continue
      if (statements.newestState.get({ accountId: other.id })?.state !== 'active') continue
      statements.accountState.run({ marketId, accountId: other.id, state: 'retired', by, at })
    }
    statements.bumpRegistry.run()
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
