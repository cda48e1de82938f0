import { setImmediate } from 'node:timers/promises'
import Pdf from 'pdfkit'
import type { Card } from './card-view.ts'
import { BOLD, drawPoster, mm, POSTER } from './poster.ts'

export const POSTER_SIZES = ['a6', 'a5', 'a4x4'] as const
type PosterSize = (typeof POSTER_SIZES)[number]

interface PosterSet {
  size: PosterSize
  title: string
  /** Epoch milliseconds. */
  at: number
  /** Puts «BẢN THỬ — TIỀN GIẢ» on every poster. */
  demo: boolean
}

interface Sheet {
  width: number
  height: number
  columns: number
  rows: number
  scale: number
}

const SHEETS: Record<PosterSize, Sheet> = {
  a6: { ...POSTER, columns: 1, rows: 1, scale: 1 },
  a5: { width: mm(148), height: mm(210), columns: 1, rows: 1, scale: 148 / 105 },
  a4x4: { width: mm(210), height: mm(297), columns: 2, rows: 2, scale: 1 },
}

const CUT_MARK = mm(8)

/**
 * The posters as one tagged PDF, piece by piece. Nothing is drawn before the piece before it was taken, so that memory
 * stays small however many there are, and after each poster the server's other work has its turn.
 */
export async function* drawPosters(
  cards: AsyncIterable<Card>,
  { size, title, at, demo }: PosterSet,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const sheet = SHEETS[size]
  const doc = new Pdf({
    autoFirstPage: false,
    tagged: true,
    lang: 'vi',
    pdfVersion: '1.7',
    displayTitle: true,
    info: { Title: title, Creator: 'Chợ 4.0', CreationDate: new Date(at) },
    // Without a font of ours pdfkit would add its Helvetica, which is not embedded.
    font: BOLD,
  })
  const root = doc.struct('Document')
  doc.addStructure(root)
  let drawn = 0
  for await (const card of cards) {
    const spot = drawn % (sheet.columns * sheet.rows)
    if (spot === 0) {
      doc.addPage({ size: [sheet.width, sheet.height], margin: 0 })
      if (sheet.columns > 1) drawCutMarks(doc, sheet)
    }
    drawPoster(doc, root, card, demo, {
      x: ((spot % sheet.columns) + 0.5) * (sheet.width / sheet.columns),
      y: (Math.floor(spot / sheet.columns) + 0.5) * (sheet.height / sheet.rows),
      scale: sheet.scale,
    })
    drawn += 1
    yield* finished(doc)
    await setImmediate()
  }
  root.end()
  doc.end()
  yield* finished(doc)
}

/** What the document has written and will not touch again. */
function* finished(doc: PDFKit.PDFDocument): Generator<Uint8Array<ArrayBuffer>> {
  const bytes = doc.read(doc.readableLength) as Uint8Array<ArrayBuffer> | null
  if (bytes) yield bytes
}

/** Where to cut, told at the sheet's edges and in its middle. */
function drawCutMarks(doc: PDFKit.PDFDocument, { width, height }: Sheet): void {
  const [x, y] = [width / 2, height / 2]
  doc.markContent('Artifact', { type: 'Page' })
  doc
    .lineWidth(mm(0.15))
    .moveTo(x, 0)
    .lineTo(x, CUT_MARK)
    .moveTo(x, height - CUT_MARK)
    .lineTo(x, height)
    .moveTo(0, y)
    .lineTo(CUT_MARK, y)
    .moveTo(width - CUT_MARK, y)
    .lineTo(width, y)
    .moveTo(x, y - CUT_MARK / 2)
    .lineTo(x, y + CUT_MARK / 2)
    .moveTo(x - CUT_MARK / 2, y)
    .lineTo(x + CUT_MARK / 2, y)
    .stroke()
    .endMarkedContent()
}
