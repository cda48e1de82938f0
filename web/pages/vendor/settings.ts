import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { choices } from '../field.ts'
import { notice } from '../notice.ts'
import { phoneList, type PhoneLine } from './phones.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

export interface VendorSettingsView extends VendorView {
  /** Oldest first. */
  phones: readonly PhoneLine[]
  /** Just saved. */
  saved?: boolean
}

const voiceForm = (view: VendorSettingsView): Html =>
  html`<form action="/vendor/${view.stallCode}/settings" method="post">
    ${choices('Khi có tiền vào', 'announce', view.announce, [
      { value: 'amount', words: 'Đọc số tiền', hint: '«đã nhận năm mươi ngàn đồng»' },
      { value: 'chime', words: 'Chỉ kêu chuông', hint: 'người đứng gần không nghe số tiền' },
    ])}
    ${choices('1.000 đọc là', 'thousand', view.dialect.thousand, [
      { value: 'ngàn', words: 'một ngàn' },
      { value: 'nghìn', words: 'một nghìn' },
    ])}
    ${choices('105 đọc là', 'odd', view.dialect.odd, [
      { value: 'lẻ', words: 'một trăm lẻ năm' },
      { value: 'linh', words: 'một trăm linh năm' },
    ])}
    <div class="actions">
      <button class="primary wide">Lưu</button>
      <button class="wide needs-script" type="button" data-try>${icon('speaker')}Thử loa</button>
    </div>
  </form>`

const withdrawal = (stallCode: string): Html =>
  html`<form class="leave" action="/vendor/${stallCode}/withdraw" method="post">
    <h2>Rút lại đồng ý</h2>
    <p>
      Từ lúc rút, tiền vào tài khoản không được nghe, không được tính nữa; sổ cũ vẫn giữ. Muốn nghe lại thì
      xin mã đăng nhập mới ở ban quản lý chợ.
    </p>
    <label class="choice"
      ><input type="checkbox" name="withdraw" value="yes" required /><span>Tôi rút lại đồng ý</span></label
    >
    <p class="error" role="alert" data-unsent></p>
    <button class="danger">Rút lại đồng ý</button>
  </form>`

export const vendorSettingsPage = (frame: Frame, view: VendorSettingsView): Html =>
  vendorLayout(
    frame,
    view,
    'settings',
    'Cài đặt',
    html`<h1>Cài đặt loa</h1>
      ${view.saved && notice('good', 'Đã lưu.')}
      <p class="news" role="status" data-field="news"></p>
      ${!view.onlyHears && voiceForm(view)}
      <p class="quiet">
        Loa chỉ đọc khi trang này đang mở trên màn hình. Để điện thoại sáng và vặn to âm lượng.
      </p>
      ${!view.onlyHears && html`${phoneList(view.stallCode, view.phones)} ${withdrawal(view.stallCode)}`}
      <form class="leave" action="/leave" method="post">
        <h2>Ra khỏi máy này</h2>
        <p>Ra rồi thì máy này không đọc tiền nữa. Muốn vào lại phải xin đường dẫn mới.</p>
        <p class="error" role="alert" data-unsent></p>
        <button class="danger">Ra khỏi máy này</button>
      </form>`,
  )
