import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const migrations = (path: string) => readdirSync(path).filter((name) => name.endsWith('.sql'))

/** Fails if the tables say something that no migration says yet: asks drizzle-kit for the next one, beside the real folder. */
function check(engine: 'sqlite' | 'postgres', dialect: string, command: string): void {
  const folder = join(root, 'server/storage/migrations', engine)
  const copy = mkdtempSync(join(root, 'node_modules/.migrations-'))
  try {
    cpSync(folder, copy, { recursive: true })
    const { status, stdout, stderr } = spawnSync(
      'drizzle-kit',
      [
        'generate',
        `--dialect=${dialect}`,
        `--schema=./server/storage/kit.${engine}.ts`,
        '--casing=snake_case',
        `--out=./${relative(root, copy)}`,
      ],
      { cwd: root, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`drizzle-kit failed:\n${stdout}${stderr}`)
    if (migrations(copy).length !== migrations(folder).length) {
      throw new Error(`the tables changed without a migration for ${engine}: run \`${command}\``)
    }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

try {
  check('sqlite', 'sqlite', 'npx drizzle-kit generate --name <what changed>')
  check(
    'postgres',
    'postgresql',
    'npx drizzle-kit generate --config scripts/drizzle.postgres.config.ts --name <what changed>',
  )
  console.log('migrations are up to date on both engines')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
