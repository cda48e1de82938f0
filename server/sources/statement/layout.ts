import { squash } from '../../../shared/display-text.ts'
import { isBlank, MAX_COLUMNS, StatementRefused, type Cell, type StatementRow } from './row.ts'
import type { DateOrder } from './value.ts'

/** What a column of a statement may tell. An amount stands in debit and credit, or signed, or beside its direction. */
export const COLUMNS = [
  'bookedOn',
  'bookedTime',
  'debit',
  'credit',
  'amount',
  'direction',
  'balance',
  'bankReference',
  'remittanceText',
  'payerName',
  'payerAccount',
] as const
export type Column = (typeof COLUMNS)[number]

/** Which column, from 0, tells what. Two may be the same: Vietcombank writes date and document number into one cell. */
export interface Mapping {
  columns: Partial<Record<Column, number>>
  dateOrder: DateOrder
}

interface BankLayout {
  bankBin: string
  name: string
  /** Names of each column, any of which may stand alone between slashes or line breaks. */
  names: Partial<Record<Column, readonly string[]>>
}

/**
 * The banks whose statements are read without asking, with the headers that were seen in their files; another bank's,
 * MB's and ACB's among them, nobody has seen yet.
 */
const BANK_LAYOUTS: readonly BankLayout[] = [
  {
    bankBin: '970436',
    name: 'Vietcombank',
    names: {
      bookedOn: ['TNX Date'],
      bankReference: ['Doc No'],
      debit: ['Số tiền ghi nợ'],
      credit: ['Số tiền ghi có'],
      balance: ['Số dư'],
      remittanceText: ['Nội dung chi tiết'],
    },
  },
  {
    bankBin: '970418',
    name: 'BIDV',
    names: {
      bookedOn: ['Ngày HL', 'Ngày hiệu lực'],
      bankReference: ['Số tham chiếu', 'Mã GD', 'Số CT'],
      debit: ['Ghi nợ'],
      credit: ['Ghi có'],
      balance: ['Số dư'],
      remittanceText: ['Mô tả'],
    },
  },
  {
    bankBin: '970407',
    name: 'Techcombank',
    names: {
      bookedOn: ['Ngày giao dịch'],
      bankReference: ['Số bút toán'],
      payerName: ['Tên tài khoản đối ứng'],
      remittanceText: ['Diễn giải'],
      debit: ['Nợ'],
      credit: ['Có'],
    },
  },
  {
    bankBin: '970415',
    name: 'VietinBank',
    names: {
      bookedOn: ['TransactionDate'],
      remittanceText: ['Content'],
      debit: ['Debit'],
      credit: ['Credit'],
      balance: ['AccountBalance'],
      bankReference: ['TransactionNumber'],
      payerAccount: ['CorresponsiveAccount'],
      payerName: ['CorresponsiveAccountName'],
    },
  },
]

export const KNOWN_BANKS: readonly Pick<BankLayout, 'bankBin' | 'name'>[] = BANK_LAYOUTS

/** What other banks may call their columns: a proposal for the page on which a person says it. */
const USUAL_NAMES: Record<Column, readonly string[]> = {
  bookedOn: [
    'Ngày',
    'Ngày GD',
    'Ngày giao dịch',
    'Ngày hạch toán',
    'Date',
    'Transaction date',
    'Posting date',
  ],
  bookedTime: ['Giờ', 'Thời gian', 'Giờ giao dịch', 'Time'],
  debit: [
    'Nợ',
    'Ghi nợ',
    'Phát sinh nợ',
    'PS nợ',
    'Số tiền ghi nợ',
    'Tiền ra',
    'Rút ra',
    'Debit',
    'Withdrawal',
  ],
  credit: [
    'Có',
    'Ghi có',
    'Phát sinh có',
    'PS có',
    'Số tiền ghi có',
    'Tiền vào',
    'Gửi vào',
    'Credit',
    'Deposit',
  ],
  amount: ['Số tiền', 'Phát sinh', 'Amount'],
  direction: ['Nợ có', 'Loại', 'Loại GD', 'Loại giao dịch', 'Dấu', 'Type', 'DC'],
  balance: ['Số dư', 'Số dư cuối', 'Balance', 'Running balance'],
  bankReference: [
    'Số CT',
    'Số chứng từ',
    'Mã GD',
    'Mã giao dịch',
    'Số tham chiếu',
    'Số bút toán',
    'Reference',
  ],
  remittanceText: [
    'Nội dung',
    'Nội dung giao dịch',
    'Diễn giải',
    'Mô tả',
    'Chi tiết',
    'Description',
    'Details',
  ],
  payerName: ['Tên đối ứng', 'Tên người chuyển', 'Tên tài khoản đối ứng', 'Counterparty'],
  payerAccount: ['Tài khoản đối ứng', 'TK đối ứng', 'Số tài khoản đối ứng', 'Counter account'],
}

const ALL_USUAL_NAMES = new Set(Object.values(USUAL_NAMES).flat().map(squash))

