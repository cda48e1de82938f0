import { shortNameOf } from '@vietqr/core'
import { accountKey } from '../../../shared/bank-transaction.ts'
import { AppError } from '../../../shared/app-error.ts'
import { displayText, fold } from '../../../shared/display-text.ts'
import { formatVnd, parseVnd } from '../../../shared/money.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { kindWords, KINDS_NOT_A_SALE } from '../../../web/pages/operator/candidate-words.ts'
import { inboxPage, type DayView, type InboxView } from '../../../web/pages/operator/inbox.ts'
import type { CreditView } from '../../../web/pages/operator/inbox-credit.ts'
import { exceptionWords, notCountedWords } from '../../../web/pages/operator/reason-words.ts'
import { openMarket } from '../../domain/access.ts'
import { hasConsent } from '../../storage/consent.ts'
import { assign, setAside, split, type NotASale, type Part } from '../../storage/assignment.ts'
import type { Published } from '../../storage/decision.ts'
import {
  listAlerts,
  listInboxDays,
  listNotCounted,
  listUndecided,
  type InboxDay,
  type NotCounted,
  type UndecidedCredit,
} from '../../storage/inbox.ts'
import type { MarketScope } from '../../storage/scope.ts'
import type { Store } from '../../storage/store.ts'
import type { Unit } from '../../storage/unit.ts'
import { findStall, listStalls, vendorOf, type Stall, type StallEntry } from '../../storage/stall.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { inboxPlace, NO_MARKET, type InboxPlace } from './inbox-place.ts'
import { agreed, consentMoments, offersFor, stallWords, type ConsentMoments } from './offer.ts'

/** Each shows every stall to choose from; the next ones come up when these are done. */
const MAX_CREDITS_SHOWN = 20
const MAX_REASON_LENGTH = 200

const DECIDED = {
  kind: 'bad',
  words: 'Khoản này không còn chờ nữa: đã có người ghi. Dưới đây là những khoản còn lại.',
} as const

const CHANGED = {
  kind: 'bad',
  words: 'Gợi ý cho khoản này vừa đổi. Xem lại rồi chọn.',
} as const

