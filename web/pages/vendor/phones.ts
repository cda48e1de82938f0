import { html } from 'hono/html'
import type { Html } from '../layout.ts'

/** One phone that listens, as she would tell it from the others. */
export interface PhoneLine {
  /** Names it in a form. */
  id: string
  words: string
  /** `10:42 ngày 22/11`. */
  since: string
  isHelper: boolean
  waiting: boolean
  isThis: boolean
  /** By this phone. */
  mayBeSignedOut: boolean
}

const answer = (action: string, id: string, words: string, style: string): Html =>
  html`<form action="${action}" method="post">
    <input type="hidden" name="phone" value="${id}" />
    <button class="${style}">${words}</button>
  </form>`

const about = ({ words, since, isHelper, waiting, isThis }: PhoneLine): Html =>
  html`<p>
    <b>${isThis ? 'Máy này' : words}</b>${isThis && html` · ${words}`}<br />
    ${isHelper && 'máy phụ giúp, chỉ nghe hôm nay · '}${waiting ? 'xin nghe' : 'vào'} lúc ${since}
  </p>`

/** «Máy đang nghe»: those that wait for an answer first. */
export const phoneList = (stallCode: string, phones: readonly PhoneLine[]): Html => {
  const room = `/vendor/${stallCode}/phones`
  const waiting = phones.filter((phone) => phone.waiting)
  const listening = phones.filter((phone) => !phone.waiting)
  return html`<section class="phones" id="phones">
    <h2>Máy đang nghe</h2>
    ${
      waiting.length > 0 &&
      html`<ul class="phone-list">
        ${waiting.map(
          (phone) =>
            html`<li class="waiting">
              ${about(phone)}
              <div class="answers">
                ${answer(`${room}/admit`, phone.id, 'Cho phép', 'primary')}
                ${phone.mayBeSignedOut && answer(`${room}/sign-out`, phone.id, 'Không phải mình', 'danger')}
              </div>
            </li>`,
        )}
      </ul>`
    }
    <ul class="phone-list">
      ${listening.map(
        (phone) =>
          html`<li>
            ${about(phone)} ${phone.mayBeSignedOut && answer(`${room}/sign-out`, phone.id, 'Thoát', 'quiet')}
          </li>`,
      )}
    </ul>
    <p class="quiet">
      Thêm máy thì xin mã đăng nhập ở ban quản lý chợ, rồi bấm «Cho phép» ở đây. Mất hết máy thì nhờ ban quản
      lý thoát mọi máy, xin mã mới, rồi <a href="/vendor/${stallCode}/proof">chứng minh tài khoản</a> để xem
      lại sổ cũ.
    </p>
  </section>`
}
