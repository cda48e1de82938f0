import jsqr from 'jsqr'
import { PNG } from 'pngjs'

/** Reads the code in a picture with a decoder that shares nothing with the one that drew it. */
export function readQr(png: Uint8Array): string | undefined {
  const { data, width, height } = PNG.sync.read(Buffer.from(png))
  return jsqr.default(new Uint8ClampedArray(data), width, height)?.data
}
