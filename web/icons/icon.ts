import { html } from 'hono/html'

/** Our own few icons: 24 grid, stroke 2, drawn in the colour of the words beside them. Never without a word. */
const paths = {
  back: 'M15 5l-7 7 7 7',
  check: 'M4 12.5l5.5 5.5L20 7',
  code: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM20 14h-1M14 20h1',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  save: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  settings: 'M4 7h9M19 7h1M4 17h1M11 17h9M13 4.5h6v5h-6zM5 14.5h6v5H5z',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 010 6M18.5 6.5a8 8 0 010 11',
  silent: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  today: 'M5 3h14v18l-3.5-2-3.5 2-3.5-2L5 21zM9 8h6M9 12h6',
  warning: 'M12 4L2.5 20h19zM12 10v5M12 17.4v.2',
} as const

export type IconName = keyof typeof paths

export const icon = (name: IconName) =>
  html`<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true">
    <path d="${paths[name]}" />
  </svg>`
