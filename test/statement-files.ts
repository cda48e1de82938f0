import { crc32, deflateRawSync } from 'node:zlib'
import { parseVietnamTime } from '../shared/business-day.ts'

/** A cell of a test's table; a formula is what no bank writes. */
export type TestCell = string | number | { formula: string }

/** One entry as a bank books it; `at` is Vietnam time, a negative amount is money that went out. */
export interface TestEntry {
  at: string
  amount: number
  memo: string
  reference: string
  name?: string
}

const pad = (n: number) => String(n).padStart(2, '0')
/** `2026-11-22 09:00:05` → `22/11/2026`. */
const dmy = (at: string, separator = '/') => {
  const date = new Date(parseVietnamTime(at) + 7 * 3_600_000)
  return [pad(date.getUTCDate()), pad(date.getUTCMonth() + 1), date.getUTCFullYear()].join(separator)
}
const grouped = (amount: number, separator: string) =>
  String(amount).replaceAll(/\B(?=(\d{3})+$)/g, separator)
const debit = ({ amount }: TestEntry, separator: string) => (amount < 0 ? grouped(-amount, separator) : '')
const credit = ({ amount }: TestEntry, separator: string) => (amount > 0 ? grouped(amount, separator) : '')
const sums = (entries: readonly TestEntry[]) => ({
  in: entries.reduce((sum, { amount }) => sum + Math.max(amount, 0), 0),
  out: entries.reduce((sum, { amount }) => sum - Math.min(amount, 0), 0),
})
const balances = (opening: number, entries: readonly TestEntry[]) => {
  let balance = opening
  return entries.map(({ amount }) => (balance += amount))
}

const OPENING = 1_000_000

/**
 * The banks' layouts, header by header as they were seen in public code (2022 to 2026), with preamble and tail as
 * Vietcombank prints them; the account, the people and the money are invented. Entries are oldest first.
 */
export const banks = {
  /** Date and document number share a cell, headers hold line breaks, the total row is called twice. */
  vietcombank(account: string, entries: readonly TestEntry[]): TestCell[][] {
    const after = balances(OPENING, entries)
    const { in: credits, out: debits } = sums(entries)
    return [
      ['NGÂN HÀNG TMCP NGOẠI THƯƠNG VIỆT NAM'],
      ['SAO KÊ TÀI KHOẢN/ ACCOUNT STATEMENT'],
      ['Số tài khoản/ Account Number:', '', account],
      ['Loại tiền/ Currency:', '', 'VND'],
      ['Số dư đầu kỳ/ Opening balance:', '', grouped(OPENING, ',')],
      [
        'STT\nNo.',
        'Ngày1/\nTNX Date/ Số CT/ Doc No',
        'Ngày hiệu lực2/\nEffective date',
        'Số tiền ghi nợ/\nDebit',
        'Số tiền ghi có/\nCredit',
        'Số dư/\nBalance',
        'Nội dung chi tiết/\nTransactions in detail',
      ],
      ...entries.map((entry, index) => [
        String(index + 1),
        `${dmy(entry.at)}\n${entry.reference}`,
        dmy(entry.at),
        debit(entry, ','),
        credit(entry, ','),
        grouped(after[index]!, ','),
        entry.memo,
      ]),
      ['', 'Tổng số/ Tổng cộng', '', grouped(debits, ','), grouped(credits, ',')],
      ['', 'Số dư cuối kỳ/ Closing balance', '', '', '', grouped(OPENING + credits - debits, ',')],
      ['Ghi chú: chứng từ này được in từ hệ thống.'],
    ]
  },
  /** Newest first, with the second, dots between thousands. */
  bidv(_account: string, entries: readonly TestEntry[]): TestCell[][] {
    const after = balances(OPENING, entries)
    return [
      ['SAO KÊ TÀI KHOẢN'],
      ['STT', 'Ngày HL', 'Số tham chiếu', 'Ghi nợ', 'Ghi có', 'Số dư', 'Mô tả'],
      ...entries
        .map((entry, index) => [
          String(entries.length - index),
          `${dmy(entry.at)} ${entry.at.slice(11)}`,
          entry.reference,
          debit(entry, '.'),
          credit(entry, '.'),
          grouped(after[index]!, '.'),
          entry.memo,
        ])
        .toReversed(),
    ]
  },
  /** No balance and no totals. */
  techcombank(_account: string, entries: readonly TestEntry[]): TestCell[][] {
    return [
      [
        'Ngày KH thực hiện/Requesting date',
        'Ngày giao dịch/Transaction date',
        'Số bút toán/Reference',
        'Ngân hàng đối tác/Remitter’s bank',
        'Tài khoản đích',
        'Tên tài khoản đối ứng',
        'Diễn giải/Description',
        'Nợ/Debit',
        'Có/Credit',
      ],
      ...entries.map((entry) => [
        dmy(entry.at),
        dmy(entry.at),
        entry.reference,
        'MB',
        '0000',
        entry.name ?? '',
        entry.memo,
        debit(entry, ','),
        credit(entry, ','),
      ]),
    ]
  },
  /** Numbers kept as numbers. */
  vietinbank(_account: string, entries: readonly TestEntry[]): TestCell[][] {
    const after = balances(OPENING, entries)
    return [
      [
        'TransactionDate',
        'Content',
        'Debit',
        'Credit',
        'AccountBalance',
        'TransactionNumber',
        'CorresponsiveAccount',
        'CorresponsiveAccountName',
        'Agency',
        'Channel',
      ],
      ...entries.map((entry, index) => [
        `${dmy(entry.at, '-')} ${entry.at.slice(11)}`,
        entry.memo,
        Math.max(-entry.amount, 0),
        Math.max(entry.amount, 0),
        after[index]!,
        entry.reference,
        '',
        entry.name ?? '',
        '',
        '',
      ]),
    ]
  },
}

