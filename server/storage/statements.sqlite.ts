import { and, eq, getTableColumns, inArray, ne, notExists, or, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import {
  accountProof,
  bankNotification,
  bankTransaction,
  change,
  classification,
  dailyOutcome,
  marketCounter,
  match,
  matchException,
  notificationBody,
  sale,
  takings,
  transactionText,
  witness,
} from './kit.sqlite.ts'
import { ADD_TO_OUTCOME, ADD_TO_TAKINGS } from './counted.ts'
import type { Db } from './store.ts'

/** What recording says to the database, bound once and run many times: an unprepared builder costs ten times as much. */
export function prepareStatements(db: Db) {
  const p = sql.placeholder
  const insert = <T extends SQLiteTable>(table: T) =>
    db.insert(table).values(
      // A placeholder for every column, by the column's own name.
      Object.fromEntries(
        Object.keys(getTableColumns(table)).map((name) => [name, p(name)]),
      ) as T['$inferInsert'],
    )
  const key = (t: typeof bankTransaction | typeof witness) =>
    and(eq(t.marketId, p('marketId')), eq(t.sourceId, p('sourceId')), eq(t.sourceKey, p('sourceKey')))

  return {
    counter: db
      .select()
      .from(marketCounter)
      .where(eq(marketCounter.marketId, p('marketId')))
      .prepare(),
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
      // The plus: else SQLite reads the whole market in the order of its key rather than sort a handful of rows.
      .orderBy(sql`+${bankTransaction.seq}`)
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
    insert: {
      bankNotification: insert(bankNotification).prepare(),
      notificationBody: insert(notificationBody).onConflictDoNothing().prepare(),
      bankTransaction: insert(bankTransaction).prepare(),
      transactionText: insert(transactionText).prepare(),
      witness: insert(witness).prepare(),
      match: insert(match).prepare(),
      matchException: insert(matchException).prepare(),
      classification: insert(classification).prepare(),
      change: insert(change).prepare(),
      takings: insert(takings).onConflictDoUpdate(ADD_TO_TAKINGS).prepare(),
      dailyOutcome: insert(dailyOutcome).onConflictDoUpdate(ADD_TO_OUTCOME).prepare(),
    },

    saleByReference: db
      .select({ seq: sale.seq, stallId: sale.stallId, reference: sale.reference })
      .from(sale)
      .where(and(eq(sale.marketId, p('marketId')), eq(sale.reference, p('reference'))))
      .prepare(),

    proofByReference: db
      .select({
        seq: accountProof.seq,
        stallId: accountProof.stallId,
        accountId: accountProof.accountId,
        reference: accountProof.reference,
        amountVnd: accountProof.amountVnd,
        creditVnd: bankTransaction.amountVnd,
      })
      .from(accountProof)
      .leftJoin(
        bankTransaction,
        and(
          eq(bankTransaction.marketId, accountProof.marketId),
          eq(bankTransaction.seq, accountProof.transactionSeq),
        ),
      )
      .where(and(eq(accountProof.marketId, p('marketId')), eq(accountProof.reference, p('reference'))))
      .prepare(),
    creditProof: db
      .update(accountProof)
      .set({ transactionSeq: sql`${p('transactionSeq')}` })
      .where(and(eq(accountProof.marketId, p('marketId')), eq(accountProof.seq, p('seq'))))
      .prepare(),
  }
}
