import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { vietnamDate } from '../../../shared/business-day.ts'
import { formatVnd } from '../../../shared/money.ts'
import type { Intake } from '../../domain/intake.ts'
import type { IncomingMessage } from '../../storage/decision.ts'
import type { OperatorScope, StallScope } from '../../storage/scope.ts'
import type { AccountKey } from '../../storage/source.ts'
import type { Store } from '../../storage/store.ts'
import {
  findMappings,
  getAdded,
  listMappings,
  writeMappings,
  type StatementSource,
} from '../../storage/statement.ts'
import { COLUMNS, headerKey, mappingProblem, type Header, type Mapping } from './layout.ts'
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
import { DATE_ORDERS } from './value.ts'

/** As many as one commit of the intake takes. */
const ROWS_AT_ONCE = 256

const mappingsSchema = z.record(
  z.string(),
  z.object({
    columns: z.partialRecord(z.enum(COLUMNS), z.int().nonnegative()),
    dateOrder: z.enum(DATE_ORDERS),
  }),
)

/** What people said of the columns of this source's statements, by `headerKey`. */
export async function rememberedMappings(
  store: Store,
  scope: OperatorScope,
  sourceId: string,
): Promise<Map<string, Mapping>> {
  return new Map(parseMappings((await findMappings(store, scope, sourceId)) ?? '{}'))
}

/** What operators said of the columns of that bank's statements, for a vendor's own: where they disagree, the newest. */
export async function explainedMappings(
  store: Store,
  scope: StallScope,
  bankBin: string,
): Promise<Map<string, Mapping>> {
  const written = await listMappings(store, scope, bankBin)
  return new Map(written.flatMap(parseMappings))
}

function parseMappings(written: string): [headerKey: string, Mapping][] {
  return Object.entries(mappingsSchema.parse(JSON.parse(written)))
}

/**
 * Keeps what a person said of a header's columns, for every later statement with that header. What was said first
 * stays: entries told under it are recognised by what it says identifies them.
 */
export async function rememberMapping(
  store: Store,
  scope: OperatorScope,
  sourceId: string,
  header: Header,
  mapping: Mapping,
): Promise<void> {
  const problem = mappingProblem(mapping)
  if (problem !== undefined) throw new StatementRefused(problem)
  const known = await rememberedMappings(store, scope, sourceId)
  const mappings = { [headerKey(header.names)]: mapping, ...Object.fromEntries(known) }
  await store.write((tx) => writeMappings(tx, scope, sourceId, JSON.stringify(mappings)))
}

/**
 * Which of the source's accounts a statement is of: the one it names itself, else the one its file's name does, else
 * the source's only one. Throws StatementRefused where none or several remain, and where the layout is another bank's.
 */
export function accountOf(
  { accountNumber, header }: Pick<StatementHead, 'accountNumber' | 'header'>,
  fileName: string,
  accounts: readonly AccountKey[],
): AccountKey {
  const numbers = fileName.toUpperCase().split(/[^A-Z0-9]+/)
  const inName = accounts.filter((account) => numbers.includes(account.accountNumber.toUpperCase()))
  const inFile = accounts.filter(
    (account) => accountNumber !== undefined && isSameNumber(accountNumber, account.accountNumber),
  )
  const named = accountNumber === undefined ? (inName.length > 0 ? inName : accounts) : inFile
  const ofBank = named.filter(({ bankBin }) => header.bank === null || header.bank.bankBin === bankBin)
  const [account] = ofBank.length > 1 ? ofBank.filter((one) => inName.includes(one)) : ofBank
  if (account) return account
  if (accountNumber !== undefined && inFile.length === 0)
    throw new StatementRefused(`Nguồn này chưa được phép báo tài khoản ${accountNumber} ghi trong tệp.`)
  if (ofBank.length === 0 && header.bank && named.length > 0)
    throw new StatementRefused(`Tệp theo mẫu ${header.bank.name}, mà tài khoản ở ngân hàng khác.`)
  throw new StatementRefused('Chưa rõ sao kê của tài khoản nào. Ghi số tài khoản vào tên tệp rồi gửi lại.')
}

/** How far a statement's recording is. */
export interface Progress {
  rowsDone: number
  rowCount: number
}

interface Needs {
  store: Store
  intake: Intake
  /** Epoch milliseconds. */
  now: () => number
}

/**
 * Takes one whole statement into the ledger: checks all of it first, then submits each row as a message of its own,
 * so that of what is not counted no words are kept. First every row may only witness what is known; then, unless the
 * source only corroborates, what is left is new. Doing it again, or going on after a crash, adds nothing twice.
 * Resolves to what became of it, line by line in Vietnamese. Throws StatementRefused; then nothing of it was recorded.
 */
