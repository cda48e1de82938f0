import { html } from 'hono/html'
import { bankChoice, type HindranceAt } from '../bank-choice.ts'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { stallTitle } from '../stall.ts'
import type { Field } from '../field.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

type StallField =
  | 'section'
  | 'stall'
  | 'vendor'
  | 'phone'
  | 'bank'
  | 'account_number'
  | 'account_name'
  | 'virtual_account'
  | 'holder_type'
  | 'selling_only'
  | 'consent_at'

export interface NewStallView {
  market: { code: string; name: string; stallWord: string }
  /** Set where the form changes a stall that is there: its code and name. */
  changes?: { code: string; name: string }
  hindranceAt: HindranceAt
  typed: Partial<Record<StallField, string>>
  errors: FieldErrors<StallField>
  /** Why it was not closed. */
  closeError?: string
}

const sellingOnly = (isChecked: boolean, error: string | undefined): Html =>
  html`<div class="field">
    <label class="choice"
      ><input type="checkbox" name="selling_only" value="yes" ${isChecked ? 'checked' : ''} /><span
        >Tài khoản này chỉ dùng để bán hàng
        <small
          >Đánh dấu thì khách chuyển không qua mã sạp cũng tính là tiền bán. Không chắc thì để trống: khoản
          nào không có mã, người bán tự bấm nói là tiền gì.</small
        ></span
      ></label
    >
    ${error && html`<p class="error">${error}</p>`}
  </div>`

/** For good, so it asks twice: folded away, and a box to tick. */
const closeForm = (
  { market, closeError }: NewStallView,
  { code, name }: NonNullable<NewStallView['changes']>,
): Html =>
  html`<details class="card" ${closeError ? 'open' : ''}>
    <summary>Đóng ${market.stallWord}</summary>
    <form action="/board/${market.code}/stalls/${code}/close" method="post">
      <p>
        Đóng rồi thì không mở lại được: trang của ${market.stallWord} không còn, tên và mã không cấp cho chỗ
        khác. Nhớ gỡ tấm mã đã dán. Khách còn chuyển vào thì tiền vẫn về tài khoản người bán, người vận hành
        xem là của ai.
      </p>
      <div class="field">
        <label class="choice"
          ><input
            type="checkbox"
            name="confirmation"
            value="yes"
            required
            aria-invalid="${closeError ? 'true' : 'false'}"
            aria-describedby="${closeError ? 'confirmation-error' : ''}"
          /><span>${stallTitle({ stall: name, stallWord: market.stallWord })} thôi bán ở chợ này</span></label
        >
        ${closeError && html`<p class="error" id="confirmation-error">${closeError}</p>`}
      </div>
      <button class="danger">Đóng ${market.stallWord} ${name}</button>
    </form>
  </details>`

/** «Thêm sạp», also for changing one: writing a known stall again proposes what is different. */
export const newStallPage = (frame: Frame, view: NewStallView): Html => {
  const { market, changes, typed, errors } = view
  const { stallWord } = market
  const home = `/board/${market.code}`
  const text = (name: StallField, label: string, more: Partial<Field> = {}): Html => {
    const error = errors[name]
    return field({
      label,
      name,
      value: typed[name] ?? '',
      ...more,
      ...(error === undefined ? {} : { error }),
    })
  }
  const title = changes ? `Đổi thông tin ${stallWord} ${changes.name}` : `Thêm ${stallWord}`
  const problemCount = Object.keys(errors).length
  return layout(
    {
      ...frame,
      title,
      header: pageHeader({ title, place: market.name, back: { url: home, words: `Danh sách ${stallWord}` } }),
    },
    html`${
        problemCount > 0 &&
        notice('bad', `Chưa lưu: có ${problemCount} chỗ cần xem lại, ghi chữ đỏ ngay dưới từng chỗ.`)
      }
      ${
        changes &&
        notice(
          'plain',
          html`<p>
            Đổi tài khoản chỉ là đề nghị: tài khoản đang dùng vẫn giữ cho tới khi có khách chuyển khoản đầu
            tiên bằng mã in theo tài khoản mới.
          </p>`,
        )
      }
      <form
        class="long-form"
        action="${home}/stalls/new${changes ? `?stall=${changes.code}` : ''}"
        method="post"
      >
        <div class="columns">
          <section>
            <h2>${changes ? 'Người bán' : 'Chỗ bán và người bán'}</h2>
            ${text('section', 'Dãy, khu', { required: true, hint: 'Ví dụ: Dãy A, Hàng cá' })}
            ${
              changes
                ? ''
                : text('stall', `Tên ${stallWord}`, {
                    required: true,
                    hint: `Như người trong chợ vẫn gọi: A12. Trùng tên ${stallWord} đã có là đổi thông tin ${stallWord} đó.`,
                  })
            }
            ${text('vendor', 'Tên người bán', { required: true })}
            ${text('phone', 'Điện thoại', { type: 'tel', inputMode: 'tel', hint: 'Không có thì để trống.' })}
            ${text('consent_at', 'Đã ký giấy đồng ý ngày', {
              type: 'date',
              hint: 'Chỉ ghi khi đã ký giấy. Để trống thì Chợ 4.0 hỏi người bán lúc vào lần đầu; chưa đồng ý thì chưa tính gì.',
            })}
          </section>
          <section>
            <h2>Tài khoản nhận tiền</h2>
            ${bankChoice(typed.bank ?? '', view.hindranceAt, errors.bank)}
            ${text('account_number', 'Số tài khoản', { required: true })}
            ${text('account_name', 'Tên chủ tài khoản', {
              required: true,
              hint: 'Như ứng dụng ngân hàng hiện: NGUYEN THI LAN. Gõ có dấu cũng được, tự bỏ dấu.',
            })}
            ${choices('Tài khoản của', 'holder_type', typed.holder_type || 'individual', [
              { value: 'individual', words: 'Cá nhân' },
              {
                value: 'household_business',
                words: 'Hộ kinh doanh',
                hint: 'mở theo giấy đăng ký hộ kinh doanh',
              },
            ])}
            ${errors.holder_type && html`<p class="error">${errors.holder_type}</p>`}
            ${text('virtual_account', 'Tài khoản ảo', {
              hint: 'BIDV và MSB chỉ báo tiền qua tài khoản ảo. Ngân hàng khác thì để trống.',
            })}
            ${sellingOnly((typed.selling_only ?? '') !== '', errors.selling_only)}
          </section>
        </div>
        <button class="primary wide">${changes ? 'Lưu thay đổi' : `Lưu ${stallWord} này`}</button>
      </form>
      ${changes && closeForm(view, changes)}`,
  )
}
