import { and, desc, eq, gt, gte, inArray, isNull, lte, ne, notExists, sql } from 'drizzle-orm'
import { saleState } from '../../shared/sale-state.ts'
import type { RowNews, RowTelling } from '../../shared/wire.ts'
import { consentingVendors } from './consent.ts'
import {
  bankTransaction,
  classification,
  match,
  rowTelling,
  section,
  session,
  signInCode,
  stall,
  tenancy,
  vendor,
} from './kit.sqlite.ts'
import { salesOfCredits } from './sale.ts'
import { marketScope, stallScope, type MarketScope, type SectionScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import type { Vendor } from './stall.ts'
import { creditOfMatch, standing } from './match.ts'
import { lastSeq } from './seq.ts'
import { rows, run, type Unit } from './unit.ts'

/** Of more than this within a minute the newest are told: a screen shows four. */
const MAX_NEWS = 100

/** An open stall of a row, and what may be told of it now. */
export interface RowMember {
  stallId: number
  name: string
  tells: RowTelling
  /** Nothing recorded before this: she had not agreed yet, or it was another's stall. */
  since: number
  vendor: Vendor | undefined
}

/** What she lets the speaker of her row tell; nothing until she says so. */
export function getRowTelling(store: Store, marketId: number, vendorId: number): Promise<RowTelling> {
  return store.read(function* (tx) {
    const [newest] = yield* rows(
      tx
        .select({ tells: rowTelling.tells })
        .from(rowTelling)
        .where(and(eq(rowTelling.marketId, marketId), eq(rowTelling.vendorId, vendorId)))
        .orderBy(desc(rowTelling.id))
        .limit(1),
    )
    return newest?.tells ?? 'nothing'
  })
}

export function* setRowTelling(
  tx: Db,
  marketId: number,
  vendorId: number,
  tells: RowTelling,
  at: number,
): Unit<void> {
  yield* run(tx.insert(rowTelling).values({ marketId, vendorId, tells, at }))
}

/** Every open stall of the row, those that nothing is told of too: their names decide which numbers are unmistakable. */
export function listRowMembers(store: Store, scope: SectionScope): Promise<RowMember[]> {
  return store.read((tx) => membersOf(tx, scope))
}

function* membersOf(tx: Db, { marketId, sectionId }: SectionScope): Unit<RowMember[]> {
  const entries = yield* rows(
    tx
      .select({ stallId: stall.id, name: stall.name, vendor, heldSince: tenancy.startedAt })
      .from(stall)
      .leftJoin(tenancy, and(eq(tenancy.stallId, stall.id), isNull(tenancy.endedAt)))
      .leftJoin(vendor, eq(vendor.id, tenancy.vendorId))
      .where(and(eq(stall.marketId, marketId), eq(stall.sectionId, sectionId), isNull(stall.closedAt)))
      .orderBy(stall.id),
  )
  const decisions = yield* rows(
    tx.select().from(rowTelling).where(eq(rowTelling.marketId, marketId)).orderBy(rowTelling.id),
  )
  const newest = new Map(decisions.map((one) => [one.vendorId, one]))
  const consenting = yield* consentingVendors(tx, marketScope(marketId))
  return entries.map(({ stallId, name, vendor: holder, heldSince }) => {
    const said = holder && consenting.has(holder.id) ? newest.get(holder.id) : undefined
    return {
      stallId,
      name,
      tells: said?.tells ?? 'nothing',
      since: Math.max(said?.at ?? 0, heldSince ?? 0),
      vendor: holder ?? undefined,
    }
  })
}

/**
 * What a row's speaker may tell of after `afterSeq` and not older than `notBefore`, oldest first, and up to where that
 * is all. Only sales, for an unclear credit may be her salary; none that leaves its sale short, for that is no good
 * news and her own phone says so. An amount leaves this room only where she chose amounts.
 */
export function listRowNews(
  store: Store,
  scope: SectionScope,
  afterSeq: number,
  notBefore: number,
): Promise<{ news: RowNews[]; cursor: number }> {
  const { marketId } = scope
  return store.read(function* (tx) {
    const cursor = yield* lastSeq(tx, marketId)
    const told = (yield* membersOf(tx, scope)).filter((member) => member.tells !== 'nothing')
    const members = new Map(told.map((member) => [member.stallId, member]))
    const found = yield* rows(
      tx
        .select({
          seq: match.seq,
          stallId: match.stallId,
          transactionSeq: match.transactionSeq,
          recordedAt: match.at,
          amountVnd: bankTransaction.amountVnd,
          bookedAt: bankTransaction.bookedAt,
          saleSeq: match.saleSeq,
        })
        .from(match)
        .innerJoin(bankTransaction, creditOfMatch)
        .where(
          and(
            eq(match.marketId, marketId),
            gt(match.seq, afterSeq),
            lte(match.seq, cursor),
            gte(match.at, notBefore),
            inArray(match.stallId, [...members.keys()]),
            standing(tx),
            eq(match.classification, 'sale'),
            // What was ever unclear stays untold, though she called it a sale since.
            notExists(
              tx
                .select({ one: sql`1` })
                .from(classification)
                .where(
                  and(
                    eq(classification.marketId, match.marketId),
                    eq(classification.transactionSeq, match.transactionSeq),
                    ne(classification.classification, 'sale'),
                  ),
                ),
            ),
          ),
        )
        .orderBy(desc(match.seq))
        .limit(MAX_NEWS),
    )
    const news: RowNews[] = []
    for (const credit of found.toReversed()) {
      const member = members.get(credit.stallId)
      if (!member || credit.recordedAt < member.since) continue
      const sales = yield* salesOfCredits(tx, stallScope(marketId, credit.stallId), [credit])
      const facts = sales.get(credit.transactionSeq)
      if (facts && saleState(facts).exception === 'underpaid') continue
      news.push({
        seq: credit.seq,
        stall: member.name,
        amountVnd: member.tells === 'amount' ? credit.amountVnd : null,
        recordedAt: credit.recordedAt,
      })
    }
    return { news, cursor }
  })
}

/** The tablets that speak for each row of a market now, by section. */
export async function listSpeakers(
  store: Store,
  scope: MarketScope,
  now: number,
): Promise<Map<number, number>> {
  const found = await store.read((tx) =>
    rows(
      tx
        .select({ sectionId: session.sectionId })
        .from(session)
        .innerJoin(section, eq(section.id, session.sectionId))
        .where(
          and(
            eq(session.marketId, scope.marketId),
            eq(session.role, 'speaker'),
            isNull(session.revokedAt),
            gt(session.expiresAt, now),
          ),
        ),
    ),
  )
  const bySection = Map.groupBy(found, (one) => one.sectionId ?? 0)
  return new Map([...bySection].map(([sectionId, ofSection]) => [sectionId, ofSection.length]))
}

/** Ends every speaker of a row, and the codes that would still make one. Returns how many tablets there were. */
export function* revokeSpeakers(tx: Db, scope: SectionScope, now: number): Unit<number> {
  const { marketId, sectionId } = scope
  yield* run(
    tx
      .update(signInCode)
      .set({ usedAt: now })
      .where(
        and(
          // An invitation to enrol names a section too.
          eq(signInCode.role, 'speaker'),
          eq(signInCode.marketId, marketId),
          eq(signInCode.sectionId, sectionId),
          isNull(signInCode.usedAt),
        ),
      ),
  )
  const ended = yield* rows(
    tx
      .update(session)
      .set({ revokedAt: now })
      .where(and(eq(session.marketId, marketId), eq(session.sectionId, sectionId), isNull(session.revokedAt)))
      .returning({ createdAt: session.createdAt }),
  )
  return ended.length
}
