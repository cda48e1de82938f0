import { promisify } from 'node:util'
import { posix } from 'node:path'
import { SaxesParser } from 'saxes'
import yauzl from 'yauzl'
import {
  boundedRow,
  columnLetter,
  MAX_CELL_LENGTH,
  MAX_UNPACKED_BYTES,
  StatementRefused,
  type Cell,
  type StatementRow,
} from './row.ts'

const MAX_ENTRIES = 1_000
/** So much of a part without a tag is no text of a cell. */
const MAX_SILENT_LENGTH = 1_000_000

const NO_WORKBOOK = 'Không đọc được tệp Excel này. Mở bằng Excel, lưu lại thành .xlsx hoặc CSV UTF-8.'

interface OpenZip {
  entries: ReadonlyMap<string, yauzl.Entry>
  openStream(entry: yauzl.Entry): Promise<NodeJS.ReadableStream>
  close(): void
}

/**
 * The rows of the one sheet of an XLSX file (ECMA-376, part 1, §18), one after another. Values are what the file
 * holds: text, or numbers where it keeps numbers, dates among them. A formula is never evaluated; a file that has
 * one is refused, for no bank writes them. Throws StatementRefused on it, on several visible sheets and on what
 * unpacks to more than MAX_UNPACKED_BYTES.
 */
export async function* readXlsx(path: string): AsyncGenerator<StatementRow> {
  const zip = await openZip(path)
  try {
    const sheetName = await findSheet(zip)
    const strings = zip.entries.has('xl/sharedStrings.xml') ? await readSharedStrings(zip) : []
    yield* readRows(zip, sheetName, strings)
  } catch (error) {
    if (error instanceof StatementRefused) throw error
    throw new StatementRefused(NO_WORKBOOK, { cause: error })
  } finally {
    zip.close()
  }
}

async function openZip(path: string): Promise<OpenZip> {
  try {
    const zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(path, {
      lazyEntries: true,
      autoClose: false,
    })
    if (zip.entryCount > MAX_ENTRIES) {
      zip.close()
      throw new StatementRefused(NO_WORKBOOK)
    }
    const entries = new Map<string, yauzl.Entry>()
    await new Promise<void>((resolve, reject) => {
      zip.on('entry', (entry: yauzl.Entry) => {
        entries.set(entry.fileName, entry)
        zip.readEntry()
      })
      zip.once('end', resolve)
      zip.once('error', reject)
      zip.readEntry()
    })
    // The sizes are what the file claims; yauzl breaks off a stream that becomes longer than its claim.
    let unpacked = 0
    for (const entry of entries.values()) unpacked += entry.uncompressedSize
    if (unpacked > MAX_UNPACKED_BYTES) {
      zip.close()
      throw new StatementRefused('Tệp Excel bung ra quá lớn. Chia sao kê theo từng tháng rồi gửi lại.')
    }
    const openStream = promisify<yauzl.Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip))
    return { entries, openStream, close: () => zip.close() }
  } catch (error) {
    if (error instanceof StatementRefused) throw error
    throw new StatementRefused(NO_WORKBOOK, { cause: error })
  }
}

interface Handlers {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  close?(name: string): void
  text?(text: string): void
}

/** Feeds one part to the handlers, a piece at a time; after each piece the caller may take what has come together. */
async function* parsePart(zip: OpenZip, name: string, handlers: Handlers): AsyncGenerator<void> {
  const entry = zip.entries.get(name)
  if (!entry) throw new StatementRefused(NO_WORKBOOK)
  // Knows no entity but XML's own five.
  const parser = new SaxesParser({ position: false })
  let silentLength = 0
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    silentLength = 0
    handlers.open?.(localName(tag.name), tag.attributes as Record<string, string>)
  })
  parser.on('closetag', (tag) => {
    silentLength = 0
    handlers.close?.(localName(tag.name))
  })
  parser.on('text', (text) => handlers.text?.(text))
  parser.on('cdata', (text) => handlers.text?.(text))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const bytes of await zip.openStream(entry)) {
    const text = decoder.decode(bytes as unknown as Buffer, { stream: true })
    // The parser gathers a text or an attribute until it ends.
    silentLength += text.length
    if (silentLength > MAX_SILENT_LENGTH) throw new StatementRefused(NO_WORKBOOK)
    parser.write(text)
    yield
  }
  parser.write(decoder.decode())
  parser.close()
  yield
}

async function readPart(zip: OpenZip, name: string, handlers: Handlers): Promise<void> {
  for await (const _ of parsePart(zip, name, handlers));
}

const localName = (name: string) => name.slice(name.indexOf(':') + 1)

