import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { openFragileDisk, parseRecording, type DiskEvent, type DiskState } from './disk-state.ts'
import { audit, compare } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Finding, type Outcome, type Run } from './outcome.ts'
import { prepareMarket, startProduct, type EmbeddedMarket } from './product.ts'
import { openSender, type Sender } from './sender.ts'
import { readRecording, recordTo } from './strace.ts'

/** Lone notifications first, then 16 senders for so long: the write-ahead log fills and begins anew. */
const LONE_COUNT = 20
const LOADED_MS = 1_500
/** One state in so many is also given to `npm run audit`, which takes most of a second. */
const AUDITED_SHARE = 400

/** Records one run, then lets the power go at random moments of it and looks at what a restarted server would see. */
export const provePower = (run: Run): Promise<Outcome> => cutPower(run, [])

/** The same with synchronous=NORMAL, which must lose what was acknowledged: else the proof above proves nothing. */
export const provePowerNormal = (run: Run): Promise<Outcome> =>
  cutPower(run, ['--import', join(import.meta.dirname, 'weakened.ts')])

async function cutPower(run: Run, nodeOptions: string[]): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepareMarket()
  const disk = openFragileDisk(new Map([[market.databasePath, readFileSync(market.databasePath)]]))
  const sender = openSender(market, run.seed)
  const events = await record(market, sender, nodeOptions)
  const acknowledged = new Set<number>()
  const idOf = repliesInOrder(sender)

  const rounds = Array.from({ length: run.rounds }, (_, round) => {
    const random = randomOfRound(run, round)
    return { round, random, at: random(events.length + 1) }
  }).sort((a, b) => b.at - a.at)
  for (let at = 0; at <= events.length; at += 1) {
    while (rounds.at(-1)?.at === at) {
      const { round, random } = rounds.pop()!
      const found = await lookAfterPowerCut(market, disk.cut(random), sender, acknowledged, round)
      add(outcome, found, `seed ${run.seed + round}, after event ${at} of ${events.length}`)
      run.tick()
    }
    const event = events[at]
    if (!event) break
    disk.advance(event)
    if (event.kind === 'reply') {
      const id = idOf(event.port)
      if (id !== undefined && event.status === 200) acknowledged.add(id)
    }
  }
  for (const id of sender.acknowledged) {
    if (!acknowledged.has(id)) throw new Error(`the recording does not show the answer to ${id}`)
  }
  outcome.acknowledged = acknowledged.size
  market.remove()
  return outcome
}

/** One life of the server, from its start to its end in order, as everything it did to the disk and answered. */
async function record(market: EmbeddedMarket, sender: Sender, nodeOptions: string[]): Promise<DiskEvent[]> {
  const file = join(market.dataDir, 'recording')
  const smallLog = ['--import', join(import.meta.dirname, 'small-log.ts')]
  const product = await startProduct(market, {
    through: recordTo(file),
    nodeOptions: [...smallLog, ...nodeOptions],
  })
  for (let count = 0; count < LONE_COUNT; count += 1) await sender.send(sender.make())
  await sender.load(AbortSignal.timeout(LOADED_MS))
  await product.stop()
  const events = parseRecording(await readRecording(file, product), market.dataDir)
  rmSync(file)
  return events
}

/** The next id answered over a connection: answers come in the order of the questions. */
function repliesInOrder({ asked }: Sender): (port: number) => number | undefined {
  const answered = new Map<number, number>()
  return (port) => {
    const nth = answered.get(port) ?? 0
    answered.set(port, nth + 1)
    return asked.get(port)?.[nth]
  }
}

/** Puts that state on a disk and opens it as a restarted server would. */
async function lookAfterPowerCut(
  market: EmbeddedMarket,
  state: DiskState,
  { told }: Sender,
  acknowledged: ReadonlySet<number>,
  round: number,
): Promise<Partial<Finding>> {
  const folder = join(market.dataDir, 'after')
  mkdirSync(folder)
  for (const [path, bytes] of state) writeFileSync(join(folder, basename(path)), bytes)
  const databasePath = join(folder, basename(market.databasePath))
  try {
    let found: Finding
    const db = new Database(databasePath)
    try {
      // Only the looking is not durable; it need not be.
      db.pragma('synchronous = OFF')
      found = compare(db, told, acknowledged)
    } finally {
      db.close()
    }
    if (round % AUDITED_SHARE === 0)
      found.differences = await audit({ dataDir: folder, databaseUrl: `file:${databasePath}` })
    return found
  } catch (error) {
    return { lost: acknowledged.size, damage: [String(error)] }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
