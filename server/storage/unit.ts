import type { SQL } from 'drizzle-orm'

/**
 * A write that is all or nothing, written once for both engines: a generator that yields its statements one by one.
 * better-sqlite3 refuses asynchronous transactions, PostgreSQL knows no others; each engine drives the same
 * generator its own way.
 */
export type Unit<T> = Generator<Statement, T, unknown[]>

type Statement =
  | { kind: 'rows'; builder: { all(): unknown[] } }
  | { kind: 'run'; builder: { run(): unknown } }
  | { kind: 'query'; query: SQL }

/** Runs a statement that returns rows (a select, or a write with `returning`). */
export function* rows<Row>(builder: { all(): Row[] }): Unit<Row[]> {
  return (yield { kind: 'rows', builder }) as Row[]
}

/** Runs a statement for its effect. */
export function* run(builder: { run(): unknown }): Unit<void> {
  yield { kind: 'run', builder }
}

/** Runs a query in plain SQL that both engines read alike; each row is an object by the names in the query. */
export function* query<Row>(text: SQL): Unit<Row[]> {
  return (yield { kind: 'query', query: text }) as Row[]
}
