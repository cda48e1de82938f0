import { html } from 'hono/html'
import { field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { boundAccounts, boundNotice, removalForm } from './source.ts'
import { statementModeWords } from './statements.ts'
import { when } from './when.ts'
import type { AccountView } from './source.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

type Stage = 'preview' | 'in' | 'working' | 'done' | 'refused'

export interface StatementSourceView {
  id: string
  label: string
  mode: string
  accounts: readonly AccountView[]
  /** Newest first. */
  files: readonly { name: string; stage: Stage; at: number }[]
  maxFileMegabytes: number
  typed: { accounts?: string; confirmation?: string }
  errors: FieldErrors<'file' | 'confirmation'>
  badLines: readonly string[]
  /** How many accounts were just allowed. */
  boundCount: number
}

const STAGES: Record<Stage, Html | string> = {
  preview: html`<span class="mark">chờ người xem</span>`,
  in: 'chờ ghi',
  working: 'đang ghi',
  done: 'đã ghi',
  refused: html`<b class="alarm">không nhận</b>`,
}

const uploadForm = (home: string, { accounts, maxFileMegabytes, errors }: StatementSourceView): Html =>
  accounts.length === 0
    ? notice('plain', 'Ghi tài khoản ở dưới trước, rồi mới gửi sao kê được.')
    : html`<form class="card" action="${home}/upload" method="post" enctype="multipart/form-data">
        ${field({
          label: 'Gửi một sao kê',
          name: 'file',
          type: 'file',
          accept: '.csv,.xlsx',
          hint: `Tệp .xlsx hoặc .csv tải từ ngân hàng, đủ cả ngày đầu, không sửa gì, tới ${maxFileMegabytes} MB.`,
          required: true,
          ...(errors.file === undefined ? {} : { error: errors.file }),
        })}
        <button class="primary wide">Xem trước</button>
      </form>`

/** One source of statements: its accounts, a file to send, what became of the others. */
export const statementSourcePage = (frame: Frame, view: StatementSourceView): Html => {
  const { id, label } = view
  const home = `/operator/statements/${id}`
  return layout(
    {
      ...frame,
      title: label,
      kind: 'office source',
      header: pageHeader({
        title: label,
        place: `Sao kê, ${statementModeWords(view.mode)}`,
        back: { url: '/operator/statements', words: 'Các nguồn sao kê' },
      }),
    },
    html`${boundNotice(view.boundCount)} ${uploadForm(home, view)}
      ${table({
        caption: 'Các tệp đã gửi',
        columns: [{ label: 'tệp' }, { label: 'lúc' }, { label: 'đến đâu' }],
        rows: view.files.map(({ name, stage, at }) => [
          html`<a class="row-link" href="${home}/files/${name}">${name}</a>`,
          when(at),
          STAGES[stage],
        ]),
        empty: 'Chưa có tệp nào.',
      })}
      <p class="quiet">
        Chép tệp vào thư mục <code>statements/in/${id}</code> của máy chủ cũng được; một phút sau máy chủ tự
        ghi. Tệp giữ lại một tuần rồi xoá.
      </p>
      ${boundAccounts(home, view)}
      ${removalForm(
        home,
        view,
        'Bỏ rồi thì không nhận sao kê cho nguồn này nữa. Những gì đã ghi vẫn còn trong sổ.',
      )}`,
  )
}
