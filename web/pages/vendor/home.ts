import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { notice } from '../notice.ts'
import { stallTitle } from '../stall.ts'
import { accountNotice, type AccountNotice } from './account-notice.ts'
import { dayWords, digitsOf, totalWords } from './day-words.ts'
import { lineTemplates, paymentLine } from './payment-line.ts'
import { bankLateWords, vendorLayout } from './vendor-layout.ts'
import type { DayTakings, PaymentLine } from '../../../shared/wire.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

export interface VendorHomeView extends VendorView {
  takings: DayTakings
  /** Cash she noted today; not in the total, which is what the bank has told. */
  cash?: { amountVnd: number; count: number }
  /** Newest first. */
  payments: readonly PaymentLine[]
  /** Other stalls this vendor holds, by their bare names. */
  otherStalls: readonly { name: string; url: string }[]
  /** What this phone shows and what not, where that is not everything. */
  reachNotice?: AccountNotice
  /** Phones that wait for a yes, since when. */
  newPhones?: readonly { words: string; since: string }[]
  accountNotice?: AccountNotice
}

/** Her day: what was taken, what is not clear yet, and every transfer, newest first. Whole before any script. */
export const vendorHomePage = (frame: Frame, view: VendorHomeView): Html => {
  const { takings, payments } = view
  const { count, unclear } = dayWords(takings)
  return vendorLayout(
    frame,
    view,
    'today',
    'Hôm nay',
    html`${view.newPhones?.map(({ words, since }) =>
        notice(
          'warn',
          html`Có máy mới xin nghe ${view.stallWord} này lúc ${since}: ${words}.
            <a class="button wide" href="/vendor/${view.stallCode}/settings#phones">Xem và trả lời</a>`,
        ),
      )}
      ${view.reachNotice && accountNotice('plain', view.stallCode, view.reachNotice)}
      ${view.accountNotice && accountNotice('warn', view.stallCode, view.accountNotice)}
      ${view.bankLate && notice('warn', bankLateWords(view.bankLate))}
      <section class="takings">
        <h1>Chuyển khoản ngày <span data-field="day">${vietnamDate(takings.businessDay)}</span></h1>
        <strong
          class="total"
          data-field="total"
          data-vnd="${takings.totalVnd}"
          data-digits="${digitsOf(takings.totalVnd)}"
          >${formatVnd(takings.totalVnd)}</strong
        >
        <p class="in-words" data-field="words">${totalWords(takings.totalVnd, view.dialect)}</p>
        <p class="counts">
          <span
            ><span data-field="count">${count}</span>${
              view.cash &&
              view.cash.count > 0 &&
              html` · ${view.cash.count} lần tiền mặt (${formatVnd(view.cash.amountVnd)})`
            }</span
          >
          <span class="mark" data-field="unclear" ${unclear ? '' : 'hidden'}>${unclear}</span>
        </p>
      </section>
      <p class="news" role="status" data-field="news"></p>
      <section aria-label="Các lần chuyển khoản, mới nhất ở trên">
        <ol class="lines" data-field="lines">
          ${payments.map((payment) => paymentLine(view.stallCode, payment, view.onlyHears))}
        </ol>
        <p class="empty" data-field="empty" ${payments.length > 0 ? 'hidden' : ''}>
          Chưa có khách chuyển khoản hôm nay. Khách quét mã là hiện ở đây.
        </p>
      </section>
      <a class="button wide to-stand" href="/vendor/${view.stallCode}/stand"
        >${icon('awake')}Màn hình quầy: chữ to, không tắt</a
      >
      ${
        view.otherStalls.length > 0 &&
        html`<nav class="other-stalls" aria-label="Sạp khác của mình">
          <h2>Sạp khác của mình</h2>
          ${view.otherStalls.map(({ name, url }) => html`<a class="button" href="${url}">${stallTitle({ stall: name, stallWord: view.stallWord })}</a>`)}
        </nav>`
      }
      ${lineTemplates(view.stallCode, view.onlyHears)}`,
  )
}
