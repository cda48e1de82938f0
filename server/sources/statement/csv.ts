import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { parse as parseAtOnce } from 'csv-parse/sync'
import { countKnownNames } from './layout.ts'
import { boundedRow, MAX_CELL_LENGTH, StatementRefused, type StatementRow } from './row.ts'

/** The head of the file shows its encoding and its delimiter. */
const HEAD_BYTES = 64 * 1024
const DELIMITERS = [',', ';', '\t', '|']
const MAX_RECORD_LENGTH = 16 * MAX_CELL_LENGTH

const OPTIONS = {
  bom: true,
  relax_column_count: true,
  // A nickname in quotes inside a memo.
  relax_quotes: true,
  skip_empty_lines: true,
  max_record_size: MAX_RECORD_LENGTH,
} as const

/**
 * The rows of a CSV file, one after another: RFC 4180 with `,` `;` `|` or tab, in UTF-8 or, with a byte order mark,
 * UTF-16 (Excel's «Unicode Text»). Throws StatementRefused on what is no text in these, and on a quote left open.
 */
export async function* readCsv(path: string): AsyncGenerator<StatementRow> {
  const head = await readHead(path)
  const encoding = encodingOf(head)
  const { delimiter, width, lineEnd } = findTable(new TextDecoder(encoding).decode(head))
  // For every row that is not as wide as the first, csv-parse makes an error with its stack, in half of all its time;
  // and the first row of a statement is a title. So it is given one as wide as the table, which is passed over here.
  const parser = parse({ ...OPTIONS, delimiter, info: true, from: 2 })
  parser.write(`.${delimiter.repeat(width - 1)}${lineEnd}`)
  pipeline(Readable.from(decode(path, encoding)), parser, () => {
    // What goes wrong is thrown by the loop below.
  })
  try {
    for await (const { info, record } of parser as AsyncIterable<{
      info: { lines: number }
      record: string[]
    }>) {
      // A header's cell may hold line breaks; the row begins where its first cell does.
      const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0)
      yield boundedRow(info.lines - breaks - 1, record)
    }
  } catch (error) {
    if (error instanceof StatementRefused || !(error instanceof Error)) throw error
    const { code, lines } = error as Error & { code?: string; lines?: number }
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new StatementRefused(
        'Tệp không viết bằng mã UTF-8, chữ Việt sẽ sai. Trong Excel chọn Lưu thành «CSV UTF-8» hoặc .xlsx.',
      )
    }
    if (!code?.startsWith('CSV_')) throw error
    const what = code === 'CSV_MAX_RECORD_SIZE' ? 'dài quá' : 'ngoặc kép mở mà không đóng'
    throw new StatementRefused(
      `Không đọc được tệp CSV tới dòng ${lines === undefined ? '?' : lines - 1}: ${what}.`,
    )
  } finally {
    parser.destroy()
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}

async function* decode(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  for await (const bytes of createReadStream(path)) yield decoder.decode(bytes as Buffer, { stream: true })
  yield decoder.decode()
}

/**
 * The delimiter under which a row of the head shows the most names of columns, then the most columns, and how many; and
 * what ends a row.
 */
function findTable(head: string): { delimiter: string; width: number; lineEnd: string } {
  const told = DELIMITERS.map((delimiter) => {
    const rows = parseHead(head, delimiter)
    const names = Math.max(0, ...rows.map(countKnownNames))
    return { delimiter, names, width: Math.max(1, ...rows.map((cells) => cells.length)) }
  })
  const [table] = told.toSorted((a, b) => b.names - a.names || b.width - a.width)
  const [lineEnd = '\n'] = /\r\n?|\n/.exec(head.replaceAll(/"[^"]*"/g, '')) ?? []
  return { ...table!, lineEnd }
}

function parseHead(head: string, delimiter: string): string[][] {
  const rows: string[][] = []
  try {
    // The head may end inside a quoted cell: what was read until then is enough.
    parseAtOnce(head, { ...OPTIONS, delimiter, on_record: (record: string[]) => void rows.push(record) })
  } catch {
    return rows
  }
  return rows
}
