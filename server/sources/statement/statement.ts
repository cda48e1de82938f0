import { createHash } from 'node:crypto'
import type { BankTransaction } from '../../../shared/bank-transaction.ts'
import { businessDay } from '../../../shared/business-day.ts'
import { squash } from '../../../shared/display-text.ts'
import { TELLING_REFERENCE_LENGTH } from '../../domain/same-transfer.ts'
import type { AccountKey } from '../../storage/source.ts'
import { createControlTotals, readStated } from './control-totals.ts'
import { findHeader, HEADER_WITHIN, type Column, type Header, type Mapping } from './layout.ts'
import { columnLetter, isBlank, MAX_ROWS, StatementRefused, type Cell, type StatementRow } from './row.ts'
import { readSheet } from './sheet.ts'
import { parseAmount, parseBooked } from './value.ts'

/** So many bad rows are named before the rest of the file is left unread. */
const MAX_BAD_ROWS = 10
const SAMPLE_ROWS = 5
const DAY_MS = 86_400_000
const MIDNIGHT = 0

/** The top of a statement, as far as a person needs it to say what is what. */
export interface StatementHead {
  header: Header
  /** As the file itself names it. */
  accountNumber: string | undefined
  /** The first rows below the header. */
  sample: StatementRow[]
}

/** A statement whose every row can be read and which adds up. */
export interface CheckedStatement {
  entryCount: number
  credits: { count: number; amountVnd: number }
  debits: { count: number; amountVnd: number }
  /** Days like `2026-11-22`, in Vietnam. */
  firstDay: string
  lastDay: string
  /** Which of its own figures it was held against, in words; empty where it states none. */
  checked: string[]
}

interface Entry {
  line: number
  cells: readonly Cell[]
  bookedAt: number
  bookedPrecision: BankTransaction['bookedPrecision']
  direction: BankTransaction['direction']
  amountVnd: number
  balanceVnd: number | null
  bankReference: string | null
  remittanceText: string
  payerName: string | null
  payerAccount: string | null
}

/** One transaction of a statement, with the row that tells of it. */
export interface StatementEntry {
  transaction: BankTransaction
  line: number
  cells: readonly Cell[]
}

/** Reads the top of a statement file. Throws StatementRefused where there is no table in it. */
export async function readHead(
  path: string,
  remembered: ReadonlyMap<string, Mapping>,
): Promise<StatementHead> {
  const rows: StatementRow[] = []
  for await (const row of readSheet(path)) {
    rows.push(row)
    if (rows.length === HEADER_WITHIN + SAMPLE_ROWS) break
  }
  const header = findHeader(rows.slice(0, HEADER_WITHIN), remembered)
  const above = rows.filter(({ line }) => line < header.line).map((row) => readStated(row, null))
  return {
    header,
    accountNumber: above.find((stated) => stated?.accountNumber !== undefined)?.accountNumber,
    sample: rows.filter(({ line }) => line > header.line).slice(0, SAMPLE_ROWS),
  }
}

/**
 * Reads a whole statement and keeps none of it: every row, and whether they add up to the statement's own opening
 * and closing balance, totals and running balance. Throws StatementRefused that names the bad rows by line and
 * column, or each difference, or that there are more than `most` rows. `now` in epoch milliseconds: nothing is booked
 * later.
 */
