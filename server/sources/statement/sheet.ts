import { open } from 'node:fs/promises'
import { readCsv } from './csv.ts'
import { StatementRefused, type StatementRow } from './row.ts'
import { readXlsx } from './xlsx.ts'

/**
 * The rows of a statement file, read as they are asked for, told by its first bytes and not by its name: XLSX or CSV.
 * Throws StatementRefused while reading; an old .xls or a file behind a password cannot be read at all.
 */
export async function* readSheet(path: string): AsyncGenerator<StatementRow> {
  const start = await firstBytes(path)
  if (start === 'd0cf11e0') {
    throw new StatementRefused(
      'Đây là tệp .xls đời cũ hoặc có mật khẩu. Mở bằng Excel, lưu thành .xlsx không mật khẩu rồi gửi lại.',
    )
  }
  if (start === '25504446')
    throw new StatementRefused('Đây là tệp PDF. Ở ngân hàng chọn tải sao kê dạng Excel hoặc CSV.')
  yield* start === '504b0304' ? readXlsx(path) : readCsv(path)
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.subarray(0, bytesRead).toString('hex')
  } finally {
    await file.close()
  }
}
