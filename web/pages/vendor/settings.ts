import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { choices } from '../field.ts'
import { notice } from '../notice.ts'
import { phoneList, type PhoneLine } from './phones.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { RowTelling } from '../../../shared/wire.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

export interface VendorSettingsView extends VendorView {
  /** What the shared speaker of her row may tell of her stall. */
  rowTelling: RowTelling
  /** The source on whose page she may link her account herself. */
  linksWith: string | null
  /** Oldest first. */
  phones: readonly PhoneLine[]
  /** Where her customers pay; null while the stall has no account. */
  account: { holderName: string; bankShortName: string; accountNumber: string; isProven: boolean } | null
  /** This phone may ask for a proof of the account, and would gain by it. */
  mayProve: boolean
  /** Just saved. */
  saved?: boolean
}

const account = ({ stallCode, account: paid, mayProve }: VendorSettingsView): Html =>
  html`<section class="settings-account">
    <h2>Tài khoản nhận tiền</h2>
    ${
      paid
        ? html`<p>
            <b>${paid.holderName}</b><br />${paid.bankShortName} ·
            <span class="reference">${paid.accountNumber}</span><br />
            ${paid.isProven ? 'Đã có tiền vào đúng mã.' : 'Chưa có tiền vào, chưa chắc đúng của mình.'}
          </p>`
        : html`<p>Sạp chưa có tài khoản. Hỏi ban quản lý chợ.</p>`
    }
    ${mayProve && html`<a class="button wide" href="/vendor/${stallCode}/proof">Chứng minh tài khoản</a>`}
  </section>`

/** Her leave for the tablet that speaks for the whole row: given with thought, taken back with one tap. */
const rowSpeaker = ({ stallCode, stallWord, rowTelling }: VendorSettingsView): Html =>
  html`<section class="row-telling">
    <h2>Loa dãy</h2>
    <p>
      Ban quản lý có thể đặt một máy làm loa chung cho cả dãy. Ai đứng gần cũng nghe, cũng thấy. Máy đó không
      có sổ, không biết ai chuyển; khoản chưa rõ có phải tiền bán hàng không thì nó không báo.
    </p>
    <form action="/vendor/${stallCode}/row-speaker" method="post">
      ${choices(`Cho loa dãy đọc ${stallWord} của tôi`, 'tells', rowTelling, [
        { value: 'nothing', words: 'Không' },
        {
          value: 'name',
          words: `Chỉ báo tên ${stallWord}`,
          hint: '«có khách chuyển khoản», không có số tiền',
        },
        { value: 'amount', words: 'Đọc cả số tiền', hint: 'cả dãy nghe và thấy số tiền' },
      ])}
      <button class="wide">Lưu loa dãy</button>
    </form>
    ${
      rowTelling !== 'nothing' &&
      html`<form action="/vendor/${stallCode}/row-speaker" method="post">
        <button class="danger wide" name="tells" value="nothing">Thôi, loa dãy đừng báo cho tôi nữa</button>
      </form>`
    }
  </section>`

/** On the source's own page; nothing of her bank's passes through here. */
const bankLink = (stallCode: string, linksWith: string): Html =>
  html`<form action="/vendor/${stallCode}/bank-link" method="post">
    <h2>Nối tài khoản</h2>
    <p>
      Nối tài khoản ngân hàng của mình với ${linksWith} thì tiền vào mới được báo. Làm trên trang của
      ${linksWith}; Chợ 4.0 không thấy mật khẩu ngân hàng.
    </p>
    <p class="error" role="alert" data-unsent></p>
    <button class="wide">Nối tài khoản của tôi</button>
  </form>`

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
      <button class="wide needs-script" type="button" data-try="50000">${icon('speaker')}Thử loa</button>
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
      ${account(view)}
      ${
        !view.onlyHears &&
        html`${view.linksWith !== null && bankLink(view.stallCode, view.linksWith)} ${rowSpeaker(view)}
        ${phoneList(view.stallCode, view.phones)} ${withdrawal(view.stallCode)}`
      }
      <form class="leave" action="/leave" method="post">
        <h2>Ra khỏi máy này</h2>
        <p>Ra rồi thì máy này không đọc tiền nữa. Muốn vào lại phải xin đường dẫn mới.</p>
        <p class="error" role="alert" data-unsent></p>
        <button class="danger">Ra khỏi máy này</button>
      </form>`,
  )
