import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { compareMarket, lookInto } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Outcome, type Run } from './outcome.ts'
import { becomesReady, prepareMarket, startProduct } from './product.ts'
import { openSender, refusals } from './sender.ts'

const SENT_WHILE_HELD = 32
/** From less than the server is patient to more than twice that, when it refuses. */
const SHORTEST_MS = 200
const LONGEST_MS = 14_000
const RECOVERY_MS = 10_000

/** Another process holds the write lock for a while, over and over. */
export async function proveLock(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepareMarket()
  const sender = openSender(market, run.seed)
  const product = await startProduct(market)
  const holder = new Database(market.databasePath)
  for (let round = 0; round < run.rounds; round += 1) {
    const heldMs = SHORTEST_MS + randomOfRound(run, round)(LONGEST_MS - SHORTEST_MS)
    const where = `seed ${run.seed + round}, held for ${heldMs} ms`
    const fresh = Array.from({ length: SENT_WHILE_HELD }, sender.make)

    holder.exec('begin immediate')
    const answering = sender.sendAll(fresh)
    await sleep(heldMs)
    const early = fresh.filter((id) => sender.acknowledged.has(id)).length
    holder.exec('rollback')
    if (early > 0)
      add(outcome, { broken: [`${early} were acknowledged while nothing could be written`] }, where)

    add(outcome, refusals(await answering), where)
    if (!(await becomesReady(product, RECOVERY_MS)))
      add(outcome, { broken: [`did not recover alone`] }, where)
    add(outcome, compareMarket(market, sender), where)
    run.tick()
  }
  holder.close()
  add(outcome, await sender.sendAgain(), 'at the end')
  add(outcome, await lookInto(market, sender), 'everything sent again')
  await product.stop()
  outcome.acknowledged = sender.acknowledged.size
  market.remove()
  return outcome
}
