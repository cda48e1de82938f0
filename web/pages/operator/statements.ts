import { html } from 'hono/html'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

export interface StatementsView {
  sources: readonly { id: string; label: string; mode: string; accountCount: number }[]
  typed: { label?: string; mode?: string }
  errors: FieldErrors<'label' | 'mode'>
  removed: boolean
}

const MODES: Record<string, string> = {
  counts: 'ghi được khoản mới',
  corroborates: 'chỉ để đối chiếu',
}

export const statementModeWords = (mode: string): string => MODES[mode] ?? mode

const sourceForm = ({ typed, errors, sources }: StatementsView): Html =>
  html`<details class="card" ${sources.length === 0 || Object.keys(errors).length > 0 ? 'open' : ''}>
    <summary>Thêm nguồn sao kê</summary>
    <form action="/operator/statements" method="post">
      ${field({
        label: 'Gọi là',
        name: 'label',
        value: typed.label ?? '',
        hint: 'Ví dụ: Sao kê Vietcombank chợ Phù Cát',
        required: true,
        ...(errors.label === undefined ? {} : { error: errors.label }),
      })}
      ${choices('Ai tải sao kê từ ngân hàng', 'mode', typed.mode ?? '', [
        {
          value: 'counts',
          words: 'Người vận hành tự tải',
          hint: 'khoản nào chưa ai báo thì ghi thêm vào sổ',
        },
        {
          value: 'corroborates',
          words: 'Người bán gửi tới',
          hint: 'chỉ để đối chiếu: không bao giờ tự thành tiền bán hàng',
        },
      ])}
      ${errors.mode && html`<p class="error">${errors.mode}</p>`}
      <button class="primary wide">Thêm nguồn này</button>
    </form>
  </details>`

/** Whose statements are taken. */
export const statementsPage = (frame: Frame, view: StatementsView): Html =>
  layout(
    {
      ...frame,
      title: 'Sao kê',
      kind: 'office',
      header: pageHeader({
        title: 'Sao kê',
        place: 'Chợ 4.0',
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    html`${view.removed && notice('good', 'Đã bỏ nguồn sao kê. Những gì đã ghi vẫn còn trong sổ.')}
      <p>Cuối ngày hoặc cuối tháng, sao kê của ngân hàng cho biết khoản nào chưa ai báo.</p>
      ${table({
        caption: 'Các nguồn sao kê',
        columns: [{ label: 'nguồn' }, { label: 'dùng để' }, { label: 'tài khoản', numeric: true }],
        rows: view.sources.map(({ id, label, mode, accountCount }) => [
          html`<a class="row-link" href="/operator/statements/${id}">${label}</a>`,
          statementModeWords(mode),
          accountCount,
        ]),
        empty: 'Chưa có nguồn sao kê nào.',
      })}
      ${sourceForm(view)}`,
  )
