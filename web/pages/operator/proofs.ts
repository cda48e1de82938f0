import { html } from 'hono/html'
import { formatVnd } from '../../../shared/money.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { stallCode } from '../stall-code.ts'
import { stallTitle } from '../stall.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

/** Test money that somebody's phone waits for. */
export interface ProofView {
  market: string
  stall: string
  stallWord: string
  vendor: string
  /** As the board wrote it down; may be empty. */
  phone: string
  holderName: string
  bankShortName: string
  accountNumber: string
  amountVnd: number
  /** What came under its reference and is not that amount. */
  wrongVnd: number | null
  /** The phone that asks: what it is, since when it listens, when it asked. */
  device: string
  pairedAt: number
  startedAt: number
  /** Made by the server, with its quiet zone. */
  qrSvg: string
}

const pair = (term: string, value: string | Html): Html =>
  html`<div>
    <dt>${term}</dt>
    <dd>${value}</dd>
  </div>`

const proofCard = (proof: ProofView): Html =>
  html`<article class="card test-money">
    <h2>${stallTitle(proof)} · ${proof.market}</h2>
    ${
      proof.wrongVnd !== null &&
      notice('warn', `Đã về ${formatVnd(proof.wrongVnd)}, không đúng số ghi dưới đây. Chuyển lại cho đúng.`)
    }
    <dl class="pairs">
      ${pair('Người bán', html`<b>${proof.vendor}</b>${proof.phone && html` · sổ chợ ghi số ${proof.phone}`}`)}
      ${pair('Máy xin', `${proof.device}, vào ${when(proof.pairedAt)}`)}
      ${pair('Xin lúc', when(proof.startedAt))} ${pair('Chủ tài khoản', html`<b>${proof.holderName}</b>`)}
      ${pair('Tài khoản', html`${proof.bankShortName} · <b class="reference">${proof.accountNumber}</b>`)}
      ${pair('Chuyển đúng', html`<b class="amount">${formatVnd(proof.amountVnd)}</b>`)}
    </dl>
    ${stallCode(proof.qrSvg, `Mã VietQR để chuyển thử cho ${proof.stallWord} ${proof.stall}`)}
  </article>`

/** «Chờ chuyển tiền thử»: the one place that shows what is to be sent, and to whom. */
export const proofsPage = (frame: Frame, proofs: readonly ProofView[]): Html =>
  layout(
    {
      ...frame,
      title: 'Chờ chuyển tiền thử',
      kind: 'office',
      header: pageHeader({
        title: 'Chờ chuyển tiền thử',
        place: 'Chợ 4.0',
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    proofs.length === 0
      ? html`<p class="empty">Không có máy nào chờ tiền thử.</p>`
      : html`<ol class="steps">
            <li>
              <b>Gọi người bán trước</b>, bằng số mình vẫn biết hay hỏi tại sạp: có phải chính họ đang dùng
              máy mới không. Không phải thì đừng chuyển, báo ban quản lý cho thoát máy đó.
            </li>
            <li>
              <b>Quét mã, chuyển đúng số tiền.</b> Tiền vào thẳng tài khoản của người bán, không vào sổ nào.
            </li>
            <li>
              <b>Đừng nói số tiền</b> cho ai, kể cả người bán: ai đọc được số ấy từ ngân hàng thì xem được sổ
              của sạp.
            </li>
          </ol>
          <div class="columns">${proofs.map(proofCard)}</div>`,
  )
