import { html } from 'hono/html'
import { formatVnd } from '../../shared/money.ts'
import { icon } from '../icons/icon.ts'
import { layout } from './layout.ts'
import { stallCode } from './stall-code.ts'
import type { Frame, Html } from './layout.ts'

export interface StallView {
  market: string
  section: string
  stall: string
  /** What this market calls a stall: sạp, lô, quầy, ki-ốt. */
  stallWord: string
  /** As bank apps show it: capitals, no marks. */
  holderName: string
  bankShortName: string
  bankName: string
  accountNumber: string
  stallCode: string
  /** Made by the server, with its quiet zone. */
  qrSvg: string
  amountVnd?: number
  pngUrl: string
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** «Sạp A12»: the stall in the market's own word. */
export const stallTitle = (view: { stall: string; stallWord: string }) =>
  `${capitalised(view.stallWord)} ${view.stall}`

/** What a shopper sees: whose account it is, and the code. */
export const stallPage = (frame: Frame, view: StallView): Html =>
  layout(
    {
      ...frame,
      title: `${stallTitle(view)} · ${view.market}`,
      description: `Mã chuyển khoản của ${view.stallWord} ${view.stall}, ${view.market}: ${view.holderName}, ${view.bankShortName}.`,
      script: 'copy.ts',
    },
    html`<article class="card stall">
      <header>
        <p class="place">${view.market}</p>
        <h1>${stallTitle(view)}</h1>
        ${view.section && html`<p class="quiet">${view.section}</p>`}
      </header>
      ${view.amountVnd !== undefined && html`<p class="due">Số tiền <b>${formatVnd(view.amountVnd)}</b></p>`}
      <dl class="payee">
        <div>
          <dt>Chủ tài khoản</dt>
          <dd class="holder">${view.holderName}</dd>
        </div>
        <div>
          <dt>Ngân hàng</dt>
          <dd>
            <b>${view.bankShortName}</b>
            ${view.bankName !== view.bankShortName && html`<span class="quiet">${view.bankName}</span>`}
          </dd>
        </div>
        <div class="account">
          <dt>Số tài khoản</dt>
          <dd>
            <span class="number">${view.accountNumber}</span>
            <button class="quiet needs-script" type="button" data-copy="${view.accountNumber}">
              ${icon('copy')}<span aria-live="polite">Chép số</span>
            </button>
          </dd>
        </div>
      </dl>
      ${stallCode(view.qrSvg, `Mã VietQR của ${view.stallWord} ${view.stall}`)}
      <a class="button wide" href="${view.pngUrl}" download="${view.stallCode}.png"
        >${icon('save')}Lưu ảnh mã</a
      >
      <section class="check">
        <h2>Mã này có đúng không?</h2>
        <p>
          Trước khi bấm chuyển, nhìn tên trên ứng dụng ngân hàng: phải là <b>${view.holderName}</b>. Khác tên
          thì đừng chuyển, hỏi lại người bán.
        </p>
        <p class="quiet">Mã sạp: <span class="reference">${view.stallCode}</span></p>
      </section>
    </article>`,
  )
