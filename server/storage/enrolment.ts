import { eq } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { fold } from '../../shared/display-text.ts'
import { accountsOf, proposeAccount, type ProposedAccount } from './account.ts'
import { giveConsent } from './consent.ts'
import { stall, tenancy, vendor } from './kit.sqlite.ts'
import type { MarketScope } from './scope.ts'
import type { Db } from './store.ts'
import { recordBankIssuedCode } from './stall-code.ts'
import { addStall } from './stall.ts'
import { rows, run, type Unit } from './unit.ts'

/** What a vendor says of herself at her stall, checked. */
export interface Enrolment {
  vendor: string
  phone: string
  stall: string
  account: ProposedAccount
  /** The payload of the code her bank gave her, where that is how she named the account. */
  sticker: string | null
}

interface EnrolledStall {
  vendorId: number
  stallCode: string
}

/**
 * Writes a stall, its vendor, her consent and what she proposes as its account. Everything is new: unlike
 * `registerStall`, which a board may use to change what is there, a name that is taken is refused and nobody is
 * taken for a vendor of the same name and telephone, or whoever types another's name would come to her money.
 * Throws `conflict` with the field `stall`.
 */
export function* enrolStall(
  tx: Db,
  scope: MarketScope,
  sectionId: number,
  row: Enrolment,
  mint: () => { code: string; reference: string },
  by: string,
  now: number,
): Unit<EnrolledStall> {
  const { marketId } = scope
  const names = yield* rows(tx.select({ name: stall.name }).from(stall).where(eq(stall.marketId, marketId)))
  if (names.some(({ name }) => fold(name) === fold(row.stall)))
    throw new AppError('conflict', 'a stall of this name is there', 'stall')
  const { id: stallId, code } = yield* addStall(
    tx,
    { marketId, sectionId, name: row.stall, openedAt: now },
    mint,
  )
  const [added] = yield* rows(
    tx.insert(vendor).values({ marketId, name: row.vendor, phone: row.phone }).returning({ id: vendor.id }),
  )
  const vendorId = added!.id
  yield* run(tx.insert(tenancy).values({ marketId, stallId, vendorId, startedAt: now }))
  yield* proposeAccount(tx, scope, stallId, row.account, by, now)
  if (row.sticker !== null) {
    const [account] = yield* accountsOf(tx, [stallId])
    yield* recordBankIssuedCode(tx, scope, { stallId, accountId: account!.id, payload: row.sticker }, now)
  }
  yield* giveConsent(tx, { vendorId, marketId, textVersion: CONSENT_TEXT_VERSION, by, at: now })
  return { vendorId, stallCode: code }
}
