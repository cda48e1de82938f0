import { wellFormed } from '../../../shared/display-text.ts'

/** What one cell of a statement holds: well-formed text as written, or a number that the file itself keeps as one. */
export type Cell = string | number

/** One row of a statement's table, with its line as an editor or a spreadsheet counts it, from 1. */
export interface StatementRow {
  line: number
  /** Blank cells are `''`; none follows the last one that is not. */
  cells: readonly Cell[]
}

export const MAX_FILE_BYTES = 20 * 1024 * 1024
/** Of an XLSX, unpacked: 200,000 rows of a bank's are 60 MB. */
export const MAX_UNPACKED_BYTES = 192 * 1024 * 1024
export const MAX_ROWS = 200_000
export const MAX_COLUMNS = 64
export const MAX_CELL_LENGTH = 10_000

/**
 * The file is no statement that can be taken; then nothing of it is. `message` says in Vietnamese what is wrong,
 * with line and column, and what to do; it quotes no memo.
 */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused'
}

/** `0` → `A`, `27` → `AB`: what a spreadsheet calls its columns. */
export function columnLetter(index: number): string {
  const last = String.fromCodePoint(65 + (index % 26))
  return index < 26 ? last : columnLetter(Math.floor(index / 26) - 1) + last
}

/**
 * The row, its text as every store takes it, within the limits that keep a hostile file from filling the memory. Throws
 * StatementRefused beyond them.
 */
export function boundedRow(line: number, cells: Cell[]): StatementRow {
  while (cells.length > 0 && isBlank(cells.at(-1))) cells.pop()
  if (cells.length > MAX_COLUMNS)
    throw new StatementRefused(`Dòng ${line} có hơn ${MAX_COLUMNS} cột: đây không phải sao kê.`)
  const long = cells.findIndex((cell) => typeof cell === 'string' && cell.length > MAX_CELL_LENGTH)
  if (long !== -1)
    throw new StatementRefused(`Dòng ${line}, cột ${columnLetter(long)}: hơn ${MAX_CELL_LENGTH} ký tự.`)
  return { line, cells: cells.map((cell) => (typeof cell === 'string' ? wellFormed(cell) : cell)) }
}

export function isBlank(cell: Cell | undefined): boolean {
  return cell === undefined || (typeof cell === 'string' && cell.trim() === '')
}
