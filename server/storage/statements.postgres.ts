import { fillPlaceholders, getTableColumns, sql, type SQL } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { QueryConfig } from 'pg'
import { ADD_TO_OUTCOME, ADD_TO_TAKINGS } from './counted.ts'
import { tables } from './kit.sqlite.ts'
import {
  daysAbout,
  type Entry,
  type NamedReference,
  type Recording,
  type RecordedTable,
} from './recording.ts'

// What recording says to PostgreSQL: one statement a step, whatever the size of the batch, each named so that the
// server plans it once.

/** Locks the counters of some markets, in the order in which everybody locks them. */
export const lockCounters = (markets: readonly number[]): QueryConfig => ({
  name: 'lock_counters',
  text: `
    select market_id as "marketId", seq from market_counter
    where market_id = any($1::bigint[]) order by market_id for update`,
  values: [markets],
})

/** A market's first. */
export const addCounters = (markets: readonly number[]): QueryConfig => ({
  name: 'add_counters',
  text: `
    insert into market_counter (market_id, seq)
    select market_id, 0 from unnest($1::bigint[]) as new (market_id) order by market_id
    on conflict do nothing`,
  values: [markets],
})

/** The registry's version, and what the named references were issued for. */
export const readNamed = (names: readonly NamedReference[]): QueryConfig => ({
  name: 'read_named',
  text: `
    select
      coalesce((select value from setting where key = 'registry_version'), '0') as version,
      (
        select coalesce(json_agg(issued), '[]') from (
          select distinct * from unnest($1::bigint[], $2::text[]) as names (market_id, reference)
        ) as named
        cross join lateral (
          select 'sale' as kind, s.market_id as "marketId", s.seq, s.stall_id as "stallId", s.reference,
            null::bigint as "accountId", null::bigint as "amountVnd", null::bigint as "creditVnd"
          from sale s where s.market_id = named.market_id and s.reference = named.reference
          union all
          select 'proof', a.market_id, a.seq, a.stall_id, a.reference, a.account_id, a.amount_vnd, t.amount_vnd
          from account_proof a
          left join bank_transaction t on t.market_id = a.market_id and t.seq = a.transaction_seq
          where a.market_id = named.market_id and a.reference = named.reference
        ) as issued
      ) as issued`,
  values: [names.map((one) => one.marketId), names.map((one) => one.reference)],
})

/** What the ledger knows of each entry, in their order: one row an entry. */
export function readKnown(entries: readonly Entry[]): QueryConfig {
  const columns = entries.map(({ message, bodySha256, marketId, businessDay, told }) => {
    const { sourceKey, channel, bankBin, accountNumber, direction, amountVnd } = told?.transaction ?? {}
    const place = [marketId, message.sourceId, bodySha256, ...daysAbout(businessDay)]
    return [...place, sourceKey, channel, bankBin, accountNumber, direction, amountVnd]
  })
  const width = 12
  return {
    name: 'read_known',
    text: `
      select
        (
          select n.seq from match_exception e
          join bank_notification n on n.market_id = e.market_id and n.seq = e.notification_seq
          where e.market_id = a.market_id and e.body_sha256 = a.body_sha256 and n.source_id = a.source_id
          limit 1
        ) as "notificationSeq",
        case when k.seq is not null then json_build_object('seq', k.seq, 'contentSha256', k.content_sha256) end as before,
        w.source_key is not null as "isWitness",
        (
          select coalesce(json_agg(json_build_object(
            'seq', t.seq, 'channel', t.channel, 'bankReference', t.bank_reference, 'textSha256', t.text_sha256,
            'bookedAt', t.booked_at, 'bookedPrecision', t.booked_precision) order by t.seq), '[]')
          from bank_transaction t
          where t.market_id = a.market_id
            and t.business_day = any(array[a.day_before, a.business_day, a.day_after])
            and t.account_number = a.account_number and t.amount_vnd = a.amount_vnd
            and t.bank_bin = a.bank_bin and t.direction = a.direction
            and (t.source_id <> a.source_id or t.channel <> a.channel)
            and not exists (
              select 1 from witness v
              where v.market_id = t.market_id and v.transaction_seq = t.seq
                and v.source_id = a.source_id and v.channel = a.channel
            )
        ) as untold
      from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[]) with ordinality
        as a (market_id, source_id, body_sha256, day_before, business_day, day_after,
          source_key, channel, bank_bin, account_number, direction, amount_vnd, place)
      left join bank_transaction k
        on k.market_id = a.market_id and k.source_id = a.source_id and k.source_key = a.source_key
      left join witness w
        on w.market_id = a.market_id and w.source_id = a.source_id and w.source_key = a.source_key
      order by a.place`,
    values: Array.from({ length: width }, (_, column) => columns.map((one) => one[column] ?? null)),
  }
}

