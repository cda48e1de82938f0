import Database from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { drive } from './drive.sqlite.ts'
import { DatabaseRefused } from './refusal.ts'
import { currentRegistry, REGISTRY_VERSION, type Registry } from './registry.ts'
import type { Db } from './store.ts'

const BUSY_TIMEOUT_MS = 5_000
/** The pages that a busy day touches again and again; SQLite's own 2 MiB hold a few thousand stalls' at most. */
const CACHE_KIB = 65_536
/** 64 MiB of log: a page that is written in every commit is then carried over once in thousands, not in a few. */
const CHECKPOINT_PAGES = 16_000
/** SQLite's number for FULL: an acknowledged row survives the power cut. */
const SYNCHRONOUS_FULL = 2

export interface Connection {
  client: Database.Database
  db: Db
}

/** A connection with the durability we promise; `alone` keeps every other one out. */
export function connect(path: string, alone = false): Connection {
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
  return { client, db: drizzle(client, { casing: 'snake_case' }) }
}

/** In WAL mode the pragma tells the truth only after a write. */
export function requireFull(client: Database.Database): void {
  const level = client.pragma('synchronous', { simple: true })
  if (level !== SYNCHRONOUS_FULL)
    throw new Error(`synchronous is ${String(level)}, not FULL: commits may be lost`)
}

/** The registry as of now; what changed since it was last asked for is read anew. */
export function registryOn({ client, db }: Connection): () => Registry {
  let cached: Registry | undefined
  // Asked with every batch: built anew each time, it would cost as much as a notification.
  const versionNow = client
    .prepare<[], string>(`select value from setting where key = '${REGISTRY_VERSION}'`)
    .pluck()
  return () => {
    if (cached !== undefined && cached.version === versionNow.get()) return cached
    const isFirst = cached === undefined
    cached = client.transaction(() => drive(db, currentRegistry(db, cached))).deferred()
    // Pages of a great registry, now in memory, would stand in the cache where the ledger's belong.
    if (isFirst) client.pragma('shrink_memory')
    return cached
  }
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
