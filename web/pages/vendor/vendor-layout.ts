import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { layout } from '../layout.ts'
import { stallTitle } from '../stall.ts'
import type { Dialect } from '../../../shared/spoken-amount.ts'
import type { Frame, Html } from '../layout.ts'

/** What every page of a vendor's needs so that it listens and speaks, whichever of them is open. */
export interface VendorView {
  market: string
  stall: string
  stallWord: string
  stallCode: string
  /** The newest sequence number this page already shows: the stream goes on from here. */
  cursor: number
  /** `/vendor/:stallCode/stream`; the phone adds `?after=<cursor>`. */
  streamUrl: string
  /** `2026-11-22`, the market's day now. */
  businessDay: string
  announce: 'amount' | 'chime'
  dialect: Dialect
}

/** Drawn before any script runs, and true then: no sound has been allowed yet. */
const speakerButton = (): Html =>
  html`<button class="speaker needs-script" type="button" data-speaker="off">
    ${icon('silent')}${icon('speaker')}<span data-field="speaker">Loa đang tắt — chạm để bật</span>
  </button>`

export type VendorRoom = 'today' | 'code' | 'settings'

const rooms = [
  { room: 'today', path: '', words: 'Hôm nay', sign: 'today' },
  { room: 'code', path: '/code', words: 'Mã QR sạp', sign: 'code' },
  { room: 'settings', path: '/settings', words: 'Cài đặt', sign: 'settings' },
] as const

const bar = (view: VendorView, here: VendorRoom): Html =>
  html`<nav class="bar" aria-label="Trang của sạp">
    ${rooms.map(
      ({ room, path, words, sign }) =>
        html`<a href="/vendor/${view.stallCode}${path}" ${room === here ? 'aria-current=page' : ''}
          >${icon(sign)}<span>${words}</span></a
        >`,
    )}
  </nav>`

/** The frame of a vendor's pages: her stall, the loudspeaker, the connection, and the bar of three. */
export const vendorLayout = (
  frame: Frame,
  view: VendorView,
  room: VendorRoom,
  title: string,
  body: Html,
): Html =>
  layout(
    {
      ...frame,
      title: `${title} · ${stallTitle(view)}`,
      kind: `vendor vendor-${room}`,
      script: 'vendor.ts',
      header: html`<header class="stall-bar" data-link="up">
        <div>
          <p class="place">${view.market}</p>
          <p class="stall-name">${stallTitle(view)}</p>
        </div>
        ${speakerButton()}
        <p class="link-state" role="status" data-field="link"></p>
      </header>`,
    },
    html`<div
        class="room"
        data-live="${view.streamUrl}"
        data-stall="${view.stallCode}"
        data-cursor="${view.cursor}"
        data-day="${view.businessDay}"
        data-announce="${view.announce}"
        data-thousand="${view.dialect.thousand}"
        data-odd="${view.dialect.odd}"
        data-clips="${frame.assets('clips.mp3')}"
        data-clip-map="${frame.assets('clips.json')}"
      >
        ${body}
      </div>
      ${bar(view, room)}`,
  )
