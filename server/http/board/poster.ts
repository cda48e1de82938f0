import { fileURLToPath } from 'node:url'
import { create } from 'qrcode'
import { DEMO_WORDS } from '../../../web/pages/layout.ts'
import { stallTitle } from '../../../web/pages/stall.ts'
import type { Card } from './card-view.ts'
import { setWords, type Words } from './poster-words.ts'

export const mm = (length: number) => (length * 72) / 25.4

/** A poster is drawn as an A6, in points, and placed on its sheet at whatever scale. */
export const POSTER = { width: mm(105), height: mm(148) }

/** The middle of a poster on its sheet, and its scale. */
interface Place {
  x: number
  y: number
  scale: number
}

export const BOLD = fileURLToPath(
  import.meta.resolve('@expo-google-fonts/be-vietnam-pro/700Bold/BeVietnamPro_700Bold.ttf'),
)
const MEDIUM = fileURLToPath(
  import.meta.resolve('@expo-google-fonts/be-vietnam-pro/500Medium/BeVietnamPro_500Medium.ttf'),
)

const MARGIN = mm(5.5)
const INNER = POSTER.width - 2 * MARGIN
/** The code's side with its quiet zone: 70 mm at least; more than 78 leaves the names no air. */
const CODE = { least: mm(70), most: mm(78) }
const QUIET_MODULES = 4
/** The black band above the code, and the least air between the frame and the words. */
const BAND = mm(8)
const AIR = mm(2.6)
const DEMO_MARK_PADDING = mm(0.8)
const AIR_UNDER_DEMO_MARK = mm(1.2)
/** Ỗ reaches high, ự low. */
const AIR_ABOVE_STALL = mm(0.8)
const AIR_ABOVE_CODE_NAME = mm(1)
const AIR_IN_FRAME = mm(2.5)
const ROUNDING = mm(2.5)
const LINE = mm(0.5)
/** Where a line's baseline lies in its height. */
const BASELINE = 0.8

