import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { findDifferences } from '../../server/storage/audit.ts'
import { bankTransaction } from '../../server/storage/kit.sqlite.ts'
import { openSqlite } from '../../server/storage/sqlite.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { freePort } from '../postgres-server.ts'
import { prepareDataDir } from '../running-market.ts'
import { sepayBody, sepayHeaders } from '../sepay.ts'
import { fillMarket, scopeOf, seededRandom, TODAY } from '../small-market.ts'

const root = join(import.meta.dirname, '../..')
let child: ChildProcess | undefined
afterEach(() => void child?.kill('SIGKILL'))

const SENT = 5_000
const CONNECTIONS = 16

it('kill -9 in the middle of 5,000 notifications: after a restart and a resend nothing acknowledged is missing, nothing counts twice', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
  console.log(`SEED=${seed}`)
  const random = seededRandom(seed)
  const { dataDir, sourceId, remove } = await prepareDataDir()
  const path = join(dataDir, 'market.db')
  const store = openSqlite(path)
  const { lan } = await fillMarket(store, sourceId)
  await store.close()
  const port = await freePort()

  const all = new Map(
    Array.from({ length: SENT }, (_, index) => {
      const told = {
        id: index + 1,
        accountNumber: lan.accountNumber,
        content: `CK ${lan.reference}`,
        amount: 1_000 + index,
      }
      return [index + 1, sepayBody(told)]
    }),
  )
  const acknowledged = new Set<number>()
  const send = async (ids: number[]) => {
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
          const body = all.get(id)!
          try {
            const response = await fetch(`http://127.0.0.1:${port}/notifications/${sourceId}`, {
              method: 'POST',
              body,
              headers: sepayHeaders(body, Date.now()),
            })
            if (response.ok) acknowledged.add(id)
          } catch {
            // The server is gone: as the source sees it, not acknowledged.
          }
        }
      }),
    )
  }

  // Killed three times on the way, each time at another moment.
  for (const share of [0.2, 0.5, 0.8]) {
    child = await startProduct(dataDir, port)
    const sending = send([...all.keys()].filter((id) => !acknowledged.has(id)))
    while (acknowledged.size < SENT * share) await sleep(random(5))
    child.kill('SIGKILL')
    await sending
    const afterCrash = openSqlite(path)
    const rows = await afterCrash.db.select({ key: bankTransaction.sourceKey }).from(bankTransaction)
    const recorded = new Set(rows.map((row) => row.key))
    expect([...acknowledged].filter((id) => !recorded.has(`push:${id}`))).toEqual([])
    await afterCrash.close()
  }
  expect(acknowledged.size).toBeLessThan(SENT)

  child = await startProduct(dataDir, port)
  await send([...all.keys()])
  expect(acknowledged.size).toBe(SENT)
  child.kill('SIGTERM')
  await new Promise((done) => child!.once('exit', done))

  const after = openSqlite(path)
  expect(await getTakings(after, scopeOf(lan), TODAY)).toMatchObject({
    saleCount: SENT,
    totalVnd: SENT * 1_000 + (SENT * (SENT - 1)) / 2,
  })
  expect(await findDifferences(after)).toEqual([])
  expect(await after.integrity()).toBe('ok')
  await after.close()
  remove()
}, 90_000)

/** The product as it is started for real, on that folder. Resolves when it answers. */
async function startProduct(dataDir: string, port: number): Promise<ChildProcess> {
  const started = spawn(process.execPath, ['scripts/start.ts'], {
    cwd: root,
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      PORT: String(port),
      DATABASE_URL: `file:${join(dataDir, 'market.db')}`,
    },
    stdio: 'ignore',
  })
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return started
    } catch {
      await sleep(50)
    }
  }
  started.kill('SIGKILL')
  throw new Error('the server did not start')
}
