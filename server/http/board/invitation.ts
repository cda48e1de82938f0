import { AppError } from '../../../shared/app-error.ts'
import { invitationPage, type InvitationView } from '../../../web/pages/board/invitation.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { problemWords } from '../../../web/pages/problem-words.ts'
import { parseSection } from '../../domain/registration.ts'
import { listSections, sectionNamed } from '../../storage/market.ts'
import type { Services } from '../../services.ts'
import type { Doors, MarketVisit } from '../door.ts'
import { newSignInCode } from './sign-in-code.ts'
import { readTyped } from './typed-text.ts'

/** «Mời tiểu thương mới»: a one-time code with which a vendor who is in no list yet enrols herself in one row. */
export function inviteVendors(doors: Doors, services: Services, frame: Frame): void {
  const { store } = services
  const view = async (
    { scope, market }: MarketVisit,
    more: Pick<InvitationView, 'chosen' | 'newSection'> & { error?: string },
  ): Promise<InvitationView> => ({ market, sections: await listSections(store, scope), ...more })

  doors.market('vendor.invite').get('/board/:market/invitation', async (visit) => {
    const { c } = visit
    c.header('cache-control', 'no-store')
    const chosen = c.req.query('section') ?? ''
    return c.html(invitationPage(frame, await view(visit, { chosen, newSection: '' })), 200)
  })

  doors.market('vendor.invite').post('/board/:market/invitation', async (visit) => {
    const { c, actor, scope, market } = visit
    const { section: chosen, new_section: typed } = await readTyped(c, ['section', 'new_section'])
    c.header('cache-control', 'no-store')
    const known = (await listSections(store, scope)).find(({ id }) => String(id) === chosen)
    if (chosen !== '' && !known) throw new AppError('not_found', 'no such section in this market')
    let section = typed.trim() === '' ? known : undefined
    if (!section) {
      const parsed = parseSection(typed)
      if ('problem' in parsed) {
        const error = problemWords(parsed.problem)
        return c.html(invitationPage(frame, await view(visit, { chosen, newSection: typed, error })), 400)
      }
      const { name } = parsed
      section = { id: await store.changeRegistry((tx) => sectionNamed(tx, scope, name)), name }
    }
    const { id, name } = section
    const page = await newSignInCode(services, frame, {
      identity: { role: 'vendor', marketId: market.id, vendorId: null, sectionId: id },
      issuedBy: actor.role,
      whom: `tiểu thương mới ở ${name}`,
      place: market.name,
      advice:
        'Người bán mở máy ảnh điện thoại của mình, quét mã này rồi bấm vào đường dẫn hiện ra. Có mã QR dán ở sạp thì chụp luôn trong lúc ghi.',
      back: { url: `/board/${market.code}/invitation?section=${id}`, words: 'Mời người nữa' },
    })
    return c.html(page, 200)
  })
}
