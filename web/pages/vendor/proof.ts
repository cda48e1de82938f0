import { html } from 'hono/html'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { field } from '../field.ts'
import { notice } from '../notice.ts'
import { stallCode } from '../stall-code.ts'
import { stallTitle } from '../stall.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

/** Any odd amount, to show what is meant; never the one that is asked about. */
const EXAMPLE_VND = 3_217
/** As often as something is waited for without a script. */
const REFRESH_SECONDS = 5

/** Where the proof of her account stands. */
export type ProofStep =
  | { kind: 'begins'; after?: 'failed' | 'expired'; isRefused?: boolean }
  /** No source tells of this account: its test money would never be seen. */
  | { kind: 'unheard' }
  /** Who may know the reference is shown the code; who may not waits for the operator. */
  | { kind: 'waits'; qrSvg?: string; wasRound?: boolean }
  | { kind: 'asks'; triesUsed: number; triesLeft: number; isNoAmount?: boolean }
  | { kind: 'proven'; amountVnd: number; reach: keyof typeof REACH_WORDS }
  /** Somebody's money has proven it before. */
  | { kind: 'settled' }

export interface VendorProofView extends VendorView {
  holderName: string
  bankShortName: string
  accountNumber: string
  /** The operator sends the money: whoever holds this phone must not know how much. */
  byOperator: boolean
  step: ProofStep
  /** Her other stalls, by their bare names. */
  otherStalls: readonly { name: string; url: string }[]
}

const payee = ({ holderName, bankShortName, accountNumber }: VendorProofView): Html =>
  html`<dl class="payee">
    <div>
      <dt>Tài khoản nhận tiền</dt>
      <dd class="holder">${holderName}</dd>
      <dd>${bankShortName} · <b class="reference">${accountNumber}</b></dd>
    </div>
  </dl>`

const start = (view: VendorProofView, words: string): Html =>
  html`<form action="/vendor/${view.stallCode}/proof/start" method="post">
    <button class="primary wide">${words}</button>
  </form>`

const back = (view: VendorProofView): Html =>
  html`<a class="button wide" href="/vendor/${view.stallCode}">${icon('back')}Về sổ hôm nay</a>`

const begins = (view: VendorProofView, step: Extract<ProofStep, { kind: 'begins' }>): Html =>
  html`${step.after === 'failed' && notice('bad', 'Ba lần chưa đúng. Phải chuyển thử lại, với số tiền khác.')}
    ${step.after === 'expired' && notice('warn', 'Lần trước đã quá một ngày. Làm lại từ đầu.')}
    ${step.isRefused && notice('warn', 'Hôm nay đã thử năm lần. Mai làm tiếp, hoặc gọi đơn vị vận hành.')}
    ${
      view.byOperator
        ? html`<p>
              Máy này không thấy các khoản cũ, vì chưa biết máy đang ở trong tay ai. Ai xem được tài khoản này
              ở ngân hàng thì đúng là mình.
            </p>
            <ol class="steps">
              <li>Đơn vị vận hành gọi hỏi, rồi chuyển vào tài khoản này một khoản nhỏ.</li>
              <li>Ngân hàng báo cho mình bao nhiêu, mình gõ vào đây bấy nhiêu.</li>
            </ol>`
        : html`<p>Để chắc tiền của khách vào đúng tài khoản của mình.</p>
            <ol class="steps">
              <li>Nhờ người bên cạnh quét mã, chuyển một số tiền lẻ, ví dụ ${formatVnd(EXAMPLE_VND)}.</li>
              <li>Ngân hàng báo cho mình bao nhiêu, mình gõ vào đây bấy nhiêu.</li>
            </ol>`
    }
    ${payee(view)}
    <p class="quiet">Không phải tài khoản của mình thì báo ban quản lý chợ, đừng làm tiếp.</p>
    ${!step.isRefused && start(view, view.byOperator ? 'Nhờ chuyển tiền thử' : 'Lấy mã để chuyển thử')}`

