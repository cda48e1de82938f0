import type { VendorView } from '../../../web/pages/vendor/vendor-layout.ts'
import { businessDay } from '../../../shared/business-day.ts'
import { currentCursor } from '../../storage/takings.ts'
import { getVendor } from '../../storage/vendor.ts'
import type { Services } from '../../services.ts'
import type { StallVisit } from '../door.ts'
import { stallSign } from '../stall-sign.ts'

/** What all of a vendor's pages show and need to listen. */
export async function vendorView({ store, now }: Services, visit: StallVisit): Promise<VendorView> {
  const { listing, scope, actor } = visit
  const { announce, thousand, odd } = await getVendor(store, scope.marketId, actor.vendorId!)
  const sign = stallSign(listing)
  return {
    ...sign,
    // Before the figures are read: a change between the two is told once more, never missed.
    cursor: await currentCursor(store, scope),
    streamUrl: `/vendor/${sign.stallCode}/stream`,
    businessDay: businessDay(now(), listing.market.dayStartsAtMinutes),
    announce,
    dialect: { thousand, odd },
  }
}
