import { and, count, desc, eq, gte, inArray, sql } from 'drizzle-orm'
import { businessDay } from '../../shared/business-day.ts'
import { wellFormed } from '../../shared/display-text.ts'
import { incident, stall } from './kit.sqlite.ts'
import type { Market } from './market.ts'
import type { MarketScope } from './scope.ts'
import { takeSeqs } from './seq.ts'
import type { Db, Store } from './store.ts'
import type { INCIDENT_KINDS } from './tables.ts'
import { rows, run, type Unit } from './unit.ts'

/** Anybody may report, so a stall's reports of one day have an end. */
const MAX_A_DAY = 20
const MAX_PAYLOAD_LENGTH = 512
const MAX_LISTED = 100
/** Longer ago, somebody has long looked, or nobody ever will. */
const SHOWN_FOR_MS = 14 * 86_400_000

type IncidentKind = (typeof INCIDENT_KINDS)[number]

export interface Incident {
  stallName: string
  payload: string
  /** Epoch milliseconds. */
  at: number
  /** Of this stall, in the same time. */
  reportCount: number
}

/** Public: anybody may report. Beyond a stall's share of a day nothing is kept; false then. */
export function* recordIncident(
  tx: Db,
  { id: marketId, dayStartsAtMinutes }: Market,
  { stallId, kind, payload }: { stallId: number; kind: IncidentKind; payload: string },
  now: number,
): Unit<boolean> {
  const dayOf = (at: number) => businessDay(at, dayStartsAtMinutes)
  const newest = yield* rows(
    tx
      .select({ at: incident.at })
      .from(incident)
      .where(and(eq(incident.marketId, marketId), eq(incident.stallId, stallId)))
      .orderBy(desc(incident.seq))
      .limit(MAX_A_DAY),
  )
  if (newest.filter(({ at }) => dayOf(at) === dayOf(now)).length === MAX_A_DAY) return false
  const [seq] = yield* takeSeqs(tx, marketId, 1)
  const kept = wellFormed(payload.slice(0, MAX_PAYLOAD_LENGTH))
  yield* run(tx.insert(incident).values({ marketId, seq: seq!, stallId, kind, payload: kept, at: now }))
  return true
}

/**
 * What was reported of a market's stalls of late: of each stall the newest, and how many there were, so that many
 * reports of one stall hide no other's. Never any money.
 */
export function listIncidents(store: Store, scope: MarketScope, now: number): Promise<Incident[]> {
  const ofMarket = and(eq(incident.marketId, scope.marketId), gte(incident.at, now - SHOWN_FOR_MS))
  return store.read(function* (tx) {
    const counted = yield* rows(
      tx
        .select({ seq: sql<number>`max(${incident.seq})`, count: count() })
        .from(incident)
        .where(ofMarket)
        .groupBy(incident.stallId),
    )
    const countOf = new Map(counted.map((row) => [row.seq, row.count]))
    const newest = yield* rows(
      tx
        .select({ seq: incident.seq, stallName: stall.name, payload: incident.payload, at: incident.at })
        .from(incident)
        .innerJoin(stall, eq(stall.id, incident.stallId))
        .where(and(ofMarket, inArray(incident.seq, [...countOf.keys()])))
        .orderBy(desc(incident.seq))
        .limit(MAX_LISTED),
    )
    return newest.map(({ seq, ...row }) => ({ ...row, reportCount: countOf.get(seq) ?? 1 }))
  })
}
