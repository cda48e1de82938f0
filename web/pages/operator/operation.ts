import { html } from 'hono/html'
import { layout } from '../layout.ts'
import { wrongCodes, type WrongCode } from '../board/wrong-codes.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { clock, DAYS, marketFields, type MarketForm } from './market.ts'
import type { Frame, Html } from '../layout.ts'

export interface OperatedMarket {
  code: string
  name: string
  stallWord: string
  dayStartsAtMinutes: number
  /** `daily`, or ISO weekdays: `1,4`. */
  marketDays: string
  stallCount: number
}

export interface OperationView extends MarketForm {
  markets: readonly OperatedMarket[]
  sourceCount: number
  /** Accounts of the registries that no source may speak for. */
  unheardCount: number
  /** Phones that wait for test money. */
  proofCount: number
  /** Codes that shoppers say are not the stall's, of all markets, newest first. */
  incidents: readonly WrongCode[]
  /** What was just done: «Đã thêm Chợ Phù Cát.» */
  done?: string
}

const daysInWords = (marketDays: string): string =>
  marketDays === 'daily'
    ? 'họp hằng ngày'
    : `họp ${marketDays
        .split(',')
        .map((day) => DAYS[Number(day) - 1] ?? day)
        .join(', ')}`

const newMarket = (view: OperationView): Html => {
  const { typed, errors } = view
  const isOpen = view.markets.length === 0 || Object.keys(errors).length > 0
  return html`<details class="card" id="new-market" ${isOpen ? 'open' : ''}>
    <summary>Thêm chợ</summary>
    <form action="/operator/markets" method="post">
      ${marketFields({ typed, errors })}
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
    <a href="/operator/markets/${market.code}">Sửa chợ</a>
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
    html`${view.done && notice('good', view.done)}
      ${
        view.proofCount > 0 &&
        notice(
          'warn',
          html`<p>
            <b>${view.proofCount} máy chờ tiền thử</b> để chứng minh tài khoản.
            <a href="/operator/proofs">Xem và chuyển</a>.
          </p>`,
        )
      }
      ${firstSteps(view)} ${view.incidents.length > 0 && wrongCodes(view.incidents)}
      ${
        view.markets.length > 0 &&
        html`${table({
            caption: 'Các chợ',
            columns: [{ label: 'chợ' }, { label: 'ngày họp' }, { label: 'chỗ bán' }, { label: 'việc' }],
            rows: view.markets.map(marketRow),
          })}
          <div class="actions">
            <a class="button" href="/operator/sources">Nguồn báo tiền</a>
            <a class="button" href="/operator/proofs">Chờ chuyển tiền thử (${view.proofCount})</a>
            <a class="button" href="/operator/statements">Sao kê</a>
            <a class="button" href="/operator/inbox/khong-thuoc-cho-nao">Tiền không thuộc chợ nào</a>
          </div>`
      }
      ${newMarket(view)}
      <form action="/leave" method="post"><button class="quiet">Ra khỏi máy này</button></form>`,
  )
