import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from 'drizzle-orm/pg-proxy/migrator'
import { Client, Pool, types as pgTypes, type ClientBase, type PoolConfig } from 'pg'
import { builderOn, dbOn, drive } from './drive.postgres.ts'
import { setting } from './kit.sqlite.ts'
import { createNews } from './news.postgres.ts'
import { createRecorder } from './record.postgres.ts'
import { DatabaseRefused } from './refusal.ts'
import { bumpRegistryVersion, currentRegistry, REGISTRY_VERSION, type Registry } from './registry.ts'
import type { Db, Store } from './store.ts'
import { inTransaction, retried } from './transaction.postgres.ts'
import type { Unit } from './unit.ts'

/** Connections for what people ask for, and for recording; one more listens. */
const MAX_CONNECTIONS = 8
const MAX_RECORDERS = 2
const APPLICATION = 'cho'
const CONNECT_TIMEOUT_MS = 5_000
const LOCK_TIMEOUT_MS = 5_000
const IDLE_IN_TRANSACTION_MS = 10_000
const MIGRATIONS = new URL('./migrations/postgres', import.meta.url).pathname
/** Any number, the same in every process: who holds it migrates. */
const MIGRATION_LOCK = 4_040_001
/** Beside a task's own number. */
const TASK_LOCKS = 4_040

/**
 * From the second failure on nobody records while the unit runs: in a market that is paid without pause it would
 * never find a gap.
 */
const PATIENCE = 2

/** PostgreSQL's numbers for bigint and numeric: every amount, instant and sum is a safe integer. */
const NUMERIC_TYPES = new Set([20, 1700])
const types: NonNullable<PoolConfig['types']> = {
  getTypeParser: (type: number, format?: 'text' | 'binary') =>
    NUMERIC_TYPES.has(type) ? Number : pgTypes.getTypeParser(type, format),
}

/**
 * Of a table that it has not analysed yet the server thinks that a few rows are a market's. It would keep them at hand
 * and go through all of them for each row of the other side: a thousand stalls became a million comparisons.
 */
const NOTHING_KEPT_AT_HAND = '-c enable_material=off'

/**
 * A recording's statements only ever look keys up. Planned once while the tables were still empty, they would read
 * whole tables when those are full.
 */
const KEYS_ONLY =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off ' +
  '-c enable_bitmapscan=off -c enable_sort=off -c enable_incremental_sort=off'

/**
 * Opens (and migrates) a database of a PostgreSQL server, which other processes may have open too.
 * `url` is `postgres://user:password@host:port/database?sslmode=…`. Throws what the server says if it cannot be
 * reached, refuses, or keeps text in another encoding than UTF-8.
 * `alone` lets nobody write until it is closed, this store neither; it throws `DatabaseRefused` if a server is there.
 */
