import type { Context, Next } from 'hono'
import { AppError } from '../../shared/app-error.ts'
import type { Config } from '../config.ts'

/**
 * Lets nothing but our own pages send with somebody's session. `hono/csrf` looks at forms only and lets cross-origin
 * JSON through, so every write is looked at here; sources, which prove themselves otherwise, do not come by.
 */
export function refuseForeignOrigins({ publicUrl }: Config) {
  const own = new URL(publicUrl).origin
  return async function refuse(c: Context, next: Next): Promise<void> {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    if (!isRead) {
      const site = c.req.header('sec-fetch-site')
      const origin = c.req.header('origin')
      const isOwn =
        origin === own || (URL.canParse(origin ?? '') && new URL(origin!).host === new URL(c.req.url).host)
      if (site === undefined ? !isOwn : site !== 'same-origin' && !isOwn) {
        throw new AppError('not_allowed', 'writes come from our own pages only')
      }
    }
    await next()
  }
}
