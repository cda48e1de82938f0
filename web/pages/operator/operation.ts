import { html } from 'hono/html'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import type { Field } from '../field.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

type MarketField = 'name' | 'day_starts_at' | 'market_days' | 'stall_word'

export interface OperatedMarket {
  code: string
  name: string
  stallWord: string
  dayStartsAtMinutes: number
  /** `daily`, or ISO weekdays: `1,4`. */
  marketDays: string
  stallCount: number
}

export interface OperationView {
  markets: readonly OperatedMarket[]
  sourceCount: number
  /** Accounts of the registries that no source may speak for. */
  unheardCount: number
  typed: Partial<Record<MarketField, string>>
  errors: FieldErrors<MarketField>
  /** The name of a market just added. */
  added?: string
}

const DAYS = ['thứ Hai', 'thứ Ba', 'thứ Tư', 'thứ Năm', 'thứ Sáu', 'thứ Bảy', 'Chủ nhật']
const WORDS = ['sạp', 'lô', 'quầy', 'ki-ốt']

const daysInWords = (marketDays: string): string =>
  marketDays === 'daily'
    ? 'họp hằng ngày'
    : `họp ${marketDays
        .split(',')
        .map((day) => DAYS[Number(day) - 1] ?? day)
        .join(', ')}`

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const marketForm = (view: OperationView): Html => {
  const { typed, errors } = view
  const text = (name: MarketField, label: string, more: Partial<Field> = {}): Html => {
    const error = errors[name]
    return field({
      label,
      name,
      value: typed[name] ?? '',
      ...more,
      ...(error === undefined ? {} : { error }),
    })
  }
  const chosenDays = (typed.market_days ?? '').split(',')
  const isOpen = view.markets.length === 0 || Object.keys(errors).length > 0
  return html`<details class="card" id="new-market" ${isOpen ? 'open' : ''}>
    <summary>Thêm chợ</summary>
    <form action="/operator/markets" method="post">
      ${text('name', 'Tên chợ', { required: true, hint: 'Ví dụ: Chợ Phù Cát' })}
      ${text('day_starts_at', 'Ngày bán bắt đầu lúc', {
        hint: 'Giờ và phút. Chợ ngày để 00:00; chợ đêm họp từ 15:00 đến sáng thì ghi 15:00, bán tới 2 giờ sáng vẫn là một ngày.',
        value: typed.day_starts_at ?? '00:00',
      })}
      <fieldset class="choices day-choices">
        <legend>Ngày họp chợ</legend>
        <p class="hint">Họp hằng ngày thì để trống.</p>
        ${DAYS.map(
          (day, index) =>
            html`<label class="choice"
              ><input
                type="checkbox"
                name="market_days"
                value="${index + 1}"
                ${chosenDays.includes(String(index + 1)) ? 'checked' : ''}
              /><span>${day}</span></label
            >`,
        )}
        ${errors.market_days && html`<p class="error">${errors.market_days}</p>`}
      </fieldset>
      ${choices(
        'Trong chợ gọi một chỗ bán là',
        'stall_word',
        typed.stall_word || 'sạp',
        WORDS.map((word) => ({ value: word, words: word })),
      )}
      ${errors.stall_word && html`<p class="error">${errors.stall_word}</p>`}
      <button class="primary wide">Lưu chợ này</button>
    </form>
  </details>`
}

const step = (isDone: boolean, words: Html): Html =>
  html`<li class="${isDone ? 'quiet' : ''}">${words} ${isDone && html`<b>✓ xong</b>`}</li>`

/** What to do next, until money can be heard. */
const firstSteps = ({ markets, sourceCount, unheardCount }: OperationView): Html => {
  const [first] = markets
  const hasStalls = markets.some((market) => market.stallCount > 0)
  if (first && hasStalls && sourceCount > 0) {
    return unheardCount === 0
      ? html``
      : notice(
          'warn',
          html`<p>
            <b>${unheardCount} tài khoản chưa nguồn nào được phép báo</b>, nên tiền vào đó chưa được tính.
            <a href="/operator/sources">Mở nguồn báo tiền để cho phép</a>.
          </p>`,
        )
  }
  return html`<section class="card">
    <h2>Ba việc để nghe được đồng đầu tiên</h2>
    <ol class="steps">
      ${step(first !== undefined, html`<p><a href="#new-market">Thêm chợ</a>: tên, giờ bắt đầu ngày bán.</p>`)}
      ${step(
        hasStalls,
        first
          ? html`<p>
              <a href="/board/${first.code}/stalls/new">Thêm ${first.stallWord}</a> từng ${first.stallWord}
              một, hoặc cả danh sách bằng <code>npm run import -- stalls.csv</code>.
            </p>`
          : html`<p>Thêm sạp: người bán, tài khoản nhận tiền. Làm được sau khi có chợ.</p>`,
      )}
      ${step(
        sourceCount > 0,
        html`<p>
          <a href="/operator/sources">Thêm nguồn báo tiền SePay</a>, rồi cho phép nó báo tài khoản của các
          sạp.
        </p>`,
      )}
    </ol>
  </section>`
}

const marketRow = (market: OperatedMarket): (string | Html)[] => [
  html`<b>${market.name}</b>`,
  html`<div>
    <p>${daysInWords(market.marketDays)}</p>
    <p class="quiet">ngày bán từ ${clock(market.dayStartsAtMinutes)}</p>
  </div>`,
  `${market.stallCount} ${market.stallWord}`,
  html`<div class="row-actions">
    <a href="/board/${market.code}">Danh sách ${market.stallWord}</a>
    <a href="/operator/inbox/${market.code}">Tiền chưa rõ</a>
    <form action="/operator/markets/${market.code}/invite" method="post">
      <button>Cấp mã cho ban quản lý</button>
    </form>
  </div>`,
]

/** Where the operator arrives: the markets, and what needs looking after. */
export const operationPage = (frame: Frame, view: OperationView): Html =>
  layout(
    {
      ...frame,
      title: 'Vận hành',
      kind: 'office',
      header: pageHeader({ title: 'Vận hành', place: 'Chợ 4.0' }),
    },
    html`${view.added && notice('good', `Đã thêm ${view.added}.`)} ${firstSteps(view)}
      ${
        view.markets.length > 0 &&
        html`${table({
            caption: 'Các chợ',
            columns: [{ label: 'chợ' }, { label: 'ngày họp' }, { label: 'chỗ bán' }, { label: 'việc' }],
            rows: view.markets.map(marketRow),
          })}
          <div class="actions">
            <a class="button" href="/operator/sources">Nguồn báo tiền</a>
            <a class="button" href="/operator/inbox/khong-thuoc-cho-nao">Tiền không thuộc chợ nào</a>
          </div>`
      }
      ${marketForm(view)}
      <form action="/leave" method="post"><button class="quiet">Ra khỏi máy này</button></form>`,
  )
