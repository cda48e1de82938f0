import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { drive } from './drive.sqlite.ts'
import { setting } from './kit.sqlite.ts'
import { createRecorder } from './record.sqlite.ts'
import { DatabaseRefused } from './refusal.ts'
import { bumpRegistryVersion, currentRegistry, REGISTRY_VERSION, type Registry } from './registry.ts'
import type { Db, Store } from './store.ts'
import type { Unit } from './unit.ts'

const BUSY_TIMEOUT_MS = 5_000
/** The pages that a busy day touches again and again; SQLite's own 2 MiB hold a few thousand stalls' at most. */
const CACHE_KIB = 65_536
/** 64 MiB of log: a page that is written in every commit is then carried over once in thousands, not in a few. */
const CHECKPOINT_PAGES = 16_000
const MIGRATIONS = new URL('./migrations/sqlite', import.meta.url).pathname
/** SQLite's number for FULL: an acknowledged row survives the power cut. */
const SYNCHRONOUS_FULL = 2

/**
 * Opens (and creates, and migrates) the embedded database.
 * `path` is a file, or `:memory:` for nothing durable at all.
 * `alone` opens one that exists and keeps every other process out until it is closed; it throws
 * `DatabaseRefused` if one has it open, be it idle.
 */
export function openSqlite(path: string, { alone = false } = {}): Store {
  if (path !== ':memory:' && !alone) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const client = new Database(path, { fileMustExist: alone })
  if (alone) takeAlone(client)
  // First, so that the statements below already wait for another process instead of failing.
  client.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
  client.pragma('journal_mode = WAL')
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  client.pragma(`cache_size = -${CACHE_KIB}`)
  client.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  // Erasing a person must not leave the words in free pages.
  client.pragma('secure_delete = ON')
  const db = drizzle(client, { casing: 'snake_case' })
  migrate(db, { migrationsFolder: MIGRATIONS })

  let cached: Registry | undefined
  // Asked with every notification: built anew each time, it would cost a sixth of one.
  const versionNow = client
    .prepare<[], string>(`select value from setting where key = '${REGISTRY_VERSION}'`)
    .pluck()
  const registryNow = () =>
    cached !== undefined && cached.version === versionNow.get()
      ? cached
      : (cached = drive(db, currentRegistry(db, cached)))
  const recordBatch = createRecorder(client, db, registryNow)

  const write = async <T>(unit: (tx: Db) => Unit<T>): Promise<T> =>
    client.transaction(() => drive(db, unit(db))).immediate()

  const store: Store = {
    db,
    read: async (unit) => client.transaction(() => drive(db, unit(db))).deferred(),
    write,
    changeRegistry: (unit) =>
      write(function* (tx) {
        const result = yield* unit(tx)
        yield* bumpRegistryVersion(tx)
        return result
      }),
    registry: async () => registryNow(),
    record: async (batch, rules) => client.transaction(() => recordBatch(batch, rules)).immediate(),
    probe: async () => {
      await write(function* (tx) {
        const row = { key: 'probed_at', value: String(Date.now()) }
        yield {
          kind: 'run',
          builder: tx.insert(setting).values(row).onConflictDoUpdate({ target: setting.key, set: row }),
        }
      })
      // In WAL mode the pragma tells the truth only after a write.
      const level = client.pragma('synchronous', { simple: true })
      if (level !== SYNCHRONOUS_FULL)
        throw new Error(`synchronous is ${String(level)}, not FULL: commits may be lost`)
    },
    integrity: async () => String(client.pragma('integrity_check', { simple: true })),
    // Another process on the same file reads on by itself every few seconds.
    shareNews: (deliver) => deliver,
    // There is one server.
    exclusively: (_, work) => work(),
    close: async () => void client.close(),
  }
  return store
}

/** In WAL mode whoever has a file open holds a lock on it that this one does not get along with. */
function takeAlone(client: Database.Database): void {
  try {
    client.pragma('busy_timeout = 0')
    client.pragma('locking_mode = EXCLUSIVE')
    client.exec('begin exclusive; commit')
  } catch (error) {
    client.close()
    if (!(error as { code: string }).code.startsWith('SQLITE_BUSY')) throw error
    throw new DatabaseRefused('DATABASE_IN_USE', 'another process has the file open')
  }
}
