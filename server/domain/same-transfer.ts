import type { ToldBefore } from '../storage/decision.ts'

/** From here on a bank's reference is its own; ACB's are small sequence numbers that come again. */
const TELLING_REFERENCE_LENGTH = 10
const CLOCK_DRIFT_MS = 2 * 60_000

/**
 * Whether two channels tell of the same transfer, their account, direction, amount and day (±1: late transfers post
 * the next day) being equal already. A long bank reference decides alone; with a short one the memo and the time
 * must agree too. A transfer is only ever paired with one that this channel has not told of yet, so genuine twins
 * stay two.
 */
export function sameTransfer(told: ToldBefore, before: ToldBefore): boolean {
  const reference = squashed(told.bankReference)
  if (reference !== squashed(before.bankReference)) return false
  if (reference.length >= TELLING_REFERENCE_LENGTH) return true
  if (told.textSha256 !== before.textSha256) return false
  if (told.bookedPrecision === 'day' || before.bookedPrecision === 'day') return true
  return Math.abs(told.bookedAt - before.bookedAt) <= CLOCK_DRIFT_MS
}

function squashed(reference: string | null): string {
  return (reference ?? '').toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}
