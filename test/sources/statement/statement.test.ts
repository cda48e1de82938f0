import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BankTransaction } from '../../../shared/bank-transaction.ts'
import { parseVietnamTime } from '../../../shared/business-day.ts'
import { headerKey, mappingProblem, type Mapping } from '../../../server/sources/statement/layout.ts'
import { StatementRefused } from '../../../server/sources/statement/row.ts'
import { checkStatement, readHead, readTransactions } from '../../../server/sources/statement/statement.ts'
import { temporaryFolder } from '../../scripts/child.ts'
import { MORNING } from '../../small-market.ts'
import { banks, csvOf, xlsxOf, type TestCell, type TestEntry } from '../../statement-files.ts'

const ACCOUNT = { bankBin: '970436', accountNumber: '0071000123456' }
const ENTRIES: TestEntry[] = [
  { at: '2026-11-20 07:15:30', amount: 50_000, memo: 'MBVCB.69.ZQK1ABCDE rau', reference: '5213.45946' },
  { at: '2026-11-20 08:00:00', amount: -20_000, memo: 'RUT TIEN', reference: '5213.45947' },
  {
    at: '2026-11-21 09:00:00',
    amount: 1_234_567,
    memo: '=cmd|calc!A1',
    reference: 'FT26325123456789',
    name: 'TRAN A',
  },
  { at: '2026-11-21 23:59:59', amount: 50_000, memo: 'MBVCB.69.ZQK1ABCDE rau', reference: '5213.45999' },
]

function fileOf(content: string | Buffer): string {
  const path = join(temporaryFolder(), 'statement')
  writeFileSync(path, content)
  return path
}

async function readAll(path: string, said?: Mapping, account = ACCOUNT) {
  const head = await readHead(path, new Map())
  const mapping = said ?? head.header.mapping
  if (mapping === null) throw new Error('nobody said what its columns are')
  const checked = await checkStatement(path, head.header, mapping, account, MORNING)
  const transactions: BankTransaction[] = []
  for await (const { transaction } of readTransactions(path, head.header, mapping, account))
    transactions.push(transaction)
  return { head, checked, transactions }
}

const FORMATS: [string, (rows: TestCell[][]) => string | Buffer][] = [
  ['CSV', csvOf],
  ['CSV with semicolons and a byte order mark', (rows) => `\uFEFF${csvOf(rows, ';')}`],
  ['CSV with tabs in UTF-16', (rows) => Buffer.from(`\uFEFF${csvOf(rows, '\t')}`, 'utf16le')],
  ['XLSX', (rows) => xlsxOf(rows)],
]

describe.each(FORMATS)('as %s', (_, write) => {
  it.each([
    ['Vietcombank', 'vietcombank', 'day', '970436', 4],
    ['BIDV', 'bidv', 'second', '970418', 1],
    ['Techcombank', 'techcombank', 'day', '970407', 0],
    ['VietinBank', 'vietinbank', 'second', '970415', 1],
  ] as const)(
    'a statement of %s is read without asking, every field of every row',
    async (name, bank, precision, bankBin, held) => {
      const account = { ...ACCOUNT, bankBin }
      const { head, checked, transactions } = await readAll(
        fileOf(write(banks[bank](account.accountNumber, ENTRIES))),
        undefined,
        account,
      )
      expect(head.header.bank).toMatchObject({ name, bankBin })
      expect(head.accountNumber).toBe(bank === 'vietcombank' ? account.accountNumber : undefined)
      expect(checked.checked).toHaveLength(held === 4 ? 6 : held)
      expect(checked).toMatchObject({
        entryCount: 4,
        credits: { count: 3, amountVnd: 1_334_567 },
        debits: { count: 1, amountVnd: 20_000 },
        firstDay: '2026-11-20',
        lastDay: '2026-11-21',
      })
      const told = bank === 'bidv' ? transactions.toReversed() : transactions
      const namesPayer = bank === 'techcombank' || bank === 'vietinbank'
      expect(told).toMatchObject(
        ENTRIES.map((entry) => ({
          channel: 'statement',
          ...account,
          direction: entry.amount > 0 ? 'in' : 'out',
          amountVnd: Math.abs(entry.amount),
          bookedAt: parseVietnamTime(precision === 'day' ? `${entry.at.slice(0, 10)} 00:00:00` : entry.at),
          bookedPrecision: precision === 'second' && entry.at.endsWith(':00') ? 'minute' : precision,
          remittanceText: entry.memo,
          bankReference: entry.reference,
          payerName: namesPayer ? (entry.name ?? null) : null,
          virtualAccount: null,
          isTest: false,
        })),
      )
      expect(new Set(told.map(({ sourceKey }) => sourceKey)).size).toBe(4)
    },
  )
})

