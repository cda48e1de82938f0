import { html } from 'hono/html'

/** Our own few icons: 24 grid, stroke 2, drawn in the colour of the words beside them. Never without a word. */
const paths = {
  awake:
    'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M5 19l1.7-1.7M17.3 6.7L19 5',
  back: 'M15 5l-7 7 7 7',
  book: 'M4 4.5h6a2 2 0 012 2V20a2 2 0 00-2-2H4zM20 4.5h-6a2 2 0 00-2 2V20a2 2 0 012-2h6z',
  charge:
    'M5 3h14v18H5zM8.5 7h7M8.5 11.5h.1M12 11.5h.1M15.5 11.5h.1M8.5 14.5h.1M12 14.5h.1M15.5 14.5h.1M8.5 17.5h.1M12 17.5h.1M15.5 17.5h.1',
  check: 'M4 12.5l5.5 5.5L20 7',
  code: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM20 14h-1M14 20h1',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  save: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  settings:
    'M12 9a3 3 0 100 6 3 3 0 000-6zM10.5 3h3l.6 2.6 1.8 1 2.5-.8 1.5 2.6-1.9 1.8v2.1l1.9 1.8-1.5 2.6-2.5-.8-1.8 1-.6 2.6h-3l-.6-2.6-1.8-1-2.5.8-1.5-2.6 1.9-1.8v-2.1L4.1 8.4l1.5-2.6 2.5.8 1.8-1z',
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
