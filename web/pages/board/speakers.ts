import { html } from 'hono/html'
import { layout } from '../layout.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import type { Frame, Html } from '../layout.ts'

export interface SpeakersView {
  market: { code: string; name: string; stallWord: string }
  rows: readonly {
    id: number
    name: string
    stallCount: number
    /** How many of them let the row's speaker tell of them. */
    agreedCount: number
    tablets: number
  }[]
}

/** The rows of a market and the tablets that speak for them. */
export const speakersPage = (frame: Frame, { market, rows }: SpeakersView): Html => {
  const { stallWord } = market
  const home = `/board/${market.code}`
  const act = (what: string, section: number, button: Html) =>
    html`<form action="${home}/speakers/${what}" method="post">
      <input type="hidden" name="section" value="${section}" />
      ${button}
    </form>`
  return layout(
    {
      ...frame,
      title: `Loa dãy · ${market.name}`,
      kind: 'office',
      header: pageHeader({
        title: 'Loa dãy',
        place: market.name,
        back: { url: home, words: `Danh sách ${stallWord}` },
      }),
    },
    html`<p class="lead">Một máy đặt giữa dãy, báo cho những ${stallWord} đã chịu cho báo.</p>
      <p>
        Người bán tự chọn ở «Cài đặt» trên điện thoại của mình: không, chỉ tên ${stallWord}, hay cả số tiền;
        lúc nào cũng đổi được. Máy làm loa không mở được trang nào khác.
      </p>
      ${table({
        caption: 'Các dãy',
        columns: [
          { label: 'dãy' },
          { label: 'đã chịu cho báo', numeric: true },
          { label: 'máy đang làm loa', numeric: true },
          { label: 'việc' },
        ],
        rows: rows.map(({ id, name, stallCount, agreedCount, tablets }) => [
          html`<b>${name}</b>`,
          `${agreedCount} trong ${stallCount} ${stallWord}`,
          tablets,
          html`<div class="row-actions">
            ${act(
              'sign-in-code',
              id,
              html`<button aria-label="Cấp mã cho một máy của ${name}">Cấp mã cho một máy</button>`,
            )}
            ${
              tablets > 0 &&
              act(
                'sign-out',
                id,
                html`<button class="danger" aria-label="Tắt mọi loa của ${name}">Tắt mọi loa</button>`,
              )
            }
          </div>`,
        ]),
        empty: `Chưa có ${stallWord} nào trong chợ.`,
      })}`,
  )
}