describe('a layout nobody has seen', () => {
  const columns = { bookedOn: 0, remittanceText: 1, bankReference: 2 }
  it.each<[string, TestCell[][], Mapping]>([
    [
      'one signed amount',
      [
        ['Ngày', 'Nội dung', 'Mã', 'Số tiền'],
        ['22/11/2026', 'rau', 'A1', '+50.000 VND'],
        ['22/11/2026', 'ca', 'A2', '-20.000'],
      ],
      { columns: { ...columns, amount: 3 }, dateOrder: 'dmy' },
    ],
    [
      'an amount beside its direction, month first',
      [
        ['Date', 'Details', 'Ref', 'Amount', 'Type'],
        ['11/22/2026', 'rau', 'A1', '50,000.00', 'CR'],
        ['11/22/2026', 'ca', 'A2', '20,000.00', 'DR'],
      ],
      { columns: { ...columns, amount: 3, direction: 4 }, dateOrder: 'mdy' },
    ],
    [
      'debits as negative numbers, dates with the year first',
      [
        ['Ngày', 'Nội dung', 'Mã', 'Ghi nợ', 'Ghi có'],
        ['2026-11-22', 'rau', 'A1', '', 50_000],
        ['2026-11-22', 'ca', 'A2', -20_000, ''],
      ],
      { columns: { ...columns, debit: 3, credit: 4 }, dateOrder: 'dmy' },
    ],
    [
      'Excel’s own dates',
      [
        ['Ngày', 'Nội dung', 'Mã', 'Ghi nợ', 'Ghi có'],
        [46_348, 'rau', 'A1', '', 50_000],
        [46_348, 'ca', 'A2', 20_000, ''],
      ],
      { columns: { ...columns, debit: 3, credit: 4 }, dateOrder: 'dmy' },
    ],
  ])('is read as a person says: %s', async (_, rows, mapping) => {
    expect(mappingProblem(mapping)).toBeUndefined()
    for (const path of [
      fileOf(xlsxOf(rows)),
      ...(typeof rows[1]![0] === 'number' ? [] : [fileOf(csvOf(rows))]),
    ]) {
      const { head, transactions } = await readAll(path, mapping)
      expect(head.header.mapping).toBeNull()
      expect(transactions).toMatchObject([
        {
          direction: 'in',
          amountVnd: 50_000,
          bankReference: 'A1',
          bookedAt: parseVietnamTime('2026-11-22 00:00:00'),
          bookedPrecision: 'day',
        },
        { direction: 'out', amountVnd: 20_000, bankReference: 'A2', remittanceText: 'ca' },
      ])
    }
  })

  it('is read with the time from a column of its own, as text or as Excel’s', async () => {
    const mapping: Mapping = { columns: { ...columns, amount: 3, bookedTime: 4 }, dateOrder: 'dmy' }
    const rows: TestCell[][] = [
      ['Ngày', 'Nội dung', 'Mã', 'Số tiền', 'Giờ'],
      ['21/11/2026', 'a', '1', 10_000, '7:05:09'],
      ['21/11/2026', 'b', '2', 10_000, '07:05'],
      ['21/11/2026', 'c', '3', 10_000, 0.375],
      ['21/11/2026', 'd', '4', 10_000, ''],
    ]
    const { transactions } = await readAll(fileOf(xlsxOf(rows)), mapping)
    expect(transactions.map(({ bookedAt, bookedPrecision }) => [bookedAt, bookedPrecision])).toEqual([
      [parseVietnamTime('2026-11-21 07:05:09'), 'second'],
      [parseVietnamTime('2026-11-21 07:05:00'), 'minute'],
      [parseVietnamTime('2026-11-21 09:00:00'), 'minute'],
      [parseVietnamTime('2026-11-21 00:00:00'), 'day'],
    ])
  })

  it('is proposed by the usual names of columns, and known again by its header once said', async () => {
    const rows = [['Ngày GD', 'Giờ', 'Diễn giải', 'Tiền ra', 'Tiền vào', 'Số dư', 'Mã giao dịch']]
    const path = fileOf(csvOf(rows))
    const { header } = await readHead(path, new Map())
    expect(header.mapping).toBeNull()
    const mapping: Mapping = {
      columns: {
        bookedOn: 0,
        bookedTime: 1,
        remittanceText: 2,
        debit: 3,
        credit: 4,
        balance: 5,
        bankReference: 6,
      },
      dateOrder: 'dmy',
    }
    expect(header.proposed).toEqual(mapping)
    const again = await readHead(path, new Map([[headerKey(header.names), mapping]]))
    expect(again.header.mapping).toEqual(mapping)
  })

  it.each<[Mapping['columns'], string]>([
    [{ remittanceText: 1, amount: 2 }, 'Chọn cột ngày'],
    [{ bookedOn: 0, amount: 2 }, 'Chọn cột nội dung'],
    [{ bookedOn: 0, remittanceText: 1, debit: 2 }, 'Chọn cột ghi nợ và cột ghi có'],
    [{ bookedOn: 0, remittanceText: 1, debit: 2, credit: 3, amount: 4 }, 'Chọn cột ghi nợ và cột ghi có'],
    [{ bookedOn: 0, remittanceText: 1, debit: 2, credit: 2 }, 'Mỗi cột tiền chỉ chọn một lần'],
    [{ bookedOn: 0, remittanceText: 1, debit: 2, credit: 3, direction: 4 }, 'Cột vào/ra'],
  ])('is not read by %j', (wrong, words) => {
    expect(mappingProblem({ columns: wrong, dateOrder: 'dmy' })).toContain(words)
  })
})

