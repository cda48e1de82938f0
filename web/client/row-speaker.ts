import { vietnamTime } from '../../shared/business-day.ts'
import { formatVnd } from '../../shared/money.ts'
import { rowAnnouncement } from '../../shared/spoken-amount.ts'
import { LONG_QUEUE, OLD_NEWS_MS } from './announcer.ts'
import { ChangeStream } from './change-stream.ts'
import { Speaker } from './speaker.ts'
import { keepAwake } from './wake-lock.ts'
import type { RowNews, RowStall } from '../../shared/wire.ts'

/** The tablet of a row. Keeps nothing: what it shows is in this page's memory and gone with it. */

const MAX_SHOWN = 4
/** Whoever walks by later need not read it. */
const SHOWN_MS = 10 * 60_000
const SWEEP_MS = 10_000

const get = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector)
  if (!element) throw new Error(`The page has no ${selector}`)
  return element
}

const room = get('[data-live]')
const header = get('[data-link]')
const button = get('[data-speaker]')
const told = (name: string) => room.dataset[name] ?? ''
const [initial = '', ...rest] = told('stallWord')
const capitalisedWord = initial.toUpperCase() + rest.join('')
const nobody = get('[data-field=stalls]').textContent

const speaker = new Speaker(told('clips'), told('clipMap'), settle)
let stalls = new Map<string, RowStall>()
let shown: RowNews[] = []
let waiting: RowNews[] = []
let isSpeaking = false
let clockAhead = 0

function settle() {
  button.dataset.speaker = speaker.on ? 'on' : 'off'
  get('[data-field=speaker]').textContent = speaker.on ? 'Loa bật' : 'Loa đang tắt — chạm để bật'
  void speak()
}

/** One after another; of a long queue only the newest is told, and what is old is shown alone. */
async function speak() {
  if (isSpeaking) return
  isSpeaking = true
  try {
    while (speaker.on) {
      const oldest = Date.now() + clockAhead - OLD_NEWS_MS
      waiting = waiting.filter((one) => one.recordedAt >= oldest)
      if (waiting.length > LONG_QUEUE) waiting = waiting.slice(-1)
      const next = waiting.shift()
      if (!next) return
      const stall = stalls.get(next.stall)
      if (!stall) continue
      const words = rowAnnouncement(told('stallWord'), stall.number, next.amountVnd, stall.dialect)
      // A sound that fails must not silence the next one.
      await speaker
        .say(words, () => {
          document.documentElement.dataset.lastAnnounced = String(next.seq)
        })
        .catch(() => {})
    }
  } finally {
    isSpeaking = false
  }
}

function draw() {
  const template = get('template[data-line]') as HTMLTemplateElement
  get('[data-field=lines]').replaceChildren(
    ...shown.map((one) => {
      const line = template.content.cloneNode(true) as DocumentFragment
      const text = (field: string, words: string) => {
        line.querySelector(`[data-field=${field}]`)!.textContent = words
      }
      text('stall', `${capitalisedWord} ${one.stall}`)
      text('amount', one.amountVnd === null ? '' : formatVnd(one.amountVnd))
      text('word', one.amountVnd === null ? 'có khách chuyển khoản' : '')
      text('time', vietnamTime(one.recordedAt))
      return line
    }),
  )
  get('[data-field=empty]').toggleAttribute('hidden', shown.length > 0)
}

/** Who stopped is gone at once, and an amount no longer to be told with her; so is what is long past. */
function sweep() {
  const oldest = Date.now() + clockAhead - SHOWN_MS
  const allowed = (news: RowNews[]) =>
    news.flatMap((one) => {
      const stall = stalls.get(one.stall)
      return stall ? [{ ...one, amountVnd: stall.tellsAmount ? one.amountVnd : null }] : []
    })
  shown = allowed(shown).filter((one) => one.recordedAt >= oldest)
  waiting = allowed(waiting)
  draw()
}

const stream = new ChangeStream<RowNews>(told('live'), Number(told('cursor')), {
  change(news) {
    shown = [news, ...shown].slice(0, MAX_SHOWN)
    waiting.push(news)
    draw()
    void speak()
  },
  stalls(now) {
    stalls = new Map(now.map((stall) => [stall.name, stall]))
    get('[data-field=stalls]').textContent = [...stalls.keys()].join(' · ') || nobody
    sweep()
  },
  hello(now) {
    clockAhead = now - Date.now()
  },
  alive: () => {},
  link(up, since) {
    header.dataset.link = up ? 'up' : 'down'
    get('[data-field=link]').textContent = up ? '' : `Mất mạng từ ${vietnamTime(since)}`
  },
  refused: () => void leaveIfSignedOut(),
})

/** The board turned this tablet off: a new page says so and shows nothing. */
async function leaveIfSignedOut() {
  try {
    const { status } = await fetch(location.href, { method: 'HEAD', redirect: 'manual' })
    if (status === 401 || status === 404) location.reload()
  } catch {
    // No network: the stream says so already.
  }
}

button.addEventListener('click', () => {
  // Tapped when on, it sounds: whoever set it up hears that it works.
  if (speaker.on) void speaker.say([])
  else void speaker.turnOn()
})
keepAwake((on) => get('[data-awake]').toggleAttribute('hidden', on))
setInterval(sweep, SWEEP_MS)
stream.start()
settle()
const whenIdle = window.requestIdleCallback ?? ((idle: () => void) => setTimeout(idle, 500))
whenIdle(() => void speaker.load().catch(() => {}))
