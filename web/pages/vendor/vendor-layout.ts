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
  /** A helper's phone, or one that waits for a yes: it hears the day, and changes nothing. */
  onlyHears?: boolean
  /** Her newest credits took minutes to be told, or, since `10:42`, whoever tells of them is silent or late. */
  bankLate?: { bank: string | undefined; since: string | undefined }
  /** The page waits for something: asked for anew so often where no script runs. */
  refreshSeconds?: number
}

export const bankLateWords = ({ bank, since }: NonNullable<VendorView['bankLate']>): string =>
  `Ngân hàng ${bank === undefined ? '' : `${bank} `}đang báo chậm${since === undefined ? '' : `, từ ${since}`}. Khách đã trừ tiền thì đợi thêm vài phút.`

/** Drawn before any script runs, and true then: no sound has been allowed yet. */
export const speakerButton = (): Html =>
  html`<button class="speaker needs-script" type="button" data-speaker="off">
    ${icon('silent')}${icon('speaker')}<span data-field="speaker">Loa đang tắt — chạm để bật</span>
  </button>`

export type VendorRoom = 'today' | 'charge' | 'code' | 'book' | 'stand' | 'settings' | 'proof' | 'statement'

const rooms = [
  { room: 'charge', words: 'Tính tiền' },
  { room: 'code', words: 'Mã QR sạp' },
  { room: 'book', words: 'Sổ bán hàng' },
] as const

const bar = (view: VendorView, here: VendorRoom): Html =>
  html`<nav class="room-bar" aria-label="Việc của sạp">
    ${rooms
      .filter(({ room }) => !view.onlyHears || room === 'code')
      .map(
        ({ room, words }) =>
          html`<a href="/vendor/${view.stallCode}/${room}" ${room === here ? 'aria-current=page' : ''}
            >${icon(room)}<span>${words}</span></a
          >`,
      )}
  </nav>`

/** The frame of a vendor's pages: her stall (the way home), the loudspeaker, the connection, and the bar of three. */
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
      ...(view.refreshSeconds === undefined ? {} : { refreshSeconds: view.refreshSeconds }),
      manifest: `/vendor/${view.stallCode}/app.webmanifest`,
      header: html`<header class="stall-bar" data-link="up">
        <a class="stall-home" href="/vendor/${view.stallCode}" ${room === 'today' ? 'aria-current=page' : ''}>
          <span class="place">${view.market}</span>
          <span class="stall-name">${stallTitle(view)}</span>
          <span class="visually-hidden">, sổ hôm nay</span>
        </a>
        ${speakerButton()}
        <a
          class="settings"
          href="/vendor/${view.stallCode}/settings"
          ${room === 'settings' ? 'aria-current=page' : ''}
          >${icon('settings')}<span class="visually-hidden">Cài đặt</span></a
        >
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
        <a
          class="notice notice-warn new-phone"
          href="/vendor/${view.stallCode}/settings#phones"
          data-new-phone
          hidden
        ></a>
        ${body}
      </div>
      ${bar(view, room)}
      <script type="module" src="${frame.assets('app.ts')}"></script>`,
  )
