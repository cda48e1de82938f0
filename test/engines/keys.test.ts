import Database from 'better-sqlite3'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../server/storage/engine.ts'
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