export async function openPostgres(url: string, { alone = false } = {}): Promise<Store> {
  const connection: PoolConfig = {
    connectionString: url,
    application_name: APPLICATION,
    types,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  }
  const pool = new Pool({ ...connection, max: MAX_CONNECTIONS, options: NOTHING_KEPT_AT_HAND })
  // Kept when nobody is paid for a while: a new one plans every statement again before the next credit.
  const recorders = new Pool({
    ...connection,
    max: MAX_RECORDERS,
    idleTimeoutMillis: 0,
    pipeline: true,
    options: KEYS_ONLY,
  })
  // A connection that breaks is replaced at the next use; without a listener, idle or not, it would end the process.
  for (const one of [pool, recorders]) {
    one.on('error', () => {})
    one.on('connect', (client) => void client.on('error', () => {}))
  }
  const news = createNews(pool, connection)
  const warden = alone ? new Client({ ...connection, application_name: 'cho-move' }) : undefined
  const close = async () => {
    await news.close()
    await Promise.all([pool.end(), recorders.end(), warden?.end()])
  }
  try {
    await warden?.connect()
    if (warden) await refuseBesideServer(warden)
    await migrateUnderLock(pool)
    if (warden) await keepWritersOut(warden)
  } catch (error) {
    await close()
    throw error
  }

  const read = <T>(unit: (tx: Db) => Unit<T>): Promise<T> =>
    inTransaction(pool, 'begin isolation level repeatable read read only', (client) => drive(client, unit))
  const write = <T>(unit: (tx: Db) => Unit<T>): Promise<T> =>
    retried((attempt) =>
      inTransaction(pool, 'begin isolation level serializable', async (client) => {
        if (attempt > PATIENCE) await client.query('lock table market_counter in exclusive mode')
        return drive(client, unit)
      }),
    )

  let cached: Registry | undefined
  const registryNow = async () => (cached = await read((tx) => currentRegistry(tx, cached)))
  const lastRegistry = async () => cached ?? registryNow()
  const registryIn = async (client: ClientBase) => {
    await client.query(`select 1 from setting where key = '${REGISTRY_VERSION}' for update`)
    return (cached = await drive(client, (tx) => currentRegistry(tx, cached)))
  }

  return {
    db: dbOn(pool),
    read,
    write,
    changeRegistry: (unit) =>
      write(function* (tx) {
        const result = yield* unit(tx)
        yield* bumpRegistryVersion(tx)
        return result
      }),
    registry: registryNow,
    record: createRecorder(recorders, lastRegistry, registryIn),
    async probe() {
      const row = { key: 'probed_at', value: String(Date.now()) }
      await dbOn(pool).insert(setting).values(row).onConflictDoUpdate({ target: setting.key, set: row })
      const { rows } = await recorders.query<{ name: string; setting: string }>(
        `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit')`,
      )
      const weakened = rows.filter((one) => one.setting === 'off').map((one) => one.name)
      if (weakened.length > 0) throw new Error(`${weakened.join(', ')} is off: commits may be lost`)
    },
    async integrity() {
      const { rows } = await pool.query(`select 1 from pg_extension where extname = 'amcheck'`)
      if (rows.length === 0) return 'unchecked'
      try {
        await pool.query(CHECK_INDEXES)
        return 'ok'
      } catch (error) {
        return (error as Error).message
      }
    },
    shareNews: news.share,
    async exclusively(task, work) {
      const client = await pool.connect()
      try {
        const { rows } = await client.query<{ isMine: boolean }>(
          'select pg_try_advisory_lock($1, hashtext($2)) as "isMine"',
          [TASK_LOCKS, task],
        )
        return rows[0]!.isMine ? await work() : undefined
      } finally {
        // The lock ends with the connection, also where this process dies.
        client.release(true)
      }
    },
    close,
  }
}

/** Every row that an index should hold is in it, and in order. */
const CHECK_INDEXES = `
  select bt_index_check(c.oid, true)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_am a on a.oid = c.relam
  where n.nspname = 'public' and a.amname = 'btree'`

/** Two processes that start at once do not migrate at once. */
async function migrateUnderLock(pool: Pool): Promise<void> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ encoding: string }>(
      `select current_setting('server_encoding') as encoding`,
    )
    if (rows[0]?.encoding !== 'UTF8')
      throw new Error(`the database's encoding is ${rows[0]?.encoding}, not UTF8`)
    // Waits for another process however long its migration takes.
    await client.query('begin')
    await client.query('set local lock_timeout = 0')
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const apply = async (statements: string[]) => {
      for (const statement of statements) await client.query(statement)
    }
    await migrate(builderOn(client), apply, { migrationsFolder: MIGRATIONS })
    await client.query('commit')
  } finally {
    // Whatever is still open ends with the connection.
    client.release(true)
  }
}

/** How long a server that is being stopped has to be gone. */
const LEAVE_MS = 2_000

/** A server that only waits now would go on writing here when the move is over. */
async function refuseBesideServer(warden: Client): Promise<void> {
  const until = Date.now() + LEAVE_MS
  for (;;) {
    const { rows } = await warden.query<{ n: number }>(
      `select count(*) as n from pg_stat_activity
       where datname = current_database() and application_name = $1`,
      [APPLICATION],
    )
    if (rows[0]!.n === 0) return
    if (Date.now() > until)
      throw new DatabaseRefused('DATABASE_IN_USE', `${rows[0]!.n} connections of a server are open`)
    await sleep(100)
  }
}

/** Until that connection ends. */
async function keepWritersOut(warden: Client): Promise<void> {
  const { rows } = await warden.query<{ list: string }>(
    `select string_agg(format('%I', tablename), ', ') as list from pg_tables where schemaname = 'public'`,
  )
  await warden.query('begin')
  await warden.query('set local idle_in_transaction_session_timeout = 0')
  try {
    await warden.query(`lock table ${rows[0]!.list} in share mode nowait`)
  } catch (error) {
    const isTaken = (error as { code?: string }).code === '55P03'
    throw isTaken ? new DatabaseRefused('DATABASE_IN_USE', 'somebody is writing to it') : error
  }
}
