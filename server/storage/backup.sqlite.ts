import { randomUUID } from 'node:crypto'
import { linkSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { findDifferences, type Difference } from './audit.ts'
import { marketCounter } from './kit.sqlite.ts'
import { DatabaseRefused } from './refusal.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'
import { run } from './unit.ts'

/** Few enough that progress is seen, many enough that a copy takes no longer for it. */
const STEP_PAGES = 2_000

/**
 * A restored market numbers on from beyond whatever was told after the backup: a phone that heard of number 900 asks
 * for what comes after it, and would miss a new 850.
 */
const SKIPPED_SEQS = 1_000_000

type OnProgress = (done: number, total: number) => void

/**
 * Copies an embedded database, also while a server writes to it, as of one moment: everything that was acknowledged
 * before the call is in the copy. `to` appears only when the copy is whole, on the disk and checked; a file that is
 * there already is never touched (`EEXIST`). Returns what the audit says of the copy; what it names was so in `from`.
 * `onProgress` counts pages. Throws `DatabaseRefused` if the copy's integrity check fails.
 */
export function backUpSqlite(from: string, to: string, onProgress: OnProgress): Promise<Difference[]> {
  return copyChecked(from, to, onProgress, async () => {})
}

/** The same from a backup, as a market that is to be served. */
export function restoreSqlite(from: string, to: string, onProgress: OnProgress): Promise<Difference[]> {
  return copyChecked(from, to, onProgress, (copy) =>
    copy.write((tx) =>
      run(tx.update(marketCounter).set({ seq: sql`${marketCounter.seq} + ${SKIPPED_SEQS}` })),
    ),
  )
}

async function copyChecked(
  from: string,
  to: string,
  onProgress: OnProgress,
  finish: (copy: Store) => Promise<void>,
): Promise<Difference[]> {
  const partial = `${to}.${randomUUID()}`
  try {
    await copyPages(from, partial, onProgress)
    const differences = await check(partial, finish)
    // Unlike a rename it never takes the place of another file.
    linkSync(partial, to)
    return differences
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true })
  }
}

async function check(path: string, finish: (copy: Store) => Promise<void>): Promise<Difference[]> {
  const copy = openSqlite(path)
  try {
    const integrity = await copy.integrity()
    if (integrity !== 'ok') throw new DatabaseRefused('COPY_DAMAGED', integrity)
    await finish(copy)
    return await findDifferences(copy)
  } finally {
    await copy.close()
  }
}

async function copyPages(from: string, to: string, onProgress: OnProgress): Promise<void> {
  const source = new Database(from, { fileMustExist: true })
  try {
    // Holding one moment of it: without this, every commit of the server would begin the copy anew.
    source.exec('begin')
    source.prepare('select count(*) from sqlite_master').get()
    await source.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress(totalPages - remainingPages, totalPages)
        return STEP_PAGES
      },
    })
  } finally {
    source.close()
  }
}
