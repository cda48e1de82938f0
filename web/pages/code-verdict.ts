import type { Scheme } from '@vietqr/core'
import { html } from 'hono/html'
import { formatVnd } from '../../shared/money.ts'
import { icon } from '../icons/icon.ts'
import { notVietQrWords } from './scheme-words.ts'
import type { Html } from './layout.ts'

/** What was found out about a code, as it is shown. */
export type ShownVerdict =
  | { kind: 'this_stall'; amountVnd: number | null }
  | { kind: 'right_account'; amountVnd: number | null }
  | { kind: 'other_stall' }
  | { kind: 'other_bank'; bankShortName: string; accountNumber: string }
  | { kind: 'other_account'; bankShortName: string; accountNumber: string }
  | { kind: 'not_vietqr'; scheme: Scheme | null }
  | { kind: 'damaged' }

interface Stall {
  stallWord: string
  stallCode: string
  bankShortName: string
  accountNumber: string
}

const amountNote = (amountVnd: number | null): Html | '' =>
  amountVnd === null
    ? ''
    : html`<p>Mã đó ghi sẵn <b>${formatVnd(amountVnd)}</b>: xem lại trước khi chuyển.</p>`

const difference = (verdict: ShownVerdict, stall: Stall): Html => {
  if (verdict.kind === 'this_stall') {
    return html`<p>Tiền vào đúng tài khoản của ${stall.stallWord} này.</p>
      ${amountNote(verdict.amountVnd)}`
  }
  if (verdict.kind === 'right_account') {
    return html`<p>
        Nhưng không phải mã in của chợ. Tiền vẫn tới người bán; nên quét mã dưới đây để chợ biết là của
        ${stall.stallWord} nào.
      </p>
      ${amountNote(verdict.amountVnd)}`
  }
  if (verdict.kind === 'other_stall') {
    return html`<p>Đó là mã của ${stall.stallWord} khác. Hỏi lại người bán trước khi chuyển.</p>`
  }
  if (verdict.kind === 'other_bank' || verdict.kind === 'other_account') {
    return html`<p>
        Mã đó chuyển sang ${verdict.kind === 'other_bank' ? 'ngân hàng khác' : 'tài khoản khác'}:
        <b>${verdict.bankShortName} · <span class="reference">${verdict.accountNumber}</span></b>
      </p>
      <p>
        Của ${stall.stallWord} này:
        <b>${stall.bankShortName} · <span class="reference">${stall.accountNumber}</span></b>
      </p>
      <p><b>Đừng chuyển.</b> Hỏi lại người bán.</p>`
  }
  if (verdict.kind === 'not_vietqr') {
    return html`<p>${notVietQrWords(verdict.scheme)} Hỏi lại người bán trước khi chuyển.</p>`
  }
  return html`<p>Mã hỏng hoặc chép thiếu, không đọc hết được. Chụp lại cho rõ; vẫn vậy thì đừng chuyển.</p>`
}

/** One glance: right or not; then in what it differs, and a way to say so. */
export const codeVerdict = (verdict: ShownVerdict, payload: string, stall: Stall): Html => {
  const { kind } = verdict
  const isRight = kind === 'this_stall' || kind === 'right_account'
  const what = kind === 'right_account' ? 'tài khoản' : 'mã'
  return html`<section
    class="verdict ${isRight ? 'verdict-right' : 'verdict-wrong'}"
    role="alert"
    id="verdict"
  >
    <h2>
      ${icon(isRight ? 'check' : 'warning')}<span
        ><b>${isRight ? 'ĐÚNG' : 'KHÔNG PHẢI'}</b> ${what} ${stall.stallWord} này</span
      >
    </h2>
    ${difference(verdict, stall)}
    ${
      !isRight &&
      html`<form action="/s/${stall.stallCode}/report" method="post">
        <input type="hidden" name="payload" value="${payload}" />
        <button>Báo mã sai</button>
      </form>`
    }
  </section>`
}
