import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import type { IncomingMessage, Published, RecordingRules } from './decision.ts'
import type { Registry } from './registry.ts'
import type { Unit } from './unit.ts'

export type Db = BetterSQLite3Database

/** The storage room's door. Reads are drizzle builders on `db`, awaited; writes are whole units. */
export interface Store {
  readonly db: Db
  /** Runs one unit of reads, all of them as of one moment. */
  read<T>(unit: (tx: Db) => Unit<T>): Promise<T>
  /** Runs one unit as one durable transaction: all of it or nothing. */
  write<T>(unit: (tx: Db) => Unit<T>): Promise<T>
  /** The same for a change of the registry, which every process notices before it next decides. */
  changeRegistry<T>(unit: (tx: Db) => Unit<T>): Promise<T>
  /** What is known of every account, as of now. */
  registry(): Promise<Registry>
  /** Records a batch of genuine messages as one durable transaction; what it returns may then be published. */
  record(batch: readonly IncomingMessage[], rules: RecordingRules): Promise<Published[]>
  /** Throws unless a commit has just reached the disk with the durability we promise. */
  probe(): Promise<void>
  /** `ok`, `unchecked` where the engine cannot, or what it finds wrong with its own files. Reads all of them. */
  integrity(): Promise<string>
  /**
   * Joins the processes that work on this database: what is told to the returned function, `deliver` is given, here
   * at once and in every other process soon. A hint: it may be lost, and the change table is the truth.
   */
  shareNews(deliver: Deliver): Deliver
  /**
   * Does what only one server of this database should do at a time. While another is at it nothing is done, and
   * nothing returned.
   */
  exclusively<T>(task: string, work: () => Promise<T>): Promise<T | undefined>
  close(): Promise<void>
}

export type Deliver = (news: readonly Published[]) => void