/** The table as CSV, every cell quoted where it must be. */
export function csvOf(rows: readonly TestCell[][], delimiter = ','): string {
  const cellOf = (cell: TestCell) => {
    const text = String(typeof cell === 'object' ? cell.formula : cell)
    return /["\n]|[,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map((row) => row.map(cellOf).join(delimiter)).join('\r\n')
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

/** The table as an XLSX as Apache POI, which banks use, writes it: texts shared, numbers as numbers. */
export function xlsxOf(rows: readonly TestCell[][], moreSheets = 0): Buffer<ArrayBuffer> {
  const strings = new Map<string, number>()
  const share = (text: string) => {
    if (!strings.has(text)) strings.set(text, strings.size)
    return strings.get(text)
  }
  const cellOf = (cell: TestCell, column: number, row: number) => {
    const at = `${String.fromCodePoint(65 + column)}${row + 1}`
    if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`
    if (typeof cell === 'object') return `<c r="${at}"><f>${escaped(cell.formula)}</f><v>50000</v></c>`
    return cell === '' ? '' : `<c r="${at}" t="s"><v>${share(cell)}</v></c>`
  }
  const table = rows
    .map(
      (cells, row) =>
        `<row r="${row + 1}">${cells.map((cell, column) => cellOf(cell, column, row)).join('')}</row>`,
    )
    .join('')
  return workbookOf(
    `<sheetData>${table}</sheetData>`,
    [...strings.keys()].map((text) => `<si><t>${escaped(text)}</t></si>`).join(''),
    moreSheets,
  )
}

/** A workbook around the XML of its sheet and of its shared texts. */
export function workbookOf(sheet: string, strings = '', moreSheets = 0): Buffer<ArrayBuffer> {
  const ids = Array.from({ length: 1 + moreSheets }, (_, index) => index + 1)
  const sheets = ids.map((id) => `<sheet name="S${id}" sheetId="${id}" r:id="rId${id}"/>`).join('')
  return zipOf({
    'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${sheets}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${ids
      .map((id) => `<Relationship Id="rId${id}" Target="worksheets/sheet${id}.xml"/>`)
      .join('')}</Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${MAIN}">${sheet}</worksheet>`,
    'xl/sharedStrings.xml': `<sst xmlns="${MAIN}">${strings}</sst>`,
  })
}

/** A ZIP archive (PKWARE APPNOTE 6.3) of these texts. `claimed` says something else of an entry's size. */
export function zipOf(
  entries: Record<string, string | Buffer>,
  claimed: Record<string, number> = {},
): Buffer<ArrayBuffer> {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(entries)) {
    const bytes = Buffer.from(content)
    const packed = deflateRawSync(bytes)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(8, 4)
    shared.writeUInt32LE(crc32(bytes), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(claimed[name] ?? bytes.length, 18)
    shared.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\u0001\u0002\u0014\u0000'), shared, rest, Buffer.from(name))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006')
  end.writeUInt16LE(Object.keys(entries).length, 8)
  end.writeUInt16LE(Object.keys(entries).length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}
