import type { Context } from 'hono'

/** Who leaves leaves nothing on the phone: pages kept for when there is no network, and the worker that keeps them. */
export function emptyPhone(c: Context): void {
  c.header('clear-site-data', '"cache", "storage"')
}
