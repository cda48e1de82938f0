import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import type { Html } from '../layout.ts'

export interface ShownDay {
  businessDay: string
  transferVnd: number
  transferCount: number
  unclearCount: number
  cashVnd: number
  cashCount: number
  /** 1 is Monday, 7 Sunday. */
  weekday: number
  isMarketDay: boolean
}

interface Bars {
  title: string
  stallCode: string
  days: readonly ShownDay[]
  today: string
  usualVnd: number | undefined
}

const WEEKDAYS = ['', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'CN']
const WIDTH = 336
const HEIGHT = 140
/** A month's dates do not fit under every bar. */
const MAX_LABELS = 8

const totalOf = (day: ShownDay) => day.transferVnd + day.cashVnd
const nameOf = (day: ShownDay) => `${WEEKDAYS[day.weekday]} ${vietnamDate(day.businessDay)}`

/** One bar a day, drawn here and not by the phone; the same figures follow as a table whose days open. */
export const dayBars = ({ title, stallCode, days, today, usualVnd = 0 }: Bars): Html => {
  const top = Math.max(usualVnd, ...days.map(totalOf), 1)
  const step = WIDTH / days.length
  const high = (vnd: number) => Math.round((Math.max(vnd, 0) / top) * HEIGHT)
  const best = days.reduce((a, b) => (totalOf(b) > totalOf(a) ? b : a))
  const every = Math.ceil(days.length / MAX_LABELS)
  return html`<figure class="bars">
    <svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 34}" role="img" aria-labelledby="bars-title bars-desc">
      <title id="bars-title">${title}</title>
      <desc id="bars-desc">
        Nhiều nhất ${nameOf(best)}: ${formatVnd(totalOf(best))}.
        ${usualVnd > 0 && `Đường đứt đoạn là ngày chợ thường: ${formatVnd(usualVnd)}.`} Bảng ở dưới có từng
        ngày.
      </desc>
      ${days.map((day, index) => {
        const height = high(totalOf(day))
        const [x, width] = [index * step + step * 0.12, step * 0.76]
        return html`<rect
            class="transfer"
            x="${x.toFixed(1)}"
            y="${HEIGHT - height}"
            width="${width.toFixed(1)}"
            height="${height}"
          />
          ${
            index % every === 0 &&
            html`<text x="${(index * step + step / 2).toFixed(1)}" y="${HEIGHT + 24}">
              ${days.length > MAX_LABELS ? Number(day.businessDay.slice(8)) : WEEKDAYS[day.weekday]}
            </text>`
          }`
      })}
      <path class="ground" d="M0 ${HEIGHT}H${WIDTH}" />
      ${usualVnd > 0 && html`<path class="usual-line" d="M0 ${HEIGHT - high(usualVnd)}H${WIDTH}" />`}
    </svg>
    ${usualVnd > 0 && html`<figcaption class="quiet">Đường đứt đoạn: ngày chợ thường ${formatVnd(usualVnd)}</figcaption>`}
    <details ${days.length <= MAX_LABELS ? 'open' : ''}>
      <summary>Từng ngày</summary>
      <table class="days">
        <caption class="visually-hidden">
          ${title}
        </caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Ngày</th>
            <th scope="col" class="numeric">Tiền bán</th>
          </tr>
        </thead>
        <tbody>
          ${days
            .filter((day) => day.businessDay <= today)
            .toReversed()
            .map(
              (day) =>
                html`<tr>
                  <td>
                    <a href="/vendor/${stallCode}/book?day=${day.businessDay}"
                      >${nameOf(day)}${!day.isMarketDay && html`<small> không họp chợ</small>`}</a
                    >
                  </td>
                  <td class="numeric">${formatVnd(totalOf(day))}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </details>
  </figure>`
}
