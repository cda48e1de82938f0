import { html } from 'hono/html'
import type { Html } from './layout.ts'

interface Column {
  label: string
  /** Figures: right-aligned, digits of one width. */
  numeric?: boolean
}

export interface Table {
  caption: string
  columns: readonly Column[]
  rows: readonly (readonly (string | number | Html)[])[]
  /** Said in place of an empty table. */
  empty?: string
}

/** A table that becomes a stack of labelled rows on a phone, so that nothing scrolls sideways. */
export const table = ({ caption, columns, rows, empty }: Table): Html =>
  rows.length === 0 && empty
    ? html`<p class="empty">${empty}</p>`
    : html`<table class="stacked">
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            ${columns.map(
              (column) =>
                html`<th scope="col" class="${column.numeric ? 'numeric' : ''}">${column.label}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${row.map((cell, index) => {
                  const column = columns[index]
                  return html`<td
                    class="${column?.numeric ? 'numeric' : ''}"
                    data-label="${column?.label ?? ''}"
                  >
                    ${cell}
                  </td>`
                })}
              </tr>`,
          )}
        </tbody>
      </table>`
