import { businessDay } from '../shared/business-day.ts'
import { hasFigures, lastClosedDay } from './domain/adoption.ts'
import { createSourceWatch } from './domain/source-alarm.ts'
import { publishSnapshot } from './domain/snapshot.ts'
import { operatorScope } from './storage/scope.ts'
import { alarmWays, tellAlarms } from './sources/alarm.ts'
import { backfill } from './sources/backfill.ts'
import { eraseDue } from './storage/erasure.ts'
import { followLedger } from './storage/follower.ts'
import { listMarkets } from './storage/market.ts'
import { findSource, listSources } from './storage/source.ts'
import type { Services } from './services.ts'

const SWEEP_MS = 60_000
/** With a page's own time, rollups are never two seconds behind. */
const FOLLOW_MS = 1_000
/** How far behind «nghe lần cuối» may be in another process. */
const HEARD_MS = 5_000
/** SePay gives a push up after 33 minutes; what it gave up on is here before its next round would be over. */
const BACKFILL_MS = 15 * 60_000
/** A history that was fetched so lately, by another server of the same database, is not fetched again. */
const ANOTHERS_MS = BACKFILL_MS / 2

/** What the server does unasked: forgets what is due, and fetches what no push brought. Returns how to stop it. */
export function startChores(services: Services): () => void {
  const stopped = new AbortController()
  const every = (periodMs: number, name: string, chore: () => Promise<void>) => {
    let running = false
    const turn = async () => {
      if (running || stopped.signal.aborted) return
      running = true
      try {
        await chore()
      } catch (error) {
        if (!stopped.signal.aborted)
          services.log.error({ err: error, chore: name }, 'chore failed; it is tried again')
      } finally {
        running = false
      }
    }
    const timer = setInterval(() => void turn(), periodMs)
    stopped.signal.addEventListener('abort', () => clearInterval(timer))
    void turn()
  }

  every(SWEEP_MS, 'erase', async () => {
    const today = businessDay(services.now(), 0)
    const erased = await services.store.write((tx) => eraseDue(tx, today))
    if (erased > 0) services.log.info({ erased }, 'forgot what was due')
  })

  every(FOLLOW_MS, 'follow', () =>
    followLedger(services.store, services.seal.payerKey, () => stopped.signal.aborted),
  )

  every(HEARD_MS, 'heard', () => services.sourceHealth.save())

  every(SWEEP_MS, 'publish', async () => {
    for (const market of await listMarkets(services.store, operatorScope())) {
      const day = lastClosedDay(services.now(), market.dayStartsAtMinutes)
      if (hasFigures(market, day)) await publishSnapshot(services, market, day)
    }
  })

  every(SWEEP_MS, 'statements', async () => {
    await services.statements.sweep(operatorScope())
  })

  /** What was fetched longer ago than that is fetched again. One source out of reach keeps no other waiting. */
  const fetchMissed = async (sourceId: string, longerAgoMs: number): Promise<void> => {
    const { store, seal, intake, now, log } = services
    try {
      const fetched = await store.exclusively(`back-fill ${sourceId}`, async () => {
        const row = await findSource(store, sourceId)
        const isDue = row && now() - (row.backfilledAt ?? 0) > longerAgoMs
        return isDue ? backfill(store, seal, intake, row, now, stopped.signal) : 0
      })
      if (fetched) log.info({ sourceId, fetched }, 'back-fill')
    } catch (error) {
      if (!stopped.signal.aborted) log.error({ sourceId, err: error }, 'back-fill failed; it is tried again')
    }
  }

  every(BACKFILL_MS, 'back-fill', async () => {
    for (const { id } of await listSources(services.store, operatorScope()))
      await fetchMissed(id, ANOTHERS_MS)
  })

  const watch = createSourceWatch(services.store, operatorScope(), services.now())
  every(SWEEP_MS, 'watch', async () => {
    const { store, sourceHealth, now, log } = services
    await sourceHealth.save()
    const raised = (await store.exclusively('watch', () => watch(now()))) ?? []
    for (const alarm of raised) {
      log.warn(alarm, 'a source is not as usual')
      if (alarm.kind === 'silent') await fetchMissed(alarm.sourceId, SWEEP_MS)
    }
  })

  // Each way in a turn of its own, so that one out of reach keeps the other neither waiting nor repeating.
  for (const way of alarmWays(services.config.alarm)) {
    const name = `alarm by ${way.name}`
    every(SWEEP_MS, name, async () => {
      const { store, config, now, log } = services
      await store.exclusively(name, async () => {
        const told = await tellAlarms(store, operatorScope(), way, config.publicUrl, now(), stopped.signal)
        const { failed, error } = told
        if (failed > 0) log.error({ failed, way: way.name, err: error }, 'alarm not told; it is tried again')
      })
    })
  }
  return () => stopped.abort()
}