/** Writes everything of a batch at once. */
export function writeRecording({ rows, counters }: Recording): QueryConfig {
  const values: Record<string, unknown[]> = {
    'marketCounter.marketId': [...counters.keys()],
    'marketCounter.seq': [...counters.values()],
  }
  for (const table of RECORDED) {
    for (const column of columnsOf(table)) {
      values[`${table}.${column}`] = rows[table].map((row) => row[column as keyof typeof row])
    }
  }
  return { name: 'write_recording', text: WRITE.sql, values: fillPlaceholders(WRITE.params, values) }
}

/** Notes which credit each proof of an account waited for. */
export const creditProofs = (credits: Recording['proofCredits']): QueryConfig => ({
  name: 'credit_proofs',
  text: `
    update account_proof a set transaction_seq = c.transaction_seq
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as c (market_id, seq, transaction_seq)
    where a.market_id = c.market_id and a.seq = c.seq`,
  values: [
    credits.map((one) => one.marketId),
    credits.map((one) => one.seq),
    credits.map((one) => one.transactionSeq),
  ],
})

/** How a row that may be there already is added to it. */
const ON_CONFLICT: Partial<Record<RecordedTable, SQL>> = {
  takings: adding(ADD_TO_TAKINGS),
  dailyOutcome: adding(ADD_TO_OUTCOME),
}

const RECORDED = [
  'bankNotification',
  'notificationBody',
  'bankTransaction',
  'transactionText',
  'witness',
  'match',
  'matchException',
  'classification',
  'change',
  'takings',
  'dailyOutcome',
] as const satisfies RecordedTable[]

/**
 * Inserts whole rows of a table as one array a column: a thousand rows are one short statement, and not one of twenty
 * thousand parameters, which take several times as long.
 */
export function insertRows(table: SQLiteTable, added: readonly Record<string, unknown>[]): SQL {
  const columns = Object.entries(getTableColumns<SQLiteTable>(table))
  const arrays = columns.map(
    ([name, { dataType }]) =>
      sql`${sql.param(added.map((row) => row[name]))}::${sql.raw(ARRAY_TYPES[dataType]!)}`,
  )
  const names = columns.map(([name]) => nameOf(name))
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) select * from unnest(${sql.join(arrays, sql`, `)})`
}

const ARRAY_TYPES: Record<string, string> = {
  number: 'bigint[]',
  string: 'text[]',
  buffer: 'bytea[]',
  boolean: 'boolean[]',
}

const WRITE = new PgDialect({ casing: 'snake_case' }).sqlToQuery(sql`
  with ${sql.join(
    RECORDED.map(
      (table) => sql`${sql.identifier(`new_${table}`)} as (${insertOf(table)}${ON_CONFLICT[table] ?? sql``})`,
    ),
    sql`, `,
  )}
  update market_counter set seq = last.seq
  from unnest(${arrayOf('marketCounter', 'marketId')}, ${arrayOf('marketCounter', 'seq')}) as last (market_id, seq)
  where market_counter.market_id = last.market_id`)

function insertOf(table: RecordedTable): SQL {
  const columns = columnsOf(table)
  return sql`insert into ${tables[table]} (${sql.join(columns.map(nameOf), sql`, `)})
    select * from unnest(${sql.join(
      columns.map((column) => arrayOf(table, column)),
      sql`, `,
    )})`
}

function arrayOf(table: keyof typeof tables, column: string): SQL {
  const { dataType } = getTableColumns<SQLiteTable>(tables[table])[column]!
  return sql`${sql.placeholder(`${table}.${column}`)}::${sql.raw(ARRAY_TYPES[dataType]!)}`
}

function adding({ target, set }: { target: { name: string }[]; set: Record<string, SQL> }): SQL {
  const sums = Object.entries(set).map(([column, sum]) => sql`${nameOf(column)} = ${sum}`)
  const key = target.map((column) => nameOf(column.name))
  return sql` on conflict (${sql.join(key, sql`, `)}) do update set ${sql.join(sums, sql`, `)}`
}

function columnsOf(table: RecordedTable): string[] {
  return Object.keys(getTableColumns<SQLiteTable>(tables[table]))
}

function nameOf(column: string) {
  return sql.identifier(toSnakeCase(column))
}
