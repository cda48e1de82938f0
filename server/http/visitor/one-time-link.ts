import type { Context } from 'hono'

const MAX_DEVICE_LENGTH = 120

/** The address is the key: nobody else is told it, and no cache keeps the page. */
export function hideAddress(c: Context): void {
  c.header('cache-control', 'no-store')
  c.header('referrer-policy', 'no-referrer')
}

/** What the phone that came by it calls itself. */
export function deviceOf(c: Context): string {
  return (c.req.header('user-agent') ?? '').slice(0, MAX_DEVICE_LENGTH)
}
