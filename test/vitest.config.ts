import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: [],
    testTimeout: 30_000,
    // Two cores: more workers only make each other late.
    maxWorkers: 2,
  },
})
