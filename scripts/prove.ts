// Proves on the product itself that nothing acknowledged is lost and nothing counts twice (docs/proofs.md):
//   npm run prove                                   every proof, one after another
//   npm run prove -- kill --rounds 200 --seed 7     one of them
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { buildAssets } from './build.ts'
import { CommandError, runCommand } from './command.ts'
import { proveAnnouncements } from './prove/announcements.ts'
import { proveDiskError, proveDiskFull, proveDiskLimit, whyNoSmallDisk } from './prove/disk.ts'
import { proveFlood } from './prove/flood.ts'
import { proveHistories } from './prove/histories.ts'
import { proveKill } from './prove/kill.ts'
import { proveLock } from './prove/lock.ts'
import { add, startOutcome, type Outcome, type Run } from './prove/outcome.ts'
import { provePoison } from './prove/poison.ts'
import { provePower, provePowerNormal } from './prove/power.ts'
import { proveStandby, proveStandbyAsync } from './prove/standby.ts'
import { whyNoStrace } from './prove/strace.ts'
import { proveSyscall } from './prove/syscall.ts'

interface Proof {
  run: (run: Run) => Promise<Outcome>
  rounds: number
  /** Why it cannot be run here; undefined where it can. */
  whyNot?: () => string | undefined
  /** It proves that another proof has teeth: acknowledged notifications must be lost. */
  mustLose?: true
}

const PROOFS: Record<string, Proof> = {
  kill: { run: proveKill, rounds: 200 },
  syscall: { run: proveSyscall, rounds: 100, whyNot: whyNoStrace },
  power: { run: provePower, rounds: 20_000, whyNot: whyNoStrace },
  'power-normal': { run: provePowerNormal, rounds: 2_000, whyNot: whyNoStrace, mustLose: true },
  'disk-error': { run: proveDiskError, rounds: 30, whyNot: whyNoStrace },
  'disk-full': { run: proveDiskFull, rounds: 5, whyNot: whyNoSmallDisk },
  'disk-limit': { run: proveDiskLimit, rounds: 5 },
  lock: { run: proveLock, rounds: 20 },
  flood: { run: proveFlood, rounds: 5 },
  poison: { run: provePoison, rounds: 20 },
  announcements: { run: proveAnnouncements, rounds: 10_000 },
  histories: { run: proveHistories, rounds: 10_000 },
  standby: { run: proveStandby, rounds: 20 },
  'standby-async': { run: proveStandbyAsync, rounds: 5, mustLose: true },
}

const USAGE = `Cách dùng: npm run prove [-- <phép thử> …] [--rounds <số lần>] [--seed <số>]
Phép thử: ${Object.keys(PROOFS).join(', ')}; không ghi gì là tất cả.`

/** Of a proof that fails, so many findings are told; all are counted. */
const MAX_TOLD = 20

const COLUMNS = [
  'proof',
  'rounds',
  'seed',
  'acknowledged',
  'lost',
  'doubled',
  'integrity',
  'audit',
  'verdict',
]

await runCommand(USAGE, async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  })
  const wanted = positionals.length > 0 ? positionals : Object.keys(PROOFS)
  const unknown = wanted.find((name) => !(name in PROOFS))
  if (unknown !== undefined) throw new CommandError(`Không có phép thử «${unknown}».\n\n${USAGE}`)
  const rounds = values.rounds === undefined ? undefined : wholeNumber(values.rounds, 1)
  const seed = values.seed === undefined ? Date.now() % 1e9 : wholeNumber(values.seed, 0)
  console.log(`seed ${seed}`)
  await buildAssets()

  const table: string[][] = [COLUMNS]
  let allPass = true
  for (const name of wanted) {
    const proof = PROOFS[name]!
    const reason = proof.whyNot?.()
    if (reason !== undefined) {
      console.log(`${name}: bỏ qua, ${reason}`)
      table.push([name, ...COLUMNS.slice(2).map(() => '–'), 'skipped'])
      continue
    }
    const outcome = await watch(name, proof, { rounds: rounds ?? proof.rounds, seed })
    if (!passes(proof, outcome)) {
      allPass = false
      for (const words of outcome.words.slice(0, MAX_TOLD)) console.log(`${name}: ${words}`)
    }
    table.push(rowOf(name, proof, outcome))
  }
  console.log(`\n${drawn(table)}`)
  return allPass ? 0 : 1
})

function wholeNumber(text: string, least: number): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < least)
    throw new CommandError(`«${text}» không phải số đúng.\n\n${USAGE}`)
  return number
}

/** Runs a proof with its progress on the terminal. What breaks the proof itself is a failure too. */
async function watch(name: string, proof: Proof, wanted: Omit<Run, 'tick'>): Promise<Outcome> {
  const bar = new SingleBar({
    format: `${name} {bar} {value}/{total}`,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  })
  bar.start(wanted.rounds, 0)
  try {
    return await proof.run({ ...wanted, tick: () => bar.increment() })
  } catch (error) {
    const outcome = startOutcome(wanted)
    add(outcome, { broken: [error instanceof Error ? error.message : String(error)] }, 'the proof itself')
    return outcome
  } finally {
    bar.stop()
  }
}

/** Whether it found what it must: nothing, or where it shows teeth, losses and nothing else. */
function passes({ mustLose }: Proof, { lost, doubled, damaged, differing, words }: Outcome): boolean {
  return mustLose ? lost > 0 && doubled + damaged + differing === 0 : words.length === 0
}

function rowOf(name: string, proof: Proof, outcome: Outcome): string[] {
  const { rounds, seed, acknowledged, lost, doubled, damaged, differing, words } = outcome
  const verdict = passes(proof, outcome) ? 'pass' : 'FAIL'
  return [
    ...[name, rounds, seed, acknowledged, lost, doubled].map(String),
    damaged === 0 ? 'ok' : `${damaged} damaged`,
    differing === 0 ? 'clean' : `${differing} differ`,
    proof.mustLose ? `${verdict} (lost in ${words.length} rounds, as it must)` : verdict,
  ]
}

function drawn(table: string[][]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join('  ')).join('\n')
}
