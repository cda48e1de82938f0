import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { bankLinkPage } from '../../../web/pages/vendor/bank-link.ts'
import { findLinker } from '../../sources/instance.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { vendorView } from './visit.ts'

const LINK_TIMEOUT_MS = 20_000

/** Her own account, linked by herself on the source's own page: her bank's password is typed there and not here. */
export function linkBank(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, log } = services

  doors.stall('preferences.change').post('/vendor/:stallCode/bank-link', async (visit) => {
    const { c, listing } = visit
    const linker = await findLinker(store, seal, listing.accounts)
    if (!linker) throw new AppError('not_found', 'no source lets this account be linked')
    const back = `${config.publicUrl}/vendor/${listing.stall.code}/settings`
    const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(LINK_TIMEOUT_MS)])
    const url = await linker.link(back, signal).catch((error: unknown) => {
      log.warn({ err: error, sourceId: linker.sourceId }, 'no link from the source')
      throw new AppError('unavailable', 'the source gave no link')
    })
    c.header('cache-control', 'no-store')
    return c.html(
      bankLinkPage(frame, { ...(await vendorView(services, visit)), name: linker.name, url }),
      200,
    )
  })
}
