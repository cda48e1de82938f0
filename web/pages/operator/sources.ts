import { html } from 'hono/html'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

interface SourceSummary {
  id: string
  label: string
  /** In words. */
  kind: string
  mode: string
  lastHeardAt: number | null
  accountCount: number
}

export interface SourcesView {
  sources: readonly SourceSummary[]
  /** Every kind that can be added. */
  kinds: readonly { kind: string; name: string }[]
  publicUrl: string
  removed: boolean
}

/** Said before somebody waits for a call that cannot come. */
export const publicUrlNotice = (publicUrl: string, name = 'Các nguồn'): Html =>
  publicUrl.startsWith('https:')
    ? html``
    : notice(
        'warn',
        html`<p><b>${name} chỉ gọi địa chỉ https công khai.</b></p>
          <p>
            Máy chủ này đang ở ${publicUrl}. Đặt <code>PUBLIC_URL=https://…</code> rồi chạy lại thì mới gọi
            tới được.
          </p>`,
      )

/** Who tells us of money. */
export const sourcesPage = (frame: Frame, { sources, kinds, publicUrl, removed }: SourcesView): Html =>
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
    html`${removed && notice('good', 'Đã bỏ nguồn. Từ giờ không nghe nó nữa; những gì nó đã báo vẫn còn trong sổ.')}
      ${publicUrlNotice(publicUrl)}
      ${table({
        caption: 'Các nguồn',
        columns: [
          { label: 'nguồn' },
          { label: 'loại' },
          { label: 'nghe lần cuối' },
          { label: 'tài khoản được phép báo', numeric: true },
        ],
        rows: sources.map((source) => [
          html`<a class="row-link" href="/operator/sources/${source.id}">${source.label}</a>`,
          `${source.kind}, ${source.mode}`,
          source.lastHeardAt === null
            ? html`<span class="mark">chưa nghe lần nào</span>`
            : when(source.lastHeardAt),
          source.accountCount,
        ]),
        empty: 'Chưa có nguồn nào: chưa ai báo cho biết tiền về.',
      })}
      <details class="card" ${sources.length === 0 ? 'open' : ''}>
        <summary>Thêm nguồn</summary>
        <ul class="plain">
          ${kinds.map(
            ({ kind, name }) =>
              html`<li><a class="row-link" href="/operator/sources/add/${kind}">${name}</a></li>`,
          )}
        </ul>
      </details>`,
  )
