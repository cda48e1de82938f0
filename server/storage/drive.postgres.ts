import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy'
import type { ClientBase, Pool } from 'pg'
import type { Db } from './store.ts'
import type { Statement, Unit } from './unit.ts'

/**
 * A builder of PostgreSQL's dialect that takes the tables of SQLite's kit: to a builder a table is its names and how
 * values are mapped, and those are the same. So every query is written, and typed, once.
 */
export const dbOn = (client: ClientBase | Pool): Db => builderOn(client) as unknown as Db

const builders = new WeakMap<ClientBase | Pool, PgRemoteDatabase>()

export function builderOn(client: ClientBase | Pool): PgRemoteDatabase {
  const known = builders.get(client)
  if (known) return known
  const ask = async (text: string, values: unknown[], method: string) => {
    const { rows } = await (method === 'all'
      ? client.query({ text, values, rowMode: 'array' })
      : client.query({ text, values }))
    return { rows }
  }
  const builder = drizzle(ask, { casing: 'snake_case' })
  builders.set(client, builder)
  return builder
}

/** Drives a unit to its end, one statement after the other. */
export async function drive<T>(client: ClientBase, begin: (tx: Db) => Unit<T>): Promise<T> {
  const unit = begin(dbOn(client))
  let step = unit.next([])
  while (!step.done) {
    step = unit.next(await answer(client, step.value))
  }
  return step.value
}

function answer(client: ClientBase, statement: Statement): PromiseLike<unknown[]> {
  switch (statement.kind) {
    case 'query':
      return builderOn(client).execute(statement.query)
    case 'prepared':
      return statement.statement.execute(statement.values) as PromiseLike<unknown[]>
    default:
      return statement.builder as unknown as PromiseLike<unknown[]>
  }
}
