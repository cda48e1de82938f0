import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { add, startOutcome, type Outcome, type Run } from './outcome.ts'

const root = join(import.meta.dirname, '../..')
/** Of what the tests say, the end: the history that failed, made as short as it could be. */
const TOLD_CHARACTERS = 4_000

/** The random histories of `npm test`, as many as there are rounds: the same rows on both engines, and the model's. */
export async function proveHistories(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const env = { ...process.env, HISTORIES: String(run.rounds), SEED: String(run.seed) }
  const args = ['--config', 'test/vitest.config.ts', '--project', 'sqlite', 'test/engines/histories.test.ts']
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  await new Promise<void>((resolve) => {
    execFile(process.execPath, [vitest, 'run', ...args], { cwd: root, env }, (error, stdout, stderr) => {
      if (error) add(outcome, { broken: [`${stdout}${stderr}`.slice(-TOLD_CHARACTERS)] }, `seed ${run.seed}`)
      resolve()
    })
  })
  return outcome
}
