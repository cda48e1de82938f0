/** How much is measured. */
export interface Size {
  /** Everything tiny and no PostgreSQL: whether it runs, not how fast. */
  quick: boolean
  /** How many at once ingest is measured with. */
  connections: readonly number[]
  /** Stalls that are paid while ingest is measured, the same on every side. */
  stalls: number
  /** Measured rounds; in each, every side runs once. */
  rounds: number
  /** What one side sends in one round is made to take about this long. */
  roundSeconds: number
  /** Requests of each side before anything counts. */
  warmUpRequests: number
  /** In the ledger that reads, and one of the ingest sides, work on. */
  ledgerTransactions: number
  /** In the one that is audited. */
  auditTransactions: number
  /** In the larger of the two registries that one credit is matched in. */
  matchingStalls: number
  /** Batches, and changes of the registry, on each side in one round. */
  matchingTurns: number
  /** How often a thousand codes are written and read in one round. */
  codecCalls: number
  /** How many phones are connected, one figure each. */
  phones: readonly number[]
  /** Payments told to them. */
  payments: number
}

export const FULL: Size = {
  quick: false,
  connections: [1, 16, 64, 256],
  stalls: 1_000,
  rounds: 5,
  roundSeconds: 1.5,
  warmUpRequests: 12_000,
  ledgerTransactions: 10_000_000,
  auditTransactions: 1_000_000,
  matchingStalls: 100_000,
  matchingTurns: 100,
  codecCalls: 100,
  phones: [1, 1_000, 10_000],
  payments: 1_000,
}

export const QUICK: Size = {
  quick: true,
  connections: [64],
  stalls: 20,
  rounds: 1,
  roundSeconds: 0.02,
  warmUpRequests: 64,
  ledgerTransactions: 20_000,
  auditTransactions: 20_000,
  matchingStalls: 1_000,
  matchingTurns: 2,
  codecCalls: 1,
  phones: [1, 20],
  payments: 20,
}
