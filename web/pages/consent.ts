import { html } from 'hono/html'
import { CONSENT_TEXT } from '../../shared/consent-text.ts'
import { icon } from '../icons/icon.ts'
import type { Frame, Html } from './layout.ts'

/** What a vendor agrees to, to read or to hear, and the box that says so. Without script the reading opens by itself. */
export const consent = ({ assets }: Frame, isGiven: boolean, error: string | undefined): Html =>
  html`<section class="consent">
    <h2>Trước khi vào, xin nghe qua</h2>
    <a class="button wide" href="${assets('consent.mp3')}" target="_blank" data-consent-reading
      >${icon('speaker')}<span aria-live="polite">Nghe đọc (chừng 1 phút)</span></a
    >
    <dl>
      ${CONSENT_TEXT.map(
        ({ question, answer }) =>
          html`<div>
            <dt>${question}</dt>
            <dd>${answer}</dd>
          </div>`,
      )}
    </dl>
    ${error && html`<p class="error" id="consent-error">${error}</p>`}
    <label class="choice"
      ><input
        type="checkbox"
        name="consent"
        value="yes"
        ${isGiven ? 'checked' : ''}
        required
        aria-invalid="${error ? 'true' : 'false'}"
        aria-describedby="${error ? 'consent-error' : ''}"
      /><span>Tôi đồng ý</span></label
    >
  </section>`
