import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { accountNotice, type AccountNotice } from './account-notice.ts'
import { dayBars } from './day-bars.ts'
import { digitsOf, totalWords } from './day-words.ts'
import { paymentLine } from './payment-line.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { PaymentLine } from '../../../shared/wire.ts'
import type { Frame, Html } from '../layout.ts'
import type { ShownDay } from './day-bars.ts'
import type { VendorView } from './vendor-layout.ts'

type Period = 'today' | 'yesterday' | 'week' | 'month'

export interface VendorBookView extends VendorView {
  /** What this phone shows and what not, where that is not everything. */
  reachNotice?: AccountNotice
  /** Undefined for a single day that is neither today nor yesterday. */
  period: Period | undefined
  /** Oldest first; at least one. */
  days: readonly ShownDay[]
  /** Her usual market day before these; undefined until there was one. */
  usualVnd: number | undefined
  /** The lists, newest first, where one day is shown. */
  payments?: readonly PaymentLine[]
  cash?: readonly { key: string; amountVnd: number; time: string; undone: boolean }[]
  /** Names the note of a form sent without script, so that sent twice it is one. */
  cashKey: string
}

/** On the buttons, where four must stand side by side, and in the heading. */
const PERIODS: Record<Period, { short: string; long: string }> = {
  today: { short: 'Hôm nay', long: 'hôm nay' },
  yesterday: { short: 'Hôm qua', long: 'hôm qua' },
  week: { short: 'Tuần', long: 'tuần này' },
  month: { short: 'Tháng', long: 'tháng này' },
}

/** Notes she takes most: every banknote from ten thousand up. */
const QUICK_VND = [10_000, 20_000, 50_000, 100_000, 200_000, 500_000]

const sum = (days: readonly ShownDay[], of: (day: ShownDay) => number) =>
  days.reduce((total, day) => total + of(day), 0)

/** Her own book: what she took in a day, a week, a month, transfers and cash, and the lists behind each day. */
export const vendorBookPage = (frame: Frame, view: VendorBookView): Html => {
  const { period, days, businessDay } = view
  const isToday = days.length === 1 && days[0]!.businessDay === businessDay
  const title = period ? PERIODS[period].long : `ngày ${vietnamDate(days[0]!.businessDay)}`
  return vendorLayout(
    frame,
    view,
    'book',
    `Sổ bán hàng · ${title}`,
    html`<nav class="periods" aria-label="Xem sổ của">
        ${Object.entries(PERIODS).map(
          ([one, { short }]) =>
            html`<a
              href="/vendor/${view.stallCode}/book?period=${one}"
              ${one === period ? 'aria-current=page' : ''}
              >${short}</a
            >`,
        )}
      </nav>
      <p class="news" role="status" data-field="news"></p>
      <div class="book" data-book="figures">${figures(view, title)}</div>
      ${isToday && cashForm(view)}
      <p class="news said" role="status" data-field="said"></p>
      <div class="book" data-book="lists">${lists(view)}</div>
      <a class="button wide" href="/vendor/${view.stallCode}/statement">So sổ với sao kê ngân hàng</a>
      <template data-pending
        ><li class="line line-cash">
          <span class="row"
            ><b class="amount" data-field="amount"></b><span class="time" data-field="time"></span
            ><span class="from">tiền mặt</span><span class="mark" data-field="word"></span
          ></span>
          <button type="button" hidden>Bỏ khoản này</button>
        </li></template
      >
      <script type="module" src="${frame.assets('book.ts')}"></script>`,
  )
}

const figures = (view: VendorBookView, title: string): Html => {
  const { days, dialect, period } = view
  const transferVnd = sum(days, (day) => day.transferVnd)
  const cashVnd = sum(days, (day) => day.cashVnd)
  const total = transferVnd + cashVnd
  const unclear = sum(days, (day) => day.unclearCount)
  const span =
    days.length > 1 ? `${vietnamDate(days[0]!.businessDay)} – ${vietnamDate(days.at(-1)!.businessDay)}` : ''
  return html`<section class="takings">
      <h1>Tiền bán ${title} ${span || (period && vietnamDate(days[0]!.businessDay))}</h1>
      ${view.reachNotice && accountNotice('plain', view.stallCode, view.reachNotice)}
      <strong class="total" data-digits="${digitsOf(total)}">${formatVnd(total)}</strong>
      <p class="in-words">${totalWords(total, dialect)}</p>
      <p class="counts">
        <span
          >${sum(days, (day) => day.transferCount)} lần chuyển khoản · ${sum(days, (day) => day.cashCount)}
          lần tiền mặt</span
        >
        ${unclear > 0 && html`<span class="mark">${unclear} khoản chưa rõ</span>`}
      </p>
      ${
        cashVnd !== 0 &&
        html`<p class="quiet">Chuyển khoản ${formatVnd(transferVnd)} · tiền mặt ${formatVnd(cashVnd)}</p>`
      }
      <p class="against">${usualWords(view, total)}</p>
    </section>
    ${
      days.length > 1 &&
      dayBars({
        title: `Tiền bán từng ngày, ${title}`,
        stallCode: view.stallCode,
        days,
        today: view.businessDay,
        usualVnd: view.usualVnd,
      })
    }`
}

