import { AppError } from '../../../shared/app-error.ts'
import { addDays } from '../../../shared/business-day.ts'
import { displayText } from '../../../shared/display-text.ts'
import { formatVnd, parseVnd } from '../../../shared/money.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { decidedPage, type DecidedPageView, type DecidedView } from '../../../web/pages/operator/decided.ts'
import { ruleWords } from '../../../web/pages/operator/rule-words.ts'
import { when } from '../../../web/pages/operator/when.ts'
import { classificationWord } from '../../../web/pages/vendor/classification-word.ts'
import { findDecided, listDecidedByPeople, type DecidedCredit } from '../../storage/decided.ts'
import { reverseMatch } from '../../storage/match-reversal.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { inboxPlace } from './inbox-place.ts'

const MAX_REASON_LENGTH = 200
const UNDONE_BEFORE = 'Khoản này đã có người gỡ ra rồi.'

/** «Khoản đã ghi»: finds a match, and undoes it. */
export function showDecided(doors: Doors, services: Services, frame: Frame): void {
  const { store, now, feed } = services

  const page = async (
    visit: OperationVisit,
    reply: {
      message?: DecidedPageView['message']
      returned?: DecidedView['returned'] & { matchSeq: number }
    },
    status: 200 | 400 | 409,
  ) => {
    const { c, scope } = visit
    const place = await inboxPlace(services, visit)
    const asked = searchFor(c.req.query('day'), c.req.query('amount'))
    const found = !asked
      ? await listDecidedByPeople(store, scope, place.id)
      : 'error' in asked
        ? []
        : await findDecided(store, scope, place.id, { businessDay: asked.day, amountVnd: asked.amountVnd })
    const { returned, message } = reply
    c.header('cache-control', 'no-store')
    return c.html(
      decidedPage(frame, {
        place,
        asked,
        credits: found.map((credit) => ({
          ...view(credit, place.stallWord),
          ...(returned?.matchSeq === credit.matchSeq ? { returned } : {}),
        })),
        ...(message ? { message } : {}),
      }),
      status,
    )
  }

  doors.operation('inbox.assign').get('/operator/inbox/:market/decided', (visit) => page(visit, {}, 200))

  doors.operation('inbox.assign').post('/operator/inbox/:market/undo', async (visit) => {
    const { c, actor, scope } = visit
    const place = await inboxPlace(services, visit)
    const typed = await readTyped(c, ['matchSeq', 'reason'])
    const matchSeq = Number(typed.matchSeq)
    if (!Number.isSafeInteger(matchSeq)) {
      throw new AppError('invalid_input', 'matchSeq is a number', 'matchSeq')
    }
    const reason = displayText(typed.reason, MAX_REASON_LENGTH)
    if (reason === '') {
      const error = 'Ghi vì sao gỡ, để sau này còn dò lại.'
      return page(visit, { returned: { matchSeq, reason, error } }, 400)
    }
    const undoing = { marketId: place.id, matchSeq, by: actor.role, reason }
    try {
      feed.publish(await store.write((tx) => reverseMatch(tx, scope, undoing, now())))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      return page(visit, { message: { kind: 'bad', words: UNDONE_BEFORE } }, 409)
    }
    return c.redirect(`/operator/inbox/${place.code}?undone=${matchSeq}`, 303)
  })
}

function searchFor(day: string | undefined, amount: string | undefined) {
  if (day === undefined || amount === undefined) return undefined
  const asked = { day, amount }
  try {
    return { ...asked, day: addDays(day, 0), amountVnd: parseVnd(amount) }
  } catch {
    return { ...asked, error: 'Chọn ngày và ghi đúng số tiền, như 50.000.' }
  }
}

function view(credit: DecidedCredit, stallWord: string): DecidedView {
  const { matchSeq, amountVnd, creditVnd, bookedAt, stallName, rule, kind, by, reason, at } = credit
  const part = creditVnd === amountVnd ? '' : `, một phần của ${formatVnd(creditVnd)}`
  const [initial = '', ...rest] = stallWord
  return {
    matchSeq,
    amountVnd,
    bookedAt,
    // What a vendor called her money is hers to know.
    whose:
      stallName === null ? classificationWord(kind) : `${initial.toUpperCase()}${rest.join('')} ${stallName}`,
    how: `${by === 'rule' ? `Máy ghi theo ${ruleWords(rule)}` : 'Người ghi'} lúc ${when(at)}${part}`,
    reason,
  }
}
