/** Her enrolment: reads the code at her stall, says at once what it found, and writes what it can for her. */
import { bankName } from '../../shared/display-text.ts'
import { problemWords } from '../pages/problem-words.ts'
import { readSticker } from '../pages/sticker.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it finds its button itself
import './consent-reading.ts'
import { onPhotographedCode } from './photographed-code.ts'

const form = document.querySelector('form')!
const input = (name: string) => form.querySelector<HTMLInputElement>(`[name=${name}]`)!
const field = (name: string) => form.querySelector<HTMLElement>(`[data-field=${name}]`)!
const banks = form.querySelector<HTMLSelectElement>('[name=bank]')!
const sticker = input('sticker')

/** Says what will keep money in this bank from being heard, and that she was told. */
function tellOf(bank: HTMLOptionElement | undefined) {
  const heard = bank?.closest('optgroup')?.dataset['heard'] ?? ''
  let told = ''
  for (const warning of form.querySelectorAll<HTMLElement>('[data-hindrance]')) {
    warning.hidden = warning.dataset['hindrance'] !== heard
    if (!warning.hidden) told = heard
  }
  input('told').value = told
}

function showSticker(isRead: boolean) {
  field('read').hidden = !isRead
  field('unread').hidden = isRead
}

function refuse(words: string) {
  field('photo').className = 'error'
  field('photo').textContent = words
  form.querySelector('details')!.open = true
}

onPhotographedCode((payload) => {
  const reading = readSticker(payload)
  if ('problem' in reading) return refuse(reading.problem)
  const { bankBin, accountNumber } = reading
  const bank = [...banks.options].find(({ value }) => value === bankBin)
  if (!bank) return refuse(problemWords('bank_takes_no_transfers'))
  sticker.value = payload
  field('bank').textContent = bank.text
  field('number').textContent = accountNumber
  tellOf(bank)
  showSticker(true)
})

form.querySelector('[data-drop]')!.addEventListener('click', () => {
  sticker.value = ''
  field('photo').className = 'quiet'
  field('photo').textContent = ''
  tellOf(banks.selectedOptions[0])
  showSticker(false)
})

banks.addEventListener('change', () => tellOf(banks.selectedOptions[0]))

const holder = input('account_name')
/** Until she writes another's, the account is hers. */
let isHers = holder.value === bankName(input('vendor').value)
holder.addEventListener('input', () => (isHers = false))
input('vendor').addEventListener('input', () => {
  if (isHers) holder.value = bankName(input('vendor').value)
})

// A second tap would be answered in place of the first, that the invitation is used.
form.addEventListener('submit', () => {
  for (const button of form.querySelectorAll<HTMLButtonElement>('button.primary')) button.disabled = true
})
