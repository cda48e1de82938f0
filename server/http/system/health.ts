import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/** Longer than a lock may be held, shorter than whoever watches waits. */
const PATIENCE_MS = 8_000

/** For whoever watches the server: is it alive, and would a notification reach the disk. */
export function showHealth(doors: Doors, { store, log }: Services): void {
  let probe: Promise<void> | undefined

  doors.open.get('/healthz', (c) => c.json({ status: 'ok' }, 200))

  doors.open.get('/readyz', async (c) => {
    try {
      // One for all who ask: each that hangs holds a connection.
      probe ??= store.probe().finally(() => (probe = undefined))
      await inTime(probe)
      return c.json({ status: 'ready' }, 200)
    } catch (error) {
      log.error({ err: error }, 'not ready')
      return c.json({ status: 'not ready' }, 503)
    }
  })
}

/** A commit that waits for a standby waits for ever: that too is an answer. */
function inTime(probe: Promise<void>): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`no commit within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  return Promise.race([probe, tooLate]).finally(() => clearTimeout(timer))
}
