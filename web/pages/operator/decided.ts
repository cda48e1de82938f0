import { html } from 'hono/html'
import { formatVnd } from '../../../shared/money.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

export interface DecidedView {
  matchSeq: number
  amountVnd: number
  /** Epoch milliseconds. */
  bookedAt: number
  /** «A1», or what it is where it is no stall's sale. */
  whose: string
  /** By what, by whom and when. */
  how: string
  reason: string | null
  /** Where the form about it comes back. */
  returned?: { reason: string; error: string }
}

export interface DecidedPageView {
  place: { code: string; name: string; stallWord: string }
  /** What was looked for; `error` where that was no day or no amount. */
  asked: { day: string; amount: string; error?: string } | undefined
  credits: readonly DecidedView[]
  message?: { kind: 'good' | 'bad'; words: string }
}

const undoForm = (home: string, { matchSeq, returned }: DecidedView): Html => {
  const id = `reason-${matchSeq}`
  return html`<details ${returned ? 'open' : ''}>
    <summary class="button">Gỡ ra</summary>
    <form action="${home}/undo" method="post">
      <input type="hidden" name="matchSeq" value="${matchSeq}" />
      <div class="field">
        <label for="${id}">Vì sao gỡ</label>
        <input
          id="${id}"
          name="reason"
          value="${returned?.reason ?? ''}"
          maxlength="200"
          required
          autocomplete="off"
          aria-describedby="${returned ? `${id}-error` : ''}"
          aria-invalid="${returned ? 'true' : 'false'}"
        />
        ${returned && html`<p class="error" id="${id}-error">${returned.error}</p>`}
      </div>
      <button class="danger">Gỡ khoản này ra</button>
    </form>
  </details>`
}

const creditCard = (home: string, credit: DecidedView): Html =>
  html`<article class="card credit">
    <h3>${formatVnd(credit.amountVnd)} <span class="quiet">${when(credit.bookedAt)}</span></h3>
    <p><b>${credit.whose}</b></p>
    <p class="quiet">${credit.how}${credit.reason && html`: <bdi>${credit.reason}</bdi>`}</p>
    ${undoForm(home, credit)}
  </article>`

const search = (home: string, asked: DecidedPageView['asked']): Html =>
  html`<form action="${home}/decided" method="get" class="find-credit">
    <div class="field">
      <label for="day">Ngày</label>
      <input id="day" type="date" name="day" value="${asked?.day ?? ''}" required />
    </div>
    <div class="field">
      <label for="amount">Đúng số tiền</label>
      <input
        id="amount"
        name="amount"
        value="${asked?.amount ?? ''}"
        inputmode="numeric"
        placeholder="50.000"
        required
        autocomplete="off"
        aria-describedby="${asked?.error ? 'amount-error' : ''}"
        aria-invalid="${asked?.error ? 'true' : 'false'}"
      />
      ${asked?.error && html`<p class="error" id="amount-error">${asked.error}</p>`}
    </div>
    <button>Tìm</button>
  </form>`

/** «Khoản đã ghi»: what people decided last, any other by its day and amount, and the way to undo one. */
export const decidedPage = (frame: Frame, view: DecidedPageView): Html => {
  const { place, asked, credits } = view
  const home = `/operator/inbox/${place.code}`
  return layout(
    {
      ...frame,
      title: `Khoản đã ghi · ${place.name}`,
      kind: 'office',
      header: pageHeader({
        title: 'Khoản đã ghi',
        place: place.name,
        back: { url: home, words: 'Tiền chưa rõ' },
      }),
    },
    html`${view.message && notice(view.message.kind, view.message.words)}
      <p>
        Gỡ ra thì sổ của ${place.stallWord} bớt đúng khoản đó, máy người bán được báo, và khoản đó trở lại chờ
        ghi. Không có gì bị xoá.
      </p>
      ${search(home, asked)}
      <section class="credits">
        <h2>${asked ? 'Tìm thấy' : 'Người vừa ghi, mới nhất trước'}</h2>
        ${
          credits.length === 0
            ? html`<p class="empty">
                ${
                  asked
                    ? 'Không có khoản nào đã ghi đúng ngày và số tiền đó. Xem lại ngày trên tin báo của ngân hàng.'
                    : 'Chưa có khoản nào do người ghi.'
                }
              </p>`
            : credits.map((credit) => creditCard(home, credit))
        }
      </section>`,
  )
}
