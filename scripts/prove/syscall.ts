import { setTimeout as sleep } from 'node:timers/promises'
import { compareMarket, lookInto } from './ledger.ts'
import { add, startOutcome, type Outcome, type Run } from './outcome.ts'
import { copyMarket, prepareMarket, startProduct } from './product.ts'
import { openSender } from './sender.ts'
import { inject } from './strace.ts'

/** better-sqlite3 calls fsync; another build may call fdatasync. */
const CALLS = ['pwrite64', 'fsync,fdatasync']
const REACHED_MS = 60_000

/** SIGKILL at the server's 1st write under load, at its 1st sync, its 2nd write …, each on a fresh ledger. */
export async function proveSyscall(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const prepared = await prepareMarket()
  for (let round = 0; round < run.rounds; round += 1) {
    const calls = CALLS[round % CALLS.length]!
    const nth = 1 + Math.floor(round / CALLS.length)
    const where = `killed at ${calls} ${nth}`
    const market = await copyMarket(prepared)
    const sender = openSender(market, run.seed)
    const product = await startProduct(market)
    await inject(product, `${calls}:signal=SIGKILL:when=${nth}`)
    await sender.load(AbortSignal.timeout(REACHED_MS))
    const wasKilled = await Promise.race([product.ended.then(() => true), sleep(REACHED_MS, false)])
    if (!wasKilled) throw new Error(`the server never came to ${calls} ${nth}`)

    const restarted = await startProduct(market)
    add(outcome, await lookInto(market, sender), where)
    add(outcome, await sender.sendAgain(), where)
    add(outcome, compareMarket(market, sender), `${where}, everything sent again`)
    await restarted.kill()
    outcome.acknowledged += sender.acknowledged.size
    market.remove()
    run.tick()
  }
  prepared.remove()
  return outcome
}
