import { AppError } from '../../../shared/app-error.ts'
import { signInCodePage } from '../../../web/pages/board/sign-in-code.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame, Html } from '../../../web/pages/layout.ts'
import { stallTitle } from '../../../web/pages/stall.ts'
import { CODE_LIFETIME_MS, invite } from '../../domain/sign-in.ts'
import { findStall, vendorOf } from '../../storage/stall.ts'
import { revokeVendorSessions, type Identity } from '../../storage/session.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { qrSvg } from '../qr-image.ts'

/** Lets a vendor in: a one-time link to her phone, shown once to whoever asked for it. */
export function issueSignInCodes(doors: Doors, services: Services, frame: Frame): void {
  const { store } = services

  doors.market('vendor.invite').post('/board/:market/stalls/:stallCode/sign-in-code', async (visit) => {
    const { c, actor, scope, market } = visit
    const listing = await findStall(store, c.req.param('stallCode') ?? '')
    if (!listing || listing.market.id !== market.id)
      throw new AppError('not_found', 'no such stall in this market')
    const { stall } = listing
    const back = { url: `/board/${market.code}`, words: `Danh sách ${market.stallWord}` }
    c.header('cache-control', 'no-store')
    if (stall.closedAt !== null) {
      const heading = `${stallTitle({ stall: stall.name, stallWord: market.stallWord })} đã đóng`
      const advice = 'Bán lại thì ghi tên khác, rồi cấp mã đăng nhập.'
      return c.html(errorPage(frame, { heading, advice, link: back }), 409)
    }
    const vendor = await store.read((tx) => vendorOf(tx, scope, stall.id))
    if (!vendor) {
      const heading = `${stallTitle({ stall: stall.name, stallWord: market.stallWord })} chưa có người bán`
      const advice = `Ghi tên người bán của ${market.stallWord} trước, rồi cấp mã đăng nhập.`
      const link = { url: `/board/${market.code}/stalls/new?stall=${stall.code}`, words: 'Ghi tên người bán' }
      return c.html(errorPage(frame, { heading, advice, link }), 409)
    }
    const page = await newSignInCode(services, frame, {
      identity: { role: 'vendor', marketId: market.id, vendorId: vendor.id },
      issuedBy: actor.role,
      whom: `${vendor.name}, ${market.stallWord} ${stall.name}`,
      place: market.name,
      signOutUrl: `/board/${market.code}/stalls/${stall.code}/sign-out`,
      advice: `Người bán mở máy ảnh điện thoại của mình, quét mã này rồi bấm vào đường dẫn hiện ra.`,
      back,
    })
    return c.html(page, 200)
  })

  doors.market('vendor.invite').post('/board/:market/stalls/:stallCode/sign-out', async (visit) => {
    const { c, scope, market } = visit
    const listing = await findStall(store, c.req.param('stallCode') ?? '')
    if (!listing || listing.market.id !== market.id)
      throw new AppError('not_found', 'no such stall in this market')
    const ended = await store.write(function* (tx) {
      const vendor = yield* vendorOf(tx, scope, listing.stall.id)
      return vendor ? yield* revokeVendorSessions(tx, scope, vendor.id, services.now()) : 0
    })
    const heading = `Đã thoát ${ended} máy`
    const advice = 'Từ giờ các máy đó không nghe, không xem được gì nữa.'
    const link = { url: `/board/${market.code}`, words: `Danh sách ${market.stallWord}` }
    return c.html(errorPage(frame, { heading, advice, link }), 200)
  })
}

export interface Invitation {
  identity: Identity
  issuedBy: string
  whom: string
  place: string
  advice: string
  back: { url: string; words: string }
  signOutUrl?: string
}

/** Issues a code and draws its page: the only place where the code is ever seen. */
export async function newSignInCode(
  { config, store, now }: Services,
  frame: Frame,
  { identity, issuedBy, ...words }: Invitation,
): Promise<Html> {
  const at = now()
  const link = `${config.publicUrl}/enter/${await invite(store, identity, issuedBy, at)}`
  return signInCodePage(frame, {
    ...words,
    link,
    qrSvg: await qrSvg(link),
    lifetimeMinutes: CODE_LIFETIME_MS / 60_000,
    expiresAt: at + CODE_LIFETIME_MS,
  })
}
