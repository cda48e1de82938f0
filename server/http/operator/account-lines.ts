import { findBank } from '@vietqr/core'
import type { AccountKey } from '../../storage/source.ts'

/** A form has 16 KB; this many lines fit. */
const MAX_LINES = 500

/**
 * Accounts as a person writes them, one `BANK:number` a line; the bank by its BIN, code or short name. Says what is
 * wrong with every bad line, by its number; then none of them is to be taken.
 */
export function parseAccountLines(text: string): { accounts: AccountKey[]; badLines: string[] } {
  const accounts: AccountKey[] = []
  const badLines: string[] = []
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const [, bankText = '', numberText = ''] = /^(.*)[:,;](.*)$/.exec(line.trim()) ?? []
    const bank = findBank(bankText.trim())
    const accountNumber = numberText.replaceAll(/[\s.-]/g, '').toUpperCase()
    const at = `Dòng ${index + 1}`
    if (bankText === '') badLines.push(`${at}: ghi ngân hàng, dấu hai chấm, rồi số tài khoản.`)
    else if (!bank) badLines.push(`${at}: không có ngân hàng nào tên «${bankText.trim()}».`)
    else if (!/^[A-Z0-9]{1,19}$/.test(accountNumber)) {
      badLines.push(`${at}: số tài khoản chỉ có chữ số và chữ cái, nhiều nhất 19 ký tự.`)
    } else accounts.push({ bankBin: bank.bin, accountNumber })
  }
  if (accounts.length > MAX_LINES) badLines.push(`Mỗi lần nhiều nhất ${MAX_LINES} tài khoản.`)
  if (accounts.length === 0 && badLines.length === 0) badLines.push('Chưa ghi tài khoản nào.')
  return { accounts, badLines }
}
