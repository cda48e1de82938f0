/** «Nghe đọc» plays and stops in place; nothing is loaded before the first tap. */

const link = document.querySelector<HTMLAnchorElement>('[data-consent-reading]')

if (link) {
  const words = link.querySelector('span')!
  const before = words.textContent
  let sound: HTMLAudioElement | undefined
  const open = (): HTMLAudioElement => {
    const opened = new Audio(link.href)
    opened.addEventListener('playing', () => (words.textContent = 'Đang đọc — chạm để dừng'))
    opened.addEventListener('pause', () => (words.textContent = before))
    return opened
  }
  link.addEventListener('click', (event) => {
    event.preventDefault()
    sound ??= open()
    if (!sound.paused) return sound.pause()
    sound.play().catch(() => {
      sound = undefined
      words.textContent = 'Chưa tải được — chạm để nghe lại'
    })
  })
}
