import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { modeWords, publicUrlNotice } from './sources.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

export interface SourceSecretView {
  id: string
  label: string
  mode: string
  publicUrl: string
  /** Where the source sends its notifications. */
  address: string
  secret: string
  hasApiToken: boolean
  /** After a rotation: how long the secret before is good, epoch milliseconds. */
  oldGoodUntil?: number
}

const copyable = (label: string, text: string): Html =>
  html`<div class="copyable">
    <p class="label">${label}</p>
    <p class="one-time-link"><code>${text}</code></p>
    <button class="quiet needs-script" type="button" data-copy="${text}">
      ${icon('copy')}<span aria-live="polite">Chép</span>
    </button>
  </div>`

const newWebhook = ({ label, mode }: SourceSecretView): Html =>
  html`<ol class="steps">
    <li>Vào <b>my.sepay.vn</b>, mở <b>Tích hợp WebHooks</b>, bấm <b>Thêm webhook</b>.</li>
    <li>
      Tên: «${label}». URL nhận webhook: dán địa chỉ ở trên. Sự kiện: <b>Có tiền vào</b> (chọn cả vào và ra
      cũng được). Định dạng: JSON.
    </li>
    <li>Bật <b>Tự động gửi lại</b> khi máy chủ báo lỗi.</li>
    <li>
      Chọn các tài khoản ngân hàng của sạp. <b>Đừng</b> bật «Bỏ qua nếu không có mã thanh toán», đừng lọc tiền
      tố: mã của sạp do Chợ 4.0 tự đọc.
    </li>
    <li>
      Kiểu chứng thực: <b>${modeWords(mode)}</b>, dán khoá bí mật ở trên. SePay tự sinh khoá khác thì giữ khoá
      của SePay, rồi vào trang của nguồn này bấm «Đổi khoá» và dán khoá đó.
    </li>
    <li>Lưu, rồi bấm <b>Gửi thử</b> ở SePay: trang của nguồn này phải hiện giờ «nghe lần cuối».</li>
  </ol>`

/** A source's address and its secret, which no later page shows again. */
export const sourceSecretPage = (frame: Frame, view: SourceSecretView): Html => {
  const { oldGoodUntil } = view
  const title = oldGoodUntil === undefined ? `Đã thêm ${view.label}` : `Khoá mới của ${view.label}`
  return layout(
    {
      ...frame,
      title,
      kind: 'office',
      script: 'copy.ts',
      header: pageHeader({
        title,
        place: 'Nguồn báo tiền',
        back: { url: `/operator/sources/${view.id}`, words: view.label },
      }),
    },
    html`${notice('warn', html`<p><b>Chép khoá ngay bây giờ.</b> Trang này chỉ hiện một lần, đóng lại là không xem được nữa.</p>`)}
      ${publicUrlNotice(view.publicUrl)} ${copyable('Địa chỉ nhận tin', view.address)}
      ${copyable('Khoá bí mật', view.secret)}
      <h2>Làm gì ở SePay</h2>
      ${
        oldGoodUntil === undefined
          ? newWebhook(view)
          : html`<ol class="steps">
              <li>
                Vào <b>my.sepay.vn</b>, mở <b>Tích hợp WebHooks</b>, sửa webhook này, dán khoá mới vào phần
                ${modeWords(view.mode)}.
              </li>
              <li>
                Xong trước <b>${when(oldGoodUntil)}</b>: tới lúc đó khoá cũ vẫn dùng được, sau đó thì không.
              </li>
            </ol>`
      }
      ${
        oldGoodUntil === undefined &&
        !view.hasApiToken &&
        notice(
          'plain',
          html`<p>
            Nguồn này chưa có API token, nên khoản nào SePay gọi không tới trong 33 phút là mất tin. Lấy token
            ở my.sepay.vn, <b>Cấu hình công ty</b>, <b>API Access</b>, bấm «Thêm API»; rồi thêm lại nguồn này
            kèm token.
          </p>`,
        )
      }
      <p>
        <a class="button primary" href="/operator/sources/${view.id}"
          >${oldGoodUntil === undefined ? 'Tiếp: cho phép nguồn này báo tài khoản nào' : 'Về trang của nguồn này'}</a
        >
      </p>`,
  )
}