export async function checkStatement(
  path: string,
  header: Header,
  mapping: Mapping,
  account: AccountKey,
  now: number,
  most = MAX_ROWS,
): Promise<CheckedStatement> {
  const totals = createControlTotals()
  const bad: string[] = []
  let entryCount = 0
  let [earliest, latest] = [Infinity, 0]
  for await (const row of readSheet(path)) {
    if (row.line === header.line) continue
    try {
      const entry = row.line < header.line ? undefined : readEntry(row, header, mapping)
      if (entry === undefined) {
        totals.state(readStated(row, row.line < header.line ? null : mapping) ?? {})
        continue
      }
      if (entry.bookedAt > now + DAY_MS) throw badCell(row, mapping, 'bookedOn', 'ngày sau hôm nay')
      entryCount += 1
      if (entryCount > most)
        throw new StatementRefused(`Tệp có hơn ${most} khoản. Chia theo từng tháng rồi gửi lại.`)
      totals.add(entry)
      earliest = Math.min(earliest, entry.bookedAt)
      latest = Math.max(latest, entry.bookedAt)
    } catch (error) {
      if (!(error instanceof BadRow)) throw error
      bad.push(error.message)
      if (bad.length === MAX_BAD_ROWS) break
    }
  }
  if (bad.length > 0) {
    throw new StatementRefused(`${bad.join(' ')} Không ghi dòng nào: sửa cách hiểu cột hoặc tải lại tệp.`)
  }
  if (entryCount === 0) throw new StatementRefused('Sao kê này không có khoản nào.')
  const { accountNumber, currency } = totals.stated
  if (accountNumber !== undefined && !isSameNumber(accountNumber, account.accountNumber))
    throw new StatementRefused(
      `Tệp là sao kê của tài khoản ${accountNumber}, không phải ${account.accountNumber}.`,
    )
  if (currency !== undefined && !/VN[DĐ]/i.test(currency))
    throw new StatementRefused(`Sao kê này không phải tiền đồng (${currency.slice(0, 20)}).`)
  return {
    entryCount,
    credits: totals.sums.in,
    debits: totals.sums.out,
    firstDay: businessDay(earliest, MIDNIGHT),
    lastDay: businessDay(latest, MIDNIGHT),
    checked: totals.settle(),
  }
}

/** A spreadsheet may have taken the number for one and dropped its zeros in front. */
export function isSameNumber(told: string, accountNumber: string): boolean {
  const bare = (text: string) => text.toUpperCase().replace(/^0+/, '')
  return bare(told) === bare(accountNumber)
}

/** The transactions of a statement that was checked, in the file's order, each with its own row. */
export async function* readTransactions(
  path: string,
  header: Header,
  mapping: Mapping,
  account: AccountKey,
): AsyncGenerator<StatementEntry> {
  const met = new Map<string, number>()
  for await (const row of readSheet(path)) {
    const entry = row.line <= header.line ? undefined : readEntry(row, header, mapping)
    if (entry === undefined) continue
    const identity = identityOf(entry, account)
    // Rows alike in all of it are as good as each other: only how many they are matters.
    const number = (met.get(identity) ?? 0) + 1
    met.set(identity, number)
    const { line, cells, balanceVnd: _, ...booked } = entry
    const transaction: BankTransaction = {
      ...booked,
      channel: 'statement',
      sourceKey: `statement:${identity}:${number}`,
      ...account,
      virtualAccount: null,
      sourceCode: null,
      isTest: false,
    }
    yield { transaction, line, cells }
  }
}

/**
 * What makes an entry the same in every statement that has it: account, day, direction, amount, and its bank
 * reference where that is long enough to be its own; else the balance it left behind, which no statement that begins
 * or ends elsewhere changes, with its time and short reference, for money that went out and came in again leaves the
 * same; else its time and memo, where twins are only counted.
 */
