import { html } from 'hono/html'
import { displayText } from '../../../shared/display-text.ts'
import { formatVnd } from '../../../shared/money.ts'
import { kindWords, KINDS_NOT_A_SALE } from './candidate-words.ts'
import { when } from './when.ts'
import type { Html } from '../layout.ts'

interface StallOption {
  code: string
  words: string
}

/** Whose it may be, or what it was said to be the last time. */
interface CandidateView {
  /** What the form sends. */
  value: string
  words: string
  why: string
}

export interface CreditView {
  transactionSeq: number
  amountVnd: number
  /** Epoch milliseconds. */
  bookedAt: number
  bankShortName: string
  accountNumber: string
  /** A stranger's words as they came. */
  remittanceText: string
  payerName: string | null
  reason: string
  /** The likeliest first, nine at most: each has its key. */
  candidates: readonly CandidateView[]
  /** The stalls that are paid into this account. */
  ofAccount: readonly StallOption[]
  others: readonly StallOption[]
  /** Where the form that splits it comes back. */
  returnedSplit?: { parts: readonly { stallName: string; amount: string }[]; reason: string; error: string }
  /** Where the form about it comes back: what was chosen, and what is wrong. */
  returned?: { stallCode: string; reason: string; stallError?: string; reasonError?: string }
}

const candidateForm = (home: string, { transactionSeq, candidates }: CreditView): Html =>
  html`<form action="${home}/choose" method="post" class="candidates">
    <input type="hidden" name="transactionSeq" value="${transactionSeq}" />
    <fieldset class="choices">
      <legend>Có thể là của</legend>
      ${candidates.map(
        ({ value, words, why }, index) =>
          html`<label class="choice"
            ><input
              type="radio"
              name="choice"
              value="${value}"
              required
              data-key="${index + 1}"
              aria-keyshortcuts="${index + 1}"
            /><span>${words} <small>${why}</small></span></label
          >`,
      )}
    </fieldset>
    <button class="primary">Ghi theo chỗ đã chọn</button>
  </form>`

const stallSelect = (credit: CreditView, stallWord: string): Html => {
  const { returned, transactionSeq, ofAccount, others } = credit
  const id = `stall-${transactionSeq}`
  const option = ({ code, words }: StallOption) =>
    html`<option value="${code}" ${code === returned?.stallCode ? 'selected' : ''}>${words}</option>`
  return html`<div class="field">
    <label for="${id}">Của ${stallWord}</label>
    <select
      id="${id}"
      name="stallCode"
      required
      aria-describedby="${returned?.stallError ? `${id}-error` : ''}"
      aria-invalid="${returned?.stallError ? 'true' : 'false'}"
    >
      <option value="">Chọn ${stallWord}</option>
      ${
        ofAccount.length > 0 &&
        html`<optgroup label="Nhận tiền ở tài khoản này">${ofAccount.map(option)}</optgroup>`
      }
      ${others.length > 0 && html`<optgroup label="Tài khoản khác">${others.map(option)}</optgroup>`}
    </select>
    ${returned?.stallError && html`<p class="error" id="${id}-error">${returned.stallError}</p>`}
  </div>`
}

/** How a person knows; `id` is the field's own on the page. */
const reasonField = (id: string, reason = '', error?: string): Html =>
  html`<div class="field">
    <label for="${id}">Vì sao biết</label>
    <input
      id="${id}"
      name="reason"
      value="${reason}"
      maxlength="200"
      required
      autocomplete="off"
      aria-describedby="${error ? `${id}-error` : ''}"
      aria-invalid="${error ? 'true' : 'false'}"
    />
    ${error && html`<p class="error" id="${id}-error">${error}</p>`}
  </div>`

const otherStall = (home: string, stallWord: string, credit: CreditView): Html =>
  html`<details ${credit.returned || credit.candidates.length === 0 ? 'open' : ''}>
    <summary>Ghi cho ${stallWord} khác</summary>
    <form action="${home}/assign" method="post" class="one-line">
      <input type="hidden" name="transactionSeq" value="${credit.transactionSeq}" />
      ${stallSelect(credit, stallWord)}
      ${reasonField(`reason-${credit.transactionSeq}`, credit.returned?.reason, credit.returned?.reasonError)}
      <button>Ghi là của ${stallWord} này</button>
    </form>
  </details>`