const refusal = async (
  rows: TestCell[][],
  account = ACCOUNT,
  write: (rows: TestCell[][]) => string | Buffer = xlsxOf,
) => {
  const error = await readAll(fileOf(write(rows)), undefined, account).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StatementRefused)
  return (error as Error).message
}
const vietcombank = () => banks.vietcombank(ACCOUNT.accountNumber, ENTRIES)
/** The rows with one cell changed. */
const changed = (rows: TestCell[][], line: number, column: number, cell: TestCell) =>
  rows.map((row, index) => (index === line - 1 ? row.with(column, cell) : row))

describe('a statement that does not add up to its own figures is refused, with the difference named', () => {
  it.each([
    [
      'its total of debits',
      11,
      3,
      '20,001',
      /Tổng ghi nợ: tệp ghi 20\.001đ, cộng các dòng được 20\.000đ, lệch 1đ\./,
    ],
    [
      'its total of credits',
      11,
      4,
      '1,334,566',
      /Tổng ghi có: tệp ghi 1\.334\.566đ, cộng các dòng được 1\.334\.567đ, lệch 1đ\./,
    ],
    ['its closing balance', 12, 5, '2,314,568', /Số dư đầu kỳ \+ ghi có − ghi nợ = số dư cuối kỳ: .*lệch 1đ/],
    [
      'its opening balance',
      5,
      2,
      '1,000,001',
      /Số dư đầu kỳ và dòng đầu: tệp ghi 1\.000\.001đ, .*1\.000\.000đ, lệch 1đ/,
    ],
    [
      'its running balance',
      9,
      5,
      '2,264,568',
      /Số dư lệch từ dòng 9: .*2\.264\.568đ, .*2\.264\.567đ, lệch 1đ/,
    ],
    ['an amount', 7, 4, '50,001', /Tổng ghi có: .*lệch 1đ/],
  ])('%s is off by one đồng', async (_, line, column, cell, words) => {
    const message = await refusal(changed(vietcombank(), line, column, cell))
    expect(message).toMatch(words)
    expect(message).toContain('Không ghi dòng nào')
  })

  describe.each(FORMATS)('as %s', (_, write) => {
    // Whatever a bank prints below its table stands in the columns of its table.
    it.each([
      ['Vietcombank', 'vietcombank', '970436', 3],
      ['BIDV', 'bidv', '970418', 3],
      ['Techcombank', 'techcombank', '970407', 7],
      ['VietinBank', 'vietinbank', '970415', 2],
    ] as const)('%s', async (_name, bank, bankBin, debit) => {
      const account = { ...ACCOUNT, bankBin }
      const rows = banks[bank](account.accountNumber, ENTRIES)
      const total: TestCell[] = Array.from({ length: debit + 2 }, () => '')
      const totals = (debits: string, credits: string) =>
        total
          .with(0, 'Tổng cộng')
          .with(debit, debits)
          .with(debit + 1, credits)
      const right = await readAll(fileOf(write([...rows, totals('20,000', '1,334,567')])), undefined, account)
      expect(right.checked.checked).toEqual(expect.arrayContaining(['tổng ghi nợ', 'tổng ghi có']))
      const wrong = await refusal([...rows, totals('20,000', '1,334,568')], account, write)
      expect(wrong).toContain(
        'Tổng ghi có: tệp ghi 1.334.568đ, cộng các dòng được 1.334.567đ, lệch 1đ. Không ghi dòng nào',
      )
    })
  })

  it('a row that is missing, or there twice, departs at that line', async () => {
    const rows = banks.bidv('', ENTRIES)
    expect(await refusal(rows.toSpliced(3, 1), { ...ACCOUNT, bankBin: '970418' })).toContain(
      'Số dư lệch từ dòng 4',
    )
    expect(await refusal(rows.toSpliced(3, 0, rows[3]!), { ...ACCOUNT, bankBin: '970418' })).toContain(
      'Số dư lệch từ dòng 5',
    )
  })

  it('but without any such figure it is taken, and says so', async () => {
    const { checked } = await readAll(fileOf(csvOf(banks.techcombank('', ENTRIES))), undefined, {
      ...ACCOUNT,
      bankBin: '970407',
    })
    expect(checked.checked).toEqual([])
  })
})

