import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with the one line that CI reads: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      // A file that could not be loaded has no tests to fail.
      if (module.errors().length > 0) count.failed += 1
      for (const test of module.children.allTests()) count[test.result().state] += 1
    }
    if (count.skipped + count.pending > 0) console.log(`${count.skipped + count.pending} not run`)
    console.log(`${count.passed} passed, ${count.failed} failed`)
  }
}
