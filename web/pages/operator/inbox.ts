import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { creditCard, stallNameList, type CreditView } from './inbox-credit.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

interface Sum {
  transactionCount: number
  amountVnd: number
}

export interface DayView {
  businessDay: string
  sourceLabel: string
  in: Sum
  matched: Sum
  undecided: Sum
  notCounted: Sum
  /** in = matched + undecided + not counted, in money and in number. */
  addsUp: boolean
}

export interface InboxView {
  /** `code` is the inbox's own word in its address. */
  place: { code: string; name: string; stallWord: string }
  /** Money of no market is never anybody's to assign. */
  isNobodys: boolean
  days: readonly DayView[]
  opened?: { businessDay: string; reasons: readonly (Sum & { words: string })[] }
  credits: readonly CreditView[]
  /** Of all its stalls. */
  stallNames: readonly string[]
  /** Undecided credits beyond those shown. */
  hiddenCount: number
  alerts: readonly { words: string; sourceLabel: string; detail: string | null; at: number }[]
  message?: { kind: 'good' | 'bad'; words: string }
}

const sum = ({ transactionCount, amountVnd }: Sum): Html =>
  transactionCount === 0
    ? html`<span class="quiet">0</span>`
    : html`<span>${formatVnd(amountVnd)} <small>${transactionCount} khoản</small></span>`

const dayRow = (home: string, day: DayView): (string | Html)[] => [
  vietnamDate(day.businessDay),
  day.sourceLabel,
  sum(day.in),
  sum(day.matched),
  sum(day.undecided),
  day.notCounted.transactionCount === 0
    ? sum(day.notCounted)
    : html`<a class="row-link" href="${home}?day=${day.businessDay}#day">${sum(day.notCounted)}</a>`,
  day.addsUp
    ? html`<span class="adds-up">${icon('check')}khớp</span>`
    : html`<b class="alarm">${icon('warning')}KHÔNG khớp</b>`,
]

const openedDay = ({ businessDay, reasons }: NonNullable<InboxView['opened']>): Html =>
  html`<section id="day">
    ${table({
      caption: `Ngày ${vietnamDate(businessDay)}: vì sao không tính`,
      columns: [{ label: 'lý do' }, { label: 'khoản', numeric: true }, { label: 'số tiền', numeric: true }],
      rows: reasons.map((one) => [one.words, one.transactionCount, formatVnd(one.amountVnd)]),
      empty: `Ngày ${vietnamDate(businessDay)} không có khoản nào bị bỏ ra.`,
    })}
  </section>`

/** «Tiền chưa rõ của ai»: where every incoming đồng went, and what waits for a person. */
export const inboxPage = (frame: Frame, view: InboxView): Html => {
  const { place, days, credits, alerts } = view
  const home = `/operator/inbox/${place.code}`
  const broken = [...new Set(days.filter((day) => !day.addsUp).map((day) => day.businessDay))]
  return layout(
    {
      ...frame,
      title: `${view.isNobodys ? place.name : 'Tiền chưa rõ của ai'} · ${place.name}`,
      kind: 'office',
      script: 'inbox.ts',
      header: pageHeader({
        title: view.isNobodys ? place.name : 'Tiền chưa rõ của ai',
        place: view.isNobodys ? 'Chợ 4.0' : place.name,
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    html`${view.message && notice(view.message.kind, view.message.words)}
    ${
      broken.length > 0 &&
      notice(
        'bad',
        html`<p>
            <b>Sổ không khớp ngày ${broken.map(vietnamDate).join(', ')}.</b>
          </p>
          <p>Tiền vào khác tổng ba cột. Đừng xoá gì, sao lưu dữ liệu rồi báo người phụ trách phần mềm.</p>`,
      )
    }
    ${
      view.isNobodys
        ? html`<p>
            Tiền vào những tài khoản không thuộc chợ nào, hoặc chưa được phép nghe. Chỉ giữ số tài khoản, số
            tiền và giờ, không giữ nội dung.
          </p>`
        : html`<p class="lead">
            ${credits.length === 0 ? 'Không còn khoản nào chờ người xem.' : `${credits.length + view.hiddenCount} khoản chờ người xem.`}
          </p>`
    }
    ${!view.isNobodys && html`<p><a href="${home}/decided">Khoản đã ghi: tìm, và gỡ ra nếu ghi nhầm</a></p>`}
    ${
      credits.length > 0 &&
      html`<section class="credits">
        <h2>Chờ người xem, cũ nhất trước</h2>
        <p class="quiet">
          Ghi xong thì khoản đó hiện trên điện thoại người bán là «chưa rõ»; người bán bấm nói đó là tiền gì.
          Chỉ chọn được ${place.stallWord} có người bán đã đồng ý từ trước lúc tiền vào.
        </p>
        <p class="quiet key-hint" data-keys hidden>
          Bàn phím: <kbd>J</kbd> <kbd>K</kbd> sang khoản khác, <kbd>1</kbd>–<kbd>9</kbd> chọn rồi
          <kbd>Enter</kbd> ghi, <kbd>X</kbd> không phải tiền bán.
        </p>
        ${credits.map((credit) => creditCard(home, place.stallWord, credit))}
        ${stallNameList(view.stallNames)}
        ${view.hiddenCount > 0 && html`<p>Còn ${view.hiddenCount} khoản nữa, hiện ra khi các khoản trên đã ghi xong.</p>`}
      </section>`
    }
    ${table({
      caption: 'Mỗi ngày, mỗi nguồn: tiền vào = đã rõ + chưa rõ + không tính',
      columns: [
        { label: 'ngày' },
        { label: 'nguồn' },
        { label: 'vào', numeric: true },
        { label: `đã rõ của ${place.stallWord} nào`, numeric: true },
        { label: 'chưa rõ', numeric: true },
        { label: 'không tính', numeric: true },
        { label: 'cộng lại' },
      ],
      rows: days.map((day) => dayRow(home, day)),
      empty: 'Chưa có khoản tiền nào được báo.',
    })}
    ${view.opened && openedDay(view.opened)}
    ${
      alerts.length > 0 &&
      table({
        caption: 'Tin báo cần người phụ trách phần mềm xem',
        columns: [{ label: 'việc' }, { label: 'nguồn' }, { label: 'lúc' }, { label: 'chi tiết' }],
        rows: alerts.map(({ words, sourceLabel, detail, at }) => [
          words,
          sourceLabel,
          when(at),
          html`<bdi>${detail ?? ''}</bdi>`,
        ]),
      })
    }`,
  )
}
