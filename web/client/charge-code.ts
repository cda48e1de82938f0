import { encode } from '@vietqr/core'
// @ts-expect-error The encoder alone, without the package's canvases; `Encoder` below is what we use of it.
import encoder from 'qrcode/lib/core/qrcode.js'

interface Encoder {
  create(
    text: string,
    options: { errorCorrectionLevel: 'M' },
  ): { modules: { size: number; data: ArrayLike<number> } }
}

/** Where the money of a code goes: her own account. */
export interface Payee {
  bankBin: string
  accountNumber: string
  /** Stands before the reference where the source that hears her bank demands it. */
  purposePrefix: string
  /** Whether the source that hears her bank is asked for each code first. */
  asksSource: boolean
}

const SVG = 'http://www.w3.org/2000/svg'
/** In modules, as DENSO asks. */
const QUIET_ZONE = 4

/** What the code for one exact amount says, made on this phone: no network has a part in it. */
export function ownPayload(payee: Payee, reference: string, amountVnd: number): string {
  const { bankBin, accountNumber, purposePrefix } = payee
  return encode({ bankBin, accountNumber, amountVnd, purpose: purposePrefix + reference })
}

export function drawCode(payload: string): SVGElement {
  const { size, data } = (encoder as Encoder).create(payload, { errorCorrectionLevel: 'M' }).modules
  let dark = ''
  for (let at = 0; at < size * size; at += 1) {
    if (data[at]) dark += `M${at % size} ${Math.floor(at / size)}h1v1h-1z`
  }
  const svg = document.createElementNS(SVG, 'svg')
  const whole = size + 2 * QUIET_ZONE
  svg.setAttribute('viewBox', `${-QUIET_ZONE} ${-QUIET_ZONE} ${whole} ${whole}`)
  svg.setAttribute('shape-rendering', 'crispEdges')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', 'Mã VietQR có sẵn số tiền')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', dark)
  svg.append(path)
  return svg
}
