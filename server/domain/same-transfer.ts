import { businessDay } from '../../shared/business-day.ts'
import type { ToldBefore, Twin } from '../storage/decision.ts'

/** From here on a bank's reference is its own; ACB's are small sequence numbers that come again. */
export const TELLING_REFERENCE_LENGTH = 10
const CLOCK_DRIFT_MS = 2 * 60_000
const MIDNIGHT = 0

/**
 * Which of some earlier transactions is the same transfer as one that another channel tells of now, their account,
 * direction, amount and day (±1: late transfers post the next day) being equal already. `untold` are those that this
 * channel has not told of yet, oldest first, so that genuine twins stay two: each telling takes one. The one with the
 * same long reference, else one with the same memo at the same time. Where nothing but a person can say it, `perhaps`.
 */
export function sameTransfer<Earlier extends ToldBefore>(
  told: ToldBefore,
  untold: readonly Earlier[],
): Twin<Earlier> | undefined {
  const found = { reference: [], content: [], perhaps: [], different: [] } as Record<Likeness, Earlier[]>
  for (const earlier of untold) found[likeness(told, earlier)].push(earlier)
  const [twin] = [...found.reference, ...found.content]
  if (twin !== undefined) return { is: 'certain', twin }
  return found.perhaps[0] && { is: 'perhaps', twin: found.perhaps[0] }
}

type Likeness = 'reference' | 'content' | 'perhaps' | 'different'

function likeness(told: ToldBefore, before: ToldBefore): Likeness {
  const [one, other] = [squashed(told.bankReference), squashed(before.bankReference)]
  const areLong = Math.min(one.length, other.length) >= TELLING_REFERENCE_LENGTH
  // Some statements add a suffix: FT26326123456789\BNK.
  if (areLong && (one.startsWith(other) || other.startsWith(one))) return 'reference'
  if (one !== other && isSameNumbering(one, other)) return 'different'

  const isSameMemo = told.textSha256 === before.textSha256
  const areTimed = told.bookedPrecision !== 'day' && before.bookedPrecision !== 'day'
  if (areTimed && Math.abs(told.bookedAt - before.bookedAt) > CLOCK_DRIFT_MS) return 'different'
  const isSameTime = areTimed || dayOf(told) === dayOf(before)
  if (isSameMemo) return isSameTime ? 'content' : 'perhaps'
  // A statement tells of everything: what it knows under other words it knows under these too. Pushes do not.
  const isByStatement = told.channel === 'statement' || before.channel === 'statement'
  return isByStatement && isSameTime ? 'perhaps' : 'different'
}

/** Whether two references were given by the same counter, so that being unlike means being two. */
function isSameNumbering(one: string, other: string): boolean {
  if (one === '' || other === '') return false
  const letters = (reference: string) => reference.replaceAll(/\d/g, '')
  const areShort = Math.max(one.length, other.length) < TELLING_REFERENCE_LENGTH
  return letters(one) === letters(other) && (areShort || one.length === other.length)
}

const dayOf = ({ bookedAt }: ToldBefore) => businessDay(bookedAt, MIDNIGHT)

function squashed(reference: string | null): string {
  return (reference ?? '').toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}
