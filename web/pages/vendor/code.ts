import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { stallCode } from '../stall-code.ts'
import { vendorLayout } from './vendor-layout.ts'
import type { Frame, Html } from '../layout.ts'
import type { VendorView } from './vendor-layout.ts'

export interface VendorCodeView extends VendorView {
  holderName: string
  bankShortName: string
  accountNumber: string
  /** Made by the server, with its quiet zone. */
  qrSvg: string
}

/** The code held out to a shopper: white, large, and nothing else; it still hears and speaks. */
export const vendorCodePage = (frame: Frame, view: VendorCodeView): Html =>
  vendorLayout(
    frame,
    view,
    'code',
    'Mã QR',
    html`<section class="show-code">
      <h1 class="visually-hidden">Mã QR của ${view.stallWord} ${view.stall}</h1>
      ${stallCode(view.qrSvg, `Mã VietQR của ${view.stallWord} ${view.stall}`)}
      <p class="holder">${view.holderName}</p>
      <p>${view.bankShortName}</p>
      <p class="number">${view.accountNumber}</p>
      <p class="news" role="status" data-field="news"></p>
      <a class="button wide back-home" href="/vendor/${view.stallCode}">${icon('back')}Về sổ hôm nay</a>
    </section>`,
  )
