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

/** What one look found that must not be. */
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

/** What a proof found: the sums of its looks. */
export interface Outcome {
  rounds: number
  seed: number
  /** Different notifications that were answered 2xx. */
  acknowledged: number
  lost: number
  doubled: number
  damaged: number
  differing: number
  /** All that was found, with the round it was found in. Nothing is what is hoped for. */
  words: string[]
}

export const startOutcome = ({ rounds, seed }: Pick<Run, 'rounds' | 'seed'>): Outcome => ({
  rounds,
  seed,
  acknowledged: 0,
  lost: 0,
  doubled: 0,
  damaged: 0,
  differing: 0,
  words: [],
})

/** Adds what a look found; `where` says in which round, so that it can be looked for again. */
export function add(outcome: Outcome, finding: Partial<Finding>, where: string): void {
  const { lost = 0, doubled = 0, damage = [], differences = [], broken = [] } = finding
  outcome.lost += lost
  outcome.doubled += doubled
  outcome.damaged += damage.length
  outcome.differing += differences.length
  const words = [...damage, ...differences, ...broken]
  if (lost > 0) words.push(`${lost} lost`)
  if (doubled > 0) words.push(`${doubled} counted twice`)
  outcome.words.push(...words.map((one) => `${where}: ${one}`))
}