export async function recordStatement(
  { store, intake, now }: Needs,
  scope: OperatorScope,
  source: StatementSource,
  path: string,
  fileName: string,
  report: (progress: Progress) => void = () => {},
): Promise<string[]> {
  const head = await readHead(path, await rememberedMappings(store, scope, source.id))
  const { header } = head
  if (header.mapping === null) {
    throw new StatementRefused(
      'Chưa biết mẫu sao kê này. Mở trang «Sao kê», gửi tệp này ở đó một lần để chỉ cột nào là gì.',
    )
  }
  const account = accountOf(head, fileName, source.accounts)
  const receivedAt = now()
  const checked = await checkStatement(path, header, header.mapping, account, receivedAt)
  const fileSha256 = await sha256Of(path)

  const passes = source.mode === 'counts' ? (['first', undefined] as const) : (['only'] as const)
  const rowCount = checked.entryCount * passes.length
  let rowsDone = 0
  for (const corroborates of passes) {
    const rows = readTransactions(path, header, header.mapping, account)
    const told = { sourceId: source.id, fileSha256, receivedAt, corroborates }
    for await (const count of submitRows(intake, rows, told)) {
      rowsDone += count
      report({ rowsDone, rowCount })
    }
  }
  const added = await getAdded(store, scope, source.id, receivedAt)
  return [
    `Tài khoản ${account.accountNumber}`,
    ...checkedWords(checked),
    ...addedWords(checked, added, source),
    `SHA-256 của tệp: ${fileSha256}`,
  ]
}

/** Submits each row as a message of its own, as many at once as one commit takes, and tells how many are recorded. */
export async function* submitRows(
  intake: Intake,
  rows: AsyncIterable<StatementEntry> | Iterable<StatementEntry>,
  {
    fileSha256,
    ...told
  }: Pick<IncomingMessage, 'sourceId' | 'receivedAt' | 'corroborates'> & { fileSha256: string },
): AsyncGenerator<number> {
  let waiting: IncomingMessage[] = []
  const submit = async () => {
    const messages = waiting
    waiting = []
    await Promise.all(messages.map((message) => intake.submit(message)))
    return messages.length
  }
  for await (const { transaction, line, cells } of rows) {
    waiting.push({
      ...told,
      channel: 'statement',
      rawBody: new TextEncoder().encode(JSON.stringify({ fileSha256, line, cells })),
      transactions: [transaction],
      unreadable: null,
    })
    if (waiting.length === ROWS_AT_ONCE) yield await submit()
  }
  yield await submit()
}

/** What a statement holds and what it was held against, line by line. */
export function checkedWords({
  entryCount,
  credits,
  debits,
  firstDay,
  lastDay,
  checked,
}: CheckedStatement): string[] {
  return [
    `${entryCount} khoản, từ ${vietnamDate(firstDay)} đến ${vietnamDate(lastDay)}`,
    `Tiền vào: ${credits.count} khoản, ${formatVnd(credits.amountVnd)}`,
    `Tiền ra: ${debits.count} khoản, ${formatVnd(debits.amountVnd)}`,
    checked.length > 0
      ? `Cộng lại đúng với tệp: ${checked.join('; ')}`
      : 'Tệp không ghi tổng hay số dư nào để đối chiếu',
  ]
}

function addedWords(
  { entryCount }: CheckedStatement,
  { days, witnessed }: Awaited<ReturnType<typeof getAdded>>,
  { mode }: StatementSource,
): string[] {
  const sum = (part: 'matched' | 'undecided' | 'notCounted' | 'outgoing') =>
    days.reduce((total, day) => total + day[part], 0)
  const added = sum('matched') + sum('undecided') + sum('notCounted') + sum('outgoing')
  const rest = entryCount - added - witnessed
  if (mode === 'corroborates') {
    return [
      `Khớp với khoản đã biết: ${witnessed}`,
      `Không ghi thêm khoản nào: ${rest} khoản còn lại đã khớp từ trước hoặc chưa ai khác báo`,
    ]
  }
  const inDays = days
    .filter((day) => day.matched + day.undecided > 0)
    .map((day) => `${vietnamDate(day.businessDay)} (${day.matched + day.undecided})`)
  return [
    `Mới: ${sum('matched')} khoản đã rõ của ai, ${sum('undecided')} khoản chờ người xem`,
    ...(inDays.length > 0 ? [`Có khoản mới ở các ngày: ${inDays.join(', ')}`] : []),
    `Không tính: ${sum('notCounted')} khoản tiền vào, ${sum('outgoing')} khoản tiền ra`,
    `Nguồn khác đã báo, nay khớp: ${witnessed}`,
    `Đã có từ sao kê trước: ${rest}`,
  ]
}

/** Of a file, in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}
