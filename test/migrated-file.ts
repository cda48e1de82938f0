import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../server/storage/sqlite.ts'

let migrated: Buffer | undefined

/** Writes an empty embedded database, migrated already: a process migrates once, for that takes longer than most tests. */
export function layMigratedFile(path: string): void {
  migrated ??= migrate()
  writeFileSync(path, migrated)
}

function migrate(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'cho-'))
  const path = join(folder, 'market.db')
  // Once it is closed all of it is in the one file.
  void openSqlite(path).close()
  const bytes = readFileSync(path)
  rmSync(folder, { recursive: true })
  return bytes
}
