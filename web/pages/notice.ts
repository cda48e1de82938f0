import { html } from 'hono/html'
import { icon } from '../icons/icon.ts'
import type { IconName } from '../icons/icon.ts'
import type { Html } from './layout.ts'

export type NoticeKind = 'good' | 'warn' | 'bad' | 'plain'

const icons: Record<NoticeKind, IconName | undefined> = {
  good: 'check',
  warn: 'warning',
  bad: 'warning',
  plain: undefined,
}

/** A strip with one thing to know. Colour, shape and words say the same. */
export const notice = (kind: NoticeKind, words: string | Html): Html => {
  const shape = icons[kind]
  return html`<div class="notice notice-${kind}" role="${kind === 'bad' ? 'alert' : 'note'}">
    ${shape && icon(shape)}
    <div>${words}</div>
  </div>`
}
