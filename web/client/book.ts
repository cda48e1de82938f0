import { vietnamTime } from '../../shared/business-day.ts'
import { formatVnd, parseVnd } from '../../shared/money.ts'
import { CashQueue, type WaitingCash } from './cash-queue.ts'

/** Her book on the phone: cash in two taps with or without network; the figures stay the server's. */

const get = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector)
  if (!element) throw new Error(`The page has no ${selector}`)
  return element
}

const said = get('[data-field=said]')
const stallCode = get('[data-stall]').dataset['stall'] ?? ''
const pending = document.querySelector<HTMLElement>('[data-field=pending]')
let waiting = 0

const queue = new CashQueue(stallCode, showPending)

const say = (words: string, failed = false) => {
  said.textContent = words
  said.classList.toggle('failed', failed)
}

/** What waits on this phone, beside the figures and not in them: they are what the server has. */
function showPending() {
  const notes = queue.list()
  if (notes.length < waiting) void refresh()
  waiting = notes.length
  pending?.replaceChildren(...notes.map(pendingLine))
  pending?.toggleAttribute('hidden', notes.length === 0)
}

function pendingLine(note: WaitingCash): Node {
  const template = get('template[data-pending]') as HTMLTemplateElement
  const line = template.content.cloneNode(true) as DocumentFragment
  const text = (field: string, words: string) => {
    line.querySelector(`[data-field=${field}]`)!.textContent = words
  }
  text('amount', formatVnd(note.amountVnd))
  text('time', vietnamTime(note.at))
  text('word', note.refused ? 'sổ không nhận khoản này' : 'chưa gửi')
  const drop = line.querySelector('button')
  drop?.toggleAttribute('hidden', !note.refused)
  drop?.addEventListener('click', () => queue.drop(note.key))
  return line
}

/** Draws the figures and the list again as the server has them now. */
async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const part of document.querySelectorAll<HTMLElement>('[data-book]')) {
      const fresh = page.querySelector(`[data-book=${part.dataset['book']}]`)
      if (fresh) part.replaceChildren(...fresh.childNodes)
    }
  } catch {
    // No network: the figures stay, and the header says of when they are.
  }
}

function noteCash(form: HTMLFormElement) {
  const typed = new FormData(form)
  const text = (name: string) => {
    const field = typed.get(name)
    return typeof field === 'string' ? field : ''
  }
  let amountVnd
  try {
    amountVnd = parseVnd(text('other') || text('amount'))
  } catch {
    say('Chọn số tiền trước, rồi bấm «Ghi».', true)
    return
  }
  try {
    queue.add(amountVnd)
  } catch {
    say('Máy này không giữ được. Có mạng rồi ghi lại.', true)
    return
  }
  form.reset()
  say(`Đã ghi ${formatVnd(amountVnd)} tiền mặt.${navigator.onLine ? '' : ' Có mạng lại sẽ gửi vào sổ.'}`)
}

/** Without leaving the page: a page left is a loudspeaker silenced. */
async function post(form: HTMLFormElement, button: HTMLButtonElement | null) {
  const body = new URLSearchParams()
  for (const [name, value] of new FormData(form, button)) {
    if (typeof value === 'string') body.append(name, value)
  }
  if (button) button.disabled = true
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { accept: 'application/json' },
    })
    if (!answer.ok && answer.type !== 'opaqueredirect') throw new Error(`Answered ${answer.status}`)
    await refresh()
  } catch {
    if (button) button.disabled = false
    say('Chưa ghi được. Xem lại mạng rồi bấm lần nữa.', true)
  }
}

// Before anybody else hears of it: the day's sheet, which answers for other pages, is not on this one.
document.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event
    if (!(form instanceof HTMLFormElement)) return
    event.preventDefault()
    event.stopPropagation()
    if (form.matches('[data-cash]')) noteCash(form)
    else void post(form, submitter instanceof HTMLButtonElement ? submitter : null)
  },
  { capture: true },
)

const cashForm = document.querySelector<HTMLFormElement>('[data-cash]')
cashForm?.addEventListener('input', ({ target }) => {
  // A typed amount and a chosen one are never both meant.
  if (!(target instanceof HTMLInputElement)) return
  if (target.name === 'amount') (cashForm.elements.namedItem('other') as HTMLInputElement).value = ''
  else
    for (const choice of cashForm.querySelectorAll<HTMLInputElement>('[name=amount]')) choice.checked = false
})

// A new credit is told in the news; the figures follow it.
new MutationObserver(() => void refresh()).observe(get('[data-field=news]'), { childList: true })
addEventListener('storage', showPending)
queue.keepSending()
showPending()
