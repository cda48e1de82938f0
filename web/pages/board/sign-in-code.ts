import { html } from 'hono/html'
import { vietnamTime } from '../../../shared/business-day.ts'
import { icon } from '../../icons/icon.ts'
import { layout } from '../layout.ts'
import { pageHeader } from '../page-header.ts'
import { stallCode } from '../stall-code.ts'
import type { Frame, Html } from '../layout.ts'

export interface SignInCodeView {
  /** Whom the link lets in: «Nguyễn Thị Lan, sạp A12». */
  whom: string
  /** Where: the market. */
  place: string
  link: string
  /** The link as a code, made by the server. */
  qrSvg: string
  lifetimeMinutes: number
  /** Epoch milliseconds. */
  expiresAt: number
  /** What the person should know before scanning. */
  advice: string
  back: { url: string; words: string }
  /** Where all phones of this person are signed out, where that can be asked for. */
  signOutUrl?: string
}

/** A one-time link to hold out to somebody standing there. Shown once: asking again makes another. */
export const signInCodePage = (frame: Frame, view: SignInCodeView): Html =>
  layout(
    {
      ...frame,
      title: `Mã đăng nhập cho ${view.whom}`,
      script: 'copy.ts',
      header: pageHeader({ title: `Mã đăng nhập cho ${view.whom}`, place: view.place, back: view.back }),
    },
    html`<div class="columns sign-in-code">
      ${stallCode(view.qrSvg, `Mã đăng nhập cho ${view.whom}`)}
      <section>
        <p class="lead">
          <b>Dùng một lần, trong ${view.lifetimeMinutes} phút</b> (đến ${vietnamTime(view.expiresAt)}).
        </p>
        <p>${view.advice}</p>
        <p>Không quét được thì gửi đường dẫn này cho đúng người:</p>
        <p class="one-time-link"><code>${view.link}</code></p>
        <button class="quiet needs-script" type="button" data-copy="${view.link}">
          ${icon('copy')}<span aria-live="polite">Chép đường dẫn</span>
        </button>
        <p class="quiet">
          Ai mở trước thì người đó vào. Lỡ đưa nhầm người hay hết giờ: quay lại, cấp mã mới.
        </p>
        ${
          view.signOutUrl &&
          html`<details>
            <summary>Mất điện thoại?</summary>
            <p>Mọi máy đang mở sổ của người này sẽ thoát ra ngay; mã vừa cấp ở trên vẫn dùng được.</p>
            <form action="${view.signOutUrl}" method="post">
              <button class="danger">Thoát mọi máy cũ</button>
            </form>
          </details>`
        }
      </section>
    </div>`,
  )
