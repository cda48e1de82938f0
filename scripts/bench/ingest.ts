import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type PostgresServer } from '../../test/postgres-server.ts'
import { figure, median, notMeasured, type Figure } from './figure.ts'
import type { Heard } from './generator.ts'
import { NOTHING, SIDES, whyNot, type Counted, type IngestSide, type SideName } from './ingest-side.ts'
import { startGenerator } from './load.ts'
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
const P99_OVER_PEER = 'ingest_c64_p99_over_express_pg'

export const ingestNames: readonly string[] = [...RATIOS.map(({ name }) => name), P99_OVER_PEER, OVER_FSYNC]

/** The whole path over HTTP, side by side with its floors and its peer. */
export async function measureIngest(size: Size, wanted: (name: string) => boolean): Promise<Figure[]> {
  const ratios = RATIOS.filter(({ name }) => wanted(name))
  const lone = wanted(OVER_FSYNC)
  const pairs = ratios.flatMap(({ of, over, connections }) => [
    { side: of, connections },
    { side: over, connections },
  ])
  if (lone) pairs.push({ side: 'product', connections: 1 })
  if (wanted(P99_OVER_PEER)) {
    pairs.push({ side: 'product', connections: 64 }, { side: 'express_pg', connections: 64 })
  }
  const runs = [...new Map(pairs.map((one) => [keyOf(one.side, one.connections), one])).values()]

  const folder = mkdtempSync(join(tmpdir(), 'cho-bench-'))
  let server: Promise<PostgresServer> | undefined
  const surroundings = { size, folder, postgres: () => (server ??= startPostgres()) }
  const generator = await startGenerator()
  const open = new Map<SideName, IngestSide>()
  const missing = new Map<SideName, string>()
  const acknowledged = new Map<SideName, Counted>()
  const rounds = new Map<string, Heard[]>()
  const fsyncsMs: number[] = []
  // Ids grow through all rounds and sides: no credit is ever sent twice.
  let nextId = Date.now() * 1_000
  async function send(side: SideName, connections: number, amount: number): Promise<Heard> {
    const { ports, path, payees } = open.get(side)!
    const heard = await generator.run({ ports, path, payees, firstId: nextId, connections, amount })
    nextId += amount
    const before = acknowledged.get(side) ?? NOTHING
    acknowledged.set(side, {
      count: before.count + heard.acknowledged,
      amountVnd: before.amountVnd + heard.amountVnd,
    })
    return heard
  }

  try {
    for (const { side } of runs) {
      const reason = whyNot(side, size)
      if (reason !== undefined) missing.set(side, reason)
      else if (!open.has(side)) open.set(side, await SIDES[side](surroundings))
    }
    const measured = runs.filter(({ side }) => open.has(side))
    // Warms everything up, and tells how many requests fill a round.
    const perSecond = new Map<string, number>()
    for (const { side, connections } of measured) {
      const amount = Math.max(connections, connections === 1 ? size.warmUpRequests / 4 : size.warmUpRequests)
      perSecond.set(keyOf(side, connections), (await send(side, connections, amount)).perSecond)
    }
    for (let round = 0; round < size.rounds; round += 1) {
      if (lone) fsyncsMs.push(fsyncMs(folder))
      // Whoever is first in one round is last in the next.
      for (const { side, connections } of round % 2 === 0 ? measured : measured.toReversed()) {
        const key = keyOf(side, connections)
        const amount = Math.max(connections, Math.round(perSecond.get(key)! * size.roundSeconds))
        await settle(size)
        rounds.set(key, [...(rounds.get(key) ?? []), await send(side, connections, amount)])
      }
    }
    for (const [name, side] of open) {
      open.delete(name)
      await side.close(acknowledged.get(name) ?? NOTHING)
    }
  } finally {
    generator.close()
    // Only what an error left open; that error is the one to tell.
    for (const side of open.values()) await side.close(NOTHING).catch(() => {})
    await (await server)?.stop()
    rmSync(folder, { recursive: true, force: true })
  }

  const figures = ratios.map(({ name, connections, of, over }) => {
    const reason = missing.get(of) ?? missing.get(over)
    if (reason !== undefined) return notMeasured(name, reason)
    const above = rounds.get(keyOf(of, connections))!
    const below = rounds.get(keyOf(over, connections))!
    const samples = above.map((one, round) => one.perSecond / below[round]!.perSecond)
    return figure(name, '×', samples, `${of} ${inWords(above)} ÷ ${over} ${inWords(below)}`)
  })
  if (wanted(P99_OVER_PEER)) {
    const [above, below] = [rounds.get(keyOf('product', 64)), rounds.get(keyOf('express_pg', 64))]
    figures.push(
      above && below
        ? figure(
            P99_OVER_PEER,
            '×',
            above.map((one, round) => one.p99Ms / below[round]!.p99Ms),
            'p99 of both at 64 connections; under 1 is better than the peer',
          )
        : notMeasured(P99_OVER_PEER, missing.get('express_pg') ?? 'nothing was heard'),
    )
  }
  if (lone) {
    const samples = rounds.get(keyOf('product', 1))!.map((one, round) => one.p50Ms / fsyncsMs[round]!)
    const told = `p50 of a lone request ÷ one write of 4 KiB with fdatasync (${median(fsyncsMs).toFixed(2)} ms)`
    figures.push(figure(OVER_FSYNC, '×', samples, told))
  }
  return figures
}

/** Nobody pays for what the side before still has to write or to work off. */
async function settle({ quick }: Size): Promise<void> {
  if (!quick) await sleep(SETTLE_MS)
  execFileSync('sync')
}

const inWords = (rounds: readonly Heard[]): string => {
  const of = (what: 'perSecond' | 'p50Ms' | 'p99Ms') => median(rounds.map((one) => one[what]))
  return `${Math.round(of('perSecond'))}/s (p50 ${of('p50Ms').toFixed(2)}, p99 ${of('p99Ms').toFixed(1)} ms)`
}

const keyOf = (side: SideName, connections: number): string => `${side}_c${connections}`

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
