import { getTableColumns, getTableName, sql, type SQL } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

// How many rows travel to PostgreSQL in one statement: as one parameter a column, whatever their number.

const ARRAY_TYPES: Record<string, string> = {
  number: 'bigint[]',
  string: 'text[]',
  buffer: 'bytea[]',
  boolean: 'boolean[]',
}

/**
 * Inserts whole rows of a table as one array a column: a thousand rows are one short statement, and not one of twenty
 * thousand parameters, which take several times as long.
 */
export function insertRows(table: SQLiteTable, added: readonly Record<string, unknown>[]): SQL {
  const columns = Object.entries(getTableColumns<SQLiteTable>(table))
  const arrays = columns.map(
    ([name, { dataType }]) =>
      sql`${sql.param(added.map((row) => row[name]))}::${sql.raw(ARRAY_TYPES[dataType]!)}`,
  )
  const names = columns.map(([name]) => nameOf(name))
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) select * from unnest(${sql.join(arrays, sql`, `)})`
}

type Scalar = string | number | null | undefined
type Value = Scalar | Buffer

/** How the values that some rows have in one column travel. */
export interface CarriedColumn {
  key: string
  /** Unnested side by side with the other columns', they make a row `r`. */
  unnested: SQL[]
  /** The column's value, taken of `r`. */
  taken: SQL
  /** The parameters of both, by the names of their placeholders. */
  parameters(values: readonly Value[]): Record<string, Value>
}

/**
 * The columns of a table, to be written by a statement that is prepared once. What is the same in all rows travels
 * once, except in the columns `asArrays`: these say how many rows there are.
 */
export function carriedColumns(table: SQLiteTable, asArrays: ReadonlySet<string>): CarriedColumn[] {
  return Object.entries(getTableColumns<SQLiteTable>(table)).map(([key, { dataType }]) => {
    const name = `${getTableName(table)}.${key}`
    if (dataType === 'buffer') return inOnePiece(key, name)
    const array = ARRAY_TYPES[dataType]!
    return asArrays.has(key) ? asArray(key, name, array) : onceOrAsArray(key, name, array)
  })
}

function asArray(key: string, name: string, array: string): CarriedColumn {
  return {
    key,
    unnested: [unnest(name, array, key)],
    taken: inRow(key),
    parameters: (values) => ({ [name]: arrayText(values as readonly Scalar[]) }),
  }
}

function onceOrAsArray(key: string, name: string, array: string): CarriedColumn {
  const [once, type] = [`${name}.once`, sql.raw(array.replace('[]', ''))]
  return {
    key,
    unnested: [unnest(name, array, key)],
    taken: sql`coalesce(${inRow(key)}, ${sql.placeholder(once)}::${type})`,
    parameters: (values) =>
      values.every((value) => value === values[0])
        ? { [name]: null, [once]: values[0] }
        : { [name]: arrayText(values as readonly Scalar[]), [once]: null },
  }
}

/** Bytes lie behind one another, and are cut out by place: in an array they would travel as twice as much text. */
function inOnePiece(key: string, name: string): CarriedColumn {
  const [place, length] = [`${key}Place`, `${key}Length`]
  return {
    key,
    unnested: [unnest(`${name}.place`, 'int[]', place), unnest(`${name}.length`, 'int[]', length)],
    taken: sql`substring(${sql.placeholder(name)}::bytea from ${inRow(place)} for ${inRow(length)})`,
    parameters(values) {
      const pieces = values as readonly (Buffer | null | undefined)[]
      let end = 1
      const places = pieces.map((bytes) => (bytes ? (end += bytes.length) - bytes.length : null))
      return {
        [name]: Buffer.concat(pieces.filter((bytes) => bytes != null)),
        [`${name}.place`]: arrayText(places),
        [`${name}.length`]: arrayText(pieces.map((bytes) => bytes?.length)),
      }
    },
  }
}

const unnest = (name: string, array: string, as: string): SQL =>
  sql`unnest(${sql.placeholder(name)}::${sql.raw(array)}) as ${nameOf(as)}`

const inRow = (key: string): SQL => sql`r.${nameOf(key)}`

/** An array as PostgreSQL reads it. The driver's own way takes longer than all else that is done with a value. */
export function arrayText(values: readonly Scalar[]): string {
  const elements = values.map((value) => {
    if (value == null) return 'NULL'
    if (typeof value !== 'string') return String(value)
    return SPECIAL.test(value) ? `"${value.replaceAll(EVERY_SPECIAL, '\\$&')}"` : `"${value}"`
  })
  return `{${elements.join(',')}}`
}
const SPECIAL = /["\\]/
const EVERY_SPECIAL = /["\\]/g

/** A property's column. */
export function nameOf(key: string) {
  return sql.identifier(toSnakeCase(key))
}
