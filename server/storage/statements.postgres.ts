import { fillPlaceholders, sql, type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { QueryConfig } from 'pg'
import { ADD_TO_OUTCOME, ADD_TO_TAKINGS } from './counted.ts'
import { tables } from './kit.sqlite.ts'
import {
  daysAbout,
  type Entry,
  type Known,
  type NamedReference,
  type Recording,
  type RecordedTable,
} from './recording.ts'
import { arrayText, carriedColumns, nameOf, type CarriedColumn } from './rows.postgres.ts'

// What recording says to PostgreSQL: one statement a step, whatever the size of the batch, each named so that the
// server plans it once. Its rows come column by column (rows.postgres.ts), unnested beside each other in a select list: in
// a from clause the server would set up a store for each of some seventy columns, a fifth of what a small batch costs it.

/**
 * The rows of `table` that have the same values as `other` in an index's first columns, found in that index: the last
 * is asked for as a range and sorted by, so that, with sorting off, no plan goes another way. What the server knows of
 * a table may be from when it was empty; by then-equal costs it would read a whole market.
 */
const byKey = (table: string, columns: readonly string[], other: string, last = columns.at(-1)!): string => `
  select * from ${table} as by_key
  where ${columns
    .slice(0, -1)
    .map((column) => `by_key.${column} = ${other}.${column} and `)
    .join('')}
    by_key.${columns.at(-1)} between ${other}.${last} and ${other}.${last}
  order by by_key.${columns.at(-1)}`

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
          from (${byKey('sale', ['market_id', 'reference'], 'named')}) as s
          union all
          select 'proof', a.market_id, a.seq, a.stall_id, a.reference, a.account_id, a.amount_vnd, t.amount_vnd
          from (${byKey('account_proof', ['market_id', 'reference'], 'named')}) as a
          left join lateral (${byKey('bank_transaction', ['market_id', 'seq'], 'a', 'transaction_seq')}) as t on true
        ) as issued
      ) as issued`,
  values: [names.map((one) => one.marketId), names.map((one) => one.reference)],
})

/** One thing that the ledger knows of the `place`-th entry. */
export type KnownRow = Known['untold'][number] & {
  place: number
  kind: 'notification' | 'before' | 'witness' | 'untold'
  contentSha256: string
  notificationSeq: number | null
}

/** The row `n` of the message of `a`, if a person was to look at the same bytes before, whatever source they came from. */
const KEPT = `
  (${byKey('match_exception', ['market_id', 'body_sha256'], 'a')}) as e
  cross join lateral (${byKey('bank_notification', ['market_id', 'seq'], 'e', 'notification_seq')}) as n`

/** What is asked about an entry, each with its type. */
const ASKED = {
  place: 'bigint[]',
  marketId: 'bigint[]',
  sourceId: 'text[]',
  bodySha256: 'text[]',
  dayBefore: 'text[]',
  businessDay: 'text[]',
  dayAfter: 'text[]',
  sourceKey: 'text[]',
  channel: 'text[]',
  bankBin: 'text[]',
  accountNumber: 'text[]',
  direction: 'text[]',
  amountVnd: 'bigint[]',
}

function askedAbout(entries: readonly Entry[]): Record<string, string> {
  const asked = entries.map(({ message, bodySha256, marketId, businessDay, told }, place) => {
    const [dayBefore, , dayAfter] = daysAbout(businessDay)
    const about = {
      place,
      marketId,
      sourceId: message.sourceId,
      bodySha256,
      dayBefore,
      businessDay,
      dayAfter,
    }
    const { sourceKey, channel, bankBin, accountNumber, direction, amountVnd } = told?.transaction ?? {}
    return { ...about, sourceKey, channel, bankBin, accountNumber, direction, amountVnd }
  })
  return Object.fromEntries(
    Object.keys(ASKED).map((name) => [
      `asked.${name}`,
      arrayText(asked.map((one) => one[name as keyof typeof ASKED])),
    ]),
  )
}

/** `known`: what the ledger knows of what was asked, a row for each thing it knows. */
const KNOWN = sql`
  asked as materialized (
    select ${sql.join(
      Object.entries(ASKED).map(
        ([name, type]) =>
          sql`unnest(${sql.placeholder(`asked.${name}`)}::${sql.raw(type)}) as ${nameOf(name)}`,
      ),
      sql`, `,
    )}
  ),
  known as (${sql.raw(`
      select a.place, 'notification' as kind, n.seq, null as "contentSha256", null::bigint as "notificationSeq",
        null as channel, null as "bankReference", null as "textSha256", null::bigint as "bookedAt",
        null as "bookedPrecision"
      from asked a cross join lateral ${KEPT}
      where a.source_key is null and n.source_id = a.source_id
      union all
      select a.place, 'before', k.seq, k.content_sha256,
        (select min(n.seq) from ${KEPT} where n.source_id = a.source_id), null, null, null, null, null
      from asked a
      cross join lateral (${byKey('bank_transaction', ['market_id', 'source_id', 'source_key'], 'a')}) as k
      union all
      select a.place, 'witness', w.transaction_seq, null, null, null, null, null, null, null
      from asked a
      cross join lateral (${byKey('witness', ['market_id', 'source_id', 'source_key'], 'a')}) as w
      union all
      select a.place, 'untold', t.seq, null, null, t.channel, t.bank_reference, t.text_sha256, t.booked_at, t.booked_precision
      from asked a
      cross join lateral (
        select a.day_before as day union all select a.business_day union all select a.day_after
      ) as about
      cross join lateral (
        select * from bank_transaction t
        where t.market_id = a.market_id and t.business_day = about.day and t.account_number = a.account_number
          and t.amount_vnd between a.amount_vnd and a.amount_vnd
        order by t.amount_vnd
      ) as t
      where t.bank_bin = a.bank_bin and t.direction = a.direction
        and (t.source_id <> a.source_id or t.channel <> a.channel)
        and not exists (
          select 1 from (${byKey('witness', ['market_id', 'transaction_seq'], 't', 'seq')}) as v
          where v.source_id = a.source_id and v.channel = a.channel
        )`)}
  )`

const READ_KNOWN = sqlToQuery(sql`with ${KNOWN} select * from known`)

/** What the ledger knows of the entries: a row for each thing it knows, of most entries none. */
export const readKnown = (entries: readonly Entry[]): QueryConfig => ({
  name: 'read_known',
  text: READ_KNOWN.sql,
  values: fillPlaceholders(READ_KNOWN.params, askedAbout(entries)),
})

/** What `readKnown` read, by entry. */
export function knownOf(entries: readonly Entry[], read: readonly KnownRow[]): Known[] {
  const known = entries.map((): Known & { untold: Known['untold'][number][] } => ({
    notificationSeq: null,
    before: null,
    isWitness: false,
    untold: [],
  }))
  for (const row of read) {
    const entry = known[row.place]!
    if (row.kind === 'notification') entry.notificationSeq = row.seq
    else if (row.kind === 'before')
      Object.assign(entry, { before: row, notificationSeq: row.notificationSeq })
    else if (row.kind === 'witness') entry.isWitness = true
    else entry.untold.push(row)
  }
  for (const { untold } of known) untold.sort((a, b) => a.seq - b.seq)
  return known
}

/** The places of those tellings whose transaction was never given to the stall they name. */
export const readUnheard = (tellings: Recording['laterTellings']): QueryConfig => ({
  name: 'read_unheard',
  text: `
    select told.place from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality
      as told (market_id, transaction_seq, stall_id, place)
    where not exists (
      select 1 from (${byKey('match', ['market_id', 'transaction_seq'], 'told')}) as m
      where m.stall_id = told.stall_id
    )
    order by told.place`,
  values: [
    tellings.map((one) => one.marketId),
    tellings.map((one) => one.transactionSeq),
    tellings.map((one) => one.stallId),
  ],
})

/** What a batch was planned on before its markets were locked. */
export interface Unseen {
  registry: { version: string }
  /** Of them nothing was known. */
  entries: readonly Entry[]
}

/**
 * Writes everything of a batch at once, and returns what its seqs are counted from in each of its markets. Planned
 * `unseen` they are counted from the counters', and nothing is written or returned unless all of that is still so.
 */
export function writeRecording(
  { rows, counters }: Recording,
  markets: readonly number[],
  unseen?: Unseen,
): QueryConfig {
  const written = RECORDED.filter((table) => rows[table].length > 0)
  const values: Record<string, unknown> = {
    ...askedAbout(unseen?.entries ?? []),
    markets,
    version: unseen?.registry.version,
    counters: [...counters.keys()],
    lastSeqs: [...counters.values()],
  }
  for (const table of written) {
    for (const { key, parameters } of COLUMNS[table])
      Object.assign(values, parameters(rows[table].map((row) => row[key as keyof typeof row])))
  }
  const { name, text, params } = writingTo(written)
  return { name, text, values: fillPlaceholders(params, values) }
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
  'bankTransaction',
  'erasable',
  'witness',
  'match',
  'matchException',
  'takings',
  'dailyOutcome',
] as const satisfies RecordedTable[]

/** Columns that hold a seq of the market, counted from `base`; a sale's is none of the batch's. */
const SEQS = new Set(['seq', 'notificationSeq', 'transactionSeq'])
const AS_ARRAYS = new Set(['marketId', ...SEQS])
const COLUMNS = Object.fromEntries(
  RECORDED.map((table) => [table, carriedColumns(tables[table], AS_ARRAYS)]),
) as Record<RecordedTable, CarriedColumn[]>

const MARKETS = sql`${sql.placeholder('markets')}::bigint[]`
/** Null: what was planned on was read under the lock. */
const VERSION = sql`${sql.placeholder('version')}::text`

interface Writing {
  name: string
  text: string
  params: unknown[]
}
const writings = new Map<string, Writing>()

/** The statement that writes to those tables: to set up one that is given nothing costs the server a credit's time. */
function writingTo(written: readonly RecordedTable[]): Writing {
  const key = written.join()
  let writing = writings.get(key)
  if (!writing) {
    const { sql: text, params } = sqlToQuery(writeTo(written))
    writing = { name: `write_recording_${writings.size}`, text, params }
    writings.set(key, writing)
  }
  return writing
}

const writeTo = (written: readonly RecordedTable[]): SQL => sql`
  with ${KNOWN},
  base as materialized (
    select c.market_id, case when ${VERSION} is null then 0 else c.seq end as seq
    from market_counter c
    where c.market_id = any(${MARKETS}) and (${VERSION} is null or (
      ${VERSION} = coalesce((select value from setting where key = 'registry_version'), '0')
      and not exists (select from known)
      and cardinality(${MARKETS}) = (select count(*) from market_counter n where n.market_id = any(${MARKETS}))
    ))
  ),
  ${sql.join(
    written.map(
      (table) =>
        sql`${sql.identifier(`new_${table}`)} as (${insertOf(table)}${ON_CONFLICT[table] ?? sql``}),`,
    ),
  )}
  moved as (
    update market_counter c set seq = base.seq + last.seq
    from base, (
      select unnest(${sql.placeholder('counters')}::bigint[]), unnest(${sql.placeholder('lastSeqs')}::bigint[])
    ) as last (market_id, seq)
    where c.market_id = base.market_id and c.market_id = last.market_id
  )
  select market_id as "marketId", seq from base`

function insertOf(table: RecordedTable): SQL {
  const columns = COLUMNS[table]
  const [names, unnested, values] = [
    columns.map(({ key }) => nameOf(key)),
    columns.flatMap((column) => column.unnested),
    columns.map(({ key, taken }) => (SEQS.has(key) ? sql`base.seq + ${taken}` : taken)),
  ].map((list) => sql.join(list, sql`, `))
  return sql`insert into ${tables[table]} (${names})
    select ${values} from (select ${unnested}) as r join base on base.market_id = r.market_id`
}

function adding({ target, set }: { target: { name: string }[]; set: Record<string, SQL> }): SQL {
  const sums = Object.entries(set).map(([column, sum]) => sql`${nameOf(column)} = ${sum}`)
  const key = target.map((column) => nameOf(column.name))
  return sql` on conflict (${sql.join(key, sql`, `)}) do update set ${sql.join(sums, sql`, `)}`
}

function sqlToQuery(query: SQL) {
  return new PgDialect({ casing: 'snake_case' }).sqlToQuery(query)
}
