import { html } from 'hono/html'
import { notice } from '../notice.ts'
import { when } from '../operator/when.ts'
import type { Html } from '../layout.ts'

/** The newest report about a stall, without any money. */
export interface WrongCode {
  /** «sạp A12», with the market where more than one is shown. */
  place: string
  /** Epoch milliseconds. */
  at: number
  /** Where that code would have sent the money; null where it names no account. */
  payee: { bankShortName: string; accountNumber: string } | null
  /** Of this stall, in the days that are shown. */
  reportCount: number
}

/** What shoppers reported, newest first: somebody should go and look. */
export const wrongCodes = (reports: readonly WrongCode[]): Html =>
  notice(
    'warn',
    html`<p><b>Có người báo mã lạ. Ra xem tấm mã đang dán, gỡ nếu không phải của chợ.</b></p>
      <ul>
        ${reports.map(
          ({ place, at, payee, reportCount }) =>
            html`<li>
              Có người báo mã lạ dán ở ${place} lúc ${when(at)}:
              ${
                payee
                  ? html`mã đó chuyển về ${payee.bankShortName} ·
                      <span class="reference">${payee.accountNumber}</span>`
                  : 'không phải mã chuyển khoản ngân hàng'
              }${reportCount > 1 && ` (${reportCount} tin báo)`}
            </li>`,
        )}
      </ul>`,
  )
