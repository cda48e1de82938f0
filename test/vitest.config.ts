import { defineConfig } from 'vitest/config'
import ClosingLine from './closing-line.ts'

export default defineConfig({
  // Beside the installed packages, which may be thrown away; not beside the tests.
  cacheDir: '../node_modules/.vite',
  test: {
    root: import.meta.dirname,
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