/** What the page says beyond what is in the ledger. */
interface Reply {
  message?: InboxView['message']
  returned?: NonNullable<CreditView['returned']> & { transactionSeq: number }
  returnedSplit?: NonNullable<CreditView['returnedSplit']> & { transactionSeq: number }
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
    const registry = await store.registry()
    const agreedAt = consentMoments(registry)
    const shown = undecided.slice(0, MAX_CREDITS_SHOWN)
    const waiting = days.reduce((count, day) => count + day.undecided.transactionCount, 0)
    const businessDay = c.req.query('day')
    const opened = businessDay !== undefined && days.some((day) => day.businessDay === businessDay)
    const alerts = await listAlerts(store, scope, id)
    const credits: CreditView[] = []
    for (const credit of shown) {
      const offered = await offersFor(store, scope, credit, stalls, registry)
      credits.push(creditView(credit, offered, stalls, agreedAt, reply))
    }
    c.header('cache-control', 'no-store')
    return c.html(
      inboxPage(frame, {
        place,
        isNobodys,
        days: days.map(dayView),
        credits,
        stallNames: stalls.map(({ stall }) => stall.name),
        hiddenCount: Math.max(waiting, undecided.length) - shown.length,
        alerts: alerts.map(({ reason, ...alert }) => ({ words: exceptionWords(reason), ...alert })),
        ...(opened
          ? {
              opened: {
                businessDay,
                reasons: (await listNotCounted(store, scope, id, businessDay)).map(notCountedView),
              },
            }
          : {}),
        ...(reply.message ? { message: reply.message } : {}),
      }),
      status,
    )
  }

  doors.operation('inbox.view').get('/operator/inbox/:market', async (visit) => {
    const place = await inboxPlace(services, visit)
    const message = await decisionMessage(visit)
    return page(visit, place, message ? { message } : {}, 200)
  })

  /** What the address says was just done. */
  const decisionMessage = async ({ c }: OperationVisit): Promise<Reply['message']> => {
    const { assigned, aside, undone, split: parts } = c.req.query()
    if (parts !== undefined) return good('Đã chia. Mỗi phần hiện trên máy của người bán là «chưa rõ».')
    if (undone !== undefined) return good('Đã gỡ ra. Khoản đó trở lại chờ ghi ở dưới đây.')
    const kind = KINDS_NOT_A_SALE.find((one) => one === aside)
    if (kind) return good(`Đã ghi: không phải tiền bán, ${kindWords(kind).toLowerCase()}.`)
    const listing = assigned === undefined ? undefined : await findStall(store, assigned)
    return listing && good(`Đã ghi là của ${listing.market.stallWord} ${listing.stall.name}.`)
  }

  /** The undecided credit that a form is about; undefined if somebody was faster. */
  const creditOf = async (visit: OperationVisit, place: InboxPlace, transactionSeq: string) => {
    const seq = Number(transactionSeq)
    if (!Number.isSafeInteger(seq)) {
      throw new AppError('invalid_input', 'transactionSeq is a number', 'transactionSeq')
    }
    const undecided = await listUndecided(store, visit.scope, place.id)
    return undecided.find((one) => one.transactionSeq === seq)
  }

  /** Records a word on a credit. What else it may be meanwhile is said on the page. */
  const record = async (
    visit: OperationVisit,
    place: InboxPlace,
    unit: (tx: Store['db']) => Unit<Published[]>,
    doneAt: string,
    onRefusal: (error: AppError) => Response | Promise<Response> | undefined = () => undefined,
  ) => {
    try {
      feed.publish(await store.write(unit))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      return onRefusal(error) ?? page(visit, place, { message: DECIDED }, 409)
    }
    return visit.c.redirect(`/operator/inbox/${place.code}?${doneAt}`, 303)
  }

  const assignTo = async (
    visit: OperationVisit,
    place: InboxPlace,
    credit: UndecidedCredit,
    stall: Stall,
    told: { saleSeq: number | null; reason: string },
    again: (stallError: string) => Response | Promise<Response>,
  ) => {
    const { actor, scope } = visit
    const market = openMarket(actor, 'registry.view', place.id)
    const hadAgreed = agreed(consentMoments(await store.registry()).get(stall.id), credit)
    const { transactionSeq } = credit
    return record(
      visit,
      place,
      function* (tx) {
        if (!hadAgreed) throw new AppError('conflict', 'the vendor had not consented', 'stallCode')
        yield* demandConsent(tx, market, stall.id)
        const word = { marketId: place.id, transactionSeq, stallId: stall.id, by: actor.role, ...told }
        return [yield* assign(tx, scope, word, now())]
      },
      `assigned=${stall.code}`,
      ({ field }) =>
        field === 'stallCode'
          ? again(
              `Lúc tiền vào, người bán ở ${place.stallWord} ${stall.name} chưa đồng ý, nên không ghi được. Chọn lại trong danh sách.`,
            )
          : undefined,
    )
  }

  const sayNoSale = (
    visit: OperationVisit,
    place: InboxPlace,
    { transactionSeq }: UndecidedCredit,
    kind: NotASale,
    reason: string,
  ) => {
    const word = { marketId: place.id, transactionSeq, kind, by: visit.actor.role, reason }
    return record(
      visit,
      place,
      function* (tx) {
        yield* setAside(tx, visit.scope, word, now())
        return []
      },
      `aside=${kind}`,
    )
  }

  doors.operation('inbox.assign').post('/operator/inbox/:market/choose', async (visit) => {
    const { c, actor, scope } = visit
    const place = await inboxPlace(services, visit)
    const typed = await readTyped(c, ['transactionSeq', 'choice'])
    const credit = await creditOf(visit, place, typed.transactionSeq)
    if (!credit) return page(visit, place, { message: DECIDED }, 409)
    const stalls = await listStalls(store, openMarket(actor, 'registry.view', place.id))
    // Looked up again, so that what is recorded is why, and not what a form says.
    const offered = await offersFor(store, scope, credit, stalls, await store.registry())
    const chosen = offered.find((one) => one.value === typed.choice)
    if (!chosen) return page(visit, place, { message: CHANGED }, 409)
    if ('kind' in chosen) return sayNoSale(visit, place, credit, chosen.kind, chosen.why)
    const again = (words: string) => page(visit, place, { message: { kind: 'bad', words } }, 409)
    const told = { saleSeq: chosen.saleSeq, reason: chosen.why }
    return assignTo(visit, place, credit, chosen.stall, told, again)
  })

  doors.operation('inbox.assign').post('/operator/inbox/:market/split', async (visit) => {
    const { c, actor, scope } = visit
    const place = await inboxPlace(services, visit)
    const typed = { ...(await readTyped(c, ['transactionSeq', 'reason'])), parts: await readParts(c) }
    const credit = await creditOf(visit, place, typed.transactionSeq)
    if (!credit) return page(visit, place, { message: DECIDED }, 409)
    const { transactionSeq, amountVnd } = credit
    const reason = displayText(typed.reason, MAX_REASON_LENGTH)
    const again = (error: string, status: 400 | 409 = 400) =>
      page(visit, place, { returnedSplit: { transactionSeq, parts: typed.parts, reason, error } }, status)

    const market = openMarket(actor, 'registry.view', place.id)
    const stalls = await listStalls(store, market)
    const agreedAt = consentMoments(await store.registry())
    const parts: Part[] = []
    for (const { stallName, amount } of typed.parts) {
      const stall = stalls.find((entry) => fold(entry.stall.name) === fold(stallName.trim()))?.stall
      if (!stall || !agreed(agreedAt.get(stall.id), credit)) {
        return again(`Mỗi phần chọn một ${place.stallWord} trong danh sách.`)
      }
      const partVnd = findVnd(amount)
      if (partVnd === undefined) return again('Mỗi phần ghi một số tiền, như 50.000.')
      parts.push({ stallId: stall.id, amountVnd: partVnd })
    }
    const sumVnd = parts.reduce((vnd, part) => vnd + part.amountVnd, 0)
    if (sumVnd !== amountVnd) {
      return again(`Các phần cộng lại ${formatVnd(sumVnd)}, phải đúng ${formatVnd(amountVnd)}.`)
    }
    if (parts.length < 2 || new Set(parts.map(({ stallId }) => stallId)).size < parts.length) {
      return again(`Chia cho từ hai ${place.stallWord} khác nhau.`)
    }
    if (reason === '') return again('Ghi vì sao biết, để sau này còn dò lại.')
    return record(
      visit,
      place,
      function* (tx) {
        for (const { stallId } of parts) yield* demandConsent(tx, market, stallId)
        return yield* split(
          tx,
          scope,
          { marketId: place.id, transactionSeq, parts, by: actor.role, reason },
          now(),
        )
      },
      `split=${parts.length}`,
      ({ field }) =>
        field === 'stallCode' ? again(`Một ${place.stallWord} vừa thôi đồng ý. Chọn lại.`, 409) : undefined,
    )
  })

  doors.operation('inbox.assign').post('/operator/inbox/:market/not-a-sale', async (visit) => {
    const place = await inboxPlace(services, visit)
    const typed = await readTyped(visit.c, ['transactionSeq', 'kind'])
    const kind = KINDS_NOT_A_SALE.find((one) => one === typed.kind)
    if (!kind) throw new AppError('invalid_input', 'kind is one of the kinds', 'kind')
    const credit = await creditOf(visit, place, typed.transactionSeq)
    if (!credit) return page(visit, place, { message: DECIDED }, 409)
    return sayNoSale(visit, place, credit, kind, 'người ghi nói')
  })

  doors.operation('inbox.assign').post('/operator/inbox/:market/assign', async (visit) => {
    const place = await inboxPlace(services, visit)
    const typed = await readTyped(visit.c, ['transactionSeq', 'stallCode', 'reason'])
    const credit = await creditOf(visit, place, typed.transactionSeq)
    if (!credit) return page(visit, place, { message: DECIDED }, 409)
    const reason = displayText(typed.reason, MAX_REASON_LENGTH + 1)
    const { transactionSeq } = credit
    const again = (errors: { stallError?: string; reasonError?: string }, status: 400 | 409) =>
      page(visit, place, { returned: { ...typed, transactionSeq, ...errors } }, status)

    if (typed.stallCode === '') return again({ stallError: `Chọn ${place.stallWord}.` }, 400)
    if (reason === '') return again({ reasonError: 'Ghi vì sao biết, để sau này còn dò lại.' }, 400)
    if (reason.length > MAX_REASON_LENGTH) {
      return again({ reasonError: `Dài quá, ghi gọn trong ${MAX_REASON_LENGTH} chữ.` }, 400)
    }
    const listing = await findStall(store, typed.stallCode)
    if (listing?.market.id !== place.id) {
      const stallError = `Không phải ${place.stallWord} của chợ này. Chọn lại trong danh sách.`
      return again({ stallError }, 409)
    }
    return assignTo(visit, place, credit, listing.stall, { saleSeq: null, reason }, (stallError) =>
      again({ stallError }, 409),
    )
  })
}

