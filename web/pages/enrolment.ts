import { html } from 'hono/html'
import { consent } from './consent.ts'
import { bankChoice, type HindranceAt } from './bank-choice.ts'
import { field, type Field } from './field.ts'
import { HINDRANCES, type HearingHindrance } from './hindrance-words.ts'
import { layout } from './layout.ts'
import { notice } from './notice.ts'
import { photoInput } from './photo-input.ts'
import type { Frame, Html } from './layout.ts'
import type { FieldErrors } from './problem-words.ts'

type EnrolmentField =
  | 'sticker'
  | 'bank'
  | 'account_number'
  | 'vendor'
  | 'stall'
  | 'account_name'
  | 'phone'
  | 'consent'

export interface EnrolmentView {
  /** The one-time code of the link. */
  code: string
  market: string
  section: string
  stallWord: string
  typed: Partial<Record<EnrolmentField, string>>
  /** What was read from the code she photographed: its payload is kept while she mends the rest. */
  sticker?: { payload: string; bankShortName: string; accountNumber: string }
  hindranceAt: HindranceAt
  /** What will keep this account from being heard; she has been told of it once the page has shown it. */
  hindrance?: HearingHindrance
  errors: FieldErrors<EnrolmentField>
}

/** Shown by the server where it knows, else by the phone as soon as it does. */
const hindranceNotices = (shown: HearingHindrance | undefined): Html =>
  html`${(['bank_not_heard', 'needs_virtual_account'] as const).map(
    (one) =>
      html`<div data-hindrance="${one}" ${one === shown ? '' : 'hidden'}>
        ${notice(
          'warn',
          html`<p><b>${HINDRANCES[one].words}</b></p>
            <p>${HINDRANCES[one].remedy}</p>`,
        )}
      </div>`,
  )}`

/** Read from the sticker, or typed: the server takes the sticker's where there is one. */
const account = (view: EnrolmentView, typedNumber: Html): Html => {
  const { sticker, hindrance, typed, errors } = view
  const isTyped = Boolean(typed.bank || typed.account_number || errors.bank || errors.account_number)
  return html` <input type="hidden" name="sticker" value="${sticker?.payload ?? ''}" />
    <input type="hidden" name="told" value="${hindrance ?? ''}" />
    <div class="read" role="status" data-field="read" ${sticker ? '' : 'hidden'}>
      <p class="quiet">Mã ở sạp chuyển vào</p>
      <p><b data-field="bank">${sticker?.bankShortName ?? ''}</b></p>
      <p class="number" data-field="number">${sticker?.accountNumber ?? ''}</p>
      ${errors.account_number && sticker && html`<p class="error">${errors.account_number}</p>`}
      <button class="quiet needs-script" type="button" data-drop>Không phải, chọn lại</button>
    </div>
    <div class="unread" data-field="unread" ${sticker ? 'hidden' : ''}>
      ${photoInput('Chụp mã QR đang dán ở sạp', errors.sticker)}
      <details ${isTyped || errors.sticker ? 'open' : ''}>
        <summary>Không có mã? Gõ số tài khoản</summary>
        <div class="typed">${bankChoice(typed.bank ?? '', view.hindranceAt, errors.bank)} ${typedNumber}</div>
      </details>
    </div>
    ${hindranceNotices(hindrance)}`
}

/** A vendor who is in no list yet writes herself and her stall, on her own phone. Everything but the photograph works without script. */
export const enrolmentPage = (frame: Frame, view: EnrolmentView): Html => {
  const { market, section, stallWord, typed, errors } = view
  const text = (name: EnrolmentField, label: string, more: Partial<Field> = {}): Html => {
    const error = errors[name]
    return field({ label, name, value: typed[name] ?? '', ...more, ...(error ? { error } : {}) })
  }
  const problemCount = Object.keys(errors).length
  return layout(
    {
      ...frame,
      title: `Ghi tên ${stallWord} vào ${market}`,
      base: 'enrolment.css',
      script: 'enrolment.ts',
    },
    html`<section class="lone enrolment">
      <p class="place">${market} · ${section}</p>
      <h1>Ghi tên ${stallWord} của mình</h1>
      <p class="lead">Chừng hai phút, trên điện thoại của chính mình.</p>
      ${
        problemCount > 0 &&
        notice('bad', `Chưa ghi: có ${problemCount} chỗ cần xem lại, chữ đỏ ngay dưới từng chỗ.`)
      }
      ${
        problemCount === 0 &&
        view.hindrance &&
        notice('warn', 'Chưa ghi: đọc ô vàng về ngân hàng ở dưới, rồi bấm «Ghi tên và vào» lần nữa.')
      }
      <form action="/enrol/${view.code}" method="post" novalidate>
        <section>
          <h2>Ai bán, ở đâu?</h2>
          ${text('vendor', 'Tên mình', { required: true, autocomplete: 'name', autocapitalize: 'words' })}
          ${text('stall', `Tên ${stallWord}`, {
            required: true,
            hint: 'Như người trong chợ vẫn gọi: A12.',
            autocapitalize: 'characters',
          })}
          ${text('phone', 'Điện thoại', {
            type: 'tel',
            inputMode: 'tel',
            autocomplete: 'tel',
            hint: 'Không muốn ghi thì để trống.',
          })}
        </section>
        <section>
          <h2>Khách chuyển tiền vào đâu?</h2>
          ${account(view, text('account_number', 'Số tài khoản'))}
          ${text('account_name', 'Tên chủ tài khoản', {
            required: true,
            hint: 'Như ứng dụng ngân hàng hiện. Tài khoản tên người khác thì sửa lại.',
            autocapitalize: 'characters',
          })}
        </section>
        ${consent(frame, typed.consent === 'yes', errors.consent)}
        <button class="primary wide">Ghi tên và vào</button>
      </form>
      <p class="quiet">Đường dẫn này chỉ dùng được một lần, cho một người.</p>
    </section>`,
  )
}
