import { html } from 'hono/html'
import { formatVnd } from '../../../shared/money.ts'
import { classificationWord, lineKind } from './classification-word.ts'
import type { Classification, PaymentLine } from '../../../shared/wire.ts'
import type { Html } from '../layout.ts'
import type { LineKind } from './classification-word.ts'

const button = (classification: Classification, words: string, style = ''): Html =>
  html`<button class="${style}" name="classification" value="${classification}">${words}</button>`

const otherKinds = (): Html =>
  html`<div class="answers">
    ${button('family', 'Người nhà')} ${button('loan', 'Mượn, vay')} ${button('cash_back', 'Đổi tiền mặt')}
    ${button('refund', 'Hoàn tiền')}
  </div>`

/** Memo and payer are strangers' words: isolated, escaped, never markup. */
const row = (payment: PaymentLine): Html =>
  html`<span class="row"
    ><b class="amount" data-field="amount">${formatVnd(payment.amountVnd)}</b
    ><span class="time" data-field="time">${payment.time}</span
    ><span class="from"
      ><bdi data-field="payer">${payment.payerName}</bdi> <bdi data-field="memo">${payment.memo}</bdi></span
    ><span class="mark" data-field="word">${classificationWord(payment.classification)}</span></span
  >`

const form = (stallCode: string, transactionSeq: number, answers: Html): Html =>
  html`<form action="/vendor/${stallCode}/classify" method="post">
    <input type="hidden" name="transactionSeq" value="${transactionSeq}" />
    ${answers}
  </form>`

/**
 * One line of the vendor's list. Its structure is written here only: the phone clones `lineTemplates` and fills
 * the same `data-field`s with text. What is already clear unfolds at a tap; what is not asks its question openly.
 */
export const paymentLine = (stallCode: string, payment: PaymentLine, onlyHears = false): Html => {
  const kind = lineKind(payment.classification)
  // Nobody is asked on a phone that may not answer.
  if (onlyHears)
    return html`<li class="line line-${kind}" data-seq="${payment.transactionSeq}">${row(payment)}</li>`
  const answer = (answers: Html) => form(stallCode, payment.transactionSeq, answers)
  const shapes: Record<LineKind, () => Html> = {
    unclear: () =>
      html`${row(payment)}
      ${answer(
        html`<div class="answers">
          ${button('sale', 'Tiền bán hàng', 'primary')}
          <details>
            <summary class="button">Không phải</summary>
            <p>Là tiền gì?</p>
            ${otherKinds()}
          </details>
        </div>`,
      )}`,
    sale: () =>
      html`<details>
        <summary>${row(payment)}</summary>
        ${answer(
          html`<p>Không phải tiền bán? Là:</p>
            ${otherKinds()}`,
        )}
      </details>`,
    other: () =>
      html`<details>
        <summary>${row(payment)}</summary>
        ${answer(
          html`<p>Là tiền bán?</p>
            <div class="answers">${button('sale', 'Tiền bán hàng', 'primary')}</div>`,
        )}
      </details>`,
  }
  return html`<li class="line line-${kind}" data-seq="${payment.transactionSeq}">${shapes[kind]()}</li>`
}

const blank = { transactionSeq: 0, amountVnd: 0, time: '', memo: '', payerName: '' }

/** The three shapes of a line, for the phone to clone. */
export const lineTemplates = (stallCode: string, onlyHears = false): Html =>
  html`${(['sale', 'unclear', 'family'] as const).map(
    (classification) =>
      html`<template data-line="${lineKind(classification)}"
        >${paymentLine(stallCode, { ...blank, classification }, onlyHears)}</template
      >`,
  )}`