/** The lines of a form in which fields of one name stand several times. */
async function readParts(c: OperationVisit['c']): Promise<{ stallName: string; amount: string }[]> {
  const form = await c.req.parseBody({ all: true })
  const texts = (name: string) =>
    [form[name] ?? []].flat().map((value) => (typeof value === 'string' ? value : ''))
  const amounts = texts('amount')
  return texts('stallName')
    .map((stallName, index) => ({ stallName, amount: amounts[index] ?? '' }))
    .filter((part) => part.stallName !== '' || part.amount !== '')
}

function findVnd(text: string): number | undefined {
  try {
    return parseVnd(text)
  } catch {
    return undefined
  }
}

function* demandConsent(tx: Store['db'], market: MarketScope, stallId: number): Unit<void> {
  const vendor = yield* vendorOf(tx, market, stallId)
  if (vendor && (yield* hasConsent(tx, vendor.id))) return
  throw new AppError('conflict', 'the vendor has not consented', 'stallCode')
}

const good = (words: string) => ({ kind: 'good', words }) as const

function notCountedView(sum: NotCounted) {
  const words =
    'reason' in sum
      ? notCountedWords(sum.reason)
      : `Người ghi: không phải tiền bán, ${kindWords(sum.saidToBe).toLowerCase()}`
  return { ...sum, words }
}

