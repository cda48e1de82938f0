import type { Intake } from '../domain/intake.ts'
import type { Seal } from '../domain/seal.ts'
import type { IncomingMessage } from '../storage/decision.ts'
import { advanceBackfill, newestRegistrationAt, type SourceRow } from '../storage/source.ts'
import type { Store } from '../storage/store.ts'
import { bankOfInstance, openAccess } from './instance.ts'
import { getSource } from './registry.ts'

const DAY_MS = 86_400_000
/** How far back the first fetch goes, the first of a day, and the one after an account, a consent or a binding came new. */
const LOOK_BACK_MS = 3 * DAY_MS

/**
 * Fetches a source's own history and records what a push did not bring; what both told is recognised. Goes on from
 * the last recorded page. Once a day it is told the last days again, for a source sorts by the bank's time and learns
 * of some entries late; so it is when something was registered since, for what was nobody's may have become ours.
 * The cursor moves only after its page is on the disk. Returns how many were fetched.
 */
export async function backfill(
  store: Store,
  seal: Seal,
  intake: Intake,
  row: SourceRow,
  now: () => number,
  signal: AbortSignal,
): Promise<number> {
  const source = getSource(row.kind)
  const access = await openAccess(seal, row)
  if (!source.backfill || access === null) return 0
  const startedAt = now()
  const before = row.backfilledAt ?? 0
  const looksBack =
    Math.floor(before / DAY_MS) < Math.floor(startedAt / DAY_MS) ||
    (await newestRegistrationAt(store)) >= before
  const pages = source.backfill({
    access,
    cursor: looksBack ? null : row.backfillCursor,
    since: startedAt - LOOK_BACK_MS,
    until: startedAt,
    bankOf: await bankOfInstance(store, row.id, source),
    signal,
  })
  let fetched = 0
  let cursor = row.backfillCursor
  for await (const page of pages) {
    const message = (rawBody: Uint8Array): IncomingMessage => ({
      sourceId: row.id,
      channel: 'backfill',
      rawBody,
      receivedAt: now(),
      transactions: [],
      unreadable: null,
    })
    const messages = [
      ...page.transactions.map((told, index) => ({
        ...message(page.rawEntries[index]!),
        transactions: [told],
      })),
      ...page.unreadable.map(({ raw, error }) => ({
        ...message(raw),
        unreadable: `${error.reason} (${error.message})`,
      })),
    ]
    await Promise.all(messages.map((one) => intake.submit(one)))
    fetched += messages.length
    cursor = page.cursor
    await store.write((tx) => advanceBackfill(tx, row.id, cursor, row.backfilledAt))
  }
  // Only a fetch that came to its end counts as done: a broken one looks back again.
  await store.write((tx) => advanceBackfill(tx, row.id, cursor, startedAt))
  return fetched
}
