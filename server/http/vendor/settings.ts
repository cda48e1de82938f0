import { shortNameOf } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import { CONSENT_TEXT_VERSION } from '../../../shared/consent-text.ts'
import { ROW_TELLINGS } from '../../../shared/wire.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { vendorSettingsPage } from '../../../web/pages/vendor/settings.ts'
import { accountToProve } from '../../domain/account-proof.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { findLinker } from '../../sources/instance.ts'
import { accountInUse } from '../../storage/account.ts'
import { withdrawConsent } from '../../storage/consent.ts'
import { listPhones, revokeSession } from '../../storage/session.ts'
import { getRowTelling, setRowTelling } from '../../storage/row-speaker.ts'
import { setPreferences } from '../../storage/vendor.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { wakeStreams } from '../speaker/stream.ts'
import { clearSessionToken, readSessionToken } from '../session-cookie.ts'
import { emptyPhone } from './phone.ts'
import { phoneLines } from './phones.ts'
import { vendorView } from './visit.ts'

/** How she wants to be told. */
export function showVendorSettings(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, now } = services

  doors.stall('takings.view').get('/vendor/:stallCode/settings', async (visit) => {
    const { c, scope, actor, listing } = visit
    const view = await vendorView(services, visit)
    c.header('cache-control', 'no-store')
    const phones = phoneLines(await listPhones(store, scope, actor, now()), actor)
    const rowTelling = await getRowTelling(store, scope.marketId, actor.vendorId!)
    const linksWith = (await findLinker(store, seal, listing.accounts))?.name ?? null
    const saved = c.req.query('saved') !== undefined
    const paid = accountInUse(listing.accounts)
    const account = paid && {
      holderName: paid.accountName,
      bankShortName: shortNameOf(paid.bankBin),
      accountNumber: payableNumber(paid),
      isProven: paid.state === 'active',
    }
    const mayProve = actor.kind === 'owner' && accountToProve(actor, listing.accounts) !== undefined
    const settings = { phones, rowTelling, account: account ?? null, mayProve, linksWith, saved }
    return c.html(vendorSettingsPage(frame, { ...view, ...settings }), 200)
  })

  doors
    .stall('preferences.change')
    .post('/vendor/:stallCode/settings', async ({ c, scope, actor, listing }) => {
      const form = await c.req.parseBody()
      const choice = <const T extends string>(field: string, values: readonly T[]): T => {
        const chosen = values.find((value) => value === form[field])
        if (chosen === undefined)
          throw new AppError('invalid_input', `${field} is one of ${values.join(', ')}`, field)
        return chosen
      }
      const preferences = {
        announce: choice('announce', ['amount', 'chime']),
        thousand: choice('thousand', ['ngàn', 'nghìn']),
        odd: choice('odd', ['lẻ', 'linh']),
      }
      await store.write((tx) => setPreferences(tx, scope.marketId, actor.vendorId!, preferences))
      return c.redirect(`/vendor/${listing.stall.code}/settings?saved`, 303)
    })

  doors.stall('preferences.change').post('/vendor/:stallCode/row-speaker', async (visit) => {
    const { c, scope, actor, listing } = visit
    const { tells: wanted } = await c.req.parseBody()
    const tells = ROW_TELLINGS.find((one) => one === wanted)
    if (!tells) throw new AppError('invalid_input', `tells is one of ${ROW_TELLINGS.join(', ')}`, 'tells')
    await store.write((tx) => setRowTelling(tx, scope.marketId, actor.vendorId!, tells, now()))
    // The row's tablet must not go on telling what it may no longer.
    wakeStreams(services, scope, actor.stalls)
    return c.redirect(`/vendor/${listing.stall.code}/settings?saved`, 303)
  })

  doors.stall('consent.withdraw').post('/vendor/:stallCode/withdraw', async ({ c, scope, actor }) => {
    if ((await c.req.parseBody())['withdraw'] !== 'yes') {
      throw new AppError('invalid_input', 'the withdrawal is not confirmed', 'withdraw')
    }
    await store.changeRegistry(function* (tx) {
      const at = now()
      const withdrawn = {
        vendorId: actor.vendorId!,
        marketId: scope.marketId,
        textVersion: CONSENT_TEXT_VERSION,
        by: 'herself',
        at,
      }
      yield* withdrawConsent(tx, withdrawn)
      // Agreeing anew one day is not agreeing to the row's speaker again.
      yield* setRowTelling(tx, scope.marketId, actor.vendorId!, 'nothing', at)
      yield* revokeSession(tx, readSessionToken(c, config) ?? '', at)
    })
    wakeStreams(services, scope, actor.stalls)
    clearSessionToken(c, config)
    emptyPhone(c)
    return c.html(
      errorPage(frame, {
        heading: 'Đã rút lại đồng ý',
        advice:
          'Từ giờ tiền vào tài khoản không được nghe, không được tính. Muốn nghe lại thì xin mã đăng nhập mới ở ban quản lý chợ.',
        link: { url: '/', words: 'Về trang đầu' },
      }),
      200,
    )
  })
}
