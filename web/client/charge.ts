import { MAX_CODE_AMOUNT_VND, formatVnd } from '../../shared/money.ts'
import { spokenText, type Dialect } from '../../shared/spoken-amount.ts'
import { stateOf, type SaleRegister } from './charge-register.ts'
import { ChargeScreen } from './charge-screen.ts'
import { stateWords, verdictOf } from './charge-words.ts'
import type { SaleFacts } from '../../shared/sale-state.ts'
import type { Payee } from './charge-code.ts'

const LONG_PRESS_MS = 500
const LISTED = 5
/** As long as a shopper stands there with her phone. */
const STILL_THERE_MS = 3 * 60_000

/** «Tính tiền»: keypad, code, and what became of it. Only what the server heard from a bank turns it green. */
export function openCharge(root: HTMLElement, register: SaleRegister, dialect: Dialect) {
  const get = (name: string): HTMLElement => {
    const found = root.querySelector<HTMLElement>(`[data-charge-${name}]`)
    if (!found) throw new Error(`The page has no ${name}`)
    return found
  }
  const asked = get('asked')
  const words = get('words')
  const make = get('make') as HTMLButtonElement
  const list = get('sales')
  const screen = new ChargeScreen(get('screen') as HTMLDialogElement)
  const payee = JSON.parse(root.dataset.payee ?? '{}') as Payee
  // Fetched now, so that it is there when the network is not.
  const drawing = import('./charge-code.ts').catch(() => undefined)
  let amountVnd = 0
  /** The sale on the full screen. */
  let shown: string | undefined
  let showings = 0

  function ask(vnd: number) {
    if (vnd > MAX_CODE_AMOUNT_VND) return say(`Nhiều nhất là ${formatVnd(MAX_CODE_AMOUNT_VND)}`)
    amountVnd = vnd
    asked.textContent = formatVnd(vnd)
    asked.dataset.digits = String(String(vnd).length)
    make.disabled = vnd === 0
    say(vnd === 0 ? 'Bấm số tiền khách trả' : spokenText(vnd, dialect))
  }

  function say(text: string) {
    words.textContent = text
  }

  function press(key: string) {
    if (key === 'back') ask(Math.floor(amountVnd / 10))
    else ask(Number(`${amountVnd}${key}`))
  }

  async function makeCode() {
    const wanted = amountVnd
    if (wanted === 0) return
    // At once: a second tap asks for nothing.
    ask(0)
    if (!(await drawing)) return refuse(wanted, 'Trang chưa tải xong. Có mạng lại thì mở lại trang này.')
    const made = register.issue(wanted)
    if (!made) return refuse(wanted, 'Hết mã dự trữ, chờ có mạng. Giờ mời khách quét mã sạp.')
    drawList()
    await show(made.facts.reference)
  }

  function refuse(wanted: number, why: string) {
    ask(wanted)
    say(why)
  }

  /** The full screen of a sale: what came of it, or its code for what is still missing. */
  async function show(reference: string, asCode = false) {
    const sale = register.find(reference)
    if (!sale) return
    shown = reference
    const showing = (showings += 1)
    const state = stateOf(sale)
    const verdict = asCode ? undefined : verdictOf(state)
    if (verdict) {
      get('call').textContent = verdict.call
      get('received').textContent = formatVnd(verdict.receivedVnd)
      get('verdict').textContent = verdict.words
      get('again').hidden = verdict.look !== 'bad' || state.status !== 'open'
      return screen.show(verdict.look)
    }
    const drawn = await drawing
    // Money that came meanwhile has put its verdict there.
    if (!drawn || showing !== showings) return
    get('due').textContent = formatVnd(state.dueVnd)
    const code = get('code')
    let payload: string | null = null
    if (payee.asksSource) {
      code.textContent = 'Đang tạo mã…'
      screen.show('code')
      payload = await register.askForCode(reference, state.dueVnd)
      // She went on, or the money was faster.
      if (shown !== reference || !screen.shows('code')) return
    }
    code.replaceChildren(drawn.drawCode(payload ?? drawn.ownPayload(payee, reference, state.dueVnd)))
    screen.show('code')
  }

  /** The other sales of this phone, small, newest first; one still open can be shown again. */
  function drawList() {
    const template = get('line') as HTMLTemplateElement
    list.replaceChildren(
      ...register
        .list()
        .slice(0, LISTED)
        .map((sale) => {
          const state = stateOf(sale)
          const line = template.content.firstElementChild!.cloneNode(true) as HTMLElement
          const button = line.querySelector('button')!
          const [amount, word] = button.children
          amount!.textContent = formatVnd(sale.facts.amountVnd ?? 0)
          word!.textContent = stateWords(state)
          line.dataset.look = verdictOf(state)?.look ?? state.status
          button.dataset.reference = sale.facts.reference
          // What is paid or cancelled is only told.
          if (state.status !== 'open') line.replaceChildren(...button.children)
          return line
        }),
    )
  }

  register.changed = (reference) => {
    drawList()
    const sale = register.find(reference)
    if (!sale) return
    // A code held out to the next shopper is not pushed away by the last one's money: that one is in the list.
    const isNews = sale.facts.credits.length > (told.get(reference) ?? 0)
    told.set(reference, sale.facts.credits.length)
    if (isNews && (!screen.open || shown === reference)) void show(reference)
  }
  const told = new Map(register.creditsAtStart)
  for (const facts of JSON.parse(root.dataset.sales ?? '[]') as SaleFacts[]) register.hear(facts)

  let held = 0
  root.addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Element && target.closest('[data-key=back]'))
      held = window.setTimeout(() => ask(0), LONG_PRESS_MS)
  })
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'])
    root.addEventListener(end, () => clearTimeout(held))

  root.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null
    if (!button) return
    const { key, amount, reference } = button.dataset
    if (key !== undefined) press(key)
    else if (amount !== undefined) ask(Number(amount))
    else if (reference !== undefined) void show(reference)
  })
  make.addEventListener('click', () => void makeCode())
  get('cancel').addEventListener('click', () => {
    if (shown !== undefined) register.cancel(shown)
    screen.close()
  })
  get('again').addEventListener('click', () => shown !== undefined && void show(shown, true))
  get('done').addEventListener('click', () => screen.close())
  addEventListener('keydown', (event) => {
    if (screen.open || event.ctrlKey || event.metaKey || event.altKey) return
    if (/^\d$/.test(event.key)) press(event.key)
    else if (event.key === 'Backspace') press('back')
    else if (event.key === 'Escape') ask(0)
    // Enter on a key of the keypad is that key's own; the loudspeaker, touched a moment ago, has no claim on it.
    else if (
      event.key === 'Enter' &&
      !(event.target instanceof HTMLButtonElement && root.contains(event.target))
    ) {
      // Or the same Enter would press «Huỷ», which has the focus by then.
      event.preventDefault()
      void makeCode()
    }
  })

  ask(0)
  drawList()
  void register.keepPool()
  // A reload in front of the shopper: her code is there again.
  const [newest] = register.list()
  if (newest && stateOf(newest).status === 'open' && Date.now() - newest.madeAt < STILL_THERE_MS) {
    void show(newest.facts.reference)
  }
}
