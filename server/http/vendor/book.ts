import { randomUUID } from 'node:crypto'
import { AppError } from '../../../shared/app-error.ts'
import { addDays, businessDay } from '../../../shared/business-day.ts'
import { parseVnd } from '../../../shared/money.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { vendorBookPage } from '../../../web/pages/vendor/book.ts'
import {
  BOOK_PERIODS,
  daysOf,
  isMarketDay,
  marketDaysBefore,
  usualOf,
  weekday,
} from '../../domain/book-period.ts'
import { listCash, readBook } from '../../storage/book.ts'
import { listPayments } from '../../storage/takings.ts'
import { recordCash, undoCash } from '../../storage/cash.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { reachNotice } from './phones.ts'
import { keepUntilDayEnds, vendorView } from './visit.ts'

/** What her phone names a note by; no colon, which marks what the server adds. */
const KEY = /^[\w-]{16,64}$/
/** A note may wait this long on a phone without network and still count on the day she took the money. */
const MAX_WAIT_MS = 31 * 86_400_000
const CLOCK_SKEW_MS = 5 * 60_000

/** «Sổ bán hàng»: her own sums, any day's list, and the cash she notes herself. */
export function showVendorBook(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  doors.stall('book.view').get('/vendor/:stallCode/book', async (visit) => {
    const { c, scope, listing } = visit
    const view = await vendorView(services, visit)
    const today = view.businessDay
    const asked = c.req.query('day')
    if (asked !== undefined && !isPastDay(asked, today)) {
      throw new AppError('invalid_input', 'a day is YYYY-MM-DD and not in the future', 'day')
    }
    const wanted = c.req.query('period') ?? 'today'
    const period = BOOK_PERIODS.find((one) => one === wanted)
    if (!period) throw new AppError('invalid_input', `period is one of ${BOOK_PERIODS.join(', ')}`, 'period')

    const days = asked === undefined ? daysOf(period, today) : [asked]
    const [day] = days.length === 1 ? days : []
    const { marketDays } = listing.market
    const before = await readBook(store, scope, marketDaysBefore(marketDays, day ?? today))
    const book = await readBook(store, scope, days)
    const reach = reachNotice(visit.actor)
    if (day === today) keepUntilDayEnds(visit, today)
    c.header('cache-control', 'no-store')
    return c.html(
      vendorBookPage(frame, {
        ...view,
        ...(reach === undefined ? {} : { reachNotice: reach }),
        // A day of its own that is today or yesterday is shown under that name.
        period:
          asked === undefined
            ? period
            : BOOK_PERIODS.slice(0, 2).find((one) => daysOf(one, today)[0] === asked),
        days: book.map((one) => ({
          ...one,
          weekday: weekday(one.businessDay),
          isMarketDay: isMarketDay(marketDays, one.businessDay),
        })),
        usualVnd: usualOf(before.map((one) => one.transferVnd + one.cashVnd)),
        ...(day === undefined
          ? {}
          : {
              payments: await listPayments(store, scope, day, today),
              cash: await listCash(store, scope, day),
            }),
        cashKey: randomUUID(),
      }),
      200,
    )
  })

  doors.stall('cash.record').post('/vendor/:stallCode/cash', async ({ c, scope, listing }) => {
    const form = await c.req.parseBody()
    const idempotencyKey = readKey(form['key'])
    const amountVnd = parseVnd(textOf(form['other']) || textOf(form['amount']))
    const at = whenTaken(Number(form['at']), now())
    const day = businessDay(at, listing.market.dayStartsAtMinutes)
    const note = { idempotencyKey, amountVnd, at, businessDay: day }
    await store.write((tx) => recordCash(tx, scope, note))
    if (c.req.header('accept')?.includes('text/html')) {
      return c.redirect(`/vendor/${listing.stall.code}/book`, 303)
    }
    return c.json({ businessDay: day, amountVnd }, 200)
  })

  doors.stall('cash.record').post('/vendor/:stallCode/cash/undo', async ({ c, scope, listing }) => {
    const key = readKey((await c.req.parseBody())['key'])
    await store.write((tx) => undoCash(tx, scope, key, now()))
    if (c.req.header('accept')?.includes('text/html')) {
      return c.redirect(`/vendor/${listing.stall.code}/book`, 303)
    }
    return c.json({ undone: true }, 200)
  })
}

function isPastDay(text: string, today: string): boolean {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
  return isDay && addDays(text, 0) === text && text <= today
}

const textOf = (field: unknown): string => (typeof field === 'string' ? field : '')

function readKey(text: unknown): string {
  if (typeof text !== 'string' || !KEY.test(text)) throw new AppError('invalid_input', 'bad key', 'key')
  return text
}

/** Her phone's word for when, if it can be true; a phone whose clock is wrong gets the server's. */
function whenTaken(at: number, now: number): number {
  return Number.isSafeInteger(at) && at > now - MAX_WAIT_MS && at < now + CLOCK_SKEW_MS ? at : now
}
