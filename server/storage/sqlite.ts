import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { connect, registryOn, requireFull } from './connection.sqlite.ts'
import { drive } from './drive.sqlite.ts'
import { setting } from './kit.sqlite.ts'
import { createRecorder } from './record.sqlite.ts'
import { startRecorder, type Recorder } from './recorder.sqlite.ts'
import { bumpRegistryVersion } from './registry.ts'
import type { Db, Store } from './store.ts'
import type { Unit } from './unit.ts'

const MIGRATIONS = new URL('./migrations/sqlite', import.meta.url).pathname

/**
 * Opens (and creates, and migrates) the embedded database.
 * `path` is a file, or `:memory:` for nothing durable at all.
 * `alone` opens one that exists and keeps every other process out until it is closed; it throws
 * `DatabaseRefused` if one has it open, be it idle.
 * With `ownThread` batches are recorded in a thread of their own: the disk is waited for there, and not by whoever
 * answers people.
 */
export function openSqlite(path: string, { alone = false, ownThread = false } = {}): Store {
  if (path !== ':memory:' && !alone) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const connection = connect(path, alone)
  const { client, db } = connection
  migrate(db, { migrationsFolder: MIGRATIONS })
  const registryNow = registryOn(connection)
  const recordHere = createRecorder(connection, registryNow)
  let recorder: Recorder | undefined

  // Whoever writes here waits for the thread and the thread for them: in SQLite itself this thread would wait asleep.
  let recorded: Promise<unknown> = Promise.resolve()
  let written: Promise<unknown> = Promise.resolve()
  const write = <T>(unit: (tx: Db) => Unit<T>): Promise<T> => {
    const done = Promise.all([written, recorded]).then(() =>
      client.transaction(() => drive(db, unit(db))).immediate(),
    )
    written = done.catch(() => {})
    return done
  }
  const record: Store['record'] = (batch, rules) => {
    const done = written.then(() => {
      if (!ownThread || rules.module === undefined) return recordHere(batch, rules)
      recorder ??= startRecorder(path, rules.module)
      return recorder.record(batch)
    })
    recorded = Promise.all([recorded, done.catch(() => {})])
    return done
  }

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
    record,
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
    async close() {
      await Promise.all([written, recorded])
      await recorder?.close()
      client.close()
    },
  }
  return store
}