/** Every stall's name, once for the page: a list in each line of each form would be megabytes. */
const STALL_NAMES = 'stall-names'
export const stallNameList = (names: readonly string[]): Html =>
  html`<datalist id="${STALL_NAMES}">
    ${names.map((name) => html`<option value="${name}"></option>`)}
  </datalist>`

/** As many as there are lines in its form; who needs more is hardly ever right. */
const MAX_PARTS = 4

const splitForm = (home: string, stallWord: string, credit: CreditView): Html => {
  const { transactionSeq, amountVnd, returnedSplit } = credit
  const id = `part-${transactionSeq}`
  return html`<details data-split ${returnedSplit ? 'open' : ''}>
    <summary>Chia cho nhiều ${stallWord}</summary>
    <form action="${home}/split" method="post">
      <input type="hidden" name="transactionSeq" value="${transactionSeq}" />
      ${returnedSplit && html`<p class="error" role="alert">${returnedSplit.error}</p>`}
      ${Array.from({ length: MAX_PARTS }, (_, index) => {
        const part = returnedSplit?.parts[index]
        const isNeeded = index < 2 ? 'required' : ''
        return html`<div class="part">
          <div class="field">
            <label for="${id}-stall-${index}">Phần ${index + 1}: tên ${stallWord}</label>
            <input
              id="${id}-stall-${index}"
              name="stallName"
              value="${part?.stallName ?? ''}"
              list="${STALL_NAMES}"
              autocomplete="off"
              ${isNeeded}
            />
          </div>
          <div class="field">
            <label for="${id}-amount-${index}">Phần ${index + 1}: số tiền</label>
            <input
              id="${id}-amount-${index}"
              name="amount"
              value="${part?.amount ?? ''}"
              inputmode="numeric"
              autocomplete="off"
              ${isNeeded}
            />
          </div>
        </div>`
      })}
      ${reasonField(`${id}-reason`, returnedSplit?.reason)}
      <p>Cộng các phần phải đúng ${formatVnd(amountVnd)}.</p>
      <button>Chia như trên</button>
    </form>
  </details>`
}

const notASale = (home: string, { transactionSeq }: CreditView): Html =>
  html`<details data-not-a-sale>
    <summary aria-keyshortcuts="x">Không phải tiền bán</summary>
    <form action="${home}/not-a-sale" method="post">
      <input type="hidden" name="transactionSeq" value="${transactionSeq}" />
      <p>Là tiền gì? Không tính vào sổ của ai.</p>
      <div class="answers">
        ${KINDS_NOT_A_SALE.map((kind) => html`<button name="kind" value="${kind}">${kindWords(kind)}</button>`)}
      </div>
    </form>
  </details>`

/** One undecided credit, and every way to decide it. Memo and payer are strangers' words: cleaned, isolated, escaped. */
export const creditCard = (home: string, stallWord: string, credit: CreditView): Html =>
  html`<article class="card credit" id="credit-${credit.transactionSeq}" tabindex="-1">
    <h3>${formatVnd(credit.amountVnd)} <span class="quiet">${when(credit.bookedAt)}</span></h3>
    <p><span class="mark">${credit.reason}</span></p>
    <dl class="pairs">
      <div>
        <dt>Vào tài khoản</dt>
        <dd>${credit.bankShortName} · <b class="reference">${credit.accountNumber}</b></dd>
      </div>
      <div>
        <dt>Nội dung</dt>
        <dd>
          ${
            credit.remittanceText === ''
              ? html`<span class="quiet">không có</span>`
              : html`<bdi>${displayText(credit.remittanceText, 300)}</bdi>`
          }
        </dd>
      </div>
      ${
        credit.payerName &&
        html`<div>
          <dt>Người chuyển</dt>
          <dd><bdi>${displayText(credit.payerName)}</bdi></dd>
        </div>`
      }
    </dl>
    ${credit.candidates.length > 0 && candidateForm(home, credit)} ${otherStall(home, stallWord, credit)}
    ${splitForm(home, stallWord, credit)} ${notASale(home, credit)}
  </article>`
