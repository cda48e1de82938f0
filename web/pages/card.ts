import { html } from 'hono/html'
import { DEMO_WORDS, layout } from './layout.ts'
import { notice } from './notice.ts'
import { pageHeader } from './page-header.ts'
import { stallCode } from './stall-code.ts'
import { stallTitle } from './stall.ts'
import type { Frame, Html } from './layout.ts'

export interface CardView {
  market: string
  section: string
  stall: string
  stallWord: string
  holderName: string
  bankShortName: string
  accountNumber: string
  stallCode: string
  /** Made by the server, with its quiet zone. */
  qrSvg: string
}

/** Marks above and below the code, never on it; no logos: any bank's app reads it. */
const card = (view: CardView, demo: boolean): Html =>
  html`<article class="a6">
    <header>
      ${demo && html`<p class="demo-mark">${DEMO_WORDS}</p>`}
      <p>${view.market}${view.section && html` · ${view.section}`}</p>
      <h2>${stallTitle(view)}</h2>
      <p class="marks">VietQR · Chuyển khoản 24/7</p>
    </header>
    ${stallCode(view.qrSvg, `Mã VietQR của ${view.stallWord} ${view.stall}`)}
    <footer>
      <p class="marks">quét bằng ứng dụng ngân hàng nào cũng được</p>
      <p class="holder">${view.holderName}</p>
      <p class="account">${view.bankShortName} · <b>${view.accountNumber}</b></p>
      <p class="small">Mã sạp ${view.stallCode}</p>
    </footer>
  </article>`

/** The printed cards of a stall or of a whole market: what is seen is what comes out, one card a page. */
export const cardPage = (
  frame: Frame,
  cards: readonly CardView[],
  back?: { url: string; words: string },
): Html =>
  layout(
    {
      ...frame,
      title: 'In mã sạp',
      kind: 'cards',
      styles: ['print.css'],
      script: 'print.ts',
      header: pageHeader({ title: `${cards.length} tấm mã để in`, ...(back ? { back } : {}) }),
    },
    html`<div class="screen-only">
        ${notice(
          'plain',
          html`<p>
              Khổ giấy <b>A6</b>, mỗi tấm một trang. Trong hộp in chọn lề «Không», tỉ lệ 100&nbsp;%. In đen
              trắng cũng quét được.
            </p>
            <p class="quiet">Máy tính: Ctrl + P. Điện thoại: Chia sẻ, rồi In.</p>`,
        )}
        <button class="primary needs-script" type="button" data-print>In ${cards.length} tấm</button>
      </div>
      <div class="sheet">${cards.map((view) => card(view, frame.demo))}</div>`,
  )
