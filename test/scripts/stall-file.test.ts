import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MAX_LINES, parseStallFile, StallFileError } from '../../scripts/stall-file.ts'

const HEADER = 'market,section,stall,vendor,phone,bank,account_number,account_name'
const ROW = 'Phù Cát,Rau,A01,Nguyễn Thị Đào,0901234501,MB,0123456701,NGUYEN THI DAO'

function fixture(name: string) {
  return parseStallFile(readFileSync(join(import.meta.dirname, '../fixtures/stalls', name)))
}

function parse(text: string) {
  return parseStallFile(new TextEncoder().encode(text))
}

/** What it says of a file that cannot be read. */
function refusal(file: Uint8Array | string): string {
  try {
    parseStallFile(typeof file === 'string' ? new TextEncoder().encode(file) : file)
  } catch (error) {
    if (error instanceof StallFileError) return error.message
    throw error
  }
  throw new Error('it was read')
}

describe('a list as technicians save it', () => {
  test('English headers and commas', () => {
    const { lines, bad, ignored } = fixture('english.csv')
    expect([bad, ignored]).toEqual([[], []])
    expect(lines).toHaveLength(2)
    expect(lines[0]).toEqual({
      line: 2,
      market: 'Phù Cát',
      text: {
        section: 'Vegetables',
        stall: 'A01',
        vendor: 'Nguyễn Thị Đào',
        phone: '0901234501',
        bank: '970422',
        account_number: '0123456701',
        account_name: 'NGUYEN THI DAO',
        virtual_account: '',
        holder_type: '',
        selling_only: 'yes',
        consent_at: '2024-01-02 08:00:00',
      },
    })
  })

  test('Vietnamese headers, BOM, semicolons, quotes and a line break in a cell; lines are counted as in the file', () => {
    const { lines, bad, ignored, headers } = fixture('vietnamese.csv')
    expect(bad).toEqual([])
    expect(ignored).toEqual(['Ghi chú'])
    expect(headers.stall).toBe('Sạp/Lô/Quầy')
    expect(lines.map(({ line }) => line)).toEqual([2, 3, 4, 6])
    expect(lines[2]?.text.vendor).toBe('Lê Thị "Tư" Béo')
    expect(lines[3]?.market).toBe('chợ phù cát')
    expect(lines[0]?.text).toMatchObject({ selling_only: 'x', consent_at: '02/01/2024' })
  })

  test.each([
    ['CHỢ;DÃY;LÔ;CHỦ SẠP;SĐT;NGÂN HÀNG;SỐ TK;CHỦ TÀI KHOẢN'],
    ['cho,khu,quay,tieu thuong,dien thoai,ngan hang,so tai khoan,ten tai khoan'],
    ['Chợ\tKhu\tSạp\tTên tiểu thương (đầy đủ)\tSố điện thoại\tMã ngân hàng\tSTK *\tTên chủ tài khoản'],
    ['Market,SECTION,Stall,Vendor,Phone,Bank,Account number,Account Name'],
    [HEADER.normalize('NFD')],
  ])('names of columns without regard to case, marks and spaces: %s', (header) => {
    const delimiter = /[,;\t]/.exec(header)![0]
    const { lines } = parse(`${header.normalize('NFD')}\r\n${ROW.replaceAll(',', delimiter)}\r\n`)
    expect(lines[0]).toMatchObject({
      line: 2,
      market: 'Phù Cát',
      text: { stall: 'A01', account_number: '0123456701' },
    })
  })

  test('a title above the header, empty lines and rows of nothing but separators are passed over', () => {
    const { lines, bad } = parse(`DANH SÁCH TIỂU THƯƠNG,,,,,,,\n\n${HEADER}\n,,,,,,,\n\n${ROW}\n,,,,,,,\n`)
    expect(bad).toEqual([])
    expect(lines.map(({ line }) => line)).toEqual([6])
  })

  test('says what kind of account it is in Vietnamese too', () => {
    const { lines } = parse(`${HEADER},loại tài khoản\n${ROW},Hộ kinh doanh\n${ROW},cá nhân\n${ROW},khác\n`)
    expect(lines.map(({ text }) => text.holder_type)).toEqual(['household_business', 'individual', 'khác'])
  })
})

