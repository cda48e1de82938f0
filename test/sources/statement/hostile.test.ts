import { execFile } from 'node:child_process'
import { createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { StatementRefused } from '../../../server/sources/statement/row.ts'
import { readSheet } from '../../../server/sources/statement/sheet.ts'
import { temporaryFolder } from '../../scripts/child.ts'
import { banks, csvOf, workbookOf, xlsxOf, zipOf, type TestEntry } from '../../statement-files.ts'

function fileOf(content: string | Buffer): string {
  const path = join(temporaryFolder(), 'statement')
  writeFileSync(path, content)
  return path
}
async function rowsOf(content: string | Buffer) {
  const rows = []
  for await (const row of readSheet(fileOf(content))) rows.push(row)
  return rows
}
const refusal = async (content: string | Buffer) => {
  const error = await rowsOf(content).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StatementRefused)
  return (error as Error).message
}
const cells = (xml: string) => workbookOf(`<sheetData><row r="1">${xml}</row></sheetData>`)

describe('a hostile file is refused in words, and fills no memory', () => {
  it.each<[string, () => string | Buffer, RegExp]>([
    ['a formula', () => xlsxOf([['a', { formula: 'SUM(A1:A9)' }]]), /Ô B1 là công thức/],
    ['a million columns in CSV', () => ','.repeat(1_000_000) + 'x', /hơn 64 cột|dài quá/],
    ['a million columns in XLSX', () => cells('<c t="str"><v>x</v></c>'.repeat(1_000_000)), /hơn 64 cột/],
    ['a cell far to the right', () => cells('<c r="XFD1"><v>1</v></c>'), /hơn 64 cột/],
    [
      'a cell to the left of the one before',
      () => cells('<c r="B1"><v>1</v></c><c r="A1"><v>1</v></c>'),
      /Không đọc được/,
    ],
    ['a huge string in CSV', () => `a,${'x'.repeat(5_000_000)}`, /dài quá/],
    [
      'a huge string in XLSX',
      () => cells(`<c t="str"><v>${'x'.repeat(5_000_000)}</v></c>`),
      /hơn 10000 ký tự|Không đọc được/,
    ],
    ['a huge attribute', () => cells(`<c r="A1" t="${'x'.repeat(5_000_000)}"/>`), /Không đọc được/],
    ['a shared text that is not there', () => cells('<c t="s"><v>7</v></c>'), /Không đọc được/],
    ['a number that is none', () => cells('<c><v>1e999</v></c>'), /Không đọc được/],
    [
      'entities that multiply',
      () =>
        zipOf({
          'xl/workbook.xml':
            '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><workbook><sheets><sheet name="&b;" r:id="r1"/></sheets></workbook>',
        }),
      /Không đọc được/,
    ],
    ['U+0000, which no XML may hold', () => xlsxOf([['a\u0000b']]), /Không đọc được/],
    ['XML that is broken', () => cells('<c><v>1</c>'), /Không đọc được/],
    ['no workbook inside', () => zipOf({ 'a.txt': 'x' }), /Không đọc được/],
    ['a ZIP cut off', () => xlsxOf([['a']]).subarray(0, 300), /Không đọc được/],
    ['two sheets', () => xlsxOf([['a']], 1), /2 trang tính/],
    [
      'a zip bomb that says so',
      () => zipOf({ 'xl/workbook.xml': 'x' }, { 'xl/workbook.xml': 250_000_000 }),
      /bung ra quá lớn/,
    ],
    [
      'a zip bomb that says it is small',
      () => zipOf({ 'xl/workbook.xml': Buffer.alloc(60_000_000, ' ') }, { 'xl/workbook.xml': 1_000 }),
      /Không đọc được/,
    ],
    ['an old .xls', () => Buffer.from('d0cf11e0a1b11ae1', 'hex'), /\.xls đời cũ hoặc có mật khẩu/],
    ['a PDF', () => '%PDF-1.7', /tệp PDF/],
    ['bytes that are no UTF-8', () => Buffer.from([0x61, 0x2c, 0xc3, 0x28]), /UTF-8/],
    ['a quote left open', () => 'a,b\n"c,d\ne,f', /ngoặc kép mở mà không đóng/],
  ])('%s', async (_, content, words) => {
    const before = process.memoryUsage().rss
    expect(await refusal(content())).toMatch(words)
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 2 ** 20)
  })

  it('text that looks like a formula, U+0000 and Excel’s way to write it are only text', async () => {
    const memo = '=HYPERLINK("http://evil","x")\u0000'
    for (const content of [
      csvOf([['a', memo]]),
      cells(`<c t="str"><v>a</v></c><c t="inlineStr"><is><t>=1+1</t></is></c>`),
    ])
      expect((await rowsOf(content))[0]?.cells[1]).toMatch(/^=/)
    expect((await rowsOf('a,b\u0000'))[0]?.cells).toEqual(['a', 'b\uFFFD'])
    expect((await rowsOf(xlsxOf([['a', 'b_x0000_']])))[0]?.cells).toEqual(['a', 'b_x0000_'])
  })
})

describe('100,000 rows', { timeout: 120_000 }, () => {
  const ROWS = 100_000
  /** What a bare process with the same imports takes is in it: about 90 MB. */
  const MOST_MEMORY_MB = 260
  const entries: TestEntry[] = Array.from({ length: ROWS }, (_, index) => ({
    at: `2026-11-${String(1 + Math.floor((index * 20) / ROWS)).padStart(2, '0')} 09:00:00`,
    amount: 50_000 + (index % 7),
    memo: `MBVCB.${6_945_093_151 + index}.${index}.ZQK1ABCDE chuyen tien mua rau cho Phu Cat`,
    reference: `5213.${10_000 + index}`,
  }))
  const READ = `
    const { readHead, checkStatement, readTransactions } = await import(process.argv[1] + '/statement.ts')
    const account = { bankBin: '970436', accountNumber: '0071000123456' }
    const { header } = await readHead(process.argv[2], new Map())
    const checked = await checkStatement(process.argv[2], header, header.mapping, account, Date.parse('2026-11-22T02:00:00Z'))
    let read = 0
    for await (const _ of readTransactions(process.argv[2], header, header.mapping, account)) read += 1
    console.log(JSON.stringify({ read, checked: checked.checked.length, memoryMb: process.resourceUsage().maxRSS / 1024 }))
  `
  it.each([
    ['CSV', csvOf],
    ['XLSX', xlsxOf],
  ] as const)('are checked and read from %s within a bounded memory', async (format, write) => {
    const path = join(temporaryFolder(), 'big')
    const file = createWriteStream(path)
    file.end(write(banks.vietcombank('0071000123456', entries)))
    await new Promise((done) => file.once('close', done))
    const room = join(import.meta.dirname, '../../../server/sources/statement')
    const startedAt = performance.now()
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      READ,
      room,
      path,
    ])
    const { read, checked, memoryMb } = JSON.parse(stdout) as Record<string, number>
    console.log(`${format}: ${Math.round(memoryMb!)} MB, ${Math.round(performance.now() - startedAt)} ms`)
    expect({ read, checked }).toEqual({ read: ROWS, checked: 6 })
    expect(memoryMb).toBeLessThan(MOST_MEMORY_MB)
  })
})
