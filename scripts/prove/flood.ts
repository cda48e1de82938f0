import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { lookInto } from './ledger.ts'
import { add, startOutcome, type Outcome, type Run } from './outcome.ts'
import { becomesReady, prepareMarket, startProduct, type Market } from './product.ts'
import { openSender, refusals, type Answer, type Sender } from './sender.ts'

/** Kept connections with many questions on each, as from a proxy that has fallen behind: half as much again as may wait. */
const CONNECTIONS = 320
const ASKED_OVER_EACH = 20
/** The server has read all of it by then, and does not yet give up waiting for the lock. */
const READ_MS = 2_000
const RECOVERY_MS = 10_000
const PATIENCE_MS = 60_000
/** All the heap the server has in the flood; it dies if it wants more. */
const HEAP_MB = 256

/** Far more notifications than may wait, wave after wave, each while nothing can be written. */
export async function proveFlood(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepareMarket()
  const product = await startProduct(market, { nodeOptions: [`--max-old-space-size=${HEAP_MB}`] })
  const sender = openSender(market, run.seed)
  const holder = new Database(market.databasePath)
  for (let round = 0; round < run.rounds; round += 1) {
    const where = `seed ${run.seed}, wave ${round + 1}`
    const questions = Array.from({ length: CONNECTIONS }, () => prepareQuestions(market, sender))
    holder.exec('begin immediate')
    const asked = questions.map((one) => askAll(market, sender, one))
    // All of it is with the server before anything can be written.
    await Promise.all(asked.map((one) => one.sent))
    await sleep(READ_MS)
    holder.exec('rollback')
    const answers = (await Promise.all(asked.map((one) => one.answers))).flat()
    add(outcome, refusals(answers), where)
    if (!answers.some((one) => one?.status === 503)) {
      add(outcome, { broken: [`nobody was asked to come again, whatever was waiting`] }, where)
    }
    if (!(await becomesReady(product, RECOVERY_MS)))
      add(outcome, { broken: [`did not recover alone`] }, where)
    run.tick()
  }
  holder.close()
  const refused = [...sender.told.keys()].filter((id) => !sender.acknowledged.has(id))
  add(outcome, await sender.sendAgain(refused), 'at the end')
  add(outcome, await lookInto(market, sender), 'the refused sent again')
  await product.stop()
  outcome.acknowledged = sender.acknowledged.size
  market.remove()
  return outcome
}

interface Questions {
  ids: number[]
  text: string
}

/** What is asked over one connection, signed and ready. */
function prepareQuestions(market: Market, sender: Sender): Questions {
  const ids = Array.from({ length: ASKED_OVER_EACH }, sender.make)
  const texts = ids.map((id) => {
    const { headers, body } = sender.sign(id)
    const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    return `POST /notifications/${market.sourceId} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
  })
  return { ids, text: texts.join('') }
}

/** Asks all of it at once, and reads the answers as they come, in the same order. */
function askAll(
  market: Market,
  sender: Sender,
  { ids, text }: Questions,
): { sent: Promise<void>; answers: Promise<(Answer | undefined)[]> } {
  let heard = ''
  const connection = connect(market.port, '127.0.0.1')
  connection.setEncoding('latin1').setTimeout(PATIENCE_MS, () => connection.destroy())
  connection.on('data', (more: string) => {
    heard += more
    if (heard.split('HTTP/1.1 ').length > ids.length) connection.destroy()
  })
  connection.on('error', () => connection.destroy())
  const answers = new Promise<(Answer | undefined)[]>((resolve) => {
    connection.once('close', () => {
      const said = heard.split('HTTP/1.1 ').slice(1)
      resolve(
        ids.map((id, nth) => {
          const answer = said[nth]
          if (answer === undefined) return undefined
          const retryAfter = /^retry-after: (.*)$/im.exec(answer)?.[1]
          return sender.hear({ id, status: Number(answer.slice(0, 3)), retryAfter })
        }),
      )
    })
  })
  return { sent: new Promise((resolve) => connection.write(text, () => resolve())), answers }
}
