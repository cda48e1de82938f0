import { expect, it } from 'vitest'
import { proveDiskLimit } from '../../scripts/prove/disk.ts'
import { proveFlood } from '../../scripts/prove/flood.ts'
import { proveKill } from '../../scripts/prove/kill.ts'
import { proveLock } from '../../scripts/prove/lock.ts'
import { provePoison } from '../../scripts/prove/poison.ts'

/** The long proofs of `npm run prove` in short: as much as needs nothing but npm. */
it.each([
  ['kill -9 under 16 senders: nothing acknowledged is lost, nothing counts twice', proveKill, 3],
  ['no room on the disk: never a 2xx, readiness red, all well again by itself', proveDiskLimit, 1],
  [
    'another process holds the write lock: nobody is told 2xx meanwhile, all well again by itself',
    proveLock,
    1,
  ],
  ['more than may wait: 503 with Retry-After, in a heap that holds what may wait', proveFlood, 1],
  ['one poisoned message never fails its neighbours', provePoison, 1],
])('%s', { timeout: 60_000 }, async (_, prove, rounds) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
  console.log(`SEED=${seed}`)
  const outcome = await prove({ rounds, seed, tick: () => {} })
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, damaged: 0, differing: 0, words: [] })
  expect(outcome.acknowledged).toBeGreaterThan(0)
})