/** Draws one poster. The code takes what the words leave; where that is too little, the words shrink. */
export function drawPoster(
  doc: PDFKit.PDFDocument,
  parent: PDFKit.PDFStructureElement,
  { view, payload }: Card,
  demo: boolean,
  place: Place,
): void {
  let words = setAll(1)
  for (let scale = 0.95; words.left < CODE.least && scale > 0.3; scale -= 0.05) words = setAll(scale)
  const side = Math.min(CODE.most, words.left)
  const x = (POSTER.width - side) / 2

  const title = stallTitle(view)
  const section = doc.struct('Sect', { title: `${title} · ${view.market}` })
  parent.add(section)
  doc.save()
  doc
    .translate(place.x, place.y)
    .scale(place.scale)
    .translate(-POSTER.width / 2, -POSTER.height / 2)

  let y = MARGIN
  if (demo) {
    element('P', () => {
      const height = words.demo.height + 2 * DEMO_MARK_PADDING
      doc
        .lineWidth(LINE * 1.4)
        .rect(MARGIN, y, INNER, height)
        .stroke()
      y += DEMO_MARK_PADDING
      write(BOLD, words.demo)
    })
    y += DEMO_MARK_PADDING + AIR_UNDER_DEMO_MARK
  }
  element('P', () => write(MEDIUM, words.market))
  y += AIR_ABOVE_STALL
  element('H1', () => write(BOLD, words.stall))

  // Between the words above and below, the frame stands in the middle of what is left.
  const frameHeight = BAND + side + words.anyApp.height + AIR_IN_FRAME
  const bottom = POSTER.height - MARGIN - words.below
  y += (bottom - y - frameHeight) / 2
  artifact(() => {
    doc.lineWidth(LINE).roundedRect(x, y, side, frameHeight, ROUNDING).stroke()
    doc.save().roundedRect(x, y, side, frameHeight, ROUNDING).clip()
    doc.rect(x, y, side, BAND).fill().restore()
  })
  element('P', () => {
    const below = y + BAND
    y += (BAND - words.service.height) / 2
    // White by hand: setting a colour would make pdfkit set black again afterwards, as a mixture of three inks.
    doc.save().addContent('1 g')
    write(BOLD, words.service)
    doc.restore()
    y = below
  })
  const alt = `Mã VietQR của ${view.stallWord} ${view.stall}: chuyển tiền cho ${view.holderName}, ${view.bankShortName}, số tài khoản ${view.accountNumber}.`
  element('Figure', () => drawCode(doc, payload, x, y, side), { alt, bbox: onSheet(x, y, side) })
  y += side
  element('P', () => write(MEDIUM, words.anyApp))

  y = bottom
  element('P', () => write(BOLD, words.holder))
  element('P', () => write(BOLD, words.account))
  element('P', () => write(MEDIUM, words.bank))
  y += AIR_ABOVE_CODE_NAME
  element('P', () => write(MEDIUM, words.code))
  doc.restore()
  section.end()

  /** All the words at a scale, and the side they leave for the code. */
  function setAll(scale: number) {
    const set = (face: string, text: string, largest: number, smallest: number, lines = 1, width = INNER) => {
      doc.font(face).fontSize(1)
      const room = { width, largest: largest * scale, smallest: smallest * scale, lines }
      return setWords(text, (part) => doc.widthOfString(part), room)
    }
    const where = view.section ? `${view.market} · ${view.section}` : view.market
    const all = {
      demo: set(BOLD, DEMO_WORDS, 13, 13),
      market: set(MEDIUM, where, 16, 12, 2),
      stall: set(BOLD, stallTitle(view), 36, 18, 2),
      service: set(BOLD, 'VietQR · Chuyển khoản 24/7', 13, 13, 1, CODE.least - 2 * ROUNDING),
      anyApp: set(MEDIUM, 'quét bằng ứng dụng ngân hàng nào cũng được', 10, 8, 1, CODE.least - 2 * ROUNDING),
      holder: set(BOLD, view.holderName.toLocaleUpperCase('vi'), 17, 13, 2),
      account: set(BOLD, view.accountNumber, 20, 12),
      bank: set(MEDIUM, view.bankShortName, 13, 10),
      code: set(MEDIUM, `Mã ${view.stallWord} ${view.stallCode}`, 9, 8),
    }
    const mark = demo ? all.demo.height + 2 * DEMO_MARK_PADDING + AIR_UNDER_DEMO_MARK : 0
    const above = mark + all.market.height + AIR_ABOVE_STALL + all.stall.height
    const payee = all.holder.height + all.account.height + all.bank.height
    const below = payee + AIR_ABOVE_CODE_NAME + all.code.height
    const frame = BAND + all.anyApp.height + AIR_IN_FRAME
    return { ...all, below, left: POSTER.height - 2 * MARGIN - above - below - frame - 2 * AIR }
  }

  function element(
    type: string,
    draw: () => void,
    options: PDFKit.Mixins.StructureElementOptions & { bbox?: number[] } = {},
  ): void {
    section.add(doc.struct(type, options, [draw]))
  }

  function artifact(draw: () => void): void {
    doc.markContent('Artifact', { type: 'Layout' })
    draw()
    doc.endMarkedContent()
  }

  /** Writes the lines in the middle, from `y` on, and moves on below them. */
  function write(face: string, { lines, size, lineHeight }: Words): void {
    doc.font(face).fontSize(size)
    for (const line of lines) {
      const left = (POSTER.width - doc.widthOfString(line)) / 2
      doc.text(line, left, y + lineHeight * BASELINE, { lineBreak: false, baseline: 'alphabetic' })
      y += lineHeight
    }
  }

  function onSheet(left: number, top: number, length: number): number[] {
    const fromMiddle = [left - POSTER.width / 2, top - POSTER.height / 2] as const
    return [...fromMiddle, fromMiddle[0] + length, fromMiddle[1] + length].map(
      (one, index) => (index % 2 === 0 ? place.x : place.y) + one * place.scale,
    )
  }
}

/** One path of the dark runs of every row, in modules: sharp at any size, and without seams. */
function drawCode(doc: PDFKit.PDFDocument, payload: string, x: number, y: number, side: number): void {
  const { modules } = create(payload, { errorCorrectionLevel: 'M' })
  const { size } = modules
  doc.save()
  doc.translate(x, y).scale(side / (size + 2 * QUIET_MODULES))
  for (let row = 0; row < size; row += 1) {
    for (let start = 0; start < size; start += 1) {
      if (!modules.get(row, start)) continue
      let end = start + 1
      while (end < size && modules.get(row, end)) end += 1
      doc.rect(QUIET_MODULES + start, QUIET_MODULES + row, end - start, 1)
      start = end
    }
  }
  doc.fill().restore()
}
