// Brings a stall list into the registry:
//   npm run import -- stalls.csv [--dry-run]
import { randomInt } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { AppError } from '../shared/app-error.ts'
import { accountKey } from '../shared/bank-transaction.ts'
import { mintStall, parseMarket, parseRegistration } from '../server/domain/registration.ts'
import type { Services } from '../server/services.ts'
import { addMarket, listMarkets, type NewMarket } from '../server/storage/market.ts'
import { hearingWarning, type HearingWarning } from '../server/sources/hearing.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import { listBoundAccounts } from '../server/storage/source.ts'
import type { Db, Store } from '../server/storage/store.ts'
import { registerStall, type Registration, type RegistrationResult } from '../server/storage/stall.ts'
import type { Unit } from '../server/storage/unit.ts'
import { problemWords, type ProblemWord } from '../web/pages/problem-words.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'
import {
  columnName,
  MAX_FILE_BYTES,
  parseStallFile,
  StallFileError,
  type BadLine,
  type Column,
  type StallFile,
} from './stall-file.ts'

const USAGE = 'Cách dùng: npm run import -- danh-sach-sap.csv [--dry-run]'

/** Few enough that a server running beside waits for none of them, many enough that the disk is not asked per row. */
const GROUP_SIZE = 100

interface Row {
  line: number
  market: NewMarket
  registration: Registration
}

interface Imported {
  row: Row
  changed: RegistrationResult['changed']
}

interface Outcome {
  imported: Imported[]
  newMarkets: NewMarket[]
}

/** What `bad_choice` and `unknown_bank` mean in a file, where there is no list to choose from. */
const IN_A_FILE: Partial<Record<ProblemWord, Partial<Record<Column, string>>>> = {
  unknown_bank: {
    bank: 'Không có ngân hàng nào tên như vậy. Ghi tên ngắn (MBBank), mã (MB) hoặc số BIN (970422).',
  },
  bad_choice: {
    selling_only: 'Ghi «có» hoặc «không».',
    holder_type: 'Ghi «cá nhân» hoặc «hộ kinh doanh».',
  },
  bad_time: { consent_at: 'Ghi ngày kiểu 22/11/2026 hoặc 2026-11-22, không sau hôm nay.' },
}

const WARNINGS: Record<HearingWarning, string> = {
  bank_not_heard: 'Ngân hàng này chưa báo tiền về được. Mã vẫn nhận tiền, nhưng loa không đọc.',
  needs_virtual_account: 'Ngân hàng này chỉ báo qua tài khoản ảo. Xin ngân hàng cấp rồi ghi thêm vào tệp.',
}

/** Checks every line; what is right comes with its market, what is wrong with its line and column. */
function checkLines(file: StallFile, now: number): { rows: Row[]; bad: BadLine[] } {
  const rows: Row[] = []
  const bad = [...file.bad]
  const seen = new Map<string, number>()
  for (const { line, market, text } of file.lines) {
    const found = bad.length
    const wrong = (column: Column, code: ProblemWord) => {
      bad.push({ line, column, reason: IN_A_FILE[code]?.[column] ?? problemWords(code) })
    }
    const parsedMarket = parseMarket({ name: market })
    if ('problems' in parsedMarket) wrong('market', parsedMarket.problems[0]!.code)
    const parsed = parseRegistration(text)
    if ('problems' in parsed) for (const { field, code } of parsed.problems) wrong(field, code)
    // Nobody can have agreed tomorrow.
    else if ((parsed.registration.consentAt ?? 0) > now) wrong('consent_at', 'bad_time')
    if (bad.length > found || 'problems' in parsed || 'problems' in parsedMarket) continue

    // Two lines for one stall would take turns for ever: every import would change it twice.
    const { registration } = parsed
    const key = JSON.stringify([parsedMarket.market.code, registration.stall])
    const before = seen.get(key)
    if (before === undefined) {
      seen.set(key, line)
      rows.push({ line, market: parsedMarket.market, registration })
    } else {
      const reason = `sạp «${registration.stall}» đã có ở dòng ${before}; mỗi sạp một dòng`
      bad.push({ line, column: 'stall', reason })
    }
  }
  return { rows, bad: bad.sort((a, b) => a.line - b.line) }
}

