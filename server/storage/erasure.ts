import { lt } from 'drizzle-orm'
import { erasable, payerSale } from './kit.sqlite.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** Forgets what is due by `today` (a day like `2026-11-22`): raw bodies, payers and their words. Returns how many rows. */
export function* eraseDue(tx: Db, today: string): Unit<number> {
  const erased = yield* rows(
    tx.delete(erasable).where(lt(erasable.eraseOn, today)).returning({ seq: erasable.seq }),
  )
  // What was counted of it stays; whose it was goes with the words.
  yield* run(tx.delete(payerSale).where(lt(payerSale.eraseOn, today)))
  return erased.length
}
