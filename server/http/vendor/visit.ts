import { createHash } from 'node:crypto'
import { shortNameOf } from '@vietqr/core'
import type { VendorView } from '../../../web/pages/vendor/vendor-layout.ts'
import { accountKey } from '../../../shared/bank-transaction.ts'
import { addDays, businessDay, vietnamTime } from '../../../shared/business-day.ts'
import { onlyHears } from '../../domain/access.ts'
import { median } from '../../domain/book-period.ts'
import { lateSince } from '../../domain/source-alarm.ts'
import { accountInUse } from '../../storage/account.ts'
import { listDelays } from '../../storage/book.ts'
import { currentCursor } from '../../storage/takings.ts'
import { getVendor } from '../../storage/vendor.ts'
import type { Services } from '../../services.ts'
import type { StallVisit } from '../door.ts'
import { readSessionToken } from '../session-cookie.ts'
import { stallSign } from '../stall-sign.ts'

/** A bank that usually takes longer than this from booking to telling is late, and she is told so. */
const LATE_MS = 2 * 60_000
/** How late it was two hours ago is no news. */
const LATELY_MS = 60 * 60_000

/** What all of a vendor's pages show and need to listen. */
export async function vendorView({ config, store, now }: Services, visit: StallVisit): Promise<VendorView> {
  const { c, listing, scope, actor } = visit
  const { announce, thousand, odd } = await getVendor(store, scope.marketId, actor.vendorId!)
  const sign = stallSign(listing)
  const today = businessDay(now(), listing.market.dayStartsAtMinutes)
  const delays = await listDelays(store, scope, today, now() - LATELY_MS)
  const account = accountInUse(listing.accounts)
  const bank = account && shortNameOf(account.bankBin)
  const since = account && (await lateSince(store, accountKey(account)))
  const isLate = since !== undefined || (delays.length > 0 && median(delays) > LATE_MS)
  const bankLate = isLate ? { bank, since: since === undefined ? undefined : vietnamTime(since) } : undefined
  // The one leave to be kept on the phone: what does not say for which sign-in it is, the service worker lets go.
  const token = readSessionToken(c, config) ?? ''
  c.header('x-keep-for', createHash('sha256').update(`kept for ${token}`).digest('hex').slice(0, 16))
  return {
    ...sign,
    // Before the figures are read: a change between the two is told once more, never missed.
    cursor: await currentCursor(store, scope),
    streamUrl: `/vendor/${sign.stallCode}/stream`,
    businessDay: today,
    announce,
    dialect: { thousand, odd },
    onlyHears: onlyHears(actor),
    ...(bankLate === undefined ? {} : { bankLate }),
  }
}

/** Payers are named in full on their day only: a page that names them is not kept past its end. */
export function keepUntilDayEnds({ c, listing }: StallVisit, today: string): void {
  const midnight = Date.parse(`${addDays(today, 1)}T00:00:00+07:00`)
  c.header('x-keep-until', String(midnight + listing.market.dayStartsAtMinutes * 60_000))
}
