import type { Frame } from '../../../web/pages/layout.ts'
import { welcomePage } from '../../../web/pages/welcome.ts'
import { hasFigures, lastClosedDay } from '../../domain/adoption.ts'
import { marketScope } from '../../storage/scope.ts'
import { getMarket } from '../../storage/market.ts'
import { findSession } from '../../storage/session.ts'
import { listVendorStalls } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { readSessionToken } from '../session-cookie.ts'

/** Where everybody arrives, and from where those with a session go on to their own page. */
export function welcome(doors: Doors, { config, store, now }: Services, frame: Frame): void {
  doors.open.get('/', async (c) => {
    const token = readSessionToken(c, config)
    // A cookie whose session is over leads nowhere but here.
    const isSignedIn = token !== undefined && (await findSession(store, token, now())) !== undefined
    return isSignedIn ? c.redirect('/home') : c.html(welcomePage(frame), 200)
  })

  doors.signedIn.get('/home', async ({ c, actor }) => {
    if (actor.role === 'operator') return c.redirect('/operator')
    if (actor.role === 'speaker') return c.redirect('/speaker')
    if (actor.role === 'board') {
      const market = await getMarket(store, marketScope(actor.marketId))
      const day = lastClosedDay(now(), market.dayStartsAtMinutes)
      // On a market's first day there is nothing to count and everything to enter.
      return c.redirect(`/board/${market.code}${hasFigures(market, day) ? '/adoption' : ''}`)
    }
    const [stall] = await listVendorStalls(store, actor.marketId, actor.vendorId!)
    return stall ? c.redirect(`/vendor/${stall.code}`) : c.html(welcomePage(frame), 200)
  })
}
