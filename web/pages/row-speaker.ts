import { html } from 'hono/html'
import { layout } from './layout.ts'
import { speakerButton } from './vendor/vendor-layout.ts'
import type { Frame, Html } from './layout.ts'

export interface RowSpeakerView {
  market: string
  row: string
  stallWord: string
  /** The market's newest sequence number: only what comes after it is shown. */
  cursor: number
}

/** The tablet of a row: dark, kept awake, the stall's name huge. Drawn empty; all it shows comes by its stream. */
export const rowSpeakerPage = (frame: Frame, view: RowSpeakerView): Html =>
  layout(
    {
      ...frame,
      title: `Loa ${view.row} · ${view.market}`,
      kind: 'vendor vendor-stand row-speaker',
      script: 'row-speaker.ts',
      styles: ['speaker.css'],
      header: html`<header class="stall-bar" data-link="up">
        <p class="stall-home">
          <span class="place">${view.market}</span>
          <span class="stall-name">Loa ${view.row}</span>
        </p>
        ${speakerButton()}
        <p class="link-state" role="status" data-field="link"></p>
      </header>`,
    },
    html`<div
      class="room"
      data-live="/speaker/stream"
      data-cursor="${view.cursor}"
      data-stall-word="${view.stallWord}"
      data-clips="${frame.assets('clips.mp3')}"
      data-clip-map="${frame.assets('clips.json')}"
    >
      <h1 class="visually-hidden">Loa ${view.row}</h1>
      <p class="state" role="status" data-awake hidden>
        Máy không cho giữ màn hình sáng: tắt tiết kiệm pin, hoặc đặt màn hình lâu tắt.
      </p>
      <section class="newest" aria-label="Khách vừa chuyển khoản, mới nhất ở trên">
        <ol class="lines" aria-live="polite" data-field="lines"></ol>
        <p class="empty" data-field="empty">Đang chờ khách chuyển khoản.</p>
      </section>
      <section class="told-of">
        <h2>Loa này báo cho</h2>
        <p data-field="stalls">Chưa ${view.stallWord} nào cho báo.</p>
        <p>Để màn hình này mở và cắm sạc thì loa mới báo.</p>
      </section>
      <template data-line
        ><li class="line">
          <b class="stall-name" data-field="stall"></b>
          <span class="amount" data-field="amount"></span>
          <span class="word" data-field="word"></span>
          <span class="time" data-field="time"></span></li
      ></template>
    </div>`,
  )
