import { vietnamTime } from '../../shared/business-day.ts'
import { saleState } from '../../shared/sale-state.ts'
import { MAX_SPOKEN_VND, announcement, saleAnnouncement } from '../../shared/spoken-amount.ts'
import { Announcer } from './announcer.ts'
import { ChangeStream } from './change-stream.ts'
import { SaleRegister } from './charge-register.ts'
import { DaySheet } from './day-sheet.ts'
import { Floor } from './floor.ts'
import { Mark } from './mark.ts'
import { Speaker } from './speaker.ts'
import type { Dialect } from '../../shared/spoken-amount.ts'
import type { Utterance } from './announcer.ts'

/** The vendor's live screen: the server drew it whole; this keeps it true and gives it a voice. */

const get = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector)
  if (!element) throw new Error(`The page has no ${selector}`)
  return element
}

const room = get('[data-live]')
const header = get('[data-link]')
const button = get('[data-speaker]')
const told = (name: string) => room.dataset[name] ?? ''

const speaksAmounts = told('announce') === 'amount'
const dialect: Dialect = {
  thousand: told('thousand') === 'nghìn' ? 'nghìn' : 'ngàn',
  odd: told('odd') === 'linh' ? 'linh' : 'lẻ',
}
const cursor = Number(told('cursor'))
const mark = new Mark(told('stall'))
const resumeAfter = mark.resumeAfter(cursor)
const sheet = new DaySheet(room, told('day'), dialect)
const speaker = new Speaker(told('clips'), told('clipMap'), settle)
const register = new SaleRegister(told('stall'))
const floor = new Floor(told('stall'), settle)
let clockAhead = 0

const announcer = new Announcer({
  now: () => Date.now() + clockAhead,
  maySpeak: () => speaker.on && floor.held,
  mark,
  words(amountVnd, sale) {
    const state = sale && saleState(sale)
    // Whoever wants no amounts read out must still not take 200đ for 200.000đ.
    if (!speaksAmounts) return state?.exception === 'underpaid' ? ['khoan'] : []
    if (amountVnd > MAX_SPOKEN_VND) return []
    return state ? saleAnnouncement(amountVnd, state, dialect) : announcement(amountVnd, dialect)
  },
  say: ({ seq, words }: Utterance) =>
    speaker.say(words, () => {
      document.documentElement.dataset.lastAnnounced = String(seq)
      document.dispatchEvent(
        new CustomEvent('announced', { detail: { seq, words, scheduledAt: Date.now() } }),
      )
    }),
})

/** Says on the button what the loudspeaker is, and lets it speak if it can. */
function settle() {
  if (speaker.on) floor.ask()
  else floor.leave()
  const state = !speaker.on ? 'off' : floor.held ? 'on' : 'elsewhere'
  button.dataset.speaker = state
  const words = { off: 'Loa đang tắt — chạm để bật', on: 'Loa bật', elsewhere: 'Loa bật ở trang khác' }
  const label = button.querySelector('[data-field=speaker]')
  if (label) label.textContent = words[state]
  if (state === 'on' && isTrialDue) {
    isTrialDue = false
    void speaker.say(trialWords())
  }
  void announcer.speak()
}

/** Tapped when on, it sounds: she hears that it works, and no stray touch can silence it. */
async function tap(words: readonly string[]) {
  const wasOn = speaker.on
  await speaker.turnOn()
  floor.ask(true)
  settle()
  if (wasOn || words.length > 0) await speaker.say(words)
}

button.addEventListener('click', () => void tap([]))
/** A button that lets her hear an amount; after the proof of her account it is said as soon as it may be. */
const trial = document.querySelector<HTMLElement>('[data-try]')
const trialWords = () => (speaksAmounts ? announcement(Number(trial?.dataset['try']), dialect) : [])
let isTrialDue = trial?.hasAttribute('data-at-once') ?? false
trial?.addEventListener('click', () => {
  isTrialDue = false
  void tap(trialWords())
})
addEventListener('pagehide', () => floor.leave())
addEventListener('pageshow', (event) => event.persisted && settle())

const stream = new ChangeStream(told('live'), resumeAfter, {
  change(change) {
    // What came in while the page was loading is on it already, and perhaps not told yet.
    if (change.seq > cursor) sheet.show(change)
    const isUndone = change.kind === 'undone'
    announcer.hear(change.sale ? { ...change, sale: register.hear(change.sale, isUndone) } : change)
  },
  hello(now) {
    clockAhead = now - Date.now()
    void register.settle()
  },
  phone(isWaiting) {
    const newPhone = document.querySelector('[data-new-phone]')
    if (!newPhone) return
    newPhone.textContent = isWaiting
      ? 'Có máy mới xin nghe. Xem và trả lời'
      : 'Có máy mới vào nghe. Xem máy nào'
    newPhone.toggleAttribute('hidden', false)
  },
  // Keeps the mark's clock going; what the stream was opened after is dealt with or too old to tell.
  alive: () => floor.held && mark.write(resumeAfter),
  link(up, since) {
    header.dataset.link = up ? 'up' : 'down'
    const state = header.querySelector('[data-field=link]')
    if (state) state.textContent = up ? '' : `Mất mạng — số liệu lúc ${vietnamTime(since)}`
  },
  refused: () => void leaveIfSignedOut(),
})

/** A refused stream means a server at rest, or a session ended elsewhere: only the second needs a new page. */
async function leaveIfSignedOut() {
  try {
    const { status, type } = await fetch(location.href, { method: 'HEAD', redirect: 'manual' })
    if (status === 401 || status === 403 || type === 'opaqueredirect') location.reload()
  } catch {
    // No network: the stream says so already.
  }
}

const charge = room.querySelector<HTMLElement>('[data-charge]')
if (charge) void import('./charge.ts').then(({ openCharge }) => openCharge(charge, register, dialect))
stream.start()
settle()
// The words are fetched after the page has been drawn and the stream asked for.
const whenIdle = window.requestIdleCallback ?? ((idle: () => void) => setTimeout(idle, 500))
whenIdle(() => void speaker.load().catch(() => {}))