const waits = (view: VendorProofView, { qrSvg, wasRound }: Extract<ProofStep, { kind: 'waits' }>): Html =>
  html`${wasRound && notice('warn', 'Số này dễ đoán, nhờ chuyển lại số lẻ: từ 1.001đ đến 20.000đ.')}
    ${
      qrSvg === undefined
        ? html`<p class="lead">Đơn vị vận hành sẽ chuyển một khoản nhỏ.</p>
            <p>Khi ngân hàng báo, gõ số tiền vào đây. Lời xin này chờ một ngày; chưa thấy gì thì gọi hỏi.</p>`
        : html`<p>
              Nhờ người bên cạnh quét, chuyển một số tiền lẻ, ví dụ <b>${formatVnd(EXAMPLE_VND)}</b>. Đừng
              chuyển số tròn.
            </p>
            ${stallCode(qrSvg, `Mã VietQR để chuyển thử cho ${view.stallWord} ${view.stall}`)}`
    }
    <p class="waits" role="status">Đang chờ ngân hàng báo…</p>
    ${payee(view)}
    ${
      qrSvg !== undefined &&
      html`<p class="quiet">Mã này chỉ để thử, đừng dán lên ${view.stallWord}. Tiền thử không vào sổ.</p>`
    }`

const asks = (view: VendorProofView, step: Extract<ProofStep, { kind: 'asks' }>): Html => {
  const wrong = step.triesUsed > 0 && `Chưa đúng, còn ${step.triesLeft} lần.`
  const error = step.isNoAmount ? 'Ghi số đồng, ví dụ 3.217.' : wrong
  return html`${notice('good', 'Ngân hàng đã báo tiền thử vào.')}
    <p>Mở ứng dụng hay tin nhắn của ngân hàng, xem khoản vừa vào là bao nhiêu, gõ lại vào đây.</p>
    <form action="/vendor/${view.stallCode}/proof" method="post">
      ${field({
        label: 'Số tiền ngân hàng báo',
        name: 'amount',
        inputMode: 'numeric',
        required: true,
        ...(error ? { error } : {}),
      })}
      <button class="primary wide">Xong</button>
    </form>
    ${payee(view)}`
}

const REACH_WORDS = {
  whole: 'Máy này nghe và xem được cả sổ của sạp.',
  part: 'Máy này xem được sổ từ khi dùng tài khoản này.',
  unchanged: 'Máy này vẫn chưa thấy các khoản cũ: chúng không vào tài khoản này.',
  other_stall: 'Còn sạp khác của mình chưa chứng minh tài khoản. Xong sạp đó thì máy này thấy các khoản cũ.',
}

const proven = (view: VendorProofView, step: Extract<ProofStep, { kind: 'proven' }>): Html =>
  html`${notice(
      'good',
      html`<p><b>Đúng rồi. Tài khoản này là của mình.</b></p>
        <p>${REACH_WORDS[step.reach]}</p>`,
    )}
    <p><b class="amount">${formatVnd(step.amountVnd)}</b> là tiền thử, không vào sổ nào.</p>
    <button class="primary wide needs-script" type="button" data-try="${step.amountVnd}" data-at-once>
      ${icon('speaker')}Nghe loa đọc
    </button>
    <p class="quiet">Từ giờ khách chuyển là loa đọc như vậy. Để trang này mở và vặn to âm lượng.</p>
    ${payee(view)}
    ${
      step.reach === 'other_stall' &&
      view.otherStalls.map(
        ({ name, url }) =>
          html`<a class="button wide" href="${url}/proof">${stallTitle({ ...view, stall: name })}</a>`,
      )
    }
    ${back(view)}`

const body = (view: VendorProofView): Html => {
  const { step } = view
  switch (step.kind) {
    case 'begins':
      return begins(view, step)
    case 'unheard':
      return html`${notice(
        'warn',
        'Chưa có nguồn nào báo tiền của tài khoản này, nên tiền thử sẽ không thấy được. Gọi đơn vị vận hành nối ngân hàng trước.',
      )}
      ${payee(view)} ${back(view)}`
    case 'waits':
      return waits(view, step)
    case 'asks':
      return asks(view, step)
    case 'proven':
      return proven(view, step)
    default:
      return html`${notice('good', 'Tài khoản này đã có tiền vào đúng mã của sạp. Không phải làm gì thêm.')}
      ${payee(view)} ${back(view)}`
  }
}

/** The account is hers who can say what its bank shows: from asking for test money to hearing it. */
export const vendorProofPage = (frame: Frame, view: VendorProofView): Html => {
  const { step } = view
  const isWaiting = step.kind === 'waits' || step.kind === 'unheard'
  return vendorLayout(
    frame,
    isWaiting ? { ...view, refreshSeconds: REFRESH_SECONDS } : view,
    'proof',
    'Chứng minh tài khoản',
    html`<section
        class="proof"
        data-proof="${step.kind}${step.kind === 'waits' && step.wasRound ? ' again' : ''}"
      >
        <h1>Chứng minh tài khoản</h1>
        ${body(view)}
      </section>
      ${isWaiting && html`<script type="module" src="${frame.assets('proof.ts')}"></script>`}`,
  )
}