function identityOf(entry: Entry, account: AccountKey): string {
  const reference = squash(entry.bankReference ?? '')
  const own =
    reference.length >= TELLING_REFERENCE_LENGTH
      ? ['reference', reference]
      : entry.balanceVnd === null
        ? ['memo', entry.bookedAt, squash(entry.remittanceText)]
        : ['balance', entry.balanceVnd, entry.bookedAt, reference]
  const day = businessDay(entry.bookedAt, MIDNIGHT)
  const parts = [account.bankBin, account.accountNumber, day, entry.direction, entry.amountVnd, ...own]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

/** One row that cannot be read; gathered, so that a person sees several at once. */
class BadRow extends Error {}

function badCell({ line }: StatementRow, { columns }: Mapping, column: Column, words: string): BadRow {
  return new BadRow(`Dòng ${line}, cột ${columnLetter(columns[column] ?? 0)}: ${words}.`)
}

/** The entry a row is; undefined for totals, notes and repeated headers, which hold no entry. Throws BadRow. */
function readEntry(row: StatementRow, { names }: Header, mapping: Mapping): Entry | undefined {
  const { columns, dateOrder } = mapping
  const cellOf = (column: Column) => (columns[column] === undefined ? undefined : row.cells[columns[column]])
  const textOf = (column: Column) => oneLine(cellOf(column))
  const dateCell = cellOf('bookedOn')
  const booked = parseBooked(dateCell, cellOf('bookedTime'), dateOrder)
  const isDate = booked !== undefined && (booked.rest === '' || columns.bankReference === columns.bookedOn)
  const amountCells = (['debit', 'credit', 'amount'] as const).map(cellOf).filter((cell) => !isBlank(cell))
  if (!isDate) {
    if (amountCells.every((cell) => !/\d/.test(String(cell))) || readStated(row, mapping)) return undefined
    throw badCell(row, mapping, 'bookedOn', isBlank(dateCell) ? 'có tiền mà không có ngày' : 'ngày chưa đúng')
  }
  if (amountCells.length === 0) {
    if (readStated(row, mapping)) return undefined
    throw badCell(row, mapping, columns.amount === undefined ? 'credit' : 'amount', 'không có số tiền')
  }
  if (row.cells.slice(names.length).some((cell) => !isBlank(cell)))
    throw new BadRow(`Dòng ${row.line}: nhiều ô hơn dòng tên cột.`)
  const balanceVnd = columns.balance === undefined ? null : parseAmount(cellOf('balance'))
  if (balanceVnd === undefined || (balanceVnd === null && columns.balance !== undefined))
    throw badCell(row, mapping, 'balance', 'số dư chưa đúng')
  const reference = columns.bankReference === columns.bookedOn ? booked.rest : textOf('bankReference')
  return {
    ...row,
    bookedAt: booked.bookedAt,
    bookedPrecision: booked.bookedPrecision,
    ...readMovement(row, mapping, cellOf),
    balanceVnd,
    bankReference: reference || null,
    remittanceText: textOf('remittanceText'),
    payerName: textOf('payerName') || null,
    payerAccount: textOf('payerAccount') || null,
  }
}

const IN_WORDS = new Set(['C', 'CR', 'CREDIT', 'CO', 'GHICO', 'IN', 'VAO', 'TIENVAO'])
const OUT_WORDS = new Set(['D', 'DR', 'DEBIT', 'NO', 'GHINO', 'OUT', 'RA', 'TIENRA'])

/** Which way and how much. Throws BadRow on two amounts, none, or a fraction. */
function readMovement(
  row: StatementRow,
  mapping: Mapping,
  cellOf: (column: Column) => Cell | undefined,
): Pick<Entry, 'direction' | 'amountVnd'> {
  const amountOf = (column: 'debit' | 'credit' | 'amount') => {
    const amountVnd = parseAmount(cellOf(column))
    if (amountVnd === undefined) throw badCell(row, mapping, column, 'số tiền chưa đúng')
    return amountVnd ?? 0
  }
  if (mapping.columns.amount === undefined) {
    const [debit, credit] = [Math.abs(amountOf('debit')), amountOf('credit')]
    if (debit !== 0 && credit !== 0) throw badCell(row, mapping, 'credit', 'có cả ghi nợ lẫn ghi có')
    if (credit < 0) throw badCell(row, mapping, 'credit', 'số tiền ghi có là số âm')
    if (debit === 0 && credit === 0) throw badCell(row, mapping, 'credit', 'số tiền là 0')
    return credit > 0 ? { direction: 'in', amountVnd: credit } : { direction: 'out', amountVnd: debit }
  }
  const amount = amountOf('amount')
  if (amount === 0) throw badCell(row, mapping, 'amount', 'số tiền là 0')
  if (mapping.columns.direction === undefined)
    return { direction: amount > 0 ? 'in' : 'out', amountVnd: Math.abs(amount) }
  const said = oneLine(cellOf('direction'))
  const isIn = said === '+' || IN_WORDS.has(squash(said))
  if (!isIn && said !== '-' && !OUT_WORDS.has(squash(said)))
    throw badCell(row, mapping, 'direction', 'không rõ tiền vào hay tiền ra')
  if (isIn && amount < 0) throw badCell(row, mapping, 'amount', 'ghi là tiền vào mà số tiền âm')
  return { direction: isIn ? 'in' : 'out', amountVnd: Math.abs(amount) }
}

/** Exports of the same entry differ in where they break lines. */
function oneLine(cell: Cell | undefined): string {
  return String(cell ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
