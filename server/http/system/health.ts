import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/** For whoever watches the server: is it alive, and would a notification reach the disk. */
export function showHealth(doors: Doors, { store, log }: Services): void {
  doors.open.get('/healthz', (c) => c.json({ status: 'ok' }, 200))

  doors.open.get('/readyz', async (c) => {
    try {
      await store.probe()
      return c.json({ status: 'ready' }, 200)
    } catch (error) {
      log.error({ err: error }, 'not ready')
      return c.json({ status: 'not ready' }, 503)
    }
  })
}