function* importRows(
  tx: Db,
  rows: readonly Row[],
  knownMarkets: ReadonlyMap<string, number>,
  now: number,
  tick: () => void,
): Unit<Outcome> {
  const markets = new Map(knownMarkets)
  const outcome: Outcome = { imported: [], newMarkets: [] }
  for (const row of rows) {
    const { market, registration } = row
    let marketId = markets.get(market.code)
    if (marketId === undefined) {
      marketId = (yield* addMarket(tx, operatorScope(), market, now)).id
      markets.set(market.code, marketId)
      outcome.newMarkets.push(market)
    }
    const result = yield* registerStall(
      tx,
      marketScope(marketId),
      registration,
      () => mintStall(randomInt),
      'import',
      now,
    )
    outcome.imported.push({ row, changed: result.changed })
    tick()
  }
  return outcome
}

/** Thrown at the end of a unit whose work is only to be looked at. */
const UNDONE = new Error('rolled back on purpose')

/** Runs the unit and keeps what it wrote only if `isWanted`; otherwise not even the registry's version moves. */
async function changeIf<T>(
  store: Store,
  unit: (tx: Db) => Unit<T>,
  isWanted: (result: T) => boolean,
): Promise<T> {
  let result: T | undefined
  try {
    await store.changeRegistry(function* (tx) {
      result = yield* unit(tx)
      if (!isWanted(result)) throw UNDONE
    })
  } catch (error) {
    if (error !== UNDONE) throw error
  }
  return result!
}

/** Writes the rows group by group; a group that fails is done again row by row, so that one harms no other. */
async function writeRows(
  { store, now }: Services,
  rows: readonly Row[],
  isDryRun: boolean,
  tick: () => void,
): Promise<Outcome & { failed: BadLine[] }> {
  const total: Outcome & { failed: BadLine[] } = { imported: [], newMarkets: [], failed: [] }
  const write = async (group: readonly Row[], whenDone: () => void) => {
    const markets = await listMarkets(store, operatorScope())
    const known = new Map(markets.map((market) => [market.code, market.id]))
    const outcome = await changeIf(
      store,
      (tx) => importRows(tx, group, known, now(), whenDone),
      ({ imported }) => !isDryRun && imported.some(({ changed }) => changed.length > 0),
    )
    total.imported.push(...outcome.imported)
    total.newMarkets.push(...outcome.newMarkets)
  }
  // A dry run is one unit: what an earlier line would add must be there for a later one.
  const size = isDryRun ? Math.max(rows.length, 1) : GROUP_SIZE
  for (let at = 0; at < rows.length; at += size) {
    const group = rows.slice(at, at + size)
    try {
      await write(group, tick)
    } catch (error) {
      if (isDryRun) throw error
      for (const row of group) {
        try {
          await write([row], () => {})
        } catch (cause) {
          const isClosed = cause instanceof AppError && cause.code === 'conflict'
          total.failed.push({
            line: row.line,
            column: isClosed ? 'stall' : null,
            reason: isClosed
              ? `sạp «${row.registration.stall}» đã đóng; bán lại thì ghi tên khác`
              : `không ghi được (${(cause as Error).message})`,
          })
        }
      }
    }
  }
  return total
}

function readStallFile(path: string): StallFile {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) {
      throw new StallFileError(`Tệp lớn hơn ${MAX_FILE_BYTES / 1024 / 1024} MB. Chia nhỏ rồi nhập từng tệp.`)
    }
    return parseStallFile(readFileSync(path))
  } catch (error) {
    if (error instanceof StallFileError) throw new CommandError(`${basename(path)}: ${error.message}`)
    throw new CommandError(`Không đọc được tệp «${path}». Xem lại tên tệp.\n(${(error as Error).message})`)
  }
}

