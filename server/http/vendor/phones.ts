import { AppError } from '../../../shared/app-error.ts'
import { when } from '../../../web/pages/operator/when.ts'
import type { AccountNotice } from '../../../web/pages/vendor/account-notice.ts'
import type { PhoneLine } from '../../../web/pages/vendor/phones.ts'
import type { Actor } from '../../domain/access.ts'
import { admitPhone, revokePhone, type Phone } from '../../storage/session.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { wakeStreams } from '../speaker/stream.ts'

/** «Máy đang nghe»: her yes to a new phone, and the end of one, at once. */
export function managePhones(doors: Doors, services: Services): void {
  const { store, now } = services
  const door = doors.stall('phones.manage')

  door.post('/vendor/:stallCode/phones/admit', async ({ c, scope, actor, listing }) => {
    const phone = readPhone(await c.req.parseBody())
    await store.write((tx) => admitPhone(tx, scope, actor, phone, now()))
    wakeStreams(services, scope, actor.stalls)
    return c.redirect(`/vendor/${listing.stall.code}/settings#phones`, 303)
  })

  door.post('/vendor/:stallCode/phones/sign-out', async ({ c, scope, actor, listing }) => {
    const phone = readPhone(await c.req.parseBody())
    await store.write((tx) => revokePhone(tx, scope, actor, phone, now()))
    return c.redirect(`/vendor/${listing.stall.code}/settings#phones`, 303)
  })
}

function readPhone({ phone }: Record<string, unknown>): string {
  if (typeof phone !== 'string') throw new AppError('invalid_input', 'which phone', 'phone')
  return phone
}

/** Her phones as she would tell them apart. */
export function phoneLines(phones: readonly (Phone & { isThis: boolean })[], own: Actor): PhoneLine[] {
  return phones.map((phone) => ({
    id: phone.tokenHash,
    words: deviceWords(phone.device),
    since: when(phone.createdAt),
    isHelper: phone.kind === 'helper',
    waiting: phone.waiting,
    isThis: phone.isThis,
    mayBeSignedOut: !phone.isThis && phone.seesAfter >= own.seesAfter,
  }))
}

const NOT_BEFORE = 'Máy này không thấy các khoản cũ: chúng không hiện, không tính ở đây.'

/** What a phone that does not show everything says of itself. */
export function reachNotice(actor: Actor): AccountNotice | undefined {
  const toProve = actor.kind === 'owner'
  if (actor.waiting) {
    const words =
      'Máy này mới vào, chỉ nghe và thấy tiền từ lúc đó. Mở «Cài đặt» trên máy đã vào trước, bấm «Cho phép».'
    return { words: toProve ? `${words} Mất máy đó thì chứng minh tài khoản.` : words, toProve }
  }
  if (!toProve) return { words: 'Máy phụ giúp: chỉ nghe, chỉ xem tiền vào hôm nay.', toProve }
  return actor.seesAfter > 0 ? { words: NOT_BEFORE, toProve } : undefined
}

/** The kind of device is all she needs to know it by; a browser's own words say much more. */
export function deviceWords(userAgent: string): string {
  if (/iphone|ipad/i.test(userAgent)) return 'iPhone, iPad'
  if (/android/i.test(userAgent)) return 'điện thoại Android'
  if (/windows|macintosh|linux|cros/i.test(userAgent)) return 'máy tính'
  return 'máy khác'
}
