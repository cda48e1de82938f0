import { openPostgres } from './postgres.ts'
import { openSqlite, type Store } from './sqlite.ts'

/** Opens a database by its address: `file:/path/market.db`, or `postgres://…`. Creates what is missing in it. */
export async function openStore(databaseUrl: string): Promise<Store> {
  return isPostgres(databaseUrl) ? openPostgres(databaseUrl) : openSqlite(databaseUrl.slice('file:'.length))
}

export const isPostgres = (databaseUrl: string): boolean => /^postgres(ql)?:\/\//.test(databaseUrl)
