import { banks, type Bank } from '@vietqr/core'
import { html } from 'hono/html'
import type { HearingHindrance } from './hindrance-words.ts'
import type { Html } from './layout.ts'

const byName = (a: Bank, b: Bank) => a.shortName.localeCompare(b.shortName, 'vi')
const takers = banks.filter((bank) => bank.transferSupported).sort(byName)

/** What keeps a bank (its BIN) from being heard whoever the account is of; null where nothing does. */
export type HindranceAt = (bankBin: string) => HearingHindrance | null

const groups: readonly [HearingHindrance | null, string][] = [
  [null, 'Báo được tiền về'],
  ['needs_virtual_account', 'Chỉ báo qua tài khoản ảo'],
  ['bank_not_heard', 'Chưa báo được tiền về'],
]

/** Every bank that takes transfers, those that some source can hear first. `chosen` is a BIN, or empty. */
export const bankChoice = (chosen: string, hindranceAt: HindranceAt, error: string | undefined): Html =>
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
      ${groups.map(
        ([group, label]) =>
          html`<optgroup label="${label}" data-heard="${group ?? 'heard'}">
            ${takers
              .filter(({ bin }) => hindranceAt(bin) === group)
              .map(
                ({ bin, shortName }) =>
                  html`<option value="${bin}" ${bin === chosen ? 'selected' : ''}>${shortName}</option>`,
              )}
          </optgroup>`,
      )}
    </select>
    ${error && html`<p class="error" id="bank-error">${error}</p>`}
  </div>`
