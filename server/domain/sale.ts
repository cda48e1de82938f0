import { AppError } from '../../shared/app-error.ts'
import { isReference } from '../../shared/reference.ts'

/** A phone's pool: enough for a busy morning without network. */
const MAX_POOL = 24

/** How many references a phone may have at once. Throws AppError `invalid_input`. */
export function parsePoolSize(text: unknown): number {
  const wanted = Number(text)
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_POOL)
    throw new AppError('invalid_input', `a phone reserves 1 to ${MAX_POOL} references`, 'count')
  return wanted
}

export function parseSaleReference(text: unknown): string {
  if (typeof text !== 'string' || !isReference(text))
    throw new AppError('invalid_input', 'not a reference', 'reference')
  return text
}

/**
 * When something happened that a phone tells of later. Phones' clocks are wrong, so it says how long ago it was;
 * never after now.
 */
export function instantOfAge(ageMs: unknown, now: number): number {
  const age = Number(ageMs)
  if (ageMs === '' || !Number.isSafeInteger(age))
    throw new AppError('invalid_input', 'not a whole number of ms', 'age')
  return now - Math.max(0, age)
}
