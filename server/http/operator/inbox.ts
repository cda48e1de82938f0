import { findBank } from '@vietqr/core'
import { accountKey } from '../../../shared/bank-transaction.ts'
import { AppError } from '../../../shared/app-error.ts'
import { displayText } from '../../../shared/display-text.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import {
  inboxPage,
  type CreditView,
  type DayView,
  type InboxView,
} from '../../../web/pages/operator/inbox.ts'
import { exceptionWords, notCountedWords } from '../../../web/pages/operator/reason-words.ts'
import { openMarket } from '../../domain/access.ts'
import { hasConsent } from '../../storage/consent.ts'
import { assign } from '../../storage/assignment.ts'
import {
  listAlerts,
  listInboxDays,
  listNotCounted,
  listUndecided,
  type InboxDay,
  type UndecidedCredit,
} from '../../storage/inbox.ts'
import type { Registry } from '../../storage/registry.ts'
import { findStall, listStalls, vendorOf, type StallEntry } from '../../storage/stall.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { inboxPlace, NO_MARKET, type InboxPlace } from './inbox-place.ts'

/** Each shows every stall to choose from; the next ones come up when these are done. */
const MAX_CREDITS_SHOWN = 20
const MAX_REASON_LENGTH = 200

/** A booking told only to the minute may be as late as the minute's end. */
const MINUTE_MS = 60_000
const DECIDED = {
  kind: 'bad',
  words: 'Khoản này không còn chờ nữa: đã có người ghi. Dưới đây là những khoản còn lại.',
} as const

type ConsentMoments = ReadonlyMap<number, number | null>
/** What the page says beyond what is in the ledger. */
interface Reply {
  message?: InboxView['message']
  returned?: NonNullable<CreditView['returned']> & { transactionSeq: number }
}

/** «Tiền chưa rõ của ai»: where every incoming đồng went, and the operator's word on what no rule could decide. */
export function showInbox(doors: Doors, services: Services, frame: Frame): void {
  const { store, now, feed } = services

  const page = async (visit: OperationVisit, place: InboxPlace, reply: Reply, status: 200 | 400 | 409) => {
    const { c, actor, scope } = visit
    const { id } = place
    const isNobodys = id === NO_MARKET.id
    const days = await listInboxDays(store, scope, id)
    const undecided = await listUndecided(store, scope, id)
    const stalls = isNobodys ? [] : await listStalls(store, openMarket(actor, 'registry.view', id))
    const agreedAt = consentMoments(await store.registry())
    const shown = undecided.slice(0, MAX_CREDITS_SHOWN)
    const waiting = days.reduce((count, day) => count + day.undecided.transactionCount, 0)
    const businessDay = c.req.query('day')
    const opened = businessDay !== undefined && days.some((day) => day.businessDay === businessDay)
    const alerts = await listAlerts(store, scope, id)
    c.header('cache-control', 'no-store')
    return c.html(
      inboxPage(frame, {
        place,
        isNobodys,
        days: days.map(dayView),
        credits: shown.map((credit) => creditView(credit, stalls, agreedAt, reply)),
        hiddenCount: Math.max(waiting, undecided.length) - shown.length,
        alerts: alerts.map(({ reason, detail, at }) => ({ words: exceptionWords(reason), detail, at })),
        ...(opened
          ? {
              opened: {
                businessDay,
                reasons: (await listNotCounted(store, scope, id, businessDay)).map(({ reason, ...sum }) => ({
                  ...sum,
                  words: notCountedWords(reason),
                })),
              },
            }
          : {}),
        ...(reply.message ? { message: reply.message } : {}),
      }),
      status,
    )
  }

  doors.operation('inbox.view').get('/operator/inbox/:market', async (visit) => {
    const assigned = visit.c.req.query('assigned')
    const listing = assigned === undefined ? undefined : await findStall(store, assigned)
    const words =
      visit.c.req.query('undone') === undefined
        ? listing && `Đã ghi là của ${listing.market.stallWord} ${listing.stall.name}.`
        : 'Đã gỡ ra. Khoản đó trở lại chờ ghi ở dưới đây.'
    return page(
      visit,
      await inboxPlace(services, visit),
      words ? { message: { kind: 'good', words } } : {},
      200,
    )
  })

  doors.operation('inbox.assign').post('/operator/inbox/:market/assign', async (visit) => {
    const { c, actor, scope } = visit
    const place = await inboxPlace(services, visit)
    const typed = await readTyped(c, ['transactionSeq', 'stallCode', 'reason'])
    const transactionSeq = Number(typed.transactionSeq)
    if (!Number.isSafeInteger(transactionSeq)) {
      throw new AppError('invalid_input', 'transactionSeq is a number', 'transactionSeq')
    }
    const reason = displayText(typed.reason, MAX_REASON_LENGTH + 1)
    const again = (errors: { stallError?: string; reasonError?: string }, status: 400 | 409) =>
      page(visit, place, { returned: { ...typed, transactionSeq, ...errors } }, status)

    if (typed.stallCode === '') return again({ stallError: `Chọn ${place.stallWord}.` }, 400)
    if (reason === '') return again({ reasonError: 'Ghi vì sao biết, để sau này còn dò lại.' }, 400)
    if (reason.length > MAX_REASON_LENGTH) {
      return again({ reasonError: `Dài quá, ghi gọn trong ${MAX_REASON_LENGTH} chữ.` }, 400)
    }
    const listing = await findStall(store, typed.stallCode)
    if (listing?.market.id !== place.id) {
      return again(
        { stallError: `Không phải ${place.stallWord} của chợ này. Chọn lại trong danh sách.` },
        409,
      )
    }
    const { stall } = listing
    const market = openMarket(actor, 'registry.view', place.id)
    const undecided = await listUndecided(store, scope, place.id)
    const credit = undecided.find((one) => one.transactionSeq === transactionSeq)
    if (!credit) return page(visit, place, { message: DECIDED }, 409)
    const hadAgreed = agreed(consentMoments(await store.registry()).get(stall.id), credit)
    try {
      const news = await store.write(function* (tx) {
        const vendor = yield* vendorOf(tx, market, stall.id)
        if (!hadAgreed || !vendor || !(yield* hasConsent(tx, vendor.id))) {
          throw new AppError('conflict', 'the vendor has not consented', 'stallCode')
        }
        const decision = {
          marketId: place.id,
          transactionSeq,
          stallId: stall.id,
          saleSeq: null,
          by: actor.role,
          reason,
        }
        return yield* assign(tx, scope, decision, now())
      })
      feed.publish([news])
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      if (error.field === 'stallCode') {
        const stallError = `Lúc tiền vào, người bán ở ${place.stallWord} ${stall.name} chưa đồng ý, nên không ghi được. Chọn lại trong danh sách.`
        return again({ stallError }, 409)
      }
      return page(visit, place, { message: DECIDED }, 409)
    }
    return c.redirect(`/operator/inbox/${place.code}?assigned=${stall.code}`, 303)
  })
}

