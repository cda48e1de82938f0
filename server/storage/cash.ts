import { and, eq, inArray } from 'drizzle-orm'
import { AppError } from '../../shared/app-error.ts'
import { ADD_TO_TAKINGS } from './counted.ts'
import { cashSale, takings } from './kit.sqlite.ts'
import { knownNotes } from './known.ts'
import type { StallScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

/** A second row under this key takes the first one back; her phone's own keys hold no colon. */
export const UNDO = 'undo:'

export interface CashNote {
  idempotencyKey: string
  amountVnd: number
  businessDay: string
  /** Epoch milliseconds at which she took the money, by her phone. */
  at: number
}

/** Notes cash once, however often it is told under the same key. Another amount under a known key is refused. */
export function* recordCash(tx: Db, scope: StallScope, note: CashNote): Unit<void> {
  // The counter's row first: two phones telling the same note wait for each other here.
  const [seq] = yield* takeSeqs(tx, scope.marketId, 1)
  const known = yield* findNote(tx, scope, note.idempotencyKey)
  if (known && known.amountVnd !== note.amountVnd) {
    throw new AppError('conflict', 'this key noted another amount before', 'key')
  }
  if (!known) yield* add(tx, scope, { ...note, seq: seq! })
}

/** Takes a note back, once: a second row of the negative amount, on the day of the first. */
export function* undoCash(tx: Db, scope: StallScope, key: string, now: number): Unit<void> {
  const [seq] = yield* takeSeqs(tx, scope.marketId, 1)
  const noted = yield* findNote(tx, scope, key)
  if (!noted || noted.seq <= scope.seesAfter || key.startsWith(UNDO))
    throw new AppError('not_found', 'no such cash note', 'key')
  const idempotencyKey = `${UNDO}${key}`
  if (yield* findNote(tx, scope, idempotencyKey)) return
  const { businessDay, amountVnd } = noted
  yield* add(tx, scope, { seq: seq!, idempotencyKey, businessDay, amountVnd: -amountVnd, at: now })
}

/** The notes of some days that this scope may know, without those that take back one it does not: they would tell it. */
export function* notesKnown(
  tx: Db,
  scope: StallScope,
  days: readonly string[],
): Unit<(typeof cashSale.$inferSelect)[]> {
  const notes = yield* rows(
    tx
      .select()
      .from(cashSale)
      .where(
        and(
          eq(cashSale.marketId, scope.marketId),
          inArray(cashSale.businessDay, [...days]),
          eq(cashSale.stallId, scope.stallId),
          knownNotes(scope),
        ),
      ),
  )
  const keys = new Set(notes.map((note) => note.idempotencyKey))
  return notes.filter(({ idempotencyKey: key }) => !key.startsWith(UNDO) || keys.has(key.slice(UNDO.length)))
}

function* findNote(tx: Db, scope: StallScope, key: string): Unit<typeof cashSale.$inferSelect | undefined> {
  const { marketId, stallId } = scope
  const [note] = yield* rows(
    tx
      .select()
      .from(cashSale)
      .where(
        and(eq(cashSale.marketId, marketId), eq(cashSale.stallId, stallId), eq(cashSale.idempotencyKey, key)),
      ),
  )
  return note
}

/** The note and the day's figure it belongs to, in one unit. */
function* add(tx: Db, { marketId, stallId }: StallScope, note: CashNote & { seq: number }): Unit<void> {
  yield* run(tx.insert(cashSale).values({ ...note, marketId, stallId }))
  yield* run(
    tx
      .insert(takings)
      .values({
        marketId,
        stallId,
        businessDay: note.businessDay,
        totalVnd: 0,
        saleCount: 0,
        unclearCount: 0,
        cashVnd: note.amountVnd,
        cashCount: Math.sign(note.amountVnd),
      })
      .onConflictDoUpdate(ADD_TO_TAKINGS),
  )
}
