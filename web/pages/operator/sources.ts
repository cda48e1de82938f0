import { html } from 'hono/html'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

type SourceField = 'label' | 'mode' | 'secret' | 'apiToken'

interface SourceSummary {
  id: string
  label: string
  kind: string
  mode: string
  lastHeardAt: number | null
  accountCount: number
}

export interface SourcesView {
  sources: readonly SourceSummary[]
  publicUrl: string
  /** Never what was typed as a secret: a page must not say it back. */
  typed: { label?: string; mode?: string }
  errors: FieldErrors<SourceField>
  removed: boolean
}

const KINDS: Record<string, string> = { sepay: 'SePay' }
const MODES: Record<string, string> = { hmac: 'HMAC-SHA256', apikey: 'API Key' }

export const kindWords = (kind: string): string => KINDS[kind] ?? kind
export const modeWords = (mode: string): string => MODES[mode] ?? mode

/** SePay calls nothing else; said before somebody waits for a call that cannot come. */
export const publicUrlNotice = (publicUrl: string): Html =>
  publicUrl.startsWith('https:')
    ? html``
    : notice(
        'warn',
        html`<p><b>SePay chỉ gọi địa chỉ https công khai.</b></p>
          <p>
            Máy chủ này đang ở ${publicUrl}. Đặt <code>PUBLIC_URL=https://…</code> rồi chạy lại thì SePay mới
            gọi tới được.
          </p>`,
      )

const sourceForm = ({ typed, errors, sources }: SourcesView): Html =>
  html`<details class="card" ${sources.length === 0 || Object.keys(errors).length > 0 ? 'open' : ''}>
    <summary>Thêm nguồn SePay</summary>
    <form action="/operator/sources" method="post">
      ${field({
        label: 'Gọi là',
        name: 'label',
        value: typed.label ?? '',
        hint: 'Để phân biệt khi có nhiều nguồn: SePay chợ Phù Cát',
        required: true,
        ...(errors.label === undefined ? {} : { error: errors.label }),
      })}
      ${choices('SePay chứng thực bằng', 'mode', typed.mode || 'hmac', [
        { value: 'hmac', words: 'HMAC-SHA256', hint: 'nên dùng: chữ ký đổi theo từng tin' },
        { value: 'apikey', words: 'API Key', hint: 'một khoá gửi kèm mỗi tin' },
      ])}
      ${errors.mode && html`<p class="error">${errors.mode}</p>`}
      ${field({
        label: 'Khoá bí mật',
        name: 'secret',
        hint: 'Để trống thì Chợ 4.0 tạo giúp, rồi dán sang SePay. SePay đã cho sẵn khoá thì dán khoá đó vào đây.',
        ...(errors.secret === undefined ? {} : { error: errors.secret }),
      })}
      ${field({
        label: 'API token',
        name: 'apiToken',
        hint: 'Nên có: để hỏi lại những khoản SePay gọi không tới. Lấy ở my.sepay.vn, Cấu hình công ty, API Access, «Thêm API».',
        ...(errors.apiToken === undefined ? {} : { error: errors.apiToken }),
      })}
      <button class="primary wide">Thêm nguồn này</button>
    </form>
  </details>`

/** Who tells us of money. */
export const sourcesPage = (frame: Frame, view: SourcesView): Html =>
  layout(
    {
      ...frame,
      title: 'Nguồn báo tiền',
      kind: 'office',
      header: pageHeader({
        title: 'Nguồn báo tiền',
        place: 'Chợ 4.0',
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    html`${view.removed && notice('good', 'Đã bỏ nguồn. Từ giờ không nghe nó nữa; những gì nó đã báo vẫn còn trong sổ.')}
    ${publicUrlNotice(view.publicUrl)}
    ${table({
      caption: 'Các nguồn',
      columns: [
        { label: 'nguồn' },
        { label: 'loại' },
        { label: 'nghe lần cuối' },
        { label: 'tài khoản được phép báo', numeric: true },
      ],
      rows: view.sources.map((source) => [
        html`<a class="row-link" href="/operator/sources/${source.id}">${source.label}</a>`,
        `${kindWords(source.kind)}, ${modeWords(source.mode)}`,
        source.lastHeardAt === null
          ? html`<span class="mark">chưa nghe lần nào</span>`
          : when(source.lastHeardAt),
        source.accountCount,
      ]),
      empty: 'Chưa có nguồn nào: chưa ai báo cho biết tiền về.',
    })}
    ${sourceForm(view)}`,
  )
