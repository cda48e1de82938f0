import { randomInt } from 'node:crypto'
import { AppError } from '../../../shared/app-error.ts'
import { newStallPage, type NewStallView } from '../../../web/pages/board/new-stall.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { fieldErrors } from '../../../web/pages/problem-words.ts'
import {
  mintStall,
  parseRegistration,
  REGISTRATION_FIELDS,
  type RegistrationText,
} from '../../domain/registration.ts'
import { hearingWarning } from '../../sources/hearing.ts'
import { newestAccount } from '../../storage/account.ts'
import { closeStall, listStalls, registerStall, type StallEntry } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors, MarketVisit } from '../door.ts'
import { readTyped } from './typed-text.ts'

/**
 * «Thêm sạp»; with `?stall=` the same form about a stall that is there. Writing a stall again only proposes.
 * Closing one is for good: its name and code stay taken.
 */
export function addStalls(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  doors.market('registry.change').get('/board/:market/stalls/new', async (visit) => {
    const known = await stallToChange(services, visit)
    visit.c.header('cache-control', 'no-store')
    return visit.c.html(
      newStallPage(frame, { ...form(visit, known), typed: written(known), errors: {} }),
      200,
    )
  })

  doors.market('registry.change').post('/board/:market/stalls/new', async (visit) => {
    const { c, actor, scope, market } = visit
    const known = await stallToChange(services, visit)
    const typed = await readTyped(c, REGISTRATION_FIELDS)
    const parsed = parseRegistration(known ? { ...typed, stall: known.stall.name } : typed)
    const problems = 'problems' in parsed ? parsed.problems : []
    const isClosed =
      'registration' in parsed &&
      (await listStalls(store, scope)).some(
        ({ stall }) => stall.name === parsed.registration.stall && stall.closedAt !== null,
      )
    // She cannot have agreed tomorrow.
    const isEarly = 'registration' in parsed && (parsed.registration.consentAt ?? 0) > now()
    if ('problems' in parsed || isEarly || isClosed) {
      const errors = fieldErrors(isEarly ? [{ field: 'consent_at', code: 'bad_time' } as const] : problems)
      if (isClosed) errors.stall = `Đã có ${market.stallWord} tên này, đã đóng. Ghi tên khác.`
      c.header('cache-control', 'no-store')
      return c.html(newStallPage(frame, { ...form(visit, known), typed, errors }), 400)
    }
    const { registration } = parsed
    const { changed } = await store.changeRegistry((tx) =>
      registerStall(tx, scope, registration, () => mintStall(randomInt), actor.role, now()),
    )
    const entries = await listStalls(store, scope)
    const saved = entries.find((entry) => entry.stall.name === registration.stall)!
    return c.redirect(`/board/${market.code}?saved=${saved.stall.code}&changed=${changed.join(',')}`, 303)
  })

  doors.market('registry.change').post('/board/:market/stalls/:stallCode/close', async (visit) => {
    const { c, scope, market } = visit
    const known = await openEntry(services, visit, c.req.param('stallCode') ?? '')
    const { confirmation } = await readTyped(c, ['confirmation'])
    if (confirmation !== 'yes') {
      const closeError = 'Chưa đóng: đánh dấu vào ô trên rồi bấm lại.'
      const view = { ...form(visit, known), typed: written(known), errors: {}, closeError }
      c.header('cache-control', 'no-store')
      return c.html(newStallPage(frame, view), 400)
    }
    await store.changeRegistry((tx) => closeStall(tx, scope, known.stall.id, now()))
    return c.redirect(`/board/${market.code}?saved=${known.stall.code}`, 303)
  })
}

/** The stall of `?stall=`; undefined where a new one is asked for. */
async function stallToChange(services: Services, visit: MarketVisit): Promise<StallEntry | undefined> {
  const code = visit.c.req.query('stall')
  return code === undefined ? undefined : openEntry(services, visit, code)
}

async function openEntry({ store }: Services, { scope }: MarketVisit, code: string): Promise<StallEntry> {
  const entries = await listStalls(store, scope)
  const found = entries.find(({ stall }) => stall.code === code && stall.closedAt === null)
  if (!found) throw new AppError('not_found', 'no such stall in this market, or it is closed')
  return found
}

function form(
  { market }: MarketVisit,
  known: StallEntry | undefined,
): Pick<NewStallView, 'market' | 'changes' | 'hindranceAt'> {
  return {
    market,
    hindranceAt: (bankBin) => hearingWarning({ bankBin }),
    ...(known ? { changes: { code: known.stall.code, name: known.stall.name } } : {}),
  }
}

/** What is known of a stall, in the words of the form. */
function written(known: StallEntry | undefined): RegistrationText {
  if (!known) return {}
  const { section, stall, vendor } = known
  const account = newestAccount(known.accounts)
  return {
    section,
    stall: stall.name,
    vendor: vendor?.name ?? '',
    phone: vendor?.phone ?? '',
    ...(account && {
      bank: account.bankBin,
      account_number: account.accountNumber,
      account_name: account.accountName,
      virtual_account: account.virtualAccount ?? '',
      holder_type: account.holderType,
      selling_only: account.sellingOnly ? 'yes' : '',
    }),
  }
}
