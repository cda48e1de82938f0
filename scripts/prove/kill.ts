import { setTimeout as sleep } from 'node:timers/promises'
import { lookInto } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Outcome, type Run } from './outcome.ts'
import { prepareMarket, startProduct } from './product.ts'
import { openSender } from './sender.ts'

const LONGEST_MS = 600

/** SIGKILL at a random moment under 16 senders, over and over on the same ledger. */
export async function proveKill(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepareMarket()
  const sender = openSender(market, run.seed)
  let product = await startProduct(market)
  for (let round = 0; round < run.rounds; round += 1) {
    const stop = new AbortController()
    const loading = sender.load(stop.signal)
    await sleep(randomOfRound(run, round)(LONGEST_MS))
    await product.kill()
    stop.abort()
    await loading
    product = await startProduct(market)
    // Nothing has been sent again yet: what was acknowledged must be there by itself.
    add(outcome, await lookInto(market, sender), `seed ${run.seed + round}`)
    run.tick()
  }
  add(outcome, await sender.sendAgain(), 'at the end')
  add(outcome, await lookInto(market, sender), 'everything sent again')
  await product.stop()
  outcome.acknowledged = sender.acknowledged.size
  market.remove()
  return outcome
}
