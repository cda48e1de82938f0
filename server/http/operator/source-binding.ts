import { findBank } from '@vietqr/core'
import type { SourceView } from '../../../web/pages/operator/source.ts'
import { bindAccounts, removeSource, unbindAccount, type AccountKey } from '../../storage/source.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'

/** A form has 16 KB; this many lines fit. */
const MAX_LINES = 500

/** What was typed into the forms that every source's page has, and what was wrong with it. */
type Form = Pick<SourceView, 'typed' | 'badLines'> & { errors: { confirmation?: string } }

/** Where a source's own page is, and how it is found and drawn. */
interface SourcePages<Row> {
  /** The list of such sources; a source's page is under it. */
  list: string
  find(visit: OperationVisit): Promise<Row>
  page(visit: OperationVisit, row: Row, form: Form, status: 400): Promise<Response>
}

/** What can be done to a source of any kind: allow it accounts, take one back, end it. */
export function bindSources<Row extends { id: string; label: string }>(
  doors: Doors,
  { store, now }: Services,
  { list, find, page }: SourcePages<Row>,
): void {
  const route = doors.operation('source.manage')

  route.post(`${list}/:sourceId/bind`, async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const typed = await readTyped(c, ['accounts'])
    const { accounts, badLines } = parseAccountLines(typed.accounts)
    if (badLines.length > 0) return page(visit, row, { typed, badLines, errors: {} }, 400)
    await store.changeRegistry((tx) => bindAccounts(tx, scope, row.id, accounts, now()))
    return c.redirect(`${list}/${row.id}?bound=${accounts.length}`, 303)
  })

  route.post(`${list}/:sourceId/unbind`, async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const account = await readTyped(c, ['bankBin', 'accountNumber'])
    await store.changeRegistry((tx) => unbindAccount(tx, scope, row.id, account))
    return c.redirect(`${list}/${row.id}`, 303)
  })

  route.post(`${list}/:sourceId/remove`, async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const { confirmation } = await readTyped(c, ['confirmation'])
    if (![row.label, row.id].includes(confirmation.trim())) {
      const errors = { confirmation: 'Chưa đúng tên nguồn này. Xem lại có phải nguồn cần bỏ không.' }
      return page(visit, row, { typed: { confirmation }, badLines: [], errors }, 400)
    }
    await store.changeRegistry((tx) => removeSource(tx, scope, row.id, now()))
    return c.redirect(`${list}?removed`, 303)
  })
}

/** Of the page's address: how many accounts were just allowed. */
export function boundCountOf({ c }: OperationVisit): number {
  const count = Number(c.req.query('bound') ?? 0)
  return Number.isSafeInteger(count) ? count : 0
}

/**
 * Accounts as a person writes them, one `BANK:number` a line; the bank by its BIN, code or short name. Says what is
 * wrong with every bad line, by its number; then none of them is to be taken.
 */
function parseAccountLines(text: string): { accounts: AccountKey[]; badLines: string[] } {
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
