import { html } from 'hono/html'
import { field } from '../field.ts'
import { layout } from '../layout.ts'
import { pageHeader } from '../page-header.ts'
import type { Frame, Html } from '../layout.ts'

export interface InvitationView {
  market: { code: string; name: string; stallWord: string }
  sections: readonly { id: number; name: string }[]
  /** The row invited to last. */
  chosen: string
  /** A new row's name as it was typed, and what is wrong with it. */
  newSection: string
  error?: string
}

/** «Mời tiểu thương mới»: in which row; the code to hold out to her is the next page. */
export const invitationPage = (frame: Frame, view: InvitationView): Html => {
  const { market, sections, chosen, newSection, error } = view
  const home = `/board/${market.code}`
  const title = 'Mời tiểu thương mới'
  return layout(
    {
      ...frame,
      title: `${title} · ${market.name}`,
      header: pageHeader({
        title,
        place: market.name,
        back: { url: home, words: `Danh sách ${market.stallWord}` },
      }),
    },
    html`<p>
        Cho người chưa có tên trong danh sách: quét mã bằng điện thoại của mình, tự ghi tên,
        ${market.stallWord} và tài khoản, chừng hai phút.
      </p>
      <form class="long-form" action="${home}/invitation" method="post">
        ${
          sections.length > 0 &&
          html`<div class="field">
            <label for="section">Dãy</label>
            <select id="section" name="section">
              ${sections.map(
                ({ id, name }) =>
                  html`<option value="${id}" ${String(id) === chosen ? 'selected' : ''}>${name}</option>`,
              )}
            </select>
          </div>`
        }
        ${field({
          label: sections.length > 0 ? 'Dãy khác, chưa có ở trên' : 'Dãy',
          name: 'new_section',
          value: newSection,
          hint: 'Ví dụ: Dãy A, Hàng cá',
          ...(error ? { error } : {}),
        })}
        <button class="primary wide">Cấp mã mời</button>
      </form>`,
  )
}
