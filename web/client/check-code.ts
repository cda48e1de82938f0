/** The stall's page: compares a photographed code with the stall's, by the server. */
// oxlint-disable-next-line import/no-unassigned-import -- it finds its buttons itself
import './copy.ts'
import { onPhotographedCode } from './photographed-code.ts'

onPhotographedCode((text) => {
  const payload = document.querySelector<HTMLTextAreaElement>('[name=payload]')!
  payload.value = text
  payload.form!.submit()
})
