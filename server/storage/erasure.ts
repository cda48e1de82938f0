import { lt } from 'drizzle-orm'
import { notificationBody, payerSale, transactionText } from './kit.sqlite.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** Forgets what is due by `today` (a day like `2026-11-22`): raw bodies, payers and their words. Returns how many rows. */
export function* eraseDue(tx: Db, today: string): Unit<number> {
  const bodies = yield* rows(
    tx
      .delete(notificationBody)
      .where(lt(notificationBody.eraseOn, today))
      .returning({ seq: notificationBody.notificationSeq }),
  )
  const texts = yield* rows(
    tx
      .delete(transactionText)
      .where(lt(transactionText.eraseOn, today))
      .returning({ seq: transactionText.transactionSeq }),
  )
  // What was counted of it stays; whose it was goes with the words.
  yield* run(tx.delete(payerSale).where(lt(payerSale.eraseOn, today)))
  return bodies.length + texts.length
}
