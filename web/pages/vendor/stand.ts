import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import { icon } from '../../icons/icon.ts'
import { classificationWord, lineKind } from './classification-word.ts'
import { dayWords, digitsOf } from './day-words.ts'
import { bankLateWords, vendorLayout } from './vendor-layout.ts'
import type { DayTakings, PaymentLine } from '../../../shared/wire.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

export interface VendorStandView extends VendorView {
  takings: DayTakings
  /** Newest first. */
  payments: readonly PaymentLine[]
}

/** As many as can be read from across the stall. */
const MAX_SHOWN = 4

/** Whoever walks past sees it: the amount and the time, never who paid or why. */
const line = ({
  transactionSeq,
  amountVnd,
  time,
  classification,
}: Omit<PaymentLine, 'memo' | 'payerName'>): Html =>
  html`<li class="line line-${lineKind(classification)}" data-seq="${transactionSeq}">
    <b class="amount" data-field="amount">${formatVnd(amountVnd)}</b>
    <span class="time" data-field="time">${time}</span>
    <span class="mark" data-field="word">${classificationWord(classification)}</span>
  </li>`

/** The phone as a counter display: dark, kept awake, the newest payment huge. */
export const vendorStandPage = (frame: Frame, view: VendorStandView): Html => {
  const { takings, payments } = view
  const { count, unclear } = dayWords(takings)
  return vendorLayout(
    frame,
    view,
    'stand',
    'Màn hình quầy',
    html`<p class="state" role="status" data-awake hidden>
        Máy không cho giữ màn hình sáng: tắt tiết kiệm pin, hoặc đặt màn hình lâu tắt.
      </p>
      <p class="state" role="status" data-bank-late ${view.bankLate ? '' : 'hidden'}>
        ${view.bankLate && bankLateWords(view.bankLate)}
      </p>
      <section class="newest" aria-label="Các lần chuyển khoản, mới nhất ở trên">
        <ol class="lines" data-field="lines">
          ${payments.slice(0, MAX_SHOWN).map(line)}
        </ol>
        <p class="empty" data-field="empty" ${payments.length > 0 ? 'hidden' : ''}>
          Chưa có khách chuyển khoản hôm nay.
        </p>
      </section>
      <p class="news" role="status" data-field="news"></p>
      <section class="takings">
        <h1>Chuyển khoản ngày <span data-field="day">${vietnamDate(takings.businessDay)}</span></h1>
        <strong
          class="total"
          data-field="total"
          data-vnd="${takings.totalVnd}"
          data-digits="${digitsOf(takings.totalVnd)}"
          >${formatVnd(takings.totalVnd)}</strong
        >
        <p class="counts">
          <span data-field="count">${count}</span>
          <span class="mark" data-field="unclear" ${unclear ? '' : 'hidden'}>${unclear}</span>
        </p>
      </section>
      <p>Để màn hình này mở và cắm sạc thì loa mới đọc.</p>
      <a class="button wide" href="/vendor/${view.stallCode}">${icon('back')}Về sổ hôm nay</a>
      ${(['sale', 'unclear', 'family'] as const).map(
        (classification) =>
          html`<template data-line="${lineKind(classification)}"
            >${line({ transactionSeq: 0, amountVnd: 0, time: '', classification })}</template
          >`,
      )}
      <script type="module" src="${frame.assets('stand.ts')}"></script>`,
  )
}
