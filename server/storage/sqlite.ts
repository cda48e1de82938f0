import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { connect, registryOn, requireFull } from './connection.sqlite.ts'
import { drive } from './drive.sqlite.ts'
import { setting } from './kit.sqlite.ts'
import { createRecorder } from './record.sqlite.ts'
import { bumpRegistryVersion } from './registry.ts'
import type { Db, Store } from './store.ts'
import type { Unit } from './unit.ts'

const MIGRATIONS = new URL('./migrations/sqlite', import.meta.url).pathname

/**
 * Opens (and creates, and migrates) the embedded database.
 * `path` is a file, or `:memory:` for nothing durable at all.
 * `alone` opens one that exists and keeps every other process out until it is closed; it throws
 * `DatabaseRefused` if one has it open, be it idle.
 */
export function openSqlite(path: string, { alone = false } = {}): Store {
  if (path !== ':memory:' && !alone) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const connection = connect(path, alone)
  const { client, db } = connection
  migrate(db, { migrationsFolder: MIGRATIONS })
  const registryNow = registryOn(connection)
  const recordBatch = createRecorder(connection, registryNow)

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
    async record(batch, rules) {
      const published = recordBatch(batch, rules)
      // What is not durable is not acknowledged.
      requireFull(client)
      return published
    },
    probe: async () => {
      await write(function* (tx) {
        const row = { key: 'probed_at', value: String(Date.now()) }
        yield {
          kind: 'run',
          builder: tx.insert(setting).values(row).onConflictDoUpdate({ target: setting.key, set: row }),
        }
      })
      requireFull(client)
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
