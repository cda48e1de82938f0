import { parse } from 'csv-parse/sync'
import { displayText, squash } from '../shared/display-text.ts'
import {
  REGISTRATION_FIELDS,
  type RegistrationField,
  type RegistrationText,
} from '../server/domain/registration.ts'

/** A market of ten thousand stalls is below both. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024
export const MAX_LINES = 20_000

/** The file as a whole cannot be read; `message` says in Vietnamese what to do. */
export class StallFileError extends Error {
  override readonly name = 'StallFileError'
}

export type Column = 'market' | RegistrationField

export interface StallLine {
  /** The line of the file, as an editor counts it. */
  line: number
  market: string
  text: RegistrationText
}

export interface BadLine {
  line: number
  /** Null where the line as a whole is at fault. */
  column: Column | null
  reason: string
}

export interface StallFile {
  lines: StallLine[]
  bad: BadLine[]
  /** What the file calls each column. */
  headers: Partial<Record<Column, string>>
  /** Columns that mean nothing to us, so that a misspelt one does not vanish silently. */
  ignored: string[]
}

/** What the columns are called, the first name in our own words. Compared squashed: case, marks and spaces do not matter. */
const NAMES: Record<Column, readonly string[]> = {
  market: ['chợ', 'tên chợ', 'market'],
  section: ['khu', 'dãy', 'khu vực', 'ngành hàng', 'section'],
  stall: ['sạp', 'lô', 'quầy', 'ki-ốt', 'số sạp', 'tên sạp', 'mã sạp', 'số lô', 'số quầy', 'stall'],
  vendor: ['tiểu thương', 'chủ sạp', 'tên tiểu thương', 'họ tên', 'họ và tên', 'người bán', 'vendor'],
  phone: ['điện thoại', 'số điện thoại', 'SĐT', 'ĐT', 'phone'],
  bank: ['ngân hàng', 'tên ngân hàng', 'mã ngân hàng', 'bank'],
  account_number: ['số tài khoản', 'STK', 'số TK', 'account_number'],
  account_name: ['tên tài khoản', 'chủ tài khoản', 'tên chủ tài khoản', 'tên TK', 'chủ TK', 'account_name'],
  virtual_account: ['tài khoản ảo', 'số tài khoản ảo', 'TK ảo', 'VA', 'virtual_account'],
  holder_type: ['loại tài khoản', 'loại TK', 'holder_type'],
  selling_only: ['chỉ bán hàng', 'chỉ để bán hàng', 'chỉ dùng bán hàng', 'selling_only'],
  consent_at: ['ngày đồng ý', 'đồng ý', 'đồng ý ngày', 'consent_at'],
}
const COLUMNS: readonly Column[] = ['market', ...REGISTRATION_FIELDS]
const NEEDED: readonly Column[] = [
  'market',
  'section',
  'stall',
  'vendor',
  'bank',
  'account_number',
  'account_name',
]
const COLUMN_OF = new Map(COLUMNS.flatMap((column) => NAMES[column].map((name) => [squash(name), column])))

const HOLDER_TYPES = new Map([
  ['CANHAN', 'individual'],
  ['HOKINHDOANH', 'household_business'],
  ['HKD', 'household_business'],
])

/** Titles above the header are passed over, but not a whole file. */
const HEADER_WITHIN = 20
/** Fewer known names than this is a title or a stray word, not a header. */
const MIN_KNOWN_NAMES = 3
const DELIMITERS = [',', ';', '\t']

/** Excel's way with long numbers, `1,02E+11`: the digits are gone. */
const SCIENTIFIC = /^\d([.,]\d+)?e\+\d+$/i
const DIGITS_ONLY: readonly Column[] = ['account_number', 'virtual_account', 'phone']

/** What a column is called on the screen when the file does not have it. */
export function columnName(column: Column): string {
  return NAMES[column][0]!
}

/**
 * Reads a stall list saved as CSV: UTF-8 with or without BOM, `,` `;` or tab, Vietnamese or English headers. What is
 * in the cells is checked by `parseRegistration`; here only what the file itself can get wrong.
 * Throws StallFileError where no line of it can be read.
 */
