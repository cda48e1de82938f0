import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../server/config.ts'
import { openStore } from '../server/storage/engine.ts'
import { isEmpty } from '../server/storage/setting.ts'

/** The demo's own file, beside the real one and never in its place. */
const demoFile = (config: Config): string => join(config.dataDir, 'demo.db')

export function demoDatabase(config: Config): string {
  return `file:${demoFile(config)}`
}

/** Whether `npm start` has a market of its own to serve: one that was named, or one where somebody set something up. */
export async function hasRealMarket(config: Config): Promise<boolean> {
  if (config.databaseGiven) return true
  if (!existsSync(config.databaseUrl.slice('file:'.length))) return false
  const store = await openStore(config.databaseUrl)
  try {
    return !(await isEmpty(store))
  } finally {
    await store.close()
  }
}

/** The database that `npm start` serves: a link into another one would open nothing. */
export async function servedDatabase(config: Config): Promise<Config> {
  if ((await hasRealMarket(config)) || !existsSync(demoFile(config))) return config
  return { ...config, databaseUrl: demoDatabase(config) }
}
