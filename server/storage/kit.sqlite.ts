import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { defineTables } from './tables.ts'

/** The column helpers of the embedded engine. PostgreSQL gets a kit of the same shape, and the same tables. */
export const sqliteKit = {
  table: sqliteTable,
  id: () => integer().primaryKey({ autoIncrement: true }),
  int: () => integer(),
  /** Epoch milliseconds. No SQL dates: their meaning differs between engines and drivers. */
  instant: () => integer(),
  flag: () => integer({ mode: 'boolean' }),
  text: () => text(),
  choice: <const T extends string>(values: readonly [T, ...T[]]) => text({ enum: values as [T, ...T[]] }),
  bytes: () => blob({ mode: 'buffer' }),
  primaryKey,
  unique: uniqueIndex,
  index,
}

export type Kit = typeof sqliteKit

export const tables = defineTables(sqliteKit)
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
