import type { SQL } from 'drizzle-orm'
import type { Db } from './store.ts'

/**
 * A write that is all or nothing, written once for both engines: a generator that yields its statements one by one.
 * better-sqlite3 refuses asynchronous transactions, PostgreSQL knows no others; each engine drives the same
 * generator its own way.
 */
export type Unit<T> = Generator<Statement, T, unknown[]>

export type Statement =
  | { kind: 'rows'; builder: { all(): unknown[] } }
  | { kind: 'prepared'; statement: Prepared; values: Record<string, unknown> }
  | { kind: 'run'; builder: { run(): unknown } }
  | { kind: 'query'; query: SQL }

/** Runs a statement that returns rows (a select, or a write with `returning`). */
export function* rows<Row>(builder: { all(): Row[] }): Unit<Row[]> {
  return (yield { kind: 'rows', builder }) as Row[]
}

/** What drizzle makes of a builder once: on the embedded engine `all` runs it, on PostgreSQL `execute`. */
interface Prepared<Row = unknown> {
  all(values: Record<string, unknown>): Row[]
  execute(values: Record<string, unknown>): unknown
}

const statements = new WeakMap<Db, Map<string, Prepared>>()

/**
 * The same for what is asked again and again: built at its first use on a connection and kept there under `name`, since
 * building a statement takes longer than running it. `values` are those of its placeholders.
 */
export function* prepared<Row>(
  tx: Db,
  name: string,
  build: () => { prepare(name: string): Prepared<Row> },
  values: Record<string, unknown>,
): Unit<Row[]> {
  const known = statements.get(tx) ?? new Map<string, Prepared>()
  statements.set(tx, known)
  const statement = known.get(name) ?? build().prepare(name)
  known.set(name, statement)
  return (yield { kind: 'prepared', statement, values }) as Row[]
}

/** Runs a statement for its effect. */
export function* run(builder: { run(): unknown }): Unit<void> {
  yield { kind: 'run', builder }
}

/** Runs a query in plain SQL that both engines read alike; each row is an object by the names in the query. */
export function* query<Row>(text: SQL): Unit<Row[]> {
  return (yield { kind: 'query', query: text }) as Row[]
}
