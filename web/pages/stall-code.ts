import { html, raw } from 'hono/html'
import type { Html } from './layout.ts'

/** A code to scan: black on white whatever the phone's setting, its quiet zone kept. `qrSvg` is the server's own. */
export const stallCode = (qrSvg: string, label: string): Html =>
  html`<div class="code" role="img" aria-label="${label}">${raw(qrSvg)}</div>`
