import { html } from 'hono/html'
import { layout } from './layout.ts'
import type { Frame, Html } from './layout.ts'

export interface ErrorView {
  /** What happened, without blame: «Chưa tìm thấy sạp này». */
  heading: string
  /** What to do next. */
  advice: string
  link?: { url: string; words: string }
  /** For whoever is asked for help: it finds the line in the log. */
  requestId?: string
}

export const errorPage = (frame: Frame, view: ErrorView): Html =>
  layout(
    { ...frame, title: view.heading },
    html`<section class="lone">
      <h1>${view.heading}</h1>
      <p class="lead">${view.advice}</p>
      ${view.link && html`<p><a class="button" href="${view.link.url}">${view.link.words}</a></p>`}
      ${
        view.requestId &&
        html`<p class="quiet">Cần người giúp thì đọc mã này: <b class="reference">${view.requestId}</b></p>`
      }
    </section>`,
  )
