import { expect, it } from 'vitest'
import { proveAnnouncements } from '../../scripts/prove/announcements.ts'
import { proveDiskLimit } from '../../scripts/prove/disk.ts'
import { proveFlood } from '../../scripts/prove/flood.ts'
import { proveKill } from '../../scripts/prove/kill.ts'
import { proveLock } from '../../scripts/prove/lock.ts'
import { provePoison } from '../../scripts/prove/poison.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9)
/** One that holds the lock for less than a second; longer ones are for the long run. */
const SHORT_LOCK_SEED = 37

/** The proofs of `npm run prove` in short: as much of them as needs nothing but npm. */
it.each([
  ['kill -9 under 16 senders: nothing acknowledged is lost, nothing counts twice', proveKill, 2, SEED],
  ['no room on the disk: never a 2xx, readiness red, all well again by itself', proveDiskLimit, 1, SEED],
  [
    'the write lock held by another process: no 2xx meanwhile, all of it after',
    proveLock,
    1,
    SHORT_LOCK_SEED,
  ],
  ['more than may wait: 503 with Retry-After, in a heap that holds what may wait', proveFlood, 1, SEED],
  ['one poisoned message never fails its neighbours', provePoison, 1, SEED],
  ['25 histories of announced money end as a model of the documents says', proveAnnouncements, 25, SEED],
])('%s', { timeout: 60_000 }, async (_, prove, rounds, seed) => {
  console.log(`SEED=${seed}`)
  const outcome = await prove({ rounds, seed, tick: () => {} })
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, damaged: 0, differing: 0, words: [] })
  expect(outcome.acknowledged).toBeGreaterThan(0)
})
