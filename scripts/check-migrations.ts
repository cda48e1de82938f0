import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Fails if the tables say something that no migration says yet: asks drizzle-kit for the next one, beside the real folder. */
const root = join(import.meta.dirname, '..')
const folder = join(root, 'server/storage/migrations/sqlite')
const copy = mkdtempSync(join(root, 'node_modules/.migrations-'))
const migrations = (path: string) => readdirSync(path).filter((name) => name.endsWith('.sql'))

try {
  cpSync(folder, copy, { recursive: true })
  const { status, stdout, stderr } = spawnSync(
    'drizzle-kit',
    [
      'generate',
      '--dialect=sqlite',
      '--schema=./server/storage/kit.sqlite.ts',
      '--casing=snake_case',
      `--out=./${relative(root, copy)}`,
    ],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`drizzle-kit failed:\n${stdout}${stderr}`)
  if (migrations(copy).length !== migrations(folder).length) {
    throw new Error(
      'the tables changed without a migration: run `npx drizzle-kit generate --name <what changed>`',
    )
  }
  console.log('migrations are up to date')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(copy, { recursive: true })
}
