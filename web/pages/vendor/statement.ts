import { html } from 'hono/html'
import { businessDay, vietnamDate, vietnamTime } from '../../../shared/business-day.ts'
import { displayText } from '../../../shared/display-text.ts'
import { formatVnd } from '../../../shared/money.ts'
import { field } from '../field.ts'
import { notice } from '../notice.ts'
import { accountNotice, type AccountNotice } from './account-notice.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { BankTransaction } from '../../../shared/bank-transaction.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

type Booked = Pick<BankTransaction, 'amountVnd' | 'bookedAt' | 'bookedPrecision'>

interface StatementAnswer {
  /** What the statement holds and what it was held against, line by line. */
  checked: readonly string[]
  /** How many credits are in the book and in the statement. */
  borneOut: number
  /** How many are perhaps: the same day and amount, other words. */
  alike: number
  /** In the statement and not in the book. */
  unknown: readonly (Booked & Pick<BankTransaction, 'remittanceText'>)[]
  /** In the book and not in the statement, with the day under which the book has them. */
  absent: readonly (Booked & { businessDay: string })[]
}

export interface VendorStatementView extends VendorView {
  /** What this phone shows and what not, where that is not everything. */
  reachNotice?: AccountNotice
  /** Where her customers pay. */
  accounts: readonly { bankBin: string; bankShortName: string; accountNumber: string }[]
  /** Whose statements are read. */
  banks: readonly { bankBin: string; name: string }[]
  answer?: StatementAnswer
  /** Why the file was not taken, and what to do. */
  problem?: string
}

/** On a phone; the rest is counted. */
const MAX_SHOWN = 100
const MIDNIGHT = 0

const form = ({ stallCode, accounts, banks }: VendorStatementView): Html => {
  const names = banks.map(({ name }) => name).join(', ')
  if (!accounts.some(({ bankBin }) => banks.some((bank) => bank.bankBin === bankBin))) {
    return notice(
      'warn',
      `Chỉ đọc được sao kê của ${names}. Ngân hàng khác thì đưa sao kê cho ban quản lý chợ, họ nhờ xem giúp.`,
    )
  }
  return html`<form action="/vendor/${stallCode}/statement" method="post" enctype="multipart/form-data">
    ${field({
      label: 'Tệp sao kê',
      name: 'file',
      type: 'file',
      accept: '.csv,.xlsx',
      hint: `Tải ở ứng dụng ngân hàng, dạng Excel hoặc CSV, không sửa gì. Đọc được của ${names}.`,
      required: true,
    })}
    <button class="primary wide">So với sổ</button>
  </form>`
}

/** What a bank that knows no better than the day told of has no time. */
const whenBooked = ({ bookedAt, bookedPrecision }: Booked): string =>
  bookedPrecision === 'day' ? '' : vietnamTime(bookedAt)

const list = <One extends Booked>(credits: readonly One[], line: (one: One) => Html): Html =>
  html`<ol class="lines">
      ${credits.slice(0, MAX_SHOWN).map(
        (one) =>
          html`<li class="line line-other">
            <span class="row"
              ><b class="amount">${formatVnd(one.amountVnd)}</b
              ><span class="time">${whenBooked(one)}</span>${line(one)}</span
            >
          </li>`,
      )}
    </ol>
    ${credits.length > MAX_SHOWN && html`<p class="quiet">Và ${credits.length - MAX_SHOWN} khoản nữa.</p>`}`

const answerOf = ({ borneOut, alike, unknown, absent, checked }: StatementAnswer): Html =>
  html`${notice(
      borneOut + alike > 0 ? 'good' : 'plain',
      html`<p><b>${borneOut} khoản sổ đã có, sao kê cũng có.</b></p>
        ${alike > 0 && html`<p>${alike} khoản cùng ngày, cùng số tiền, chỉ khác lời nhắn.</p>`}
        ${unknown.length + absent.length === 0 && html`<p>Sổ và sao kê khớp nhau.</p>`}`,
    )}
    ${
      unknown.length > 0 &&
      html`<section>
        <h2>${unknown.length} khoản chưa thấy trong sổ</h2>
        <p>
          Có khi không phải tiền bán hàng, có khi ngân hàng chưa báo, hoặc đang chờ người xem. Là tiền bán
          hàng thì đưa sao kê này cho ban quản lý chợ. So ở đây không ghi gì vào sổ.
        </p>
        ${list(
          unknown,
          (one) =>
            html`<span class="from"
              >ngày ${vietnamDate(businessDay(one.bookedAt, MIDNIGHT))}
              <bdi>${displayText(one.remittanceText)}</bdi></span
            >`,
        )}
      </section>`
    }
    ${
      absent.length > 0 &&
      html`<section>
        <h2>${absent.length} khoản sổ có mà sao kê không có</h2>
        <p>
          Xem sao kê đã đủ các ngày chưa. Khoản gần nửa đêm có khi ngân hàng ghi sang ngày sau. Đủ rồi mà vẫn
          không thấy thì báo ban quản lý chợ.
        </p>
        ${list(absent, (one) => html`<span class="from">sổ ngày ${vietnamDate(one.businessDay)}</span>`)}
      </section>`
    }
    <details class="card">
      <summary>Sao kê này</summary>
      <ul>
        ${checked.map((words) => html`<li>${words}</li>`)}
      </ul>
    </details>`

/** «So với sao kê»: her bank's own list against her book. */
export const vendorStatementPage = (frame: Frame, view: VendorStatementView): Html =>
  vendorLayout(
    frame,
    view,
    'statement',
    'So sổ với sao kê',
    html`<h1>So sổ với sao kê</h1>
      ${view.reachNotice && accountNotice('plain', view.stallCode, view.reachNotice)}
      ${view.problem && notice('bad', view.problem)} ${view.answer && answerOf(view.answer)}
      <section>
        <h2>${view.answer ? 'So tệp khác' : 'Gửi sao kê của mình'}</h2>
        <p>
          Tài khoản của sạp:
          ${
            view.accounts.length === 0
              ? 'chưa có, hỏi ban quản lý chợ.'
              : view.accounts.map(
                  ({ bankShortName, accountNumber }, index) =>
                    html`${index > 0 && ', '}<b>${bankShortName} · ${accountNumber}</b>`,
                )
          }
        </p>
        <p class="quiet">Chỉ so, không ghi thêm tiền nào. Xem xong là tệp bị xoá.</p>
        ${form(view)}
      </section>`,
  )
