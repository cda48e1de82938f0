// Damages VietQR payloads and checks the decoder against an independent reading of each:
//   node scripts/fuzz.ts [count = 1000000]      SEED=123 repeats a run
import { fuzz } from '../test/vietqr/mutation.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 32)
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error('Usage: [SEED=integer] node scripts/fuzz.ts [count]')
  process.exit(1)
}

console.log(`SEED=${seed}, ${count} payloads`)
const started = performance.now()
try {
  const outcomes = fuzz(count, seed, (done) => console.log(`${done} payloads, no failure`))
  console.log(Object.fromEntries(outcomes))
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s, no failure`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