function dayView(day: InboxDay): DayView {
  const parts = [day.matched, day.undecided, day.notCounted]
  const total = (part: 'transactionCount' | 'amountVnd') => parts.reduce((sum, one) => sum + one[part], 0)
  const addsUp =
    day.in.transactionCount === total('transactionCount') && day.in.amountVnd === total('amountVnd')
  return { ...day, addsUp }
}

function creditView(
  credit: UndecidedCredit,
  candidates: CreditView['candidates'],
  stalls: readonly StallEntry[],
  agreedAt: ConsentMoments,
  { returned, returnedSplit }: Reply,
): CreditView {
  // A closed stall stays choosable, or its last money would wait for ever.
  const choosable = stalls.filter((entry) => agreed(agreedAt.get(entry.stall.id), credit))
  const isPaidHere = (entry: StallEntry) =>
    entry.accounts.some((one) => accountKey(one) === accountKey(credit))
  const option = (entry: StallEntry) => ({ code: entry.stall.code, words: stallWords(entry) })
  return {
    ...credit,
    bankShortName: shortNameOf(credit.bankBin),
    reason: exceptionWords(credit.reason),
    candidates,
    ofAccount: choosable.filter(isPaidHere).map(option),
    others: choosable.filter((entry) => !isPaidHere(entry)).map(option),
    ...(returned?.transactionSeq === credit.transactionSeq ? { returned } : {}),
    ...(returnedSplit?.transactionSeq === credit.transactionSeq ? { returnedSplit } : {}),
  }
}