export function parseStallFile(bytes: Uint8Array): StallFile {
  // Line ends are made one kind, so that a line's number is what an editor shows.
  const text = decodeText(bytes).replaceAll(/\r\n?/g, '\n')
  const { records, broken } = readRecords(text, findDelimiter(text))
  const headerAt = records.slice(0, HEADER_WITHIN).findIndex(isHeader)
  const header = records[headerAt]
  if (!header) throw new StallFileError(NO_HEADER)

  const headers: StallFile['headers'] = {}
  const ignored: string[] = []
  const places = new Map<Column, number>()
  for (const [place, cell] of header.cells.entries()) {
    const column = columnOf(cell)
    const name = displayText(cell, 40)
    if (column === undefined) {
      if (name !== '') ignored.push(name)
    } else if (places.has(column)) {
      throw new StallFileError(
        `Hai cột cùng là «${columnName(column)}»: «${headers[column]}» và «${name}». Bỏ bớt một cột rồi chạy lại.`,
      )
    } else {
      places.set(column, place)
      headers[column] = name
    }
  }
  const missing = NEEDED.filter((column) => !places.has(column))
  if (missing.length > 0) {
    const names = missing.map((column) => `«${columnName(column)}» (${column})`).join(', ')
    throw new StallFileError(`Thiếu cột ${names}. Thêm vào dòng tiêu đề (dòng ${header.line}) rồi chạy lại.`)
  }

  const bad: BadLine[] = broken.map((line) => ({
    line,
    column: null,
    reason: 'dấu ngoặc kép mở mà không đóng',
  }))
  const lines: StallLine[] = []
  for (const { line, cells } of records.slice(headerAt + 1)) {
    if (cells.every((cell) => cell.trim() === '')) continue
    if (cells.slice(header.cells.length).some((cell) => cell.trim() !== '')) {
      const reason = `có ${cells.length} ô mà dòng tiêu đề chỉ có ${header.cells.length}; ô nào có dấu phẩy thì đặt trong ngoặc kép`
      bad.push({ line, column: null, reason })
      continue
    }
    const cellOf = (column: Column) => cells[places.get(column) ?? -1]?.trim() ?? ''
    const rounded = DIGITS_ONLY.filter((column) => SCIENTIFIC.test(cellOf(column)))
    for (const column of rounded) {
      const reason = `Excel đã làm tròn số này thành «${cellOf(column)}»; định dạng cột là Text rồi gõ lại đủ số`
      bad.push({ line, column, reason })
    }
    if (rounded.length > 0) continue
    const fields: RegistrationText = {}
    for (const field of REGISTRATION_FIELDS) fields[field] = cellOf(field)
    fields.holder_type = HOLDER_TYPES.get(squash(cellOf('holder_type'))) ?? cellOf('holder_type')
    lines.push({ line, market: cellOf('market'), text: fields })
  }
  if (lines.length + bad.length > MAX_LINES) {
    throw new StallFileError(`Tệp có hơn ${MAX_LINES} dòng. Chia thành nhiều tệp rồi nhập từng tệp.`)
  }
  return { lines, bad, headers, ignored }
}

const NO_HEADER = `Không thấy dòng tiêu đề. Dòng đầu của tệp phải ghi tên các cột, thí dụ:
  chợ,khu,sạp,tiểu thương,điện thoại,ngân hàng,số tài khoản,tên tài khoản`

const SAVE_AS = 'Trong Excel chọn Lưu thành (Save As) → «CSV UTF-8 (Comma delimited)», rồi chạy lại.'

function decodeText(bytes: Uint8Array): string {
  const starts = (...start: number[]) => start.every((byte, index) => bytes[index] === byte)
  if (starts(0x50, 0x4b) || starts(0xd0, 0xcf))
    throw new StallFileError(`Đây là tệp Excel, chưa phải CSV. ${SAVE_AS}`)
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff))
    throw new StallFileError(`Tệp viết bằng mã UTF-16. ${SAVE_AS}`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new StallFileError(`Tệp không viết bằng mã UTF-8, chữ Việt sẽ sai. ${SAVE_AS}`)
  }
}

interface CsvRecord {
  line: number
  lastLine: number
  cells: string[]
}

function columnOf(header: string): Column | undefined {
  // «sạp/lô/quầy (bắt buộc)» is called by any of its names.
  const bare = header.replace(/\(.*?\)/gs, '')
  const names = [bare, ...bare.split('/')].map((name) => COLUMN_OF.get(squash(name)))
  return names.find((column) => column !== undefined)
}

function countKnown(cells: readonly string[]): number {
  return cells.filter((cell) => columnOf(cell) !== undefined).length
}

function isHeader({ cells }: CsvRecord): boolean {
  return countKnown(cells) >= MIN_KNOWN_NAMES
}

/** The separator under which the first lines show the most column names we know. */
function findDelimiter(text: string): string {
  const top = text.split('\n', HEADER_WITHIN)
  const known = (delimiter: string) =>
    Math.max(...top.map((line) => countKnown(line.split(delimiter).map((cell) => cell.replaceAll('"', '')))))
  return DELIMITERS.reduce((best, one) => (known(one) > known(best) ? one : best))
}

/** All records with their lines, and the lines that cannot be read. */
function readRecords(text: string, delimiter: string): { records: CsvRecord[]; broken: number[] } {
  const whole = parseCsv(text, delimiter)
  if (whole && !hasSwallowedLines(whole, delimiter)) return { records: whole, broken: [] }
  // Below the header each line is read alone, so that only the row with the stray quote is lost.
  const records = whole?.slice(0, whole.findIndex(isHeader) + 1) ?? []
  const above = records.at(-1)?.lastLine ?? 0
  const broken: number[] = []
  for (const [index, row] of text.split('\n').entries()) {
    const line = index + 1
    const found = line > above ? parseCsv(row, delimiter) : []
    if (!found) broken.push(line)
    else if (found[0]) records.push({ ...found[0], line, lastLine: line })
  }
  return { records, broken }
}

/** Whether a stray quote took whole lines into one cell: a line break is normal in a cell, half a row is not. */
function hasSwallowedLines(records: readonly CsvRecord[], delimiter: string): boolean {
  const headerAt = records.findIndex(isHeader)
  const width = records[headerAt]?.cells.length
  return records
    .slice(headerAt + 1)
    .some(({ cells }) =>
      cells
        .filter((cell) => cell.includes('\n'))
        .some((cell) => cells.length !== width || cell.includes('"') || cell.split(delimiter).length > 3),
    )
}

/** Undefined where a quote does not close. */
function parseCsv(text: string, delimiter: string): CsvRecord[] | undefined {
  try {
    const found = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      // A nickname in quotes inside a cell: Bà "Tư" béo.
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown as { info: { lines: number }; record: string[] }[]
    return found.map(({ info, record }) => ({
      line: info.lines - record.join('').split('\n').length + 1,
      lastLine: info.lines,
      cells: record,
    }))
  } catch {
    return undefined
  }
}
