import { html } from 'hono/html'

export type Html = ReturnType<typeof html>

/** From a logical name ('main.css', 'vendor.ts', 'clips.mp3') to the hashed address it is served under. */
type AssetUrl = (name: string) => string

/** What every page needs and no page decides. */
export interface Frame {
  /** Invented money: every page and every printed card says so. */
  demo: boolean
  assets: AssetUrl
}

export interface LayoutOptions extends Frame {
  title: string
  description?: string
  /** The page's own class on <body>, where it needs other room than a column of text. */
  kind?: string
  /** Logical name of the page's client, if it has one. */
  script?: string
  /** Logical name of the page's first stylesheet, where main.css would be too much. */
  base?: string
  /** Logical names of stylesheets beyond the first. */
  styles?: readonly string[]
  header?: Html
  /** Where no script runs, the page is asked for anew after so many seconds. */
  refreshSeconds?: number
  /** Address of the manifest that makes the page installable; asked for with the session. */
  manifest?: string
}

const DESCRIPTION = 'Chợ 4.0: mỗi sạp một mã VietQR, khách chuyển khoản là loa đọc số tiền.'

export const DEMO_WORDS = 'BẢN THỬ — TIỀN GIẢ'

/** The whole document around a page's body. */
export const layout = (options: LayoutOptions, body: Html): Html =>
  html`<!doctype html>
    <html lang="vi">
      <head>
        <meta charset="utf-8" />
        <title>${options.title} · Chợ 4.0</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="description" content="${options.description ?? DESCRIPTION}" />
        <meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#0b1220" media="(prefers-color-scheme: dark)" />
        <meta name="format-detection" content="telephone=no" />
        ${[options.base ?? 'main.css', ...(options.styles ?? [])].map(
          (name) => html`<link rel="stylesheet" href="${options.assets(name)}" />`,
        )}
        ${
          options.refreshSeconds &&
          html`<noscript><meta http-equiv="refresh" content="${options.refreshSeconds}" /></noscript>`
        }
        ${
          options.manifest &&
          html`<link rel="manifest" href="${options.manifest}" crossorigin="use-credentials" />
            <link rel="icon" href="${options.assets('app.svg')}" />
            <link rel="apple-touch-icon" href="${options.assets('app-192.png')}" />`
        }
        ${options.script && html`<script type="module" src="${options.assets(options.script)}"></script>`}
      </head>
      <body class="${options.kind ?? ''}">
        ${options.demo && html`<aside class="demo-strip">${DEMO_WORDS}</aside>`} ${options.header}
        <main>${body}</main>
      </body>
    </html>`
