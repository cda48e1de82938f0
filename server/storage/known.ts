import { and, eq, gt, type SQL } from 'drizzle-orm'
import { cashSale, match } from './kit.sqlite.ts'
import type { StallScope } from './scope.ts'

/** Whether the counted figures may be told as they are. */
export const seesAll = ({ seesAfter, onlyDay }: StallScope): boolean => seesAfter === 0 && onlyDay === null

/** Of some matches those that the phone behind this scope may know. */
export function known({ seesAfter, onlyDay }: StallScope): SQL | undefined {
  return and(
    seesAfter > 0 ? gt(match.transactionSeq, seesAfter) : undefined,
    onlyDay === null ? undefined : eq(match.businessDay, onlyDay),
  )
}

/** Of some cash notes those that the phone behind this scope may know. */
export function knownNotes({ seesAfter, onlyDay }: StallScope): SQL | undefined {
  return and(
    seesAfter > 0 ? gt(cashSale.seq, seesAfter) : undefined,
    onlyDay === null ? undefined : eq(cashSale.businessDay, onlyDay),
  )
}
