import { setTimeout as sleep } from 'node:timers/promises'
import { ask, STANDBY, startPostgres, type PostgresServer } from '../../test/postgres-server.ts'
import { lookIntoServer } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Outcome, type Run } from './outcome.ts'
import { prepareMarketOn, readiness, startProduct } from './product.ts'
import { openSender } from './sender.ts'

const LONGEST_MS = 2_000
/** How long the standby has been out of reach when the primary dies. */
const ALONE_MS = 300
const PATIENCE_MS = 10_000

/**
 * The primary of a PostgreSQL pair dies under load, over and over: the standby takes its place, and gets one itself.
 * Every other time the standby was out of reach before, and nobody must have been told 2xx meanwhile.
 */
export const proveStandby = (run: Run): Promise<Outcome> => loseServers(run, true)

/** The same with a standby that nobody waits for, always out of reach before: it must lose what was acknowledged. */
export const proveStandbyAsync = (run: Run): Promise<Outcome> => loseServers(run, false)

async function loseServers(run: Run, isSynchronous: boolean): Promise<Outcome> {
  const outcome = startOutcome(run)
  const servers = [await startPostgres()]
  try {
    const [first] = servers
    await ask(first!.url, 'create extension amcheck')
    const market = await prepareMarketOn(first!.url)
    const sender = openSender(market, run.seed)
    for (let round = 0; round < run.rounds; round += 1) {
      const where = `seed ${run.seed + round}`
      const primary = servers.at(-1)!
      const standby = await startPostgres({}, primary)
      servers.push(standby)
      if (isSynchronous) await waitForStandby(primary)
      const product = await startProduct(market)

      const stop = new AbortController()
      const loading = sender.load(stop.signal)
      await sleep(randomOfRound(run, round)(LONGEST_MS))
      if (!isSynchronous || (run.seed + round) % 2 === 0) {
        await isolate(standby)
        await sleep(ALONE_MS)
      }
      await primary.kill()
      if ((await readiness(product.url)) !== 503)
        add(outcome, { broken: ['the server was not red without its database, or gone'] }, where)
      stop.abort()
      await loading
      await product.stop()

      await ask(standby.url, 'select pg_promote()')
      market.databaseUrl = standby.url
      // Nothing has been sent again yet: what was acknowledged must be there by itself.
      add(outcome, await lookIntoServer(market, sender), where)
      const restarted = await startProduct(market)
      add(outcome, await sender.sendAgain(), where)
      add(outcome, await lookIntoServer(market, sender), `${where}, everything sent again`)
      await restarted.stop()
      run.tick()
    }
    outcome.acknowledged = sender.acknowledged.size
    market.remove()
  } finally {
    for (const server of servers) await server.stop()
  }
  return outcome
}

/** From now on no commit of the primary is answered before its standby has it on the disk. */
export async function waitForStandby({ url }: PostgresServer): Promise<void> {
  await ask(url, `alter system set synchronous_standby_names = '${STANDBY}'`)
  await ask(url, 'select pg_reload_conf()')
  await until(url, `select from pg_stat_replication where sync_state = 'sync'`)
}

/**
 * The standby hears nothing of its primary any more, as when the network between them is cut. Returns how to mend it.
 */
export async function isolate({ url }: PostgresServer): Promise<() => Promise<void>> {
  const hear = async (setting: string, hears: string) => {
    await ask(url, `alter system ${setting}`)
    await ask(url, 'select pg_reload_conf()')
    await until(url, `select where ${hears} (select from pg_stat_wal_receiver where status = 'streaming')`)
  }
  const [before] = await ask<{ conninfo: string }>(
    url,
    `select current_setting('primary_conninfo') as conninfo`,
  )
  await hear(`set primary_conninfo = ''`, 'not exists')
  return () => hear(`set primary_conninfo = '${before!.conninfo}'`, 'exists')
}

/** Asks until there is a row. */
async function until(url: string, question: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while ((await ask(url, question)).length === 0) {
    if (Date.now() > end) throw new Error(`PostgreSQL never came to: ${question}`)
    await sleep(10)
  }
}