/** Against her usual market day: said as an amount, because a share of it says nothing at the stall. */
const usualWords = ({ usualVnd, days, businessDay }: VendorBookView, total: number): string => {
  if (usualVnd === undefined) return 'Chưa đủ ngày để biết một ngày chợ thường bán bao nhiêu.'
  const usual = `Ngày chợ thường bán ${formatVnd(usualVnd)}`
  const taken = days.filter((day) => day.transferVnd + day.cashVnd > 0).length
  if (days.length > 1) {
    return taken === 0
      ? `${usual}.`
      : `${usual}; trung bình ở đây khoảng ${formatVnd(Math.round(total / taken / 1000) * 1000)} một ngày có bán.`
  }
  const [day] = days
  if (!day!.isMarketDay) return `${usual}. Ngày này chợ không họp.`
  if (total === usualVnd) return `${usual}, ngày này đúng bằng.`
  const isToday = day!.businessDay === businessDay
  if (total > usualVnd)
    return `${usual}, ${isToday ? 'hôm nay' : 'ngày này'} hơn ${formatVnd(total - usualVnd)}.`
  return `${usual}, ${isToday ? 'tới giờ còn ít hơn' : 'ngày này ít hơn'} ${formatVnd(usualVnd - total)}.`
}

const cashForm = (view: VendorBookView): Html =>
  html`<form class="cash" action="/vendor/${view.stallCode}/cash" method="post" data-cash>
      <input type="hidden" name="key" value="${view.cashKey}" />
      <fieldset class="banknotes">
        <legend>Ghi tiền mặt</legend>
        ${QUICK_VND.map(
          (amount) =>
            html`<label
              ><input type="radio" name="amount" value="${amount}" /><span>${formatVnd(amount)}</span></label
            >`,
        )}
      </fieldset>
      <div class="cash-last">
        <label
          ><span class="visually-hidden">Số khác</span
          ><input
            name="other"
            inputmode="numeric"
            autocomplete="off"
            placeholder="Số khác"
            pattern="[0-9.]+ ?đ?"
            maxlength="14"
        /></label>
        <button class="primary">Ghi</button>
      </div>
    </form>
    <ol class="lines" data-field="pending" aria-label="Tiền mặt chưa gửi vào sổ" hidden></ol>`

const lists = ({ payments, cash, stallCode, businessDay, days }: VendorBookView): Html | false =>
  payments !== undefined &&
  cash !== undefined &&
  html`${
      cash.length > 0 &&
      html`<section>
        <h2>Tiền mặt</h2>
        <ol class="lines">
          ${cash.map((note) => cashLine(stallCode, note))}
        </ol>
      </section>`
    }
    <section>
      <h2>Chuyển khoản</h2>
      ${
        payments.length > 0
          ? html`<ol class="lines">
              ${payments.map((payment) => paymentLine(stallCode, payment))}
            </ol>`
          : html`<p class="empty">Không có lần chuyển khoản nào.</p>`
      }
      ${
        payments.length > 0 &&
        days[0]!.businessDay !== businessDay &&
        html`<p class="quiet">Qua ngày, tên người chuyển và lời nhắn được che.</p>`
      }
    </section>`

const cashLine = (
  stallCode: string,
  { key, amountVnd, time, undone }: NonNullable<VendorBookView['cash']>[number],
): Html => {
  const row = html`<span class="row"
    ><b class="amount">${formatVnd(amountVnd)}</b><span class="time">${time}</span
    ><span class="mark">${undone && 'đã bỏ'}</span></span
  >`
  if (undone) return html`<li class="line line-other">${row}</li>`
  return html`<li class="line">
    <details>
      <summary>${row}</summary>
      <form action="/vendor/${stallCode}/cash/undo" method="post">
        <input type="hidden" name="key" value="${key}" />
        <button>${icon('back')}Ghi nhầm, bỏ khoản này</button>
      </form>
    </details>
  </li>`
}
