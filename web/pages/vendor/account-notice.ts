import { html } from 'hono/html'
import { notice, type NoticeKind } from '../notice.ts'
import type { Html } from '../layout.ts'

/** Something about her account or this phone that she should know, in plain words. */
export interface AccountNotice {
  words: string
  /** A proof of the account would change it, and this phone may ask for one. */
  toProve: boolean
}

export const accountNotice = (kind: NoticeKind, stallCode: string, { words, toProve }: AccountNotice): Html =>
  notice(
    kind,
    html`<p>${words}</p>
      ${toProve && html`<a class="button wide" href="/vendor/${stallCode}/proof">Chứng minh tài khoản</a>`}`,
  )
