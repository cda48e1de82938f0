import { createHash, type Hash } from 'node:crypto'
import { asc, count, desc, getTableName, sql, type SQL } from 'drizzle-orm'
import { getTableConfig, type SQLiteColumn, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import { findDifferences, type Difference } from './audit.ts'
import { isPostgres, openAlone, openUnfinished } from './engine.ts'
import { tables } from './kit.sqlite.ts'
import { DatabaseRefused } from './refusal.ts'
import { findMoveMark, markAsMoving, unmarkAsMoving } from './setting.ts'
import type { Db, Store } from './store.ts'
import { insertRows } from './rows.postgres.ts'
import { query, rows, run, type Unit } from './unit.ts'

/** Below what either engine takes as parameters of one statement, with the widest table we have. */
const PAGE_ROWS = 1_000

type Row = Record<string, unknown>

interface Paged {
  name: string
  table: SQLiteTable
  /** Of its primary key, in order: both engines sort by it alike, text byte by byte. */
  key: SQLiteColumn[]
}

/** What both databases have of one table, counted on both. */
interface TableSum {
  table: string
  rowCount: number
  /** Of every column of money. */
  amountsVnd: Record<string, number>
  /** SHA-256 over every value of every row, in the order of its key. */
  contentSha256: string
}

export interface Moved {
  tables: TableSum[]
  /** Rows that an earlier, interrupted move had brought already. */
  foundCount: number
  /** What the audit says of the new database: whatever it names was so in the old one. */
  differences: Difference[]
}

/** `done` and `total` count rows: each is copied once and compared once. */
export type OnProgress = (done: number, total: number) => void

/**
 * Carries everything from one database to another, of whichever engine, and compares every value afterwards. `from`
 * and `to` are addresses as in `DATABASE_URL`; `to` is empty, or holds an earlier move from there that was
 * cut off, and is served by no server before the end. Nobody can write to `from` meanwhile.
 * Throws `DatabaseRefused`: a server has `from` open, `to` holds something else, the engine of `to` takes a row not,
 * or a row is not the same on both.
 */
export async function moveDatabase(from: string, to: string, onProgress: OnProgress): Promise<Moved> {
  const source = await openAlone(from)
  try {
    const target = await openUnfinished(to)
    try {
      return await moveStore(source, target, from, to, onProgress)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function moveStore(
  source: Store,
  target: Store,
  from: string,
  to: string,
  onProgress: OnProgress,
): Promise<Moved> {
  const all = Object.values(tables).map(pagedBy)
  const foundCount = await begin(target, all, withoutPassword(from))
  const { setting, ...others } = tables
  const settings = pagedBy(setting)

  let done = foundCount
  const total = 2 * (await countRows(source, all))
  const tick = (rowCount: number) => onProgress((done += rowCount), total)
  tick(0)
  const grown = Object.values(others).map(pagedBy)
  for (const one of grown) await copyTable(source, target, isPostgres(to), one, tick)
  const sums: TableSum[] = []
  for (const one of grown) sums.push(await compareTable(source, target, one, tick))
  const differences = await findDifferences(target)

  // The settings come last, with the end of the mark: a database that has them is whole.
  const kept = await source.read((tx) => readPage(tx, settings, undefined))
  await target.write(function* (tx) {
    yield* unmarkAsMoving(tx)
    if (kept.length > 0) yield* run(tx.insert(setting).values(kept as never))
    if (isPostgres(to)) yield* continueIds(grown)
  })
  tick(kept.length)
  sums.unshift(await compareTable(source, target, settings, tick))
  return { tables: sums, foundCount, differences }
}

/** Marks the target as being moved into. Returns how many rows are there already. */
async function begin(target: Store, all: readonly Paged[], from: string): Promise<number> {
  const mark = await findMoveMark(target)
  const found = await countRows(target, all)
  if (mark === undefined) {
    if (found > 0) throw new DatabaseRefused('NOT_EMPTY', `the target has ${found} rows`)
    await target.write((tx) => markAsMoving(tx, from))
    return 0
  }
  if (mark !== from) throw new DatabaseRefused('OTHER_SOURCE', `it is being moved into from ${mark}`)
  return found - 1
}

async function copyTable(
  source: Store,
  target: Store,
  onPostgres: boolean,
  one: Paged,
  tick: (rowCount: number) => void,
): Promise<void> {
  // Pages arrive whole and in the order of the key: the last one that is there says where to go on.
  let [last] = await target.read((tx) =>
    rows(
      selectAll(tx, one)
        .orderBy(...one.key.map(desc))
        .limit(1),
    ),
  )
  for (;;) {
    const page = await source.read((tx) => readPage(tx, one, last))
    if (page.length === 0) return
    await insertPage(target, onPostgres, one, page)
    tick(page.length)
    last = page.at(-1)
  }
}

async function insertPage(
  target: Store,
  onPostgres: boolean,
  one: Paged,
  page: readonly Row[],
): Promise<void> {
  const insert = (these: readonly Row[]) =>
    target.write<unknown>((tx) =>
      onPostgres ? query(insertRows(one.table, these)) : run(tx.insert(one.table).values(these as never)),
    )
  try {
    await insert(page)
  } catch {
    for (const row of page) {
      try {
        await insert([row])
      } catch (error) {
        const code = stateOf(error)
        throw BAD_ROW.test(code)
          ? new DatabaseRefused('ROW_REFUSED', `${one.name} ${keyOf(one, row)}: ${code}`)
          : error
      }
    }
  }
}

/** Walks both tables side by side. Throws at the first row that is not the same on both. */
async function compareTable(
  source: Store,
  target: Store,
  one: Paged,
  tick: (rowCount: number) => void,
): Promise<TableSum> {
  const hash = createHash('sha256')
  const amounts = getTableConfig(one.table).columns.filter(({ name }) => name.endsWith('Vnd'))
  const sum: TableSum = {
    table: one.name,
    rowCount: 0,
    amountsVnd: Object.fromEntries(amounts.map(({ name }) => [name, 0])),
    contentSha256: '',
  }
  let last: Row | undefined
  for (;;) {
    const [ours, theirs] = await Promise.all(
      [source, target].map((store) => store.read((tx) => readPage(tx, one, last))),
    )
    comparePage(one, ours!, theirs!, hash)
    if (ours!.length === 0) return { ...sum, contentSha256: hash.digest('hex') }
    sum.rowCount += ours!.length
    for (const row of theirs!) for (const { name } of amounts) sum.amountsVnd[name]! += Number(row[name] ?? 0)
    tick(ours!.length)
    last = ours!.at(-1)
  }
}

function comparePage(one: Paged, ours: readonly Row[], theirs: readonly Row[], hash: Hash): void {
  for (let place = 0; place < Math.max(ours.length, theirs.length); place += 1) {
    const row = ours[place]
    const content = row && contentOf(row)
    const theirRow = theirs[place]
    if (content === undefined || theirRow === undefined || content !== contentOf(theirRow))
      throw new DatabaseRefused('ROW_DIFFERS', `${one.name} ${keyOf(one, row ?? theirRow!)}`)
    hash.update(content)
  }
}

const contentOf = (row: Row) =>
  JSON.stringify(Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)))

const selectAll = (tx: Db, { table }: Paged) => tx.select().from(table).$dynamic()

function* readPage(tx: Db, one: Paged, after: Row | undefined): Unit<Row[]> {
  const beyond = after && isBeyond(one, after)
  return yield* rows(
    selectAll(tx, one)
      .where(beyond)
      .orderBy(...one.key.map(asc))
      .limit(PAGE_ROWS),
  )
}

function isBeyond({ key }: Paged, after: Row): SQL {
  const values = key.map((column) => sql`${after[column.name]}`)
  return sql`(${sql.join(key, sql`, `)}) > (${sql.join(values, sql`, `)})`
}

async function countRows(store: Store, all: readonly Paged[]): Promise<number> {
  let total = 0
  for (const { table } of all) {
    const [row] = await store.db.select({ n: count() }).from(table)
    total += row!.n
  }
  return total
}

/** PostgreSQL does not notice ids that were brought along; the next one must be beyond them. */
function* continueIds(all: readonly Paged[]): Unit<void> {
  for (const { name, table } of all) {
    if (!getTableConfig(table).columns.some((column) => 'autoIncrement' in column && column.autoIncrement))
      continue
    yield* query(
      sql`select setval(pg_get_serial_sequence(${name}, 'id'), coalesce(max(id), 1), max(id) is not null) from ${table}`,
    )
  }
}

function pagedBy(table: SQLiteTable): Paged {
  const { columns, primaryKeys } = getTableConfig(table)
  const key = primaryKeys[0]?.columns ?? columns.filter((column) => column.primary)
  return { name: getTableName(table), table, key }
}

const keyOf = ({ key }: Paged, row: Row) =>
  key.map((column) => `${column.name} ${String(row[column.name])}`).join(', ')

/** A fault of the row and not of the connection or the disk: SQLSTATE 22 and 23, and what SQLite calls them. */
const BAD_ROW = /^(2[23]|SQLITE_(CONSTRAINT|MISMATCH|TOOBIG))/

/** What the engine calls the fault. Its words may quote the row. */
function stateOf(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return cause?.code ?? code ?? ''
}

function withoutPassword(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return databaseUrl
  const { host, pathname } = new URL(databaseUrl)
  return `postgres://${host}${pathname}`
}