function dayView(day: InboxDay): DayView {
  const parts = [day.matched, day.undecided, day.notCounted]
  const total = (part: 'transactionCount' | 'amountVnd') => parts.reduce((sum, one) => sum + one[part], 0)
  const addsUp =
    day.in.transactionCount === total('transactionCount') && day.in.amountVnd === total('amountVnd')
  return { ...day, addsUp }
}

/** Since when each stall's vendor agrees to be counted. */
function consentMoments({ stallsByReference }: Registry): ConsentMoments {
  return new Map(stallsByReference.values().map((stall) => [stall.stallId, stall.consentedAt]))
}

/** Money from before she agreed is not counted, by whoever's word. */
function agreed(at: number | null | undefined, credit: UndecidedCredit): boolean {
  return at !== null && at !== undefined && at < credit.bookedAt + MINUTE_MS
}

function creditView(
  credit: UndecidedCredit,
  stalls: readonly StallEntry[],
  agreedAt: ConsentMoments,
  { returned }: Reply,
): CreditView {
  // A closed stall stays choosable, or its last money would wait for ever.
  const choosable = stalls.filter((entry) => agreed(agreedAt.get(entry.stall.id), credit))
  const isPaidHere = (entry: StallEntry) =>
    entry.accounts.some((one) => accountKey(one) === accountKey(credit))
  const option = ({ stall, vendor }: StallEntry) => ({
    code: stall.code,
    words: `${stall.name} · ${vendor?.name ?? ''}${stall.closedAt === null ? '' : ' (đã đóng)'}`,
  })
  return {
    ...credit,
    bankShortName: findBank(credit.bankBin)?.shortName ?? credit.bankBin,
    reason: exceptionWords(credit.reason),
    ofAccount: choosable.filter(isPaidHere).map(option),
    others: choosable.filter((entry) => !isPaidHere(entry)).map(option),
    ...(returned?.transactionSeq === credit.transactionSeq ? { returned } : {}),
  }
}
