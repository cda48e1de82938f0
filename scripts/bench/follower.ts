import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { figure, type Figure } from './figure.ts'
import { SIDES } from './ingest-side.ts'
import { startGenerator } from './load.ts'
import type { Size } from './size.ts'

const LAG = 'follower_lag_s'
const CONNECTIONS = 64
/** Often enough to see the oldest entry just before it is followed. */
const LOOK_EVERY_MS = 100

export const followerNames: readonly string[] = [LAG]

/** How old the oldest entry is that no rollup has counted, at most, while the server takes all it can. */
export async function measureFollower(size: Size): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-bench-'))
  const postgres = () => Promise.reject(new Error('not asked for'))
  const generator = await startGenerator()
  const side = await SIDES.product({ size, folder, postgres })
  const sum = { count: 0, amountVnd: 0 }
  let nextId = Date.now() * 1_000
  const send = async (amount: number) => {
    const { ports, path, payees } = side
    const heard = await generator.run({
      ports,
      path,
      payees,
      firstId: nextId,
      connections: CONNECTIONS,
      amount,
    })
    nextId += amount
    sum.count += heard.acknowledged
    sum.amountVnd += heard.amountVnd
    return heard.perSecond
  }
  try {
    const perSecond = await send(Math.max(CONNECTIONS, size.warmUpRequests))
    const most: number[] = []
    for (let round = 0; round < size.rounds; round += 1) {
      const over = new AbortController()
      const looking = mostLag(side.ports[0]!, over.signal)
      // Long enough for the follower's period to come round several times.
      await send(Math.max(CONNECTIONS, Math.round(perSecond * size.roundSeconds * 3)))
      over.abort()
      most.push(await looking)
    }
    await side.close(sum)
    const told = `the most that rollups were behind in a round at ${CONNECTIONS} connections`
    return [figure(LAG, 's', most, told)]
  } finally {
    generator.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function mostLag(port: number, over: AbortSignal): Promise<number> {
  let lag = 0
  while (!over.aborted) {
    await sleep(LOOK_EVERY_MS)
    lag = Math.max(lag, await lagNow(port))
  }
  return lag
}

/** As `GET /metrics` says it; a market that is not behind is not listed. */
async function lagNow(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Math.max(
    0,
    ...[...text.matchAll(/^cho_rollup_lag_seconds\{.*\} (.+)$/gm)].map(([, lag]) => Number(lag)),
  )
}
