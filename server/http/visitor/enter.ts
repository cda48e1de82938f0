import { AppError } from '../../../shared/app-error.ts'
import { enterGonePage, enterPage, type EnterView } from '../../../web/pages/enter.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { findInvitation } from '../../domain/enrolment.ts'
import { enter, lookAtCode } from '../../domain/sign-in.ts'
import { getMarket, listSections } from '../../storage/market.ts'
import { marketScope } from '../../storage/scope.ts'
import { revokeSession } from '../../storage/session.ts'
import { listVendorStalls } from '../../storage/stall.ts'
import { getVendor } from '../../storage/vendor.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { clearSessionToken, readSessionToken, writeSessionToken } from '../session-cookie.ts'
import { emptyPhone } from '../vendor/phone.ts'
import { deviceOf, hideAddress } from './one-time-link.ts'

/** One-time links. Opening one only shows whom it makes of you, so that a link's preview does not use it up. */
export function letIn(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, now } = services

  const describe = async (code: string): Promise<EnterView | undefined> => {
    const found = await lookAtCode(store, code, now())
    if (!found) return undefined
    const { role, marketId, vendorId, sectionId, needsConsent } = found
    if (role === 'operator') return { code, kind: 'operator' }
    // The code itself is the leave to see this much.
    const market = await getMarket(store, marketScope(marketId))
    if (role === 'speaker') {
      const sections = await listSections(store, marketScope(marketId))
      const row = sections.find((section) => section.id === sectionId)?.name ?? ''
      return { code, kind: 'speaker', market: market.name, row }
    }
    if (role === 'board' || vendorId === null) return { code, kind: 'board', market: market.name }
    const vendor = await getVendor(store, marketId, vendorId)
    const stalls = await listVendorStalls(store, marketId, vendorId)
    return {
      code,
      kind: 'vendor',
      market: market.name,
      stall: stalls.map((stall) => stall.name).join(', '),
      stallWord: market.stallWord,
      vendorName: vendor.name,
      consentNeeded: needsConsent,
    }
  }

  doors.open.get('/enter/:code', async (c) => {
    hideAddress(c)
    const code = c.req.param('code')!
    if (await findInvitation(store, code, now())) return c.redirect(`/enrol/${code}`, 303)
    const view = await describe(code)
    return view ? c.html(enterPage(frame, view), 200) : c.html(enterGonePage(frame), 410)
  })

  doors.open.post('/enter/:code', async (c) => {
    hideAddress(c)
    const code = c.req.param('code')!
    const view = await describe(code)
    if (!view) return c.html(enterGonePage(frame), 410)
    const form = await c.req.parseBody()
    const consents = form['consent'] === 'yes'
    if (view.kind === 'vendor' && view.consentNeeded && !consents) {
      const error = 'Đánh dấu «Tôi đồng ý» thì loa mới đọc và sổ mới tính được.'
      return c.html(enterPage(frame, { ...view, error }), 400)
    }
    const kind = view.kind === 'vendor' && form['phone'] === 'helper' ? 'helper' : 'owner'
    try {
      const { token, lifetimeMs } = await enter(store, code, consents, deviceOf(c), kind, now())
      writeSessionToken(c, config, token, lifetimeMs)
    } catch (error) {
      if (error instanceof AppError && error.code === 'gone') return c.html(enterGonePage(frame), 410)
      throw error
    }
    return c.redirect('/home', 303)
  })

  doors.open.post('/leave', async (c) => {
    const token = readSessionToken(c, config)
    if (token) await store.write((tx) => revokeSession(tx, token, now()))
    clearSessionToken(c, config)
    emptyPhone(c)
    return c.redirect('/', 303)
  })
}
