import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import ClosingLine from './closing-line.ts'
import LongFirst from './long-first.ts'

// Beside the installed packages, which may be thrown away; not beside the tests.
const cacheDir = join(import.meta.dirname, '../node_modules/.vite')

/** Where the world outside is played by msw, which a server started in the same process breaks; and memory measured. */
const ALONE = 'sources/**/*.test.ts'

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
    // What must be quick is timed by its test; a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    // Two cores, and a third worker for what waits: browsers, started scripts, PostgreSQL.
    maxWorkers: 3,
    // A process for each file would spend a tenth of the processor time on loading the same modules again.
    isolate: false,
    sequence: { sequencer: LongFirst },
    projects: [
      // What storage promises, it promises on both engines; the tests do not know which of them they run on.
      {
        extends: true,
        test: {
          name: 'sqlite',
          provide: { engine: 'sqlite' },
          include: ['**/*.test.ts'],
          exclude: [ALONE],
        },
      },
      {
        extends: true,
        test: { name: 'postgres', provide: { engine: 'postgres' }, include: ['storage/*.test.ts'] },
      },
      {
        extends: true,
        test: { name: 'alone', provide: { engine: 'sqlite' }, include: [ALONE], isolate: true },
      },
    ],
  },
})
