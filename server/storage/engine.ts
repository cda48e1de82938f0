import { openPostgres } from './postgres.ts'
import { DatabaseRefused } from './refusal.ts'
import { findMoveMark } from './setting.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'

/**
 * Opens a database by its address: `file:/path/market.db`, or `postgres://…`. Creates what is missing in it. Throws
 * `DatabaseRefused` if another database is being moved into it: half a ledger must serve nobody. With `ownThread` the
 * embedded engine records in a thread of its own, as a server wants it.
 */
export async function openStore(databaseUrl: string, options?: { ownThread?: boolean }): Promise<Store> {
  const store = await openUnfinished(databaseUrl, options)
  const from = await findMoveMark(store)
  if (from === undefined) return store
  await store.close()
  throw new DatabaseRefused('HALF_MOVED', `the move from ${from} is not finished`)
}

/** The same for the move itself, which goes on where it was cut off. */
export async function openUnfinished(databaseUrl: string, options?: { ownThread?: boolean }): Promise<Store> {
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl) : openSqlite(filePath(databaseUrl), options)
}

/** Opens a database that exists so that nobody writes to it meanwhile. Throws `DatabaseRefused` if a server has it. */
export async function openAlone(databaseUrl: string): Promise<Store> {
  const alone = { alone: true }
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl, alone) : openSqlite(filePath(databaseUrl), alone)
}

export const isPostgres = (databaseUrl: string): boolean => /^postgres(ql)?:\/\//.test(databaseUrl)

/** Of an embedded database's address. */
export const filePath = (databaseUrl: string): string => databaseUrl.slice('file:'.length)
