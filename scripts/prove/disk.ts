import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { compareMarket, lookInto } from './ledger.ts'
import { add, randomOfRound, startOutcome, type Outcome, type Run } from './outcome.ts'
import {
  becomesReady,
  copyMarket,
  prepareMarket,
  readiness,
  startProduct,
  type EmbeddedMarket,
  type Product,
} from './product.ts'
import { openSender, refusals, type Sender } from './sender.ts'
import { inject } from './strace.ts'

const SENT_BEFORE = 32
const SENT_DURING = 64
const RECOVERY_MS = 10_000

interface Fault {
  name: string
  /** Where the market is put, if not in an ordinary folder. */
  place?: (market: EmbeddedMarket) => Promise<EmbeddedMarket>
  /** A command that becomes the server. */
  through?: string[]
  /** Nothing at all can be written while it lasts: no 2xx, and readiness is red. */
  isTotal: boolean
  /** Takes the disk away. Returns how to give it back. */
  begin: (product: Product, market: EmbeddedMarket, sender: Sender) => Promise<() => unknown>
}

/** strace's words for what fails; each from then on, and each once, at a random moment. */
const ERRORS = ['pwrite64:error=ENOSPC', 'pwrite64:error=EIO', 'fsync,fdatasync:error=EIO']
const LATEST_SINGLE_FAULT = 40

/** Writes and syncs that fail from outside. */
export async function proveDiskError(run: Run): Promise<Outcome> {
  return proveFaults(run, (round) => {
    const kind = run.seed + round
    const error = ERRORS[kind % ERRORS.length]!
    const isTotal = kind % 2 === 0
    const name = isTotal ? error : `${error}:when=${1 + randomOfRound(run, round)(LATEST_SINGLE_FAULT)}`
    return { name, isTotal, begin: (product) => inject(product, name) }
  })
}

const SMALL_DISK_MB = 3

/** A small disk that something else fills. Needs root, to mount it. */
export async function proveDiskFull(run: Run): Promise<Outcome> {
  const fault: Fault = {
    name: `a disk of ${SMALL_DISK_MB} MB, full`,
    isTotal: true,
    place: onSmallDisk,
    begin: async (_, market) => {
      const ballast = join(market.dataDir, 'ballast')
      for (let size = SMALL_DISK_MB * 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' })
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
      return () => rmSync(ballast)
    },
  }
  return proveFaults(run, () => fault)
}

/** Why no small disk can be mounted here; undefined where it can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'cần Linux và quyền root để gắn một tmpfs nhỏ'
  const folder = mkdtempSync(join(tmpdir(), 'cho-'))
  try {
    mountSmallDisk(folder)
    execFileSync('umount', [folder])
    return undefined
  } catch {
    return 'không gắn được tmpfs ở đây'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const mountSmallDisk = (folder: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MB}m`, 'tmpfs', folder], { stdio: 'ignore' })

async function onSmallDisk(prepared: EmbeddedMarket): Promise<EmbeddedMarket> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-'))
  mountSmallDisk(folder)
  const unmount = () => execFileSync('umount', ['-l', folder])
  process.once('exit', unmount)
  const market = await copyMarket(prepared, folder)
  return {
    ...market,
    remove() {
      process.off('exit', unmount)
      unmount()
      rmSync(folder, { recursive: true })
    },
  }
}

/** In the shell's blocks of 512 bytes: 2 MB, which the write-ahead log reaches before it begins anew. */
const FILE_LIMIT_BLOCKS = 4_096
const SENT_TO_REACH_IT = 2_000

/**
 * No file may grow beyond a limit (`ulimit -f`): real writes fail, with EFBIG, and any shell can ask for it. Another
 * process then makes room.
 */
export async function proveDiskLimit(run: Run): Promise<Outcome> {
  const fault: Fault = {
    name: 'a limit of 2 MB a file, reached',
    through: ['sh', '-c', `ulimit -S -f ${FILE_LIMIT_BLOCKS}; exec "$0" "$@"`],
    isTotal: true,
    begin: async ({ url }, market, sender) => {
      for (let sent = 0; sent < SENT_TO_REACH_IT; sent += 1) {
        const answer = await sender.send(sender.make())
        // The readiness probe is smaller than a notification, and takes what is left of the room.
        if (answer?.status !== 200 && (await readiness(url)) !== 200) return () => makeRoom(market)
      }
      throw new Error(`the limit was not reached with ${SENT_TO_REACH_IT} notifications`)
    },
  }
  return proveFaults(run, () => fault)
}

function makeRoom({ databasePath }: EmbeddedMarket): void {
  const db = new Database(databasePath)
  db.pragma('wal_checkpoint(truncate)')
  db.close()
}

async function proveFaults(run: Run, faultOf: (round: number) => Fault): Promise<Outcome> {
  const outcome = startOutcome(run)
  const prepared = await prepareMarket()
  for (let round = 0; round < run.rounds; round += 1) {
    await proveFault(outcome, prepared, faultOf(round), run.seed + round)
    run.tick()
  }
  prepared.remove()
  return outcome
}

async function proveFault(
  outcome: Outcome,
  prepared: EmbeddedMarket,
  fault: Fault,
  seed: number,
): Promise<void> {
  const where = `seed ${seed}, ${fault.name}`
  const market = await (fault.place ?? copyMarket)(prepared)
  const sender = openSender(market, seed)
  const make = (count: number) => Array.from({ length: count }, sender.make)
  const product = await startProduct(market, { through: fault.through ?? [] })
  const mustBe = (is: boolean, otherwise: string) => add(outcome, { broken: is ? [] : [otherwise] }, where)

  await sender.sendAll(make(SENT_BEFORE))
  mustBe(sender.acknowledged.size === SENT_BEFORE, 'a healthy disk did not take everything')

  const giveBack = await fault.begin(product, market, sender)
  const acknowledgedBefore = sender.acknowledged.size
  const answers = await sender.sendAll(make(SENT_DURING))
  add(outcome, refusals(answers), where)
  if (fault.isTotal) {
    mustBe(sender.acknowledged.size === acknowledgedBefore, '2xx while nothing could be written')
    mustBe((await readiness(product.url)) === 503, 'readiness was not red')
  }
  await giveBack()
  mustBe(await becomesReady(product, RECOVERY_MS), 'did not recover alone')
  add(outcome, compareMarket(market, sender), where)

  add(outcome, await sender.sendAgain(), where)
  add(outcome, compareMarket(market, sender), `${where}, everything sent again`)
  await product.kill()
  const restarted = await startProduct(market)
  add(outcome, await lookInto(market, sender), `${where}, killed and started again`)
  await restarted.kill()
  outcome.acknowledged += sender.acknowledged.size
  market.remove()
}
