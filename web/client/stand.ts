import { keepAwake } from './wake-lock.ts'

/** Stand mode: the screen stays on, and says so in words when it cannot. */

/** Whether the bank is late is the server's to say; asked after each payment, and now and then without one. */
const ASK_EVERY_MS = 60_000
const ASK_AFTER_MS = 1000

const awake = document.querySelector('[data-awake]')
keepAwake((on) => {
  if (awake) awake.toggleAttribute('hidden', on)
})

const late = document.querySelector('[data-bank-late]')
async function askAboutBank() {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const told = page.querySelector('[data-bank-late]')
    if (!late) return
    late.textContent = told?.textContent ?? ''
    late.toggleAttribute('hidden', told?.hasAttribute('hidden') ?? true)
  } catch {
    // No network: the header says so already.
  }
}
setInterval(() => void askAboutBank(), ASK_EVERY_MS)
const lines = document.querySelector('[data-field=lines]')
if (lines) {
  new MutationObserver(() => setTimeout(() => void askAboutBank(), ASK_AFTER_MS)).observe(lines, {
    childList: true,
  })
}
