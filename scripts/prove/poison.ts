import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { lookInto } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Outcome, type Run } from './outcome.ts'
import { prepareMarket, startProduct } from './product.ts'
import { openSender, refusals } from './sender.ts'

const TOGETHER = 64
const POISONED = 3
const GATHERED_MS = 300

/** A few messages that the ledger cannot take, by a trigger planted in it, among many that arrive with them. */
export async function provePoison(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepareMarket()
  const sender = openSender(market, run.seed)
  const product = await startProduct(market)
  const db = new Database(market.databasePath)
  for (let round = 0; round < run.rounds; round += 1) {
    const where = `seed ${run.seed + round}`
    const random = randomOfRound(run, round)
    const ids = Array.from({ length: TOGETHER }, sender.make)
    const poisoned = new Set(Array.from({ length: POISONED }, () => ids[random(TOGETHER)]!))
    const keys = [...poisoned].map((id) => `'push:${id}'`).join()
    db.exec(`create trigger poison before insert on bank_transaction when new.source_key in (${keys})
             begin select raise(abort, 'poisoned'); end`)
    // While the ledger is held they gather, and then go in together.
    db.exec('begin immediate')
    const answering = Promise.all(ids.map(sender.send))
    await sleep(GATHERED_MS)
    db.exec('rollback')
    const answers = await answering
    db.exec('drop trigger poison')

    add(outcome, refusals(answers), where)
    for (const answer of answers) {
      if (answer && (answer.status === 503) !== poisoned.has(answer.id)) {
        add(
          outcome,
          {
            broken: [
              `${poisoned.has(answer.id) ? 'the poisoned' : 'a neighbour'} was answered ${answer.status}`,
            ],
          },
          where,
        )
      }
    }
    add(outcome, await lookInto(market, sender), where)
    run.tick()
  }
  db.close()
  add(outcome, await sender.sendAgain(), 'without poison')
  add(outcome, await lookInto(market, sender), 'everything sent again')
  await product.stop()
  outcome.acknowledged = sender.acknowledged.size
  market.remove()
  return outcome
}
