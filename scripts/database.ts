import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../server/config.ts'
import { isEmpty } from '../server/storage/setting.ts'
import { openSqlite } from '../server/storage/sqlite.ts'

/** The demo's own file, beside the real one and never in its place. */
export function demoDatabase(config: Config): string {
  return join(config.dataDir, 'demo.db')
}

/** Whether `npm start` has a market of its own to serve: one that was named, or one where somebody set something up. */
export async function hasRealMarket(config: Config): Promise<boolean> {
  if (config.databaseGiven) return true
  if (!existsSync(config.databasePath)) return false
  const store = openSqlite(config.databasePath)
  try {
    return !(await isEmpty(store))
  } finally {
    store.close()
  }
}

/** The database that `npm start` serves: a link into another one would open nothing. */
export async function servedDatabase(config: Config): Promise<Config> {
  const demo = demoDatabase(config)
  if ((await hasRealMarket(config)) || !existsSync(demo)) return config
  return { ...config, databasePath: demo }
}
