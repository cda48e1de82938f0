import { formatVnd } from '../../../shared/money.ts'
import { squash } from '../../../shared/display-text.ts'
import { isBlank, StatementRefused, type Cell, type StatementRow } from './row.ts'
import { parseAmount } from './value.ts'
import type { Mapping } from './layout.ts'

/** What a statement says of itself, above or below its table. Amounts in đồng. */
interface Stated {
  openingVnd?: number
  closingVnd?: number
  debitVnd?: number
  creditVnd?: number
  accountNumber?: string
  currency?: string
}

/** Words before a stated value; any may stand alone between slashes, brackets or line breaks. */
const LABELS = {
  openingVnd: ['Số dư đầu kỳ', 'Số dư đầu', 'Số dư đầu ngày', 'Opening balance', 'Beginning balance'],
  closingVnd: ['Số dư cuối kỳ', 'Số dư cuối', 'Số dư cuối ngày', 'Closing balance', 'Ending balance'],
  turnover: [
    'Tổng số',
    'Tổng cộng',
    'Cộng',
    'Tổng phát sinh',
    'Cộng phát sinh',
    'Tổng cộng phát sinh',
    'Total',
  ],
  debitVnd: [
    'Tổng ghi nợ',
    'Tổng số tiền ghi nợ',
    'Tổng phát sinh nợ',
    'Tổng nợ',
    'Total debit',
    'Total debits',
  ],
  creditVnd: [
    'Tổng ghi có',
    'Tổng số tiền ghi có',
    'Tổng phát sinh có',
    'Tổng có',
    'Total credit',
    'Total credits',
  ],
  accountNumber: [
    'Số tài khoản',
    'Tài khoản',
    'Tài khoản số',
    'STK',
    'Số TK',
    'Account number',
    'Account no',
    'A C No',
  ],
  currency: ['Loại tiền', 'Loại tiền tệ', 'Currency'],
} as const
type Label = keyof typeof LABELS
const LABEL_OF = new Map(
  Object.entries(LABELS).flatMap(([label, names]) => names.map((name) => [squash(name), label as Label])),
)

/**
 * What a row states that is no entry; undefined where it states nothing. `mapping` is the table's, below its header.
 * Throws StatementRefused on a total that is there and cannot be read.
 */
export function readStated({ line, cells }: StatementRow, mapping: Mapping | null): Stated | undefined {
  const stated: Stated = {}
  for (const [index, cell] of cells.entries()) {
    const label = labelOf(cell)
    if (label === undefined) continue
    const own = String(cell).split(':').slice(1).join(':')
    const values = [own, ...cells.slice(index + 1)].filter((value) => !isBlank(value))
    if (label === 'accountNumber') {
      const accountNumber = accountIn(values[0])
      if (accountNumber !== undefined) stated.accountNumber ??= accountNumber
    } else if (label === 'currency') stated.currency ??= String(values[0] ?? '').trim()
    else if (label === 'turnover') Object.assign(stated, turnoverIn(line, cells, values, mapping))
    else {
      const inPlace = label.endsWith('ingVnd') ? mapping?.columns.balance : undefined
      const amountVnd = amountIn(line, inPlace === undefined ? undefined : cells[inPlace], values)
      if (amountVnd !== undefined) stated[label] = amountVnd
    }
  }
  return Object.keys(stated).length > 0 ? stated : undefined
}

function labelOf(cell: Cell): Label | undefined {
  if (typeof cell === 'number') return undefined
  const words = cell.split(':')[0]!.split(/[/\n()]/)
  return words.map((word) => LABEL_OF.get(squash(word))).find((label) => label !== undefined)
}

/** The amount in its own column, else the last one that stands after the label. */
function amountIn(line: number, inPlace: Cell | undefined, values: readonly Cell[]): number | undefined {
  const value = inPlace === undefined || isBlank(inPlace) ? values.at(-1) : inPlace
  if (value === undefined) return undefined
  const amountVnd = parseAmount(value)
  if (amountVnd === undefined) throw new StatementRefused(`Dòng ${line}: không đọc được số tổng hoặc số dư.`)
  return amountVnd ?? undefined
}

/** Debits and credits of a total row: in their columns, else the two amounts after the label. */
function turnoverIn(
  line: number,
  cells: readonly Cell[],
  values: readonly Cell[],
  mapping: Mapping | null,
): Stated {
  const { debit, credit } = mapping?.columns ?? {}
  const both =
    debit === undefined || credit === undefined ? values : [cells[debit] ?? '', cells[credit] ?? '']
  if (both.length !== 2 || both.every(isBlank)) return {}
  const [debitVnd, creditVnd] = both.map((cell) => amountIn(line, cell, []))
  return { debitVnd: Math.abs(debitVnd ?? 0), creditVnd: creditVnd ?? 0 }
}

