import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type PostgresServer } from '../../test/postgres-server.ts'
import { figure, median, notMeasured, type Figure } from './figure.ts'
import type { Heard } from './generator.ts'
import { NOTHING, SIDES, whyNot, type Counted, type IngestSide, type SideName } from './ingest-side.ts'
import { startGenerator, type Generator } from './load.ts'
import type { Size } from './size.ts'

const CONNECTIONS = [1, 16, 64, 256] as const
const FLOORS = ['ceiling', 'hello', 'single_commit', 'express_pg'] as const
const FSYNC_WRITES = 50
/** What follows a ledger begins once a second. */
const SETTLE_MS = 1_500

interface Ratio {
  name: string
  connections: number
  of: SideName
  over: SideName
}

const RATIOS: readonly Ratio[] = [
  ...CONNECTIONS.flatMap((connections) =>
    FLOORS.map((over): Ratio => ({
      name: `ingest_c${connections}_over_${over}`,
      connections,
      of: 'product',
      over,
    })),
  ),
  { name: 'ingest_10m_over_empty', connections: 64, of: 'ten_million', over: 'product' },
  { name: 'ingest_pg_over_sqlite', connections: 64, of: 'product_pg', over: 'product' },
  { name: 'ingest_pg_two_over_one', connections: 64, of: 'product_pg_two', over: 'product_pg' },
]
const OVER_FSYNC = 'ingest_c1_over_fsync'
const OVER_PEER = 'ingest_c64_over_express_pg'
const P99_OVER_PEER = 'ingest_c64_p99_over_express_pg'

export const ingestNames: readonly string[] = [...RATIOS.map(({ name }) => name), P99_OVER_PEER, OVER_FSYNC]

/** The sides of one figure, in a run of their own: whatever else lies in memory or on its way to the disk costs them. */
interface Contest {
  connections: number
  sides: readonly SideName[]
}

interface Contestant {
  side: IngestSide
  acknowledged: Counted
  perSecond: number
  rounds: Heard[]
}

/** The whole path over HTTP, side by side with its floors and its peer. */
export async function measureIngest(size: Size, wanted: (name: string) => boolean): Promise<Figure[]> {
  const generator = await startGenerator()
  let server: Promise<PostgresServer> | undefined
  const postgres = () => (server ??= startPostgres())
  const compare = (contest: Contest, beforeRound?: (folder: string) => void) =>
    measureContest(contest, size, postgres, generator, beforeRound)
  const figures: Figure[] = []
  try {
    for (const { name, connections, of, over } of RATIOS) {
      const alsoP99 = name === OVER_PEER && wanted(P99_OVER_PEER)
      if (!size.connections.includes(connections) || (!wanted(name) && !alsoP99)) continue
      const reason = whyNot(of, size) ?? whyNot(over, size)
      if (reason !== undefined) {
        figures.push(notMeasured(name, reason), ...(alsoP99 ? [notMeasured(P99_OVER_PEER, reason)] : []))
        continue
      }
      const [above, below] = (await compare({ connections, sides: [of, over] })) as [Heard[], Heard[]]
      const told = `${of} ${inWords(above)} ÷ ${over} ${inWords(below)}`
      figures.push(figure(name, '×', ratiosOf(above, below, 'perSecond'), told))
      if (alsoP99) {
        const words = 'p99 of both at 64 connections; under 1 is better than the peer'
        figures.push(figure(P99_OVER_PEER, '×', ratiosOf(above, below, 'p99Ms'), words))
      }
    }
    if (wanted(OVER_FSYNC)) {
      const fsyncsMs: number[] = []
      const alone = { connections: 1, sides: ['product'] } as const
      const [heard] = await compare(alone, (folder) => fsyncsMs.push(fsyncMs(folder)))
      const samples = heard!.map((one, round) => one.p50Ms / fsyncsMs[round]!)
      const told = `p50 of a lone request ÷ one write of 4 KiB with fdatasync (${median(fsyncsMs).toFixed(2)} ms)`
      figures.push(figure(OVER_FSYNC, '×', samples, told))
    }
  } finally {
    generator.close()
    await (await server)?.stop()
  }
  return figures
}

/** What was heard of each side, round by round. Throws unless each kept exactly what it acknowledged. */
async function measureContest(
  { connections, sides }: Contest,
  size: Size,
  postgres: () => Promise<PostgresServer>,
  generator: Generator,
  beforeRound: (folder: string) => void = () => {},
): Promise<Heard[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-bench-'))
  const open: Contestant[] = []
  const send = async (one: Contestant, requests: number): Promise<Heard> => {
    const { ports, path, payees } = one.side
    const amount = Math.max(connections, Math.round(requests))
    const heard = await generator.run({ ports, path, payees, firstId: nextId, connections, amount })
    nextId += amount
    one.acknowledged = {
      count: one.acknowledged.count + heard.acknowledged,
      amountVnd: one.acknowledged.amountVnd + heard.amountVnd,
    }
    return heard
  }
  try {
    for (const name of sides) {
      const side = await SIDES[name]({ size, folder, postgres })
      const one: Contestant = { side, acknowledged: NOTHING, perSecond: 0, rounds: [] }
      open.push(one)
      // Warms everything up, and tells how many requests fill a round.
      const warmUp = connections === 1 ? size.warmUpRequests / 4 : size.warmUpRequests
      one.perSecond = (await send(one, warmUp)).perSecond
    }
    for (let round = 0; round < size.rounds; round += 1) {
      beforeRound(folder)
      // Whoever is first in one round is last in the next.
      for (const one of round % 2 === 0 ? open : open.toReversed()) {
        await settle(size)
        one.rounds.push(await send(one, one.perSecond * size.roundSeconds))
      }
    }
    const heard = open.map(({ rounds }) => rounds)
    while (open.length > 0) {
      const { side, acknowledged } = open.pop()!
      await side.close(acknowledged)
    }
    return heard
  } finally {
    // Only what an error left open; that error is the one to tell.
    for (const { side } of open) await side.close(NOTHING).catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Ids grow through all contests: no credit is ever sent twice. */
let nextId = Date.now() * 1_000

/** Nobody pays for what the side before still has to write or to work off. */
async function settle({ quick }: Size): Promise<void> {
  if (quick) return
  await sleep(SETTLE_MS)
  execFileSync('sync')
}

const inWords = (rounds: readonly Heard[]): string => {
  const of = (what: 'perSecond' | 'p50Ms' | 'p99Ms') => median(rounds.map((one) => one[what]))
  return `${Math.round(of('perSecond'))}/s (p50 ${of('p50Ms').toFixed(2)}, p99 ${of('p99Ms').toFixed(1)} ms)`
}

const ratiosOf = (above: readonly Heard[], below: readonly Heard[], what: 'perSecond' | 'p99Ms'): number[] =>
  above.map((one, round) => one[what] / below[round]![what])

/** The median of some writes of one page, each waited for until it is on the disk. */
function fsyncMs(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const page = Buffer.alloc(4_096, 1)
  const times = Array.from({ length: FSYNC_WRITES }, () => {
    const begunAt = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - begunAt
  })
  closeSync(file)
  return median(times)
}
