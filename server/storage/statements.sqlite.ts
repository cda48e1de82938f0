import type Database from 'better-sqlite3'
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { ADD_TO_OUTCOME, ADD_TO_TAKINGS } from './counted.ts'
import { accountProof, bankTransaction, sale, tables } from './kit.sqlite.ts'
import type { RecordedTable, Untold } from './recording.ts'
import type { Db } from './store.ts'

const ROWS_AT_ONCE = 16

type Row = Readonly<Record<string, unknown>>

/**
 * What recording says to the database, prepared once and run many times. What each notification asks and writes goes
 * to the driver itself: drizzle's prepared statements spend as long on a run as SQLite does.
 */
export function prepareStatements(client: Database.Database, db: Db) {
  const p = sql.placeholder

  /**
   * Writes rows of that table, many in one statement as far as they fill it: half of what a short row costs is the
   * call. The text is drizzle's, with a placeholder for every column in their order.
   */
  function insertInto(name: RecordedTable, added?: typeof ADD_TO_TAKINGS | typeof ADD_TO_OUTCOME) {
    const table: SQLiteTable = tables[name]
    const columns = Object.keys(getTableColumns(table))
    const placeholders = Object.fromEntries(columns.map((column) => [column, p(column)]))
    const prepare = (count: number) => {
      const insert = db.insert(table).values(Array.from({ length: count }, () => placeholders))
      return client.prepare((added ? insert.onConflictDoUpdate(added) : insert).toSQL().sql)
    }
    const one = prepare(1)
    const many = prepare(ROWS_AT_ONCE)
    const valuesOf = (rows: readonly Row[], from: number, to: number) => {
      const values: unknown[] = []
      for (let at = from; at < to; at += 1)
        for (const column of columns) values.push(rows[at]![column] ?? null)
      return values
    }
    return (rows: readonly Row[]) => {
      const alone = rows.length % ROWS_AT_ONCE
      for (let at = 0; at < alone; at += 1) one.run(valuesOf(rows, at, at + 1))
      for (let at = alone; at < rows.length; at += ROWS_AT_ONCE)
        many.run(valuesOf(rows, at, at + ROWS_AT_ONCE))
    }
  }

  return {
    counter: client
      .prepare<[marketId: number], number>('select seq from market_counter where market_id = ?')
      .pluck(),
    advance: client.prepare<[marketId: number, seq: number]>(
      `insert into market_counter (market_id, seq) values (?, ?)
       on conflict (market_id) do update set seq = excluded.seq`,
    ),

    byKey: client.prepare<
      [marketId: number, sourceId: string, sourceKey: string],
      { seq: number; contentSha256: string }
    >(
      `select seq, content_sha256 as contentSha256 from bank_transaction
       where market_id = ? and source_id = ? and source_key = ?`,
    ),
    witnessByKey: client.prepare<[marketId: number, sourceId: string, sourceKey: string], 1>(
      'select 1 from witness where market_id = ? and source_id = ? and source_key = ?',
    ),
    /**
     * Credits or debits of the same account and amount about that day which this channel has not told of yet, in no
     * order: SQLite sets up more for a sort than it takes to look.
     */
    untold: client.prepare<AskedUntold, Untold>(
      `select t.seq, t.channel, t.bank_reference as bankReference, t.text_sha256 as textSha256,
         t.booked_at as bookedAt, t.booked_precision as bookedPrecision
       from bank_transaction t indexed by bank_transaction_natural
       where t.market_id = ? and t.business_day in (?, ?, ?) and t.account_number = ? and t.amount_vnd = ?
         and t.bank_bin = ? and t.direction = ? and (t.source_id <> ? or t.channel <> ?)
         and not exists (
           select 1 from witness v
           where v.market_id = t.market_id and v.transaction_seq = t.seq and v.source_id = ? and v.channel = ?)`,
    ),
    /** Whether a transaction was ever given to that stall. */
    matchTo: client.prepare<[marketId: number, transactionSeq: number, stallId: number], 1>(
      'select 1 from match where market_id = ? and transaction_seq = ? and stall_id = ?',
    ),
    /** Of a message that a person was to look at: its row in that market. */
    notificationByBody: client
      .prepare<[marketId: number, bodySha256: string, sourceId: string], number>(
        `select n.seq from match_exception e
         join bank_notification n on n.market_id = e.market_id and n.seq = e.notification_seq
         where e.market_id = ? and e.body_sha256 = ? and n.source_id = ?`,
      )
      .pluck(),

    insert: {
      bankNotification: insertInto('bankNotification'),
      bankTransaction: insertInto('bankTransaction'),
      erasable: insertInto('erasable'),
      witness: insertInto('witness'),
      match: insertInto('match'),
      matchException: insertInto('matchException'),
      takings: insertInto('takings', ADD_TO_TAKINGS),
      dailyOutcome: insertInto('dailyOutcome', ADD_TO_OUTCOME),
    } satisfies Record<RecordedTable, unknown>,

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

/** In the order of the text: names would have to be looked up one by one each time. */
type AskedUntold = [
  marketId: number,
  ...days: readonly [string, string, string],
  accountNumber: string,
  amountVnd: number,
  bankBin: string,
  direction: string,
  ...teller: [sourceId: string, channel: string],
  ...teller: [sourceId: string, channel: string],
]
