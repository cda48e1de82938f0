/** While a proof waits for its credit: asks whether it has come, without a reload that would silence the loudspeaker. */

const ASK_EVERY_MS = 3000

const stateOf = (page: Document) => page.querySelector<HTMLElement>('[data-proof]')?.dataset['proof']
const drawn = stateOf(document)

async function ask() {
  if (document.hidden) return
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (stateOf(page) !== drawn) location.reload()
  } catch {
    // No network: the header says so already.
  }
}
setInterval(() => void ask(), ASK_EVERY_MS)
