import { CashQueue } from './cash-queue.ts'

/** On every page of a vendor's: keeps her pages on the phone for when there is no network, and sends waiting cash. */

/** Her list changes with every payment; it is kept anew this long after, once for many. */
const KEEP_AFTER_MS = 2000

const room = document.querySelector<HTMLElement>('[data-live]')
const stallCode = room?.dataset['stall'] ?? ''
const home = `/vendor/${stallCode}`

const cash = new CashQueue(stallCode)
cash.keepSending()

/** Missing on plain http: then a page lives as long as it is open. */
const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined

async function keep(kind: 'refresh' | 'complete', urls: string[]) {
  const { active } = await workers!.ready
  // A page drawn without network would only be asked for in vain.
  if (!navigator.onLine) return
  const message = { kind, urls: urls.map((url) => new URL(url, location.href).href) }
  active?.postMessage(message)
}

if (workers) {
  addEventListener('load', () => {
    void workers.register('/service-worker.js', { scope: '/vendor/' }).catch(() => {})
    // The first page of all came past the worker; later ones it keeps as they pass.
    if (!workers.controller) void keep('refresh', [location.href])
    void keep(
      'complete',
      ['', '/charge', '/code', '/book', '/stand'].map((path) => home + path),
    )
  })
  let waiting: ReturnType<typeof setTimeout> | undefined
  const news = new MutationObserver(() => {
    waiting ??= setTimeout(() => {
      waiting = undefined
      void keep('refresh', [home, `${home}/book`])
    }, KEEP_AFTER_MS)
  })
  for (const field of document.querySelectorAll(
    '[data-field=lines], [data-field=news], [data-field=pending]',
  )) {
    news.observe(field, { childList: true, characterData: true, subtree: true })
  }
}

/** Leaving empties this phone: cash that is not in her book yet must get there first. */
for (const form of document.querySelectorAll<HTMLFormElement>('form.leave')) {
  form.addEventListener('submit', (event) => {
    if (cash.list().length === 0) return
    event.preventDefault()
    void leaveWith(form)
  })
}

async function leaveWith(form: HTMLFormElement) {
  await cash.send()
  const left = cash.list().length
  if (left === 0) return form.submit()
  const words = form.querySelector('[data-unsent]')
  if (words)
    words.textContent = `Còn ${left} khoản tiền mặt chưa vào sổ. Mở «Sổ bán hàng» xem lại rồi hãy ra.`
}
