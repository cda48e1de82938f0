import { PNG } from 'pngjs'
import { create } from 'qrcode'
import { seededRandom } from './small-market.ts'

const [WIDTH, HEIGHT] = [960, 1280]
/** Where a phone held askew sees the corners of the sticker, in pixels: top left, top right, bottom right, bottom left. */
const CORNERS = [
  [205, 330],
  [745, 275],
  [800, 905],
  [170, 850],
] as const
const QUIET_MODULES = 4

/** A photograph of a code on a stall: seen from the side, lit from one side, grainy. PNG, the same every time. */
export function photographSticker(payload: string): Buffer {
  const { size, data } = create(payload, { errorCorrectionLevel: 'M' }).modules
  const side = size + 2 * QUIET_MODULES
  const random = seededRandom(7)
  const png = new PNG({ width: WIDTH, height: HEIGHT })
  const toSticker = ontoSquare(CORNERS)
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const [u, v] = toSticker(x, y)
      const [column, row] = [Math.floor(u * side) - QUIET_MODULES, Math.floor(v * side) - QUIET_MODULES]
      const isOnSticker = u >= 0 && u < 1 && v >= 0 && v < 1
      const isInCode = column >= 0 && column < size && row >= 0 && row < size
      const isDark = isInCode && data[row * size + column] === 1
      const paint = isOnSticker ? (isDark ? 35 : 225) : 120
      const light = 1 - (0.35 * x) / WIDTH
      const grain = random(41) - 20
      const value = Math.max(0, Math.min(255, paint * light + grain))
      png.data.set([value, value, value * 0.95, 255], (y * WIDTH + x) * 4)
    }
  }
  return PNG.sync.write(png)
}

/** The projective map that takes the four corners to the unit square (Heckbert 1989, inverted by its adjugate). */
function ontoSquare([a, b, c, d]: typeof CORNERS): (x: number, y: number) => [u: number, v: number] {
  const [sx, sy] = [a[0] - b[0] + c[0] - d[0], a[1] - b[1] + c[1] - d[1]]
  const [dx1, dy1, dx2, dy2] = [b[0] - c[0], b[1] - c[1], d[0] - c[0], d[1] - c[1]]
  const det = dx1 * dy2 - dx2 * dy1
  const g = (sx * dy2 - dx2 * sy) / det
  const h = (dx1 * sy - sx * dy1) / det
  const [m0, m1, m2] = [b[0] - a[0] + g * b[0], d[0] - a[0] + h * d[0], a[0]]
  const [m3, m4, m5] = [b[1] - a[1] + g * b[1], d[1] - a[1] + h * d[1], a[1]]
  return (x, y) => {
    const u = (m4 - m5 * h) * x + (m2 * h - m1) * y + (m1 * m5 - m2 * m4)
    const v = (m5 * g - m3) * x + (m0 - m2 * g) * y + (m2 * m3 - m0 * m5)
    const w = (m3 * h - m4 * g) * x + (m1 * g - m0 * h) * y + (m0 * m4 - m1 * m3)
    return [u / w, v / w]
  }
}
