import { shortNameOf } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import { businessDay } from '../../../shared/business-day.ts'
import { CLASSIFICATIONS, type Classification } from '../../../shared/wire.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import type { AccountNotice } from '../../../web/pages/vendor/account-notice.ts'
import { vendorCodePage } from '../../../web/pages/vendor/code.ts'
import { vendorHomePage } from '../../../web/pages/vendor/home.ts'
import type { Actor } from '../../domain/access.ts'
import { accountToProve } from '../../domain/account-proof.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { accountInUse, type PayeeAccount } from '../../storage/account.ts'
import { readBook } from '../../storage/book.ts'
import { listPhones } from '../../storage/session.ts'
import { listVendorStalls } from '../../storage/stall.ts'
import { classify, getTakings, listPayments } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { qrSvg } from '../qr-image.ts'
import { phoneLines, reachNotice } from './phones.ts'
import { keepUntilDayEnds, vendorView } from './visit.ts'

/** Her day, her code, and her word on what a credit was. */
export function showVendorHome(doors: Doors, services: Services, frame: Frame): void {
  const { store, now, feed } = services

  doors.stall('takings.view').get('/vendor/:stallCode', async (visit) => {
    const { c, actor, scope, listing } = visit
    const view = await vendorView(services, visit)
    const stalls = await listVendorStalls(store, scope.marketId, actor.vendorId!)
    const notice = accountNotice(listing.accounts, actor)
    const listening = await listPhones(store, scope, actor, now())
    const phones = phoneLines(listening, actor)
    // From the day after its pairing on, her own phone shows the whole of each day.
    const pairedAt = listening.find((phone) => phone.isThis)?.createdAt ?? 0
    const isWhole =
      !view.onlyHears && businessDay(pairedAt, listing.market.dayStartsAtMinutes) < view.businessDay
    const reach = isWhole ? undefined : reachNotice(actor)
    const [book] = await readBook(store, scope, [view.businessDay])
    keepUntilDayEnds(visit, view.businessDay)
    c.header('cache-control', 'no-store')
    return c.html(
      vendorHomePage(frame, {
        ...view,
        takings: await getTakings(store, scope, view.businessDay),
        cash: { amountVnd: book!.cashVnd, count: book!.cashCount },
        payments: await listPayments(store, scope, view.businessDay, view.businessDay),
        otherStalls: stalls
          .filter((stall) => stall.id !== scope.stallId)
          .map((stall) => ({ name: stall.name, url: `/vendor/${stall.code}` })),
        newPhones: view.onlyHears ? [] : phones.filter((phone) => phone.waiting),
        ...(reach === undefined ? {} : { reachNotice: reach }),
        ...(notice === undefined ? {} : { accountNotice: notice }),
      }),
      200,
    )
  })

  doors.stall('takings.view').get('/vendor/:stallCode/code', async (visit) => {
    const { c, listing } = visit
    const account = accountInUse(listing.accounts)
    if (!account) throw new AppError('not_found', 'the stall has no account')
    c.header('cache-control', 'no-store')
    return c.html(
      vendorCodePage(frame, {
        ...(await vendorView(services, visit)),
        holderName: account.accountName,
        bankShortName: shortNameOf(account.bankBin),
        accountNumber: payableNumber(account),
        qrSvg: await qrSvg(payableCode(account, listing.stall.reference)),
      }),
      200,
    )
  })

  doors.stall('credit.classify').post('/vendor/:stallCode/classify', async ({ c, scope, listing }) => {
    const form = await c.req.parseBody()
    const transactionSeq = Number(form['transactionSeq'])
    const kind = CLASSIFICATIONS.find((one) => one === form['classification'])
    if (!Number.isSafeInteger(transactionSeq) || !isHersToSay(kind)) {
      throw new AppError('invalid_input', 'unknown transaction or classification', 'classification')
    }
    const news = await store.write((tx) => classify(tx, scope, transactionSeq, kind, 'vendor', now()))
    if (news) feed.publish([news])
    return c.redirect(`/vendor/${listing.stall.code}`, 303)
  })
}

/** `unclear` is where she has not spoken yet, `fee` and `test` are the system's own. */
function isHersToSay(kind: Classification | undefined): kind is Classification {
  return kind !== undefined && !['unclear', 'fee', 'test'].includes(kind)
}

/** What she should know of her account, in plain words. */
function accountNotice(accounts: readonly PayeeAccount[], actor: Actor): AccountNotice | undefined {
  const inUse = accountInUse(accounts)
  if (!inUse) return { words: 'Sạp chưa có tài khoản nhận tiền. Hỏi ban quản lý chợ.', toProve: false }
  const proposed = accounts.find((one) => one.state === 'proposed')
  if (!proposed) return undefined
  const toProve = actor.kind === 'owner' && accountToProve(actor, accounts) === proposed
  const words =
    proposed === inUse
      ? 'Tài khoản chưa có khách nào chuyển thử. Nhờ một người quét mã sạp, chuyển một khoản nhỏ là xong.'
      : `Có người đề nghị đổi tài khoản nhận tiền sang ${proposed.accountName}, số đuôi ${proposed.accountNumber.slice(-4)}. Không phải mình thì báo ban quản lý ngay.`
  return { words, toProve }
}
