import type { Frame } from '../../../web/pages/layout.ts'
import { vendorStandPage } from '../../../web/pages/vendor/stand.ts'
import { getTakings, listPayments } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { keepUntilDayEnds, vendorView } from './visit.ts'

/** The phone propped up on the stall: dark, kept awake, to be read from across it. */
export function showVendorStand(doors: Doors, services: Services, frame: Frame): void {
  const { store } = services

  doors.stall('takings.view').get('/vendor/:stallCode/stand', async (visit) => {
    const { c, scope } = visit
    const view = await vendorView(services, visit)
    keepUntilDayEnds(visit, view.businessDay)
    c.header('cache-control', 'no-store')
    return c.html(
      vendorStandPage(frame, {
        ...view,
        takings: await getTakings(store, scope, view.businessDay),
        payments: await listPayments(store, scope, view.businessDay, view.businessDay),
      }),
      200,
    )
  })
}
