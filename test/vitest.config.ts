import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import ClosingLine from './closing-line.ts'

// Beside the installed packages, which may be thrown away; not beside the tests.
const cacheDir = join(import.meta.dirname, '../node_modules/.vite')

export default defineConfig({
  cacheDir,
  test: {
    root: import.meta.dirname,
    // Of every worker and every process that a test starts: most of a short command is loading its modules.
    env: {
      NODE_OPTIONS: `--import=${import.meta.resolve('./quick-imports.ts')}`,
      NODE_COMPILE_CACHE: join(cacheDir, 'compiled'),
    },
    globalSetup: ['./global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Real browsers, sockets and kills share two cores: what passes only at a second try is told by name at the end.
    retry: process.env['CI'] ? 1 : 0,
    // Two cores, and a third worker for what waits: browsers, started scripts, PostgreSQL.
    maxWorkers: 3,
    // What storage promises, it promises on both engines; the tests do not know which of them they run on.
    projects: [
      { extends: true, test: { name: 'sqlite', provide: { engine: 'sqlite' }, include: ['**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'postgres', provide: { engine: 'postgres' }, include: ['storage/*.test.ts'] },
      },
    ],
  },
})
