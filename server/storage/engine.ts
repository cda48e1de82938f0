import { openPostgres } from './postgres.ts'
import { startRecorder, type Recorder } from './recorder.ts'
import { DatabaseRefused } from './refusal.ts'
import { findMoveMark } from './setting.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'

/**
 * Opens a database by its address: `file:/path/market.db`, or `postgres://…`. Creates what is missing in it. Throws
 * `DatabaseRefused` if another database is being moved into it: half a ledger must serve nobody.
 */
export async function openStore(databaseUrl: string): Promise<Store> {
  const store = await openUnfinished(databaseUrl)
  const from = await findMoveMark(store)
  if (from === undefined) return store
  await store.close()
  throw new DatabaseRefused('HALF_MOVED', `the move from ${from} is not finished`)
}

/** The same for the move itself, which goes on where it was cut off. */
export async function openUnfinished(databaseUrl: string): Promise<Store> {
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl) : openSqlite(filePath(databaseUrl))
}

/**
 * `openStore` for a server: batches are recorded in a thread of their own. What the disk takes, and PostgreSQL's
 * answers, are waited for there and not behind what people ask for; what people ask for does not wait for the disk.
 */
export async function openServing(databaseUrl: string): Promise<Store> {
  const store = await openStore(databaseUrl)
  let recorder: Recorder | undefined
  // Of the embedded engine's two connections one would wait asleep for the other, and nobody would be answered.
  const takesTurns = !isPostgres(databaseUrl)
  let recorded: Promise<unknown> = Promise.resolve()
  let written: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    if (!takesTurns) return write()
    const done = Promise.all([written, recorded]).then(write)
    written = done.catch(() => {})
    return done
  }
  return {
    ...store,
    write: (unit) => inTurn(() => store.write(unit)),
    changeRegistry: (unit) => inTurn(() => store.changeRegistry(unit)),
    probe: () => inTurn(() => store.probe()),
    record(batch, rules) {
      const done = written.then(() => {
        if (rules.module === undefined) return store.record(batch, rules)
        recorder ??= startRecorder(databaseUrl, rules.module)
        return recorder.record(batch)
      })
      // Ends in nothing: what it ended in would hold what the one before ended in, and so on for ever.
      recorded = Promise.all([recorded, done.catch(() => {})]).then(() => undefined)
      return done
    },
    async close() {
      await Promise.all([written, recorded])
      await recorder?.close()
      await store.close()
    },
  }
}

/** Opens a database that exists so that nobody writes to it meanwhile. Throws `DatabaseRefused` if a server has it. */
export async function openAlone(databaseUrl: string): Promise<Store> {
  const alone = { alone: true }
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl, alone) : openSqlite(filePath(databaseUrl), alone)
}

export const isPostgres = (databaseUrl: string): boolean => /^postgres(ql)?:\/\//.test(databaseUrl)

/** Of an embedded database's address. */
export const filePath = (databaseUrl: string): string => databaseUrl.slice('file:'.length)
