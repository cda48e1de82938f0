/** The copy button beside an account number. */

async function copy(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  // A market's own server on plain http has no clipboard: select the text and ask the old way.
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (!copied) throw new Error('The browser refused to copy')
}

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  const words = button.querySelector('span') ?? button
  const before = words.textContent
  button.addEventListener('click', () => {
    copy(button.dataset.copy ?? '').then(
      () => (words.textContent = 'Đã chép'),
      () => (words.textContent = 'Giữ tay vào số để chép'),
    )
    setTimeout(() => (words.textContent = before), 3000)
  })
}