describe('one bad row refuses the whole, named by line and column', () => {
  const techcombank = () => banks.techcombank('', ENTRIES)
  it.each<[string, number, TestCell, string]>([
    ['a fraction of a đồng', 8, '50,000.50', 'Dòng 3, cột I: số tiền chưa đúng'],
    ['an amount that is none', 8, '5O,000', 'Dòng 3, cột I: số tiền chưa đúng'],
    ['a negative credit', 8, '-50,000', 'Dòng 3, cột I: số tiền ghi có là số âm'],
    ['both amounts', 8, '50,000', 'Dòng 3, cột I: có cả ghi nợ lẫn ghi có'],
    ['no amount', 7, '', 'Dòng 3, cột I: không có số tiền'],
    ['zero', 7, '0', 'Dòng 3, cột I: số tiền là 0'],
    ['a day no calendar has', 1, '30/02/2026', 'Dòng 3, cột B: ngày chưa đúng'],
    ['the month first', 1, '11/22/2026', 'Dòng 3, cột B: ngày chưa đúng'],
    ['money without a day', 1, '', 'Dòng 3, cột B: có tiền mà không có ngày'],
    ['a day to come', 1, '25/11/2026', 'Dòng 3, cột B: ngày sau hôm nay'],
    ['a century ago', 1, '22/11/1926', 'Dòng 3, cột B: ngày chưa đúng'],
    ['more cells than names', 9, 'x', 'Dòng 3: nhiều ô hơn dòng tên cột'],
  ])('%s', async (what, column, cell, words) => {
    const rows = techcombank()
    const row = [...rows[2]!]
    // The second entry is a debit; a credit is put there instead of it, except where both are wanted.
    if (column === 8 && what !== 'both amounts') row[7] = ''
    row[column] = cell
    const message = await refusal(rows.with(2, row), { ...ACCOUNT, bankBin: '970407' })
    expect(message).toContain(words)
    expect(message).not.toContain('RUT TIEN')
  })

  it('names ten at most', async () => {
    const rows = [
      ...techcombank(),
      ...Array.from({ length: 30 }, () => ['', '', '', '', '', '', '', '', '9']),
    ]
    const message = await refusal(rows, { ...ACCOUNT, bankBin: '970407' })
    expect(message.match(/Dòng \d+/g)).toHaveLength(10)
  })

  it('another account, other money, or nothing at all', async () => {
    expect(await refusal(vietcombank(), { ...ACCOUNT, accountNumber: '999' })).toContain(
      'sao kê của tài khoản 0071000123456',
    )
    expect(await refusal(changed(vietcombank(), 4, 2, 'USD'))).toContain('không phải tiền đồng')
    expect(await refusal(banks.vietcombank(ACCOUNT.accountNumber, []))).toContain('không có khoản nào')
    expect(await refusal([['xin chào']])).toContain('Không thấy dòng tên cột')
  })
})
