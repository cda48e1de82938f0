import { seededRandom } from '../../test/small-market.ts'

/** What a proof is asked to do. Round k of a run has the seed `seed + k`, so that it can be run again alone. */
export interface Run {
  rounds: number
  seed: number
  /** Called after each round. */
  tick(): void
}

/** The chance of one round; neighbouring seeds have nothing in common. */
export const randomOfRound = ({ seed }: Run, round: number): ((below: number) => number) =>
  seededRandom(Math.imul(seed + round, 0x9e3779b1))

/** What was found that must not be. */
export interface Finding {
  /** Acknowledged, and not in the ledger or in it and not counted. */
  lost: number
  /** Counted more than once. */
  doubled: number
  /** What is wrong with the database file. */
  damage: string[]
  /** What `npm run audit` complains of. */
  differences: string[]
  /** Every other promise that was broken, in words. */
  broken: string[]
}

export interface Outcome extends Finding {
  rounds: number
  seed: number
  /** Different notifications that were answered 2xx. */
  acknowledged: number
}

export const nothingFound = (): Finding => ({ lost: 0, doubled: 0, damage: [], differences: [], broken: [] })

export const startOutcome = ({ rounds, seed }: Run): Outcome => ({
  rounds,
  seed,
  acknowledged: 0,
  ...nothingFound(),
})

/** Adds what was found to the outcome; `where` says which round, so that it can be looked for again. */
export function add(outcome: Outcome, finding: Partial<Finding>, where: string): void {
  const { lost = 0, doubled = 0 } = finding
  outcome.lost += lost
  outcome.doubled += doubled
  if (lost > 0) outcome.broken.push(`${where}: ${lost} lost`)
  if (doubled > 0) outcome.broken.push(`${where}: ${doubled} counted twice`)
  for (const kind of ['damage', 'differences', 'broken'] as const) {
    outcome[kind].push(...(finding[kind] ?? []).map((words) => `${where}: ${words}`))
  }
}
