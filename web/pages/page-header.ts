import { html } from 'hono/html'
import { icon } from '../icons/icon.ts'
import type { Html } from './layout.ts'

export interface PageHeader {
  title: string
  /** Where one is, above the title: the market, the section. */
  place?: string
  back?: { url: string; words: string }
}

export const pageHeader = ({ title, place, back }: PageHeader): Html =>
  html`<header class="page-header">
    ${back && html`<a class="back" href="${back.url}">${icon('back')}${back.words}</a>`}
    ${place && html`<p class="place">${place}</p>`}
    <h1>${title}</h1>
  </header>`
