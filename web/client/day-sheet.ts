import { vietnamDate } from '../../shared/business-day.ts'
import { formatVnd } from '../../shared/money.ts'
import { classificationWord, lineKind } from '../pages/vendor/classification-word.ts'
import { dayWords, digitsOf, totalWords } from '../pages/vendor/day-words.ts'
import type { Dialect } from '../../shared/spoken-amount.ts'
import type { DayTakings, PaymentLine, VendorChange } from '../../shared/wire.ts'

/** Lines kept on the screen; older ones are in her books. */
const MAX_LINES = 200
const COUNT_UP_MS = 700

/** The figures and lines the server drew, kept true. A page without them (code, settings) only gets the news. */
export class DaySheet {
  readonly #root: HTMLElement
  readonly #dialect: Dialect
  #day: string
  #counting = 0

  constructor(root: HTMLElement, day: string, dialect: Dialect) {
    this.#root = root
    this.#day = day
    this.#dialect = dialect
    root.addEventListener('submit', (event) => this.#classify(event))
  }

  show({ kind, payment, takings }: VendorChange) {
    const day = takings.businessDay
    if (day > this.#day) this.#turnOver(day)
    // Yesterday's late news changes no figure of today's; its line carries its date.
    const late = day < this.#day
    if (!late) this.#showTakings(takings)
    if (kind === 'undone') return this.#takeAway(payment)
    this.#showLine(
      late ? { ...payment, time: `${vietnamDate(day)} ${payment.time}` } : payment,
      kind === 'credit',
    )
    if (kind === 'credit') this.#news(`Vừa nhận ${formatVnd(payment.amountVnd)} lúc ${payment.time}`)
  }

  #field(name: string, within: ParentNode = this.#root) {
    return within.querySelector<HTMLElement>(`[data-field=${name}]`)
  }

  #text(name: string, words: string, within?: ParentNode) {
    const field = this.#field(name, within)
    if (field) field.textContent = words
    return field
  }

  /** For ears where the new line is on the screen anyway, for eyes where it is not. */
  #news(words: string, failed = false) {
    this.#text('news', words)?.classList.toggle('failed', failed)
  }

  /** A new market day begins with an empty sheet. */
  #turnOver(day: string) {
    this.#day = day
    this.#text('day', vietnamDate(day))
    this.#field('lines')?.replaceChildren()
  }

  #showTakings(takings: DayTakings) {
    const { count, unclear } = dayWords(takings)
    this.#text('count', count)
    this.#text('words', totalWords(takings.totalVnd, this.#dialect))
    this.#text('unclear', unclear)?.toggleAttribute('hidden', !unclear)
    this.#countTo(takings.totalVnd)
  }

  /** The total runs up to its new figure; for who asked for less motion it is simply there. */
  #countTo(totalVnd: number) {
    const total = this.#field('total')
    if (!total) return
    cancelAnimationFrame(this.#counting)
    const from = Number(total.dataset.vnd)
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden
    const begin = performance.now()
    total.dataset.digits = String(digitsOf(totalVnd))
    const step = (now: number) => {
      const part = still ? 1 : Math.min(1, Math.max(0, now - begin) / COUNT_UP_MS)
      const near = from + (totalVnd - from) * (1 - (1 - part) ** 3)
      // Whole thousands on the way: a blur of odd digits is no figure to trust.
      const shown = part < 1 ? Math.round(near / 1000) * 1000 : totalVnd
      total.dataset.vnd = String(shown)
      total.textContent = formatVnd(shown)
      if (part < 1) this.#counting = requestAnimationFrame(step)
    }
    step(begin)
  }

  #showLine(payment: PaymentLine, isNew: boolean) {
    const lines = this.#field('lines')
    const kind = lineKind(payment.classification)
    const template = this.#root.querySelector<HTMLTemplateElement>(`template[data-line=${kind}]`)
    const line = template?.content.querySelector('li')?.cloneNode(true)
    if (!lines || !(line instanceof HTMLElement)) return
    line.dataset.seq = String(payment.transactionSeq)
    this.#text('amount', formatVnd(payment.amountVnd), line)
    this.#text('time', payment.time, line)
    this.#text('payer', payment.payerName, line)
    this.#text('memo', payment.memo, line)
    this.#text('word', classificationWord(payment.classification), line)
    const seq = line.querySelector<HTMLInputElement>('[name=transactionSeq]')
    if (seq) seq.value = String(payment.transactionSeq)
    const old = lines.querySelector(`[data-seq="${payment.transactionSeq}"]`)
    if (old) old.replaceWith(line)
    else if (isNew) {
      line.classList.add('arriving')
      lines.prepend(line)
    }
    while (lines.children.length > MAX_LINES) lines.lastElementChild?.remove()
    this.#field('empty')?.toggleAttribute('hidden', lines.children.length > 0)
  }

  /** It was not hers: the total has just become less, so that is said. */
  #takeAway({ transactionSeq, amountVnd, time }: PaymentLine) {
    const lines = this.#field('lines')
    lines?.querySelector(`[data-seq="${transactionSeq}"]`)?.remove()
    if (lines) this.#field('empty')?.toggleAttribute('hidden', lines.children.length > 0)
    this.#news(`Đã gỡ khoản ${formatVnd(amountVnd)} lúc ${time}: không phải tiền của chỗ mình`)
  }

  /** Her answer goes without leaving the page: a page left is a loudspeaker silenced. The stream brings the line. */
  #classify(event: SubmitEvent) {
    const { target: form, submitter: button } = event
    if (!(form instanceof HTMLFormElement && button instanceof HTMLButtonElement)) return
    if (button.name !== 'classification') return
    event.preventDefault()
    void this.#send(form, button)
  }

  async #send(form: HTMLFormElement, button: HTMLButtonElement) {
    const transactionSeq = form.querySelector<HTMLInputElement>('[name=transactionSeq]')?.value ?? ''
    const body = new URLSearchParams({ transactionSeq, classification: button.value })
    button.disabled = true
    try {
      const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' })
      if (!answer.ok && answer.type !== 'opaqueredirect') throw new Error(`Answered ${answer.status}`)
    } catch {
      button.disabled = false
      this.#news('Chưa ghi được. Xem lại mạng rồi bấm lần nữa.', true)
    }
  }
}
