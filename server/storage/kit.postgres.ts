import {
  bigint,
  boolean,
  customType,
  index,
  pgTable,
  primaryKey,
  uniqueIndex,
  type PgTable,
} from 'drizzle-orm/pg-core'
import type { Kit } from './kit.sqlite.ts'
import { defineTables } from './tables.ts'

/** Compared and sorted byte by byte, as in SQLite, whatever language the database was made for. */
const text = customType<{ data: string }>({ dataType: () => 'text collate "C"' })
const int = () => bigint({ mode: 'number' })

/** The same column helpers for PostgreSQL. */
const postgresKit = {
  table: pgTable,
  // By default only, so that `npm run move` can keep the ids it brings.
  id: () => int().primaryKey().generatedByDefaultAsIdentity(),
  int,
  instant: int,
  flag: () => boolean(),
  text: () => text(),
  choice: () => text(),
  bytes: customType<{ data: Buffer }>({ dataType: () => 'bytea' }),
  primaryKey,
  unique: uniqueIndex,
  index,
}

type Tables = Record<keyof ReturnType<typeof defineTables>, PgTable>

/**
 * What PostgreSQL's migrations are generated from. Queries are written with SQLite's table objects and run on both
 * engines: to a query a table is its names and how values are mapped, and those are the same.
 */
export const tables = defineTables(postgresKit as unknown as Kit) as unknown as Tables
export const {
  setting,
  market,
  section,
  stall,
  vendor,
  tenancy,
  consent,
  rowTelling,
  payeeAccount,
  payeeAccountState,
  stallCode,
  source,
  sourceSecret,
  sourceAccount,
  sourceHeard,
  sourceHour,
  sourceAlarm,
  alarmTelling,
  signingKey,
  session,
  signInCode,
  marketCounter,
  bankNotification,
  bankTransaction,
  erasable,
  witness,
  match,
  matchReversal,
  matchException,
  classification,
  takings,
  dailyOutcome,
  rollupCursor,
  stallDay,
  sectionDay,
  marketDay,
  payerSale,
  stallMove,
  sale,
  accountProof,
  cut,
  cashSale,
  incident,
  snapshot,
  change,
} = tables