function report(
  file: StallFile,
  isDryRun: boolean,
  bad: readonly BadLine[],
  { imported, newMarkets }: Outcome,
): void {
  const count = (kind: Imported['changed'][number], of: readonly Imported[]) =>
    of.filter(({ changed }) => changed.includes(kind)).length
  const added = imported.filter(({ changed }) => changed.includes('stall'))
  const known = imported.filter(({ changed }) => !changed.includes('stall'))
  const changes: [number, string][] = [
    [added.length, 'sạp mới'],
    [count('section', known), 'sạp chuyển khu'],
    [count('vendor', known), 'sạp đổi người bán'],
    [count('phone', known), 'người bán đổi số điện thoại'],
    [count('account', known), 'sạp đề nghị đổi tài khoản'],
    [count('consent', imported), 'người bán đã đồng ý'],
  ]
  const lines = changes.filter(([n]) => n > 0).map(([n, words]) => `  ${n} ${words}`)
  for (const { name, code } of newMarkets) {
    lines.unshift(`  chợ mới: ${name} (${code}), họp hằng ngày, ngày tính từ 00:00`)
  }
  if (lines.length === 0) console.log('Không có gì thay đổi.')
  else console.log([isDryRun ? 'Nếu nhập thật thì sẽ có:' : 'Đã nhập:', ...lines].join('\n'))

  if (file.ignored.length > 0)
    console.log(`Cột không dùng đến: ${file.ignored.map((name) => `«${name}»`).join(', ')}`)
  const warnings = imported.flatMap(({ row, changed }) => {
    const warning = changed.includes('account') ? hearingWarning(row.registration.account) : null
    return warning ? [`  dòng ${row.line}, sạp ${row.registration.stall}: ${WARNINGS[warning]}`] : []
  })
  if (warnings.length > 0) console.log(['Cần biết:', ...warnings].join('\n'))
  if (bad.length > 0) {
    const told = bad.map(({ line, column, reason }) => {
      const where = column === null ? '' : `, cột «${file.headers[column] ?? columnName(column)}»`
      return `  dòng ${line}${where}: ${reason}`
    })
    const badLines = new Set(bad.map(({ line }) => line)).size
    console.error([`${badLines} dòng chưa nhập được, sửa rồi nhập lại cả tệp:`, ...told].join('\n'))
  }
}

/** What stands between these stalls and the first spoken amount. */
async function reportNextStep({ store }: Services, { imported }: Outcome): Promise<void> {
  const proposed = imported.filter(({ changed }) => changed.includes('account'))
  if (proposed.length === 0) return
  console.log(
    'Tài khoản mới chỉ là đề nghị: lần đầu có khách chuyển khoản bằng mã của sạp thì tài khoản được xác nhận.',
  )
  const bound = new Set((await listBoundAccounts(store)).map(accountKey))
  const unheard = proposed.filter(({ row }) => !bound.has(accountKey(row.registration.account)))
  const codes = [...new Set(unheard.map(({ row }) => row.market.code))]
  if (codes.length === 0) return
  console.log(`Việc tiếp theo: ${unheard.length} tài khoản chưa có nguồn nào báo tiền. Nối vào nguồn:`)
  for (const code of codes) {
    console.log(`  npm run source -- add sepay --accounts market:${code}`)
    console.log(`  (đã có nguồn thì: npm run source -- bind <mã nguồn> --accounts market:${code})`)
  }
}

function progress(total: number): { tick: () => void; stop: () => void } {
  if (!process.stderr.isTTY || total <= GROUP_SIZE) return { tick: () => {}, stop: () => {} }
  const bar = new SingleBar({ format: 'Đang nhập {bar} {value}/{total} dòng', clearOnComplete: true })
  bar.start(total, 0)
  return { tick: () => bar.increment(), stop: () => bar.stop() }
}

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean', default: false } },
  })
  const [path, ...rest] = positionals
  if (path === undefined || rest.length > 0) throw new CommandError(USAGE)
  const isDryRun = values['dry-run']
  const file = readStallFile(path)
  return withServices(configFromEnvironment(), async (services) => {
    const { rows, bad } = checkLines(file, services.now())
    const { tick, stop } = progress(rows.length)
    const outcome = await writeRows(services, rows, isDryRun, tick).finally(stop)
    bad.push(...outcome.failed)
    report(file, isDryRun, bad, outcome)
    if (!isDryRun) await reportNextStep(services, outcome)
    return bad.length > 0 ? 1 : 0
  })
})
