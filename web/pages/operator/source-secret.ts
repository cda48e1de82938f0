import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { publicUrlNotice } from './sources.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

export interface SourceSecretView {
  id: string
  label: string
  source: {
    name: string
    console: string
    secret: { label: string }
    access: readonly { label: string; hint: string }[]
  }
  /** In words. */
  mode: string
  publicUrl: string
  /** Where the source sends its notifications. */
  address: string
  /** What to do at the source. */
  steps: readonly string[]
  secret: string
  hasAccess: boolean
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

/** A source's address and its secret, which no later page shows again. */
export const sourceSecretPage = (frame: Frame, view: SourceSecretView): Html => {
  const { id, label, oldGoodUntil, source } = view
  const isNew = oldGoodUntil === undefined
  const title = isNew ? `Đã thêm ${label}` : `Khoá mới của ${label}`
  const steps = isNew
    ? view.steps
    : [
        `Vào ${source.console}, sửa phần chứng thực (${view.mode}) của nguồn này, dán khoá mới.`,
        `Xong trước ${when(oldGoodUntil)}: tới lúc đó khoá cũ vẫn dùng được, sau đó thì không.`,
      ]
  return layout(
    {
      ...frame,
      title,
      kind: 'office',
      script: 'copy.ts',
      header: pageHeader({
        title,
        place: 'Nguồn báo tiền',
        back: { url: `/operator/sources/${id}`, words: label },
      }),
    },
    html`${notice('warn', html`<p><b>Chép khoá ngay bây giờ.</b> Trang này chỉ hiện một lần, đóng lại là không xem được nữa.</p>`)}
      ${publicUrlNotice(view.publicUrl, source.name)} ${copyable('Địa chỉ nhận tin', view.address)}
      ${copyable(source.secret.label, view.secret)}
      <h2>Làm gì ở ${source.name}</h2>
      <ol class="steps">
        ${steps.map((step) => html`<li>${step}</li>`)}
      </ol>
      ${
        isNew &&
        !view.hasAccess &&
        source.access.map(({ label: word, hint }) =>
          notice('plain', `Nguồn này chưa có ${word}. ${hint} Thêm ở trang của nguồn.`),
        )
      }
      <p>
        <a class="button primary" href="/operator/sources/${id}"
          >${isNew ? 'Tiếp: cho phép nguồn này báo tài khoản nào' : 'Về trang của nguồn này'}</a
        >
      </p>`,
  )
}
