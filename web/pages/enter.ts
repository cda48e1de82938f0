import { html } from 'hono/html'
import { consent } from './consent.ts'
import { errorPage } from './error.ts'
import { choices } from './field.ts'
import { layout } from './layout.ts'
import { notice } from './notice.ts'
import { stallTitle } from './stall.ts'
import type { Frame, Html } from './layout.ts'

export type EnterView = {
  /** The one-time code of the link. */
  code: string
  /** What was missing from the form when it came back. */
  error?: string
} & (
  | { kind: 'operator' }
  | { kind: 'board'; market: string }
  | { kind: 'speaker'; market: string; row: string }
  | {
      kind: 'vendor'
      market: string
      stall: string
      stallWord: string
      vendorName: string
      consentNeeded: boolean
    }
)

const who = (view: EnterView): { heading: string; place: string; sees: string } => {
  if (view.kind === 'operator') {
    return {
      heading: 'Vào với tư cách người vận hành',
      place: 'Chợ 4.0',
      sees: 'Người vận hành lo nguồn báo tiền, khoản bị lạc, sao lưu. Máy này sẽ mở được các trang đó.',
    }
  }
  if (view.kind === 'board') {
    return {
      heading: 'Vào với tư cách ban quản lý',
      place: view.market,
      sees: 'Ban quản lý lo danh sách sạp và in mã, không thấy số tiền của từng sạp.',
    }
  }
  if (view.kind === 'speaker') {
    return {
      heading: `Máy này làm loa ${view.row}`,
      place: view.market,
      sees: 'Máy chỉ báo cho những sạp đã chịu cho báo, không mở được trang nào khác.',
    }
  }
  return {
    heading: `Chào ${view.vendorName}`,
    place: view.market,
    sees: `Điện thoại này sẽ đọc to tiền khách chuyển vào ${view.stallWord} ${view.stall}.`,
  }
}

/** Whom a one-time link makes of you. Opening it changes nothing: only the button uses the code up. */
export const enterPage = (frame: Frame, view: EnterView): Html => {
  const { heading, place, sees } = who(view)
  const consentNeeded = view.kind === 'vendor' && view.consentNeeded
  return layout(
    { ...frame, title: heading, ...(consentNeeded ? { script: 'consent-reading.ts' } : {}) },
    html`<section class="lone">
      <p class="place">${place}${view.kind === 'vendor' && html` · ${stallTitle(view)}`}</p>
      <h1>${heading}</h1>
      <p class="lead">${sees}</p>
      <form action="/enter/${view.code}" method="post">
        ${
          view.kind === 'vendor' &&
          choices('Máy này là', 'phone', 'owner', [
            { value: 'owner', words: 'Máy của tôi' },
            { value: 'helper', words: 'Máy phụ giúp', hint: 'chỉ nghe, chỉ xem tiền vào hôm nay' },
          ])
        }
        ${consentNeeded ? consent(frame, false, view.error) : view.error && notice('bad', view.error)}
        <button class="primary wide">${consentNeeded ? 'Đồng ý và vào' : 'Vào'}</button>
      </form>
      <p class="quiet">Không phải mình? Đóng trang này lại, đừng bấm. Đường dẫn chỉ dùng được một lần.</p>
    </section>`,
  )
}

/** The one-time code was used, or its time is over. */
export const enterGonePage = (frame: Frame): Html =>
  errorPage(frame, {
    heading: 'Mã này đã dùng hoặc hết hạn',
    advice:
      'Nếu máy này đã vào rồi thì mở lại trang của mình là được. Chưa vào được thì xin đường dẫn mới: tiểu thương hỏi ban quản lý chợ, ban quản lý hỏi người vận hành.',
    link: { url: '/', words: 'Về trang đầu' },
  })
