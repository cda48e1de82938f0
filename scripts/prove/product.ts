import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/postgres-server.ts'
import { openStore } from '../../server/storage/engine.ts'
import { prepareDataDir } from '../../test/running-market.ts'
import { fillMarket, type TestStall } from '../../test/small-market.ts'

const root = join(import.meta.dirname, '../..')
const DATABASE = 'market.db'
const START_MS = 30_000

/** A small market as the product finds it when it starts. */
export interface Market {
  dataDir: string
  databaseUrl: string
  port: number
  sourceId: string
  stalls: TestStall[]
  remove(): void
}

/** One that is all in its folder. */
export interface EmbeddedMarket extends Market {
  databasePath: string
}

export interface Product {
  url: string
  /** The server's own process, also where a tracer started it. */
  pid: number
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>
  /** SIGKILL: it gets no chance to tidy up. */
  kill(): Promise<void>
  /** SIGTERM: it ends in order. */
  stop(): Promise<void>
}

export async function prepareMarket(): Promise<EmbeddedMarket> {
  return inFolder(await prepareMarketOn())
}

/** A market in a database that is there already, by default in a file of its own. */
export async function prepareMarketOn(databaseUrl?: string): Promise<Market> {
  const { dataDir, sourceId, remove } = await prepareDataDir(databaseUrl)
  const url = databaseUrl ?? `file:${join(dataDir, DATABASE)}`
  const store = await openStore(url)
  const { lan, hoa } = await fillMarket(store, sourceId)
  await store.close()
  return { dataDir, databaseUrl: url, port: await freePort(), sourceId, stalls: [lan, hoa], remove }
}

/** The same market in another folder, which is `into` or a new one. The market copied from must not be running. */
export async function copyMarket(
  market: EmbeddedMarket,
  into = mkdtempSync(join(tmpdir(), 'cho-')),
): Promise<EmbeddedMarket> {
  cpSync(market.dataDir, into, { recursive: true })
  const remove = () => rmSync(into, { recursive: true, force: true })
  return inFolder({ ...market, dataDir: into, port: await freePort(), remove })
}

function inFolder(market: Market): EmbeddedMarket {
  const databasePath = join(market.dataDir, DATABASE)
  return { ...market, databasePath, databaseUrl: `file:${databasePath}` }
}

export interface StartOptions {
  /** A command that becomes the server by `exec`, or traces it. */
  through?: string[]
  nodeOptions?: string[]
}

/** Starts the product on that folder as `npm start` does. Resolves when it is ready; throws if it never is. */
export async function startProduct(market: Market, options: StartOptions = {}): Promise<Product> {
  const { through = [], nodeOptions = [] } = options
  const [command, ...args] = [...through, process.execPath, ...nodeOptions, 'scripts/start.ts']
  const child = spawn(command, args, {
    cwd: root,
    env: {
      ...process.env,
      DATA_DIR: market.dataDir,
      PORT: String(market.port),
      DATABASE_URL: market.databaseUrl,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const killWithUs = () => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', killWithUs)
      resolve()
    })
  })
  const url = `http://127.0.0.1:${market.port}`
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  const product = {
    url,
    pid: child.pid!,
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
  const isReady = await Promise.race([becomesReady(product, START_MS), ended.then(() => false)])
  if (isReady) return product
  await product.kill()
  throw new Error(`the server did not become ready on port ${market.port}`)
}

/** Whether /readyz turns green within that time, with nobody doing anything about it. */
export async function becomesReady({ url }: Pick<Product, 'url'>, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  while (Date.now() < until) {
    if ((await readiness(url)) === 200) return true
    await sleep(25)
  }
  return false
}

/** The status of /readyz; undefined if nobody answers. */
export async function readiness(url: string): Promise<number | undefined> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(START_MS) })).status
  } catch {
    return undefined
  }
}
