import { html } from 'hono/html'
import { vendorLayout } from './vendor-layout.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

interface BankLinkView extends VendorView {
  /** Whose page it is. */
  name: string
  url: string
}

/** The last step on ours: the way to the source's own page. */
export const bankLinkPage = (frame: Frame, view: BankLinkView): Html =>
  vendorLayout(
    frame,
    view,
    'settings',
    'Nối tài khoản',
    html`<h1>Nối tài khoản với ${view.name}</h1>
      <p>
        Bấm nút dưới là sang trang của ${view.name}. Mật khẩu ngân hàng chỉ gõ ở đó, Chợ 4.0 không thấy và
        không giữ.
      </p>
      <p>Đường dẫn này chỉ dùng được vài phút. Xong thì tự về lại trang «Cài đặt».</p>
      <p>
        <a class="button primary wide" rel="noreferrer" href="${view.url}">Sang trang của ${view.name}</a>
      </p>
      <p><a href="/vendor/${view.stallCode}/settings">Thôi, để sau</a></p>`,
  )
