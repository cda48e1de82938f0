/** The inbox by keyboard: the page's own forms, reached faster. Without it everything is there to tap. */

const cards = [...document.querySelectorAll<HTMLElement>('.credit')]
const current = () => cards.find((card) => card.contains(document.activeElement))

function move(by: 1 | -1) {
  const card = current()
  const next = card ? cards[cards.indexOf(card) + by] : cards[0]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

/** Chosen, not sent: Enter on it is the form's own. */
function choose(key: string) {
  const candidate = (current() ?? cards[0])?.querySelector<HTMLInputElement>(`[data-key="${key}"]`)
  if (!candidate) return
  candidate.checked = true
  candidate.focus()
}

function openNotASale() {
  const details = (current() ?? cards[0])?.querySelector<HTMLDetailsElement>('[data-not-a-sale]')
  if (!details) return
  details.open = true
  details.querySelector('button')?.focus()
}

/** Where a key is already somebody's: what is being typed, or the arrows of a list. */
function isTaken({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== 'radio')
  )
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return
  const key = event.key.toLowerCase()
  const isOnChoice = event.target instanceof HTMLInputElement
  if (key === 'j' || (key === 'arrowdown' && !isOnChoice)) move(1)
  else if (key === 'k' || (key === 'arrowup' && !isOnChoice)) move(-1)
  else if (/^[1-9]$/.test(key)) choose(key)
  else if (key === 'x') openNotASale()
  else return
  event.preventDefault()
})

document.querySelector('[data-keys]')?.removeAttribute('hidden')
// After a decision the next one has the keys at once.
if (/[?&](assigned|aside|split)=/.test(location.search)) cards[0]?.focus({ preventScroll: true })
