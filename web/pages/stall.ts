import { html } from 'hono/html'
import { formatVnd } from '../../shared/money.ts'
import { icon } from '../icons/icon.ts'
import { codeVerdict, type ShownVerdict } from './code-verdict.ts'
import { field } from './field.ts'
import { layout } from './layout.ts'
import { notice } from './notice.ts'
import { photoInput } from './photo-input.ts'
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
  /** What was typed as an amount and is none. */
  wrongAmount?: string
  /** A wrong code was just reported. */
  reported?: boolean
  /** What was read from a code that hangs there, and what is to be said of it. */
  checked?: { payload: string } & ({ verdict: ShownVerdict } | { error: string })
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** «Sạp A12»: the stall in the market's own word. */
export const stallTitle = (view: { stall: string; stallWord: string }) =>
  `${capitalised(view.stallWord)} ${view.stall}`

/** A convenience: the same code with an amount in it. Asking writes nothing. */
const amountForm = ({ amountVnd, wrongAmount, ...view }: StallView): Html =>
  html`<form class="ask-amount" action="/s/${view.stallCode}" method="get">
    ${field({
      label: 'Ghi sẵn số tiền vào mã',
      name: 'amount',
      inputMode: 'numeric',
      value: wrongAmount ?? (amountVnd === undefined ? '' : formatVnd(amountVnd)),
      ...(wrongAmount === undefined ? {} : { error: 'Ghi số đồng, ví dụ 50.000; dưới 500 triệu.' }),
    })}
    <button>Ghi</button>
  </form>`

/** The eye first, for it needs nothing; then the phone, which reads a photograph itself and sends only its text. */
const check = ({ holderName, accountNumber, stallWord, checked, ...view }: StallView): Html => {
  const error = checked && 'error' in checked ? checked.error : undefined
  return html`<section class="check" id="check">
    <h2>Mã này có đúng không?</h2>
    <p>
      Trước khi bấm chuyển, nhìn ứng dụng ngân hàng: tên phải là <b>${holderName}</b>, số phải là
      <b class="reference">${accountNumber}</b>. Khác thì đừng chuyển, hỏi lại người bán.
    </p>
    ${photoInput('Chụp tấm mã để so')}
    <details ${error ? 'open' : ''}>
      <summary>Dán nội dung mã để so</summary>
      <form action="/s/${view.stallCode}/check" method="post">
        <div class="field">
          <label for="payload">Nội dung mã</label>
          <p class="hint" id="payload-hint">Dòng chữ bắt đầu bằng 000201, do máy quét mã đọc ra.</p>
          <textarea
            id="payload"
            name="payload"
            rows="3"
            maxlength="512"
            spellcheck="false"
            autocomplete="off"
            required
            aria-describedby="payload-hint${error ? ' payload-error' : ''}"
            aria-invalid="${error ? 'true' : 'false'}"
          >
${checked?.payload ?? ''}</textarea>
          ${error && html`<p class="error" id="payload-error">${error}</p>`}
        </div>
        <button class="wide">So với mã của ${stallWord} này</button>
      </form>
    </details>
    <p class="quiet">Mã sạp: <span class="reference">${view.stallCode}</span></p>
  </section>`
}

/** What a shopper sees: whose account it is, and the code. */
export const stallPage = (frame: Frame, view: StallView): Html => {
  const verdict = view.checked && 'verdict' in view.checked ? view.checked.verdict : undefined
  return layout(
    {
      ...frame,
      title: `${stallTitle(view)} · ${view.market}`,
      description: `Mã chuyển khoản của ${view.stallWord} ${view.stall}, ${view.market}: ${view.holderName}, ${view.bankShortName}.`,
      base: 'shopper.css',
      script: 'check-code.ts',
    },
    html`<article class="card stall">
      ${view.reported && notice('good', 'Cảm ơn đã báo. Mã dưới đây mới là mã đúng.')}
      ${verdict && codeVerdict(verdict, view.checked?.payload ?? '', view)}
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
      ${amountForm(view)} ${check(view)}
    </article>`,
  )
}
