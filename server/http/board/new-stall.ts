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
import { newestAccount } from '../../storage/account.ts'
import { listStalls, registerStall, type StallEntry } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors, MarketVisit } from '../door.ts'
import { readTyped } from './typed-text.ts'

/** «Thêm sạp»; with `?stall=` the same form about a stall that is there. Writing a stall again only proposes. */
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
    // She cannot have agreed tomorrow.
    const isEarly = 'registration' in parsed && (parsed.registration.consentAt ?? 0) > now()
    if ('problems' in parsed || isEarly) {
      const errors = fieldErrors(isEarly ? [{ field: 'consent_at', code: 'bad_time' } as const] : problems)
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
}

/** The stall of `?stall=`; undefined where a new one is asked for. */
async function stallToChange(
  { store }: Services,
  { c, scope }: MarketVisit,
): Promise<StallEntry | undefined> {
  const code = c.req.query('stall')
  if (code === undefined) return undefined
  const entries = await listStalls(store, scope)
  const found = entries.find((entry) => entry.stall.code === code)
  if (!found) throw new AppError('not_found', 'no such stall in this market')
  return found
}

function form(
  { market }: MarketVisit,
  known: StallEntry | undefined,
): Pick<NewStallView, 'market' | 'changes'> {
  return { market, ...(known ? { changes: { code: known.stall.code, name: known.stall.name } } : {}) }
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
