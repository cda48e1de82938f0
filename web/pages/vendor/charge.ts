import { html } from 'hono/html'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { notice } from '../notice.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { SaleFacts } from '../../../shared/sale-state.ts'
import { DEMO_WORDS } from '../layout.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

interface Payee {
  bankBin: string
  bankShortName: string
  accountNumber: string
  accountName: string
  /** Stands before the reference where the source that hears her bank demands it. */
  purposePrefix: string
  /** Whether the source that hears her bank is asked for each code first. */
  asksSource: boolean
}

export interface ChargeView extends VendorView {
  /** Undefined while the stall has no account. */
  payee: Payee | undefined
  /** What she asks for most, most used first. */
  quickAmounts: readonly number[]
  /** Her newest sales, as the server knows them. */
  sales: readonly SaleFacts[]
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '000', '0'] as const

/** Drawn: not every phone's letters have a ⌫. */
const erase = (): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M8 5h13v14H8l-6-7zM11.5 9l6 6M17.5 9l-6 6" />
  </svg>`

const keypad = (quickAmounts: readonly number[]): Html =>
  html`<output class="asked" data-charge-asked>0đ</output>
    <p class="in-words" role="status" data-charge-words>Bấm số tiền khách trả</p>
    <div class="usual" role="group" aria-label="Số tiền hay dùng">
      ${quickAmounts.map((vnd) => html`<button type="button" class="quiet" data-amount="${vnd}">${formatVnd(vnd)}</button>`)}
    </div>
    <div class="keys" role="group" aria-label="Bàn phím số">
      ${KEYS.map((key) => html`<button type="button" class="quiet" data-key="${key}">${key}</button>`)}
      <button type="button" class="quiet" data-key="back" aria-label="Xoá số cuối, giữ lâu để xoá hết">
        ${erase()}
      </button>
    </div>
    <button type="button" class="primary wide" data-charge-make disabled>${icon('code')}Tạo mã</button>`

/** White with the code, or green, yellow, dark red with what came; the page below waits. */
const fullScreen = (demo: boolean, payee: Payee): Html =>
  html`<dialog class="charge-screen" data-charge-screen aria-label="Mã cho khách">
    ${demo && html`<p class="demo-strip">${DEMO_WORDS}</p>`}
    <div class="face-code">
      <p class="screen-amount" data-charge-due></p>
      <div class="code" data-charge-code></div>
      <p class="holder">${payee.accountName}</p>
      <p>${payee.bankShortName}</p>
      <p class="number">${payee.accountNumber}</p>
      <button type="button" class="quiet wide" data-charge-cancel>Huỷ</button>
    </div>
    <div class="face-verdict" role="status">
      ${icon('check')}${icon('warning')}
      <p class="screen-call" data-charge-call></p>
      <p class="screen-amount" data-charge-received></p>
      <p class="screen-words" data-charge-verdict></p>
      <button type="button" class="wide" data-charge-again hidden>Hiện mã cho phần còn thiếu</button>
      <button type="button" class="wide" data-charge-done>Xong</button>
    </div>
  </dialog>`

/** «Tính tiền»: an amount, then its code full-screen. The phone makes the code; without script there is none. */
export const chargePage = (frame: Frame, view: ChargeView): Html => {
  const { payee } = view
  return vendorLayout(
    frame,
    view,
    'charge',
    'Tính tiền',
    html`<h1 class="visually-hidden">Tính tiền</h1>
      <p class="news" role="status" data-field="news"></p>
      ${
        payee
          ? html`<section
              class="charge needs-script"
              data-charge
              data-payee="${JSON.stringify(payee)}"
              data-sales="${JSON.stringify(view.sales)}"
            >
              ${keypad(view.quickAmounts)}
              <ol class="sales" data-charge-sales></ol>
              <template data-charge-line
                ><li>
                  <button type="button" class="quiet wide"><b></b><span></span></button></li
              ></template>
              ${fullScreen(frame.demo, payee)}
            </section>`
          : notice('warn', 'Sạp chưa có tài khoản nhận tiền. Hỏi ban quản lý chợ.')
      }
      <noscript
        >${notice('warn', 'Máy này không chạy được phần tính tiền. Mời khách quét mã sạp.')}</noscript
      >`,
  )
}
