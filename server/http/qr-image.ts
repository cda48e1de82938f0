import { toBuffer, toString, type QRCodeToStringOptions } from 'qrcode'

/** Medium correction: the largest modules that still take a stain. Four modules of quiet zone, as DENSO asks. */
const LOOK = { errorCorrectionLevel: 'M', margin: 4 } as const
/** A PNG for a bank app's picture picker: sharp on every phone. */
const PNG_WIDTH_PX = 720
/** Grey, each row told by the one above it: half the bytes in less than half the time of colour with every filter tried. */
const PLAIN = { colorType: 0, filterType: 2, deflateStrategy: 3 }

export function qrSvg(payload: string): Promise<string> {
  const options: QRCodeToStringOptions = { ...LOOK, type: 'svg' }
  return toString(payload, options)
}

export async function qrPng(payload: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await toBuffer(payload, { ...LOOK, width: PNG_WIDTH_PX, rendererOpts: PLAIN }))
}
