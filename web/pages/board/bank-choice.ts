import { banks, hearing, type Bank } from '@vietqr/core'
import { html } from 'hono/html'
import type { Html } from '../layout.ts'

const byName = (a: Bank, b: Bank) => a.shortName.localeCompare(b.shortName, 'vi')
const takers = banks.filter((bank) => bank.transferSupported).sort(byName)
const isHeard = ({ bin }: Bank) =>
  hearing(bin, 'individual').length > 0 || hearing(bin, 'household_business').length > 0

const options = (list: readonly Bank[], chosen: string): Html =>
  html`${list.map(
    ({ bin, shortName }) =>
      html`<option value="${bin}" ${bin === chosen ? 'selected' : ''}>${shortName}</option>`,
  )}`

/** Every bank that takes transfers, those that some source can hear first. `chosen` is a BIN, or empty. */
export const bankChoice = (chosen: string, error: string | undefined): Html =>
  html`<div class="field">
    <label for="bank">Ngân hàng</label>
    <select
      id="bank"
      name="bank"
      required
      aria-describedby="${error ? 'bank-error' : ''}"
      aria-invalid="${error ? 'true' : 'false'}"
    >
      <option value="">Chọn ngân hàng</option>
      <optgroup label="Báo được tiền về">${options(takers.filter(isHeard), chosen)}</optgroup>
      <optgroup label="Chưa báo được tiền về">
        ${options(
          takers.filter((bank) => !isHeard(bank)),
          chosen,
        )}
      </optgroup>
    </select>
    ${error && html`<p class="error" id="bank-error">${error}</p>`}
  </div>`