/** The header of a statement's table: where it is, what it calls its columns and what we make of them. */
export interface Header {
  line: number
  names: readonly string[]
  /** The bank whose layout it is; null where a person has said, or has yet to say, what its columns are. */
  bank: { bankBin: string; name: string } | null
  /** Null where a person has to say it. */
  mapping: Mapping | null
  /** What the page proposes to that person. */
  proposed: Mapping
}

/** The header stands within these rows; above it are titles, the account, the period. */
export const HEADER_WITHIN = 50
/** Fewer names than this is a title or a stray word. */
const MIN_NAMES = 3

/** What a header is remembered by: its names, whatever becomes of their case, marks and spaces. */
export function headerKey(names: readonly string[]): string {
  return names.map(squash).join('|')
}

/**
 * Finds the header among a statement's first rows: the layout of a bank, else one that `remembered` knows (by
 * `headerKey`), else the row that looks most like one, for a person. Throws StatementRefused where nothing does.
 */
export function findHeader(rows: readonly StatementRow[], remembered: ReadonlyMap<string, Mapping>): Header {
  for (const row of rows) {
    for (const layout of BANK_LAYOUTS) {
      const columns = columnsOf(row.cells, layout.names)
      if (columns === undefined) continue
      const mapping: Mapping = { columns, dateOrder: 'dmy' }
      return { ...headerAt(row), bank: layout, mapping, proposed: mapping }
    }
  }
  for (const row of rows) {
    const mapping = remembered.get(headerKey(row.cells.map(String)))
    if (mapping) return { ...headerAt(row), bank: null, mapping, proposed: mapping }
  }
  const likely = rows
    .map((row) => ({ row, names: countKnownNames(row.cells), width: countFilled(row.cells) }))
    .filter(({ names, width }) => names >= MIN_NAMES || width >= MIN_NAMES)
    .toSorted((a, b) => b.names - a.names || b.width - a.width)[0]?.row
  if (!likely) {
    throw new StatementRefused(
      'Không thấy dòng tên cột trong 50 dòng đầu. Tải lại sao kê dạng Excel hoặc CSV từ ngân hàng.',
    )
  }
  return { ...headerAt(likely), bank: null, mapping: null, proposed: guess(likely.cells) }
}

/** How many of these cells are names a bank may give a column. */
export function countKnownNames(cells: readonly Cell[]): number {
  return cells
    .slice(0, MAX_COLUMNS)
    .filter((cell) => [...namesIn(cell)].some((name) => ALL_USUAL_NAMES.has(name))).length
}

/** What is missing or contradictory in what a person said of the columns, in words; undefined where nothing is. */
export function mappingProblem({ columns }: Mapping): string | undefined {
  if (columns.bookedOn === undefined) return 'Chọn cột ngày.'
  if (columns.remittanceText === undefined) return 'Chọn cột nội dung.'
  const isSplit = columns.debit !== undefined && columns.credit !== undefined
  const isOne = columns.amount !== undefined
  if (isSplit === isOne || (isOne && (columns.debit ?? columns.credit) !== undefined))
    return 'Chọn cột ghi nợ và cột ghi có, hoặc một cột số tiền.'
  if (columns.direction !== undefined && !isOne) return 'Cột vào/ra chỉ đi với một cột số tiền.'
  const amounts = [columns.debit, columns.credit, columns.amount, columns.balance].filter(
    (column) => column !== undefined,
  )
  if (new Set(amounts).size < amounts.length) return 'Mỗi cột tiền chỉ chọn một lần.'
  return undefined
}

function headerAt({ line, cells }: StatementRow): Pick<Header, 'line' | 'names'> {
  return { line, names: cells.map(String) }
}

/** Where each of the layout's columns stands; undefined unless all of them do, each once. */
function columnsOf(cells: readonly Cell[], names: BankLayout['names']): Mapping['columns'] | undefined {
  const words = cells.map(namesIn)
  const columns: Mapping['columns'] = {}
  for (const column of COLUMNS) {
    const wanted = names[column]?.map(squash)
    if (wanted === undefined) continue
    const found = words.flatMap((said, index) => (wanted.some((name) => said.has(name)) ? [index] : []))
    if (found.length !== 1) return undefined
    columns[column] = found[0]!
  }
  return columns
}

function guess(cells: readonly Cell[]): Mapping {
  const words = cells.map(namesIn)
  const columns: Mapping['columns'] = {}
  for (const column of COLUMNS) {
    const index = words.findIndex((said) => USUAL_NAMES[column].some((name) => said.has(squash(name))))
    if (index !== -1) columns[column] = index
  }
  if (columns.debit !== undefined && columns.credit !== undefined) delete columns.amount
  if (columns.amount === undefined) delete columns.direction
  return { columns, dateOrder: 'dmy' }
}

/** «Ngày1/\nTNX Date» is called by the whole of it and by each of its parts. */
function namesIn(cell: Cell): Set<string> {
  return new Set([String(cell), ...String(cell).split(/[/\n]/)].map(squash).filter((name) => name !== ''))
}

function countFilled(cells: readonly Cell[]): number {
  return cells.filter((cell) => !isBlank(cell)).length
}