/** The part of the workbook's only visible sheet. */
async function findSheet(zip: OpenZip): Promise<string> {
  const sheets: string[] = []
  let is1904 = false
  await readPart(zip, 'xl/workbook.xml', {
    open(name, attributes) {
      if (name === 'workbookPr' && ['1', 'true'].includes(attributes['date1904'] ?? '')) is1904 = true
      if (name === 'sheet' && (attributes['state'] ?? 'visible') === 'visible')
        sheets.push(attributes['r:id'] ?? '')
    },
  })
  if (is1904) throw new StatementRefused(NO_WORKBOOK)
  if (sheets.length !== 1) {
    throw new StatementRefused(
      `Tệp Excel có ${sheets.length} trang tính. Để lại đúng một trang có sao kê rồi gửi lại.`,
    )
  }
  let target = ''
  await readPart(zip, 'xl/_rels/workbook.xml.rels', {
    open(name, attributes) {
      if (name === 'Relationship' && attributes['Id'] === sheets[0]) target = attributes['Target'] ?? ''
    },
  })
  return target.startsWith('/') ? target.slice(1) : posix.join('xl', target)
}

/** Texts that cells point at by their number; a file has each only once. */
async function readSharedStrings(zip: OpenZip): Promise<string[]> {
  const strings: string[] = []
  const text = textGatherer()
  let isPhonetic = false
  await readPart(zip, 'xl/sharedStrings.xml', {
    open(name) {
      if (name === 'si') text.start()
      if (name === 'rPh') isPhonetic = true
      if (name === 't') text.listen(!isPhonetic)
    },
    close(name) {
      if (name === 't') text.listen(false)
      if (name === 'rPh') isPhonetic = false
      if (name === 'si') strings.push(text.take())
    },
    text: text.hear,
  })
  return strings
}

/** Puts the pieces of a text together, as long as they stay within MAX_CELL_LENGTH. */
function textGatherer() {
  let gathered = ''
  let listening = false
  return {
    start: () => void (gathered = ''),
    listen: (on: boolean) => void (listening = on),
    hear(text: string) {
      if (!listening) return
      gathered += text
      if (gathered.length > MAX_CELL_LENGTH)
        throw new StatementRefused(`Có ô dài hơn ${MAX_CELL_LENGTH} ký tự: đây không phải sao kê.`)
    },
    take: () => gathered,
  }
}

async function* readRows(
  zip: OpenZip,
  sheetName: string,
  strings: readonly string[],
): AsyncGenerator<StatementRow> {
  let ready: StatementRow[] = []
  let line = 0
  let cells: Cell[] = []
  let index = 0
  let type = 'n'
  const text = textGatherer()
  const handlers: Handlers = {
    open(name, attributes) {
      if (name === 'row') {
        const next = Number(attributes['r'] ?? line + 1)
        if (!Number.isSafeInteger(next) || next <= line) throw new StatementRefused(NO_WORKBOOK)
        line = next
        cells = []
        index = -1
      } else if (name === 'c') {
        index = columnIndex(attributes['r']) ?? index + 1
        type = attributes['t'] ?? 'n'
        text.start()
      } else if (name === 'f') {
        throw new StatementRefused(
          `Ô ${columnLetter(index)}${line} là công thức. Sao kê do ngân hàng xuất không có công thức: tải lại tệp từ ngân hàng.`,
        )
      } else if (name === 'v' || name === 't') text.listen(true)
    },
    close(name) {
      if (name === 'v' || name === 't') text.listen(false)
      else if (name === 'c') {
        const value = text.take()
        if (value === '') return
        if (index < cells.length) throw new StatementRefused(NO_WORKBOOK)
        while (cells.length < index) cells.push('')
        cells.push(readValue(type, value, strings))
      } else if (name === 'row') ready.push(boundedRow(line, cells))
    },
    text: text.hear,
  }
  for await (const _ of parsePart(zip, sheetName, handlers)) {
    const rows = ready
    ready = []
    yield* rows
  }
}

/** What a cell of that type holds (§18.18.11). */
function readValue(type: string, value: string, strings: readonly string[]): Cell {
  if (type === 's') {
    const shared = strings[Number(value)]
    if (shared === undefined) throw new StatementRefused(NO_WORKBOOK)
    return shared
  }
  if (type !== 'n') return value
  const number = Number(value)
  if (!Number.isFinite(number)) throw new StatementRefused(NO_WORKBOOK)
  return number
}

/** `AB12` → 27; undefined where the file leaves it out. */
function columnIndex(reference: string | undefined): number | undefined {
  const letters = /^([A-Z]{1,3})\d+$/.exec(reference ?? '')?.[1]
  if (letters === undefined) return undefined
  return Array.from(letters).reduce((sum, letter) => sum * 26 + (letter.codePointAt(0)! - 64), 0) - 1
}
