import { html } from 'hono/html'
import { displayText } from '../../../shared/display-text.ts'
import { choices } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import type { AccountView } from './source.ts'
import type { Frame, Html } from '../layout.ts'

export interface StatementPreview {
  source: { id: string; label: string; mode: string }
  name: string
  accounts: readonly AccountView[]
  /** `bankBin-accountNumber`, or null where nobody knows yet. */
  chosenAccount: string | null
  /** The bank whose layout it is. */
  bankName: string | null
  /** Whether nobody need say what the columns are. */
  isMappingKnown: boolean
  headerNames: readonly string[]
  columns: readonly { column: string; index: number | null }[]
  dateOrder: string
  sample: readonly { line: number; cells: readonly string[] }[]
  /** What it holds and what it was held against; empty while there is a problem. */
  checked: readonly string[]
  problem?: string
}

const MAX_CELL_SHOWN = 80

const COLUMN_WORDS: Record<string, string> = {
  bookedOn: 'ngày',
  bookedTime: 'giờ, nếu ở cột riêng',
  debit: 'ghi nợ (tiền ra)',
  credit: 'ghi có (tiền vào)',
  amount: 'số tiền, nếu chỉ có một cột',
  direction: 'vào hay ra, nếu ở cột riêng',
  balance: 'số dư sau mỗi khoản',
  bankReference: 'số chứng từ, mã giao dịch',
  remittanceText: 'nội dung',
  payerName: 'tên người chuyển',
  payerAccount: 'tài khoản người chuyển',
}

const columnSelects = ({ columns, headerNames, dateOrder }: StatementPreview): Html =>
  html`<section>
    <h2>Cột nào là gì</h2>
    <p>Chợ 4.0 chưa gặp mẫu này. Chỉ một lần, lần sau tệp cùng mẫu tự đọc.</p>
    ${columns.map(
      ({ column, index }) =>
        html`<div class="field">
          <label for="${column}">Cột ${COLUMN_WORDS[column] ?? column}</label>
          <select id="${column}" name="${column}">
            <option value="">không có</option>
            ${headerNames.map(
              (name, at) =>
                html`<option value="${at}" ${at === index ? 'selected' : ''}>
                  ${at + 1}. ${displayText(name, MAX_CELL_SHOWN)}
                </option>`,
            )}
          </select>
        </div>`,
    )}
    ${choices('Ngày ghi kiểu', 'dateOrder', dateOrder, [
      { value: 'dmy', words: '22/11/2026', hint: 'ngày trước, hoặc năm trước: 2026-11-22' },
      { value: 'mdy', words: '11/22/2026', hint: 'tháng trước' },
    ])}
  </section>`

const accountChoice = ({ accounts, chosenAccount }: StatementPreview): Html =>
  choices(
    'Sao kê của tài khoản',
    'account',
    chosenAccount ?? '',
    accounts.map(({ bankBin, bankShortName, accountNumber }) => ({
      value: `${bankBin}-${accountNumber}`,
      words: `${bankShortName} · ${accountNumber}`,
    })),
  )

/** Cells are strangers' words: cleaned, isolated, escaped, never a formula. */
const sampleTable = ({ headerNames, sample }: StatementPreview): Html =>
  html`<div class="scroller" role="region" aria-label="Những dòng đầu" tabindex="0">
    ${table({
      caption: 'Những dòng đầu',
      columns: [
        { label: 'dòng' },
        ...headerNames.map((name) => ({ label: displayText(name, MAX_CELL_SHOWN) })),
      ],
      rows: sample.map(({ line, cells }) => [
        line,
        ...headerNames.map((_, index) => html`<bdi>${displayText(cells[index] ?? '', MAX_CELL_SHOWN)}</bdi>`),
      ]),
      empty: 'Không có dòng nào dưới tên cột.',
    })}
  </div>`

/** «Xem trước»: what a file holds and whether it adds up, before any of it is recorded. */
export const statementPreviewPage = (frame: Frame, view: StatementPreview): Html => {
  const { source, name, problem, checked } = view
  const home = `/operator/statements/${source.id}/preview/${name}`
  const isReadable = view.headerNames.length > 0
  return layout(
    {
      ...frame,
      title: 'Xem trước sao kê',
      kind: 'office source',
      header: pageHeader({
        title: 'Xem trước sao kê',
        place: source.label,
        back: { url: `/operator/statements/${source.id}`, words: source.label },
      }),
    },
    html`${problem && notice('bad', problem)}
      ${
        checked.length > 0 &&
        notice(
          'good',
          html`<ul>
            ${checked.map((words) => html`<li>${words}</li>`)}
          </ul>`,
        )
      }
      <p>Tệp ${name}${view.bankName && html`, mẫu <b>${view.bankName}</b>`}. Chưa ghi gì vào sổ.</p>
      ${
        isReadable &&
        html`<form action="${home}" method="post">
          ${accountChoice(view)} ${!view.isMappingKnown && columnSelects(view)}
          <div class="buttons">
            <button formmethod="get" formnovalidate>Xem lại</button>
            ${problem === undefined && html`<button class="primary wide">Ghi vào sổ</button>`}
          </div>
        </form>`
      }
      ${isReadable && sampleTable(view)}`,
  )
}
