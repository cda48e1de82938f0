import { findBank, shortNameOf } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import { enterGonePage } from '../../../web/pages/enter.ts'
import { enrolmentPage, type EnrolmentView } from '../../../web/pages/enrolment.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { fieldErrors } from '../../../web/pages/problem-words.ts'
import { readSticker } from '../../../web/pages/sticker.ts'
import {
  enrol,
  ENROLMENT_FIELDS,
  findInvitation,
  parseEnrolment,
  type EnrolmentText,
} from '../../domain/enrolment.ts'
import { hearingWarning } from '../../sources/hearing.ts'
import { getMarket, listSections } from '../../storage/market.ts'
import { marketScope } from '../../storage/scope.ts'
import type { Services } from '../../services.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Doors } from '../door.ts'
import { writeSessionToken } from '../session-cookie.ts'
import { deviceOf, hideAddress } from './one-time-link.ts'

type Errors = EnrolmentView['errors']

/** A vendor who is in no list yet enrols herself, by an invitation of her market's board. */
export function enrolVendors(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, now } = services

  const describe = async (code: string): Promise<EnrolmentView | undefined> => {
    const place = await findInvitation(store, code, now())
    if (!place) return undefined
    // The invitation is the leave to see this much.
    const scope = marketScope(place.marketId)
    const market = await getMarket(store, scope)
    const section = (await listSections(store, scope)).find(({ id }) => id === place.sectionId)?.name ?? ''
    const { name, stallWord } = market
    const hindranceAt = (bankBin: string) => hearingWarning({ bankBin })
    return { code, market: name, section, stallWord, hindranceAt, typed: {}, errors: {} }
  }

  doors.open.get('/enrol/:code', async (c) => {
    hideAddress(c)
    const view = await describe(c.req.param('code')!)
    return view ? c.html(enrolmentPage(frame, view), 200) : c.html(enterGonePage(frame), 410)
  })

  doors.open.post('/enrol/:code', async (c) => {
    hideAddress(c)
    const view = await describe(c.req.param('code')!)
    if (!view) return c.html(enterGonePage(frame), 410)
    const { stallWord } = view
    const { told, ...typed } = await readTyped(c, [...ENROLMENT_FIELDS, 'told'])
    const hindrance = hindranceOf(typed)
    const again = (errors: Errors) =>
      c.html(
        enrolmentPage(frame, { ...view, typed, errors, ...shownSticker(typed, errors), ...hindrance }),
        400,
      )

    const parsed = parseEnrolment(typed, stallWord)
    if ('problems' in parsed) return again(errorWords(parsed.problems, typed))
    // Nobody finds out after a silent week.
    if (hindrance.hindrance !== undefined && hindrance.hindrance !== told) return again({})
    try {
      const { enrolment } = parsed
      const { token, lifetimeMs, stallCode } = await enrol(store, view.code, enrolment, deviceOf(c), now())
      writeSessionToken(c, config, token, lifetimeMs)
      return c.redirect(`/vendor/${stallCode}/proof`, 303)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'gone') return c.html(enterGonePage(frame), 410)
      if (error.code !== 'conflict') throw error
      return again(conflictWords(error.field, stallWord))
    }
  })
}

/** What of her bank will keep it unheard; nothing while the bank is not known. */
function hindranceOf({ sticker, bank }: EnrolmentText): Pick<EnrolmentView, 'hindrance'> {
  const reading = readSticker(sticker)
  const bankBin = findBank('bankBin' in reading ? reading.bankBin : bank)?.bin
  if (bankBin === undefined) return {}
  const hindrance = hearingWarning({ bankBin, holderType: 'individual', virtualAccount: null })
  return hindrance ? { hindrance } : {}
}

/** What stands in the code she photographed, shown to her while she mends the rest. */
function shownSticker({ sticker }: EnrolmentText, errors: Errors): Pick<EnrolmentView, 'sticker'> {
  const reading = readSticker(sticker)
  if ('problem' in reading || errors.sticker) return {}
  const bankShortName = shortNameOf(reading.bankBin)
  return { sticker: { payload: sticker.trim(), bankShortName, accountNumber: reading.accountNumber } }
}

function errorWords(problems: Parameters<typeof fieldErrors>[0], { sticker }: EnrolmentText): Errors {
  const errors: Errors = fieldErrors(problems)
  const reading = readSticker(sticker)
  if (errors.sticker && 'problem' in reading) errors.sticker = reading.problem
  if (errors.consent) errors.consent = 'Đánh dấu «Tôi đồng ý» thì loa mới đọc và sổ mới tính được.'
  return errors
}

function conflictWords(field: string | undefined, stallWord: string): Errors {
  return field === 'stall'
    ? {
        stall: `Đã có ${stallWord} tên này. Đúng là ${stallWord} của mình thì nhờ ban quản lý cấp mã đăng nhập; không phải thì ghi lại tên.`,
      }
    : {
        account_number: `Tài khoản này đã ghi cho ${stallWord} khác. Đúng là của mình thì nhờ ban quản lý ghi giúp; không phải thì xem lại mã, lại số.`,
      }
}
