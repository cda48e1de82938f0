import { html } from 'hono/html'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { pageHeader } from '../page-header.ts'
import { publicUrlNotice } from './sources.ts'
import type { Field } from '../field.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

/** What a source says of itself, and what somebody has to type for one. */
export interface SourceKind {
  kind: string
  name: string
  console: string
  modes: readonly { id: string; words: string; hint?: string }[]
  secret: { label: string; hint: string }
  access: readonly { name: string; label: string; hint: string }[]
}

export interface NewSourceView {
  source: SourceKind
  publicUrl: string
  /** Never what was typed as a secret: a page must not say it back. */
  typed: { label?: string; mode?: string }
  errors: FieldErrors
}

/** The form of one kind of source, made of what the source declares. */
export const newSourcePage = (frame: Frame, { source, publicUrl, typed, errors }: NewSourceView): Html => {
  const { kind, name, modes, secret, access } = source
  const input = (given: Field) => {
    const error = errors[given.name]
    return field({ ...given, ...(error === undefined ? {} : { error }) })
  }
  const title = `Thêm nguồn ${name}`
  return layout(
    {
      ...frame,
      title,
      kind: 'office',
      header: pageHeader({
        title,
        place: 'Nguồn báo tiền',
        back: { url: '/operator/sources', words: 'Các nguồn' },
      }),
    },
    html`${publicUrlNotice(publicUrl, name)}
      <form action="/operator/sources/add/${kind}" method="post">
        ${input({
          label: 'Gọi là',
          name: 'label',
          value: typed.label ?? '',
          hint: `Để phân biệt khi có nhiều nguồn: ${name} chợ Phù Cát`,
          required: true,
        })}
        ${
          modes.length === 1
            ? html`<input type="hidden" name="mode" value="${modes[0]!.id}" />`
            : choices(
                `${name} chứng thực bằng`,
                'mode',
                typed.mode || modes[0]!.id,
                modes.map(({ id, ...words }) => ({ value: id, ...words })),
              )
        }
        ${errors['mode'] && html`<p class="error">${errors['mode']}</p>`}
        ${input({ ...secret, name: 'secret' })} ${access.map(input)}
        <button class="primary wide">Thêm nguồn này</button>
      </form>`,
  )
}
