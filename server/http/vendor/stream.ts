import { streamSSE } from 'hono/streaming'
import { businessDay } from '../../../shared/business-day.ts'
import { AppError } from '../../../shared/app-error.ts'
import { onlyHears } from '../../domain/access.ts'
import { listPhones, type Phone } from '../../storage/session.ts'
import { currentCursor, listChanges } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/** Also how often the ledger is looked at without a hint: another process may have written. */
const PING_MS = 15_000
const RETRY_MS = 1_000
/** Phones, tabs and the helper's phone of one stall. */
const MAX_STREAMS_OF_A_STALL = 10

/**
 * The live channel of a vendor's phone: every change of her stall after the cursor she has, in commit order, then
 * each new one as it is committed. The hint only wakes it; what it says is read from the ledger.
 */
export function streamChanges(doors: Doors, services: Services): void {
  const { store, feed, now } = services
  const open = new Map<number, number>()

  doors.stall('takings.view').get('/vendor/:stallCode/stream', (visit) => {
    const { c, actor, listing, reopen } = visit
    const { stallId } = visit.scope

    let cursor = Number(c.req.header('last-event-id') ?? c.req.query('after') ?? 0)
    if (!Number.isSafeInteger(cursor) || cursor < 0)
      throw new AppError('invalid_input', 'bad cursor', 'after')
    const count = open.get(stallId) ?? 0
    if (count >= MAX_STREAMS_OF_A_STALL)
      throw new AppError('unavailable', 'too many phones are listening to this stall')
    open.set(stallId, count + 1)
    // A proxy that gathers what it passes on would make her wait.
    c.header('x-accel-buffering', 'no')
    c.header('cache-control', 'no-store')

    return streamSSE(c, async (stream) => {
      let wake = () => {}
      let hasNews = true
      const unsubscribe = feed.subscribe(stallId, () => {
        hasNews = true
        wake()
      })
      stream.onAbort(() => wake())
      let phones: Set<string> | undefined
      try {
        await stream.writeSSE({ event: 'hello', data: JSON.stringify({ now: now() }), retry: RETRY_MS })
        while (!stream.aborted) {
          while (hasNews && !stream.aborted) {
            hasNews = false
            // A phone that was signed out, or whose stall changed hands, hears nothing more from that moment.
            const scope = await reopen()
            if (!scope) return
            const today = businessDay(now(), listing.market.dayStartsAtMinutes)
            const upTo = await currentCursor(store, scope)
            const changes = await listChanges(store, scope, cursor, today)
            for (const change of changes) {
              cursor = change.seq
              await stream.writeSSE({ event: 'change', id: String(cursor), data: JSON.stringify(change) })
            }
            // A phone without news goes on from here, or each look would walk all that the market heard since.
            if (changes.length === 0) cursor = Math.max(cursor, upTo)
            // A full page may not have been all.
            hasNews ||= changes.length > 0
            if (onlyHears(actor)) continue
            const listening = await listPhones(store, scope, actor, now())
            const news = phones && listening.find((one) => !phones?.has(standingOf(one)))
            phones = new Set(listening.map(standingOf))
            if (news) {
              const data = JSON.stringify({ isWaiting: news.waiting })
              await stream.writeSSE({ event: 'phone', data })
            }
          }
          const isQuiet = await waitForNews(
            () => hasNews,
            (resume) => (wake = resume),
          )
          if (isQuiet && !stream.aborted) {
            if (!(await reopen())) return
            await stream.writeSSE({ event: 'ping', id: String(cursor), data: '' })
            hasNews = true
          }
        }
      } finally {
        unsubscribe()
        open.set(stallId, (open.get(stallId) ?? 1) - 1)
      }
    })
  })
}

/** Which phone, and whether it may hear. */
const standingOf = ({ tokenHash, waiting }: Phone): string => `${tokenHash} ${waiting}`

/** Resolves false at news, true when nothing was heard for a ping's time. */
export async function waitForNews(
  hasNews: () => boolean,
  arm: (resume: () => void) => void,
): Promise<boolean> {
  if (hasNews()) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  arm(() => resolve(false))
  const timer = setTimeout(resolve, PING_MS, true)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}
