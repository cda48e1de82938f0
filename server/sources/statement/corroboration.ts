import { accountKey, type BankTransaction } from '../../../shared/bank-transaction.ts'
import { addDays, businessDay } from '../../../shared/business-day.ts'
import type { Intake } from '../../domain/intake.ts'
import { speakersFor } from '../../storage/registry.ts'
import type { StallScope } from '../../storage/scope.ts'
import type { AccountKey } from '../../storage/source.ts'
import {
  bindVendorsStatements,
  listBookCredits,
  VENDORS_STATEMENTS,
  type BookCredit,
} from '../../storage/statement.ts'
import type { Store } from '../../storage/store.ts'
import { accountOf, explainedMappings, sha256Of, submitRows } from './recording.ts'
import { StatementRefused } from './row.ts'
import {
  checkStatement,
  isSameNumber,
  readHead,
  readTransactions,
  type CheckedStatement,
  type StatementEntry,
  type StatementHead,
} from './statement.ts'

/** A quarter of a busy stall; an operator's statement may be longer. */
const MAX_ENTRIES = 20_000
const MAX_DAYS = 100
const MIDNIGHT = 0

/** A vendor's own statement, held against her book. */
export interface Corroboration {
  account: AccountKey
  statement: CheckedStatement
  /** How many credits are in both. */
  borneOut: number
  /** How many stand beside a credit of that day and amount in the book under other words, and may be it. */
  alike: number
  /** What the statement has and the book has not, in the file's order. */
  unknown: BankTransaction[]
  /** What the book has in those days and the statement has not, oldest first. */
  absent: BookCredit[]
}

interface Needs {
  store: Store
  intake: Intake
  /** Epoch milliseconds. */
  now: () => number
}

/**
 * Holds a statement that a vendor brings against her book, as far as this phone may know it. Its rows become
 * witnesses of what is known already, whatever they say make no money, and of a row that nobody told of nothing is
 * kept. `accounts` are those her stall is paid into. Throws StatementRefused with what she can do; then nothing of it
 * was used.
 */
export async function corroborate(
  { store, intake, now }: Needs,
  scope: StallScope,
  accounts: readonly AccountKey[],
  path: string,
  fileName: string,
): Promise<Corroboration> {
  const explained = await Promise.all(
    [...new Set(accounts.map(({ bankBin }) => bankBin))].map((bankBin) =>
      explainedMappings(store, scope, bankBin),
    ),
  )
  const head = await readHead(path, new Map(explained.flatMap((mappings) => [...mappings])))
  const { header } = head
  const { mapping } = header
  if (mapping === null)
    throw new StatementRefused('Chưa đọc được mẫu sao kê này. Đưa tệp cho ban quản lý chợ, họ nhờ xem giúp.')
  const account = ownAccountOf(head, fileName, accounts)
  const receivedAt = now()
  const statement = await checkStatement(path, header, mapping, account, receivedAt, MAX_ENTRIES)
  const { firstDay, lastDay } = statement
  const days = daysFrom(addDays(firstDay, -1), addDays(lastDay, 1))
  if (days.length > MAX_DAYS)
    throw new StatementRefused('Sao kê dài hơn ba tháng. Chọn ít ngày hơn, tải lại.')

  if (!speakersFor(await store.registry(), accountKey(account)).includes(VENDORS_STATEMENTS))
    await store.changeRegistry((tx) => bindVendorsStatements(tx, scope, account, receivedAt))
  const rows: StatementEntry[] = []
  for await (const row of readTransactions(path, header, mapping, account)) rows.push(row)
  const fileSha256 = await sha256Of(path)
  const told = { sourceId: VENDORS_STATEMENTS, fileSha256, receivedAt, corroborates: 'only' } as const
  for await (const _ of submitRows(intake, rows, told));

  const book = await listBookCredits(store, scope, account, days, MAX_ENTRIES + 1)
  if (book.length > MAX_ENTRIES)
    throw new StatementRefused('Những ngày này có nhiều khoản quá. Chọn ít ngày hơn, tải lại.')
  const entries = rows.map(({ transaction }) => transaction)
  return { account, statement, ...compare(entries, book, statement, businessDay(receivedAt, MIDNIGHT)) }
}

/** Which of her accounts a statement is of, or why it is of none, in words for her. */
function ownAccountOf(head: StatementHead, fileName: string, accounts: readonly AccountKey[]): AccountKey {
  const { accountNumber: told } = head
  if (told !== undefined && !accounts.some(({ accountNumber }) => isSameNumber(told, accountNumber)))
    throw new StatementRefused(
      `Đây là sao kê của tài khoản ${told}, không phải tài khoản nhận tiền của sạp. Chọn tệp khác.`,
    )
  return accountOf(head, fileName, accounts)
}

/** Row by row, what recording made witnesses first; then, one to one, what only day and amount speak for. */
function compare(
  entries: readonly BankTransaction[],
  book: readonly BookCredit[],
  { firstDay, lastDay }: CheckedStatement,
  today: string,
): Pick<Corroboration, 'borneOut' | 'alike' | 'unknown' | 'absent'> {
  const credits = entries.filter(({ direction }) => direction === 'in')
  const keys = new Set(credits.map(({ sourceKey }) => sourceKey))
  const isToldHere = ({ toldBy }: BookCredit) => toldBy !== null && keys.has(toldBy)
  const borneOut = new Set(book.filter(isToldHere).map(({ toldBy }) => toldBy))
  const left = Map.groupBy(
    book.filter((credit) => !isToldHere(credit)),
    likenessOf,
  )
  const notBorneOut = credits.filter(({ sourceKey }) => !borneOut.has(sourceKey))
  const unknown = notBorneOut.filter((credit) => left.get(likenessOf(credit))?.shift() === undefined)

  // Booked after the file was made, it cannot be in it: where only days are told, that may be any hour of today.
  const lastAt = Math.max(...entries.map(({ bookedAt }) => bookedAt))
  const tellsTime = entries.some(({ bookedPrecision }) => bookedPrecision !== 'day')
  const isDue = ({ bookedAt }: BookCredit) => {
    const day = businessDay(bookedAt, MIDNIGHT)
    return day >= firstDay && day <= lastDay && (tellsTime ? bookedAt <= lastAt : day < today)
  }
  return {
    borneOut: borneOut.size,
    alike: notBorneOut.length - unknown.length,
    unknown,
    absent: [...left.values()]
      .flat()
      .filter(isDue)
      .toSorted((a, b) => a.bookedAt - b.bookedAt),
  }
}

const likenessOf = ({ bookedAt, amountVnd }: Pick<BankTransaction, 'bookedAt' | 'amountVnd'>) =>
  `${businessDay(bookedAt, MIDNIGHT)} ${amountVnd}`

/** As many days as are wanted at most, and one more where there are more. */
function daysFrom(first: string, last: string): string[] {
  const days = [first]
  while (days.at(-1)! < last && days.length <= MAX_DAYS) days.push(addDays(days.at(-1)!, 1))
  return days
}
