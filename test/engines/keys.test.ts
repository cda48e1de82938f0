import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { getTableName } from 'drizzle-orm'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../server/storage/engine.ts'
import { tables } from '../../server/storage/kit.sqlite.ts'
import type { Recording } from '../../server/storage/recording.ts'
import {
  addCounters,
  creditProofs,
  lockCounters,
  readKnown,
  readNamed,
  readUnheard,
  writeRecording,
} from '../../server/storage/statements.postgres.ts'
import { ask } from '../postgres-server.ts'
import { ENGINES, newDatabase, type Engine } from '../test-store.ts'

/** Small, and read whole. Every other table grows for ever, also one that is added tomorrow. */
const REGISTRY = new Set([
  'setting',
  'market',
  'section',
  'stall',
  'vendor',
  'tenancy',
  'consent',
  'row_telling',
  'payee_account',
  'payee_account_state',
  'stall_code',
  'source',
  'source_secret',
  'source_account',
  'source_heard',
  'source_hour',
  'source_alarm',
  'alarm_telling',
  'signing_key',
  'session',
  'sign_in_code',
])

interface Key {
  table: string
  columns: string[]
  /** Whether the table's market_id may be NULL, which would make its unique keys void. */
  mayBeNull: boolean
}

/** The primary and unique keys of every table, as the engine's own catalog has them. */
async function readKeys(engine: Engine): Promise<Key[]> {
  const { url, drop } = await newDatabase(engine)
  await (await openStore(url)).close()
  try {
    return engine === 'sqlite' ? sqliteKeys(url.slice('file:'.length)) : await postgresKeys(url)
  } finally {
    await drop()
  }
}

function sqliteKeys(path: string): Key[] {
  const file = new Database(path)
  const keys = file
    .prepare<[], { table: string; columns: string; mayBeNull: number }>(
      `select t.name as "table", (select group_concat(c.name, ' ') from pragma_index_info(i.name) c) as columns,
         exists (select 1 from pragma_table_info(t.name) c where c.name = 'market_id' and not c."notnull") as mayBeNull
       from pragma_table_list t join pragma_index_list(t.name) i
       where t.type = 'table' and i."unique" and t.name not like '\\_\\_%' escape '\\'
       union all
       select t.name, c.name, 0 from pragma_table_list t join pragma_table_info(t.name) c
       where c.pk and c.type = 'INTEGER' and t.name not like '\\_\\_%' escape '\\'
         and (select count(*) from pragma_table_info(t.name) other where other.pk) = 1`,
    )
    .all()
  file.close()
  return keys.map(({ table, columns, mayBeNull }) => ({
    table,
    columns: columns.split(' '),
    mayBeNull: mayBeNull === 1,
  }))
}

async function postgresKeys(url: string): Promise<Key[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Key>(
    `select c.relname as "table",
       (select array_agg(a.attname::text order by place.n) from unnest(i.indkey) with ordinality as place (attnum, n)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = place.attnum) as columns,
       exists (select from pg_attribute a
         where a.attrelid = c.oid and a.attname = 'market_id' and not a.attnotnull) as "mayBeNull"
     from pg_index i join pg_class c on c.oid = i.indrelid
     where i.indisunique and c.relnamespace = 'public'::regnamespace`,
  )
  await client.end()
  return rows
}

describe.each(ENGINES)('on %s', (engine) => {
  it('market_id is first in the primary and unique keys of every table that grows, and never NULL', async () => {
    const growing = (await readKeys(engine)).filter(({ table }) => !REGISTRY.has(table))
    expect(new Set(growing.map(({ table }) => table)).size).toBeGreaterThanOrEqual(19)
    expect(growing.filter(({ columns, mayBeNull }) => columns[0] !== 'market_id' || mayBeNull)).toEqual([])
  })
})

it('both engines have the same keys', async () => {
  const sorted = async (engine: Engine) =>
    (await readKeys(engine)).map(({ table, columns }) => `${table} (${columns.join(', ')})`).sort()
  expect(await sorted('postgres')).toEqual(await sorted('sqlite'))
})

it('no table refers to another by a foreign key: its row may be on another machine', async () => {
  const { url, drop } = await newDatabase('postgres')
  const keys = await ask(url, `select conname from pg_constraint where contype = 'f'`)
  await drop()
  expect(keys).toEqual([])
})

/** Every statement of a recording, by the name it is prepared under; the one that writes is one for each set of tables. */
const A_ROW_EACH = Object.fromEntries(Object.keys(tables).map((table) => [table, [{}]]))
const RECORDING = [
  lockCounters([]),
  addCounters([]),
  readNamed([]),
  readKnown([]),
  readUnheard([]),
  writeRecording({ rows: A_ROW_EACH, counters: new Map() } as unknown as Recording, []),
  creditProofs([]),
]

it('every table that a recording touches and that grows is narrowed to a market, or written with one', () => {
  const source = readFileSync(new URL('../../server/storage/statements.postgres.ts', import.meta.url), 'utf8')
  const prepared = Array.from(source.matchAll(/name: ['`](\w+)/g), ([, name]) => name)
  expect(new Set(RECORDING.map(({ name }) => name?.replace(/\d+$/, '')))).toEqual(new Set(prepared))

  const found = new Set<string>()
  const everywhere = RECORDING.flatMap(({ name, text }) => {
    const plain = text.replaceAll('"', '').replaceAll(/\s+/g, ' ')
    const uses = [...plain.matchAll(TABLE_USE)].filter(([, , table]) => GROWING.has(table!))
    return uses.flatMap(({ 0: use, 1: verb, 2: table, 3: alias, index }, nth) => {
      found.add(table!)
      // Its own words, not those of another use of the table.
      const words = plain.slice(index, uses[nth + 1]?.index)
      return isInMarket(words, verb!, table!, alias) ? [] : [`${name}: ${use}`]
    })
  })
  expect(everywhere).toEqual([])
  expect([...found].sort()).toEqual([...RECORDED].sort())
})

const GROWING = new Set<string>(
  Object.values(tables)
    .map((table) => getTableName(table))
    .filter((table) => !REGISTRY.has(table)),
)
/** Those of which a recording reads or writes something. */
const RECORDED = [
  'account_proof',
  'bank_notification',
  'bank_transaction',
  'daily_outcome',
  'erasable',
  'market_counter',
  'match',
  'match_exception',
  'sale',
  'takings',
  'witness',
]
const TABLE_USE =
  /\b(from|join|into|update) (\w+)(?: (?:as )?(?!set\b|where\b|left\b|cross\b|on\b|order\b)(\w+))?/g

function isInMarket(words: string, verb: string, table: string, alias = table): boolean {
  if (verb === 'into') return words.startsWith(`into ${table} (market_id,`)
  return words.includes(` ${alias}.market_id = `) || words.startsWith(`${verb} ${table} where market_id = `)
}