/** `0071000123456 - VND` → `0071000123456`. */
function accountIn(value: Cell | undefined): string | undefined {
  const [found] =
    /^[A-Z0-9][A-Z0-9. ]{4,22}[A-Z0-9]/.exec(
      String(value ?? '')
        .trim()
        .toUpperCase(),
    ) ?? []
  return found?.replaceAll(/[. ]/g, '')
}

interface Counted {
  line: number
  direction: 'in' | 'out'
  amountVnd: number
  bookedAt: number
  balanceVnd: number | null
}

type Order = 'oldest_first' | 'newest_first'

interface Departure {
  line: number
  stated: number
  reckoned: number
}

/** Adds up what the entries say and holds it against what the statement says of itself. */
export function createControlTotals() {
  const stated: Stated = {}
  let first: Counted | undefined
  let last: Counted | undefined
  /** Where the running balance first departs, were the entries in that order. */
  const departures: Partial<Record<Order, Departure>> = {}
  const sums = { in: { count: 0, amountVnd: 0 }, out: { count: 0, amountVnd: 0 } }
  const signed = ({ direction, amountVnd }: Counted) => (direction === 'in' ? amountVnd : -amountVnd)

  return {
    stated: stated as Readonly<Stated>,
    sums,
    /** The first opening balance counts, and of all else the last: pages of a statement may carry over. */
    state({ openingVnd, accountNumber, ...rest }: Stated): void {
      Object.assign(stated, rest)
      if (openingVnd !== undefined) stated.openingVnd ??= openingVnd
      if (accountNumber !== undefined) stated.accountNumber ??= accountNumber
    },
    add(entry: Counted): void {
      sums[entry.direction].count += 1
      sums[entry.direction].amountVnd += entry.amountVnd
      if (last && last.balanceVnd !== null && entry.balanceVnd !== null) {
        const forward = last.balanceVnd + signed(entry)
        if (forward !== entry.balanceVnd)
          departures.oldest_first ??= { line: entry.line, stated: entry.balanceVnd, reckoned: forward }
        const backward = last.balanceVnd - signed(last)
        if (backward !== entry.balanceVnd)
          departures.newest_first ??= { line: entry.line, stated: entry.balanceVnd, reckoned: backward }
      }
      first ??= entry
      last = entry
    },
    /**
     * In words, what was held against what. Throws StatementRefused that names every difference, in đồng, and the
     * line where the running balance departs.
     */
    settle(): string[] {
      const checked: string[] = []
      const wrong: string[] = []
      const compare = (what: string, said: number | undefined, reckoned: number) => {
        if (said === undefined) return
        checked.push(what)
        if (said !== reckoned) wrong.push(difference(what, said, reckoned))
      }
      compare('tổng ghi nợ', stated.debitVnd, sums.out.amountVnd)
      compare('tổng ghi có', stated.creditVnd, sums.in.amountVnd)
      if (stated.openingVnd !== undefined) {
        const reckoned = stated.openingVnd + sums.in.amountVnd - sums.out.amountVnd
        compare('số dư đầu kỳ + ghi có − ghi nợ = số dư cuối kỳ', stated.closingVnd, reckoned)
      }
      if (first && last && first.balanceVnd !== null && last.balanceVnd !== null) {
        checked.push('số dư từng dòng')
        const { oldest_first: forward, newest_first: backward } = departures
        const isNewestFirst = forward ? !backward || first.bookedAt > last.bookedAt : false
        const departure = isNewestFirst ? backward : forward
        if (departure) {
          const { line, stated: said, reckoned } = departure
          wrong.push(`Số dư lệch từ dòng ${line}: ${difference('số dư', said, reckoned)}`)
        } else {
          const [oldest, newest] = isNewestFirst ? [last, first] : [first, last]
          compare('số dư đầu kỳ và dòng đầu', stated.openingVnd, oldest.balanceVnd! - signed(oldest))
          compare('số dư cuối kỳ và dòng cuối', stated.closingVnd, newest.balanceVnd!)
        }
      }
      if (wrong.length > 0)
        throw new StatementRefused(`${wrong.join(' ')} Không ghi dòng nào: tải lại tệp từ ngân hàng.`)
      return checked
    },
  }
}

function difference(what: string, said: number, reckoned: number): string {
  const words = what[0]!.toUpperCase() + what.slice(1)
  return `${words}: tệp ghi ${formatVnd(said)}, cộng các dòng được ${formatVnd(reckoned)}, lệch ${formatVnd(Math.abs(said - reckoned))}.`
}