describe('what one row can get wrong harms no other', () => {
  test('Excel’s scientific notation is refused with a hint, for the digits are gone', () => {
    for (const number of ['1.02E+11', '1,02E+11', '9E+8']) {
      const { lines, bad } = parse(
        `${HEADER.replaceAll(',', ';')}\n${ROW.replaceAll(',', ';').replace('0123456701', number)}`,
      )
      expect(lines).toEqual([])
      expect(bad).toMatchObject([
        { line: 2, column: 'account_number', reason: expect.stringContaining(number) },
      ])
      expect(bad[0]?.reason).toContain('Text')
    }
    // Letters are allowed in account numbers: only what cannot be one is refused here.
    expect(parse(`${HEADER}\n${ROW.replace('0123456701', '1E11')}`).bad).toEqual([])
  })

  test('more cells than columns', () => {
    const { lines, bad } = parse(`${HEADER}\n${ROW},thừa\n${ROW}\n`)
    expect(bad).toMatchObject([{ line: 2, column: null, reason: expect.stringContaining('9 ô') }])
    expect(lines).toHaveLength(1)
  })

  test.each([
    ['unclosed', `${HEADER}\n${ROW}\n"${ROW}\n${ROW}\n`, [3], 2],
    [
      'unclosed twice, so that the two seem to belong together',
      `${HEADER}\n"${ROW}\n"${ROW}\n${ROW}\n`,
      [2, 3],
      1,
    ],
    [
      'under a header of two lines',
      `${HEADER.replace('phone', '"điện\nthoại"')}\n${ROW}\n"${ROW}\n"${ROW}\n`,
      [4, 5],
      1,
    ],
  ])('a stray quote takes only its own line: %s', (_, text, broken, sound) => {
    const { lines, bad } = parse(text)
    expect(bad.map(({ line }) => line)).toEqual(broken)
    expect(lines).toHaveLength(sound)
    expect(lines[0]?.text.account_name).toBe('NGUYEN THI DAO')
  })

  test('a nickname in quotes inside a cell is just words', () => {
    const { lines, bad } = parse(`${HEADER}\n${ROW.replace('Nguyễn Thị Đào', 'Bà "Tư" béo')}\n`)
    expect(bad).toEqual([])
    expect(lines[0]?.text.vendor).toBe('Bà "Tư" béo')
  })
})

describe('what the whole file can get wrong is said in words', () => {
  test('missing columns are named, and where they belong', () => {
    const message = refusal('\nmarket,section,stall,vendor\na,b,c,d')
    for (const name of [
      '«ngân hàng» (bank)',
      '«số tài khoản» (account_number)',
      '«tên tài khoản»',
      'dòng 2',
    ]) {
      expect(message).toContain(name)
    }
    expect(message).not.toContain('(vendor)')
  })

  test('two columns of one meaning', () => {
    expect(refusal(`${HEADER},STK\n${ROW},1`)).toContain('«account_number» và «STK»')
  })

  test('no header at all, or nothing at all', () => {
    expect(refusal(`${ROW}\n${ROW}`)).toContain('dòng tiêu đề')
    expect(refusal('')).toContain('dòng tiêu đề')
  })

  test('other encodings: UTF-16, one byte a letter, a workbook', () => {
    const utf16 = new Uint8Array(Buffer.from(`\uFEFF${HEADER}`, 'utf16le'))
    expect(refusal(utf16)).toContain('UTF-16')
    expect(refusal(Buffer.from(`${HEADER}\nChợ Phù Cát`, 'latin1'))).toContain('UTF-8')
    expect(refusal(Buffer.from('PK\u0003\u0004…'))).toContain('Excel')
  })

  test('too many lines', () => {
    expect(refusal(`${HEADER}\n${`${ROW}\n`.repeat(MAX_LINES + 1)}`)).toContain(String(MAX_LINES))
  })
})
