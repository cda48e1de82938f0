import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { vendorStatementPage, type VendorStatementView } from '../../../web/pages/vendor/statement.ts'
import { corroborate } from '../../sources/statement/corroboration.ts'
import { KNOWN_BANKS } from '../../sources/statement/layout.ts'
import { checkedWords, explainedMappings } from '../../sources/statement/recording.ts'
import { StatementRefused } from '../../sources/statement/row.ts'
import type { PayeeAccount } from '../../storage/account.ts'
import type { StallListing } from '../../storage/stall.ts'
import { VENDORS_STATEMENTS } from '../../storage/statement.ts'
import type { Services } from '../../services.ts'
import type { Doors, StallVisit } from '../door.ts'
import { namedAccounts } from '../named-accounts.ts'
import { readUpload } from '../statement-upload.ts'
import { reachNotice } from './phones.ts'
import { vendorView } from './visit.ts'

/** Of a quarter with 20,000 entries. */
const MAX_FILE_BYTES = 4 * 1024 * 1024
/** Reading one takes a second of a processor that everybody shares. */
const MAX_AT_ONCE = 2

/** «So với sao kê»: her own bank's list against her book. The file is looked at and gone; no row of it makes money. */
export function compareStatements(doors: Doors, services: Services, frame: Frame): void {
  const { statements } = services
  const door = doors.stall('statement.compare')
  let underWay = 0

  const page = async (
    visit: StallVisit,
    reply: Pick<VendorStatementView, 'answer' | 'problem'>,
    status: 200 | 400 | 413,
  ) => {
    const { c, listing, actor } = visit
    const view = await vendorView(services, visit)
    // Not to be kept on the phone: it names payers of days that are over.
    c.header('x-keep-for', undefined)
    c.header('cache-control', 'no-store')
    const reach = reachNotice(actor)
    return c.html(
      vendorStatementPage(frame, {
        ...view,
        ...(reach === undefined ? {} : { reachNotice: reach }),
        accounts: namedAccounts(inUse(listing)),
        banks: await readBanks(visit),
        ...reply,
      }),
      status,
    )
  }

  /** Whose statements are read: those of any market, and of her accounts those that an operator explained once. */
  const readBanks = async ({ scope, listing }: StallVisit) => {
    const banks = new Map(KNOWN_BANKS.map(({ bankBin, name }) => [bankBin, name]))
    for (const { bankBin, bankShortName } of namedAccounts(inUse(listing))) {
      if ((await explainedMappings(services.store, scope, bankBin)).size > 0)
        banks.set(bankBin, bankShortName)
    }
    return Array.from(banks, ([bankBin, name]) => ({ bankBin, name }))
  }

  const compare = async (visit: StallVisit, file: File) => {
    const name = await statements.receive(VENDORS_STATEMENTS, file.name, await file.bytes())
    try {
      const path = statements.pathOf('preview', VENDORS_STATEMENTS, name)
      const found = await corroborate(services, visit.scope, inUse(visit.listing), path, file.name)
      return await page(visit, { answer: { ...found, checked: checkedWords(found.statement) } }, 200)
    } catch (error) {
      if (!(error instanceof StatementRefused)) throw error
      return await page(visit, { problem: error.message }, 400)
    } finally {
      await statements.discard(VENDORS_STATEMENTS, name)
    }
  }

  door.get('/vendor/:stallCode/statement', (visit) => page(visit, {}, 200))

  door.post('/vendor/:stallCode/statement', async (visit) => {
    const file = await readUpload(visit.c, MAX_FILE_BYTES)
    if (!(file instanceof File)) return page(visit, { problem: file.problem }, file.status)
    if (underWay >= MAX_AT_ONCE) throw new AppError('unavailable', 'other statements are being read')
    underWay += 1
    try {
      return await compare(visit, file)
    } finally {
      underWay -= 1
    }
  })
}

const inUse = ({ accounts }: StallListing): PayeeAccount[] =>
  accounts.filter(({ state }) => state !== 'retired')
