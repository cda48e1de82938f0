import { and, between, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import { addDays, businessDay } from '../../shared/business-day.ts'
import { tellsOfVisits } from '../../shared/consent-text.ts'
import {
  consent,
  dailyOutcome,
  market,
  marketCounter,
  section,
  source,
  stall,
  stallCode,
  takings,
  tenancy,
  vendor,
} from './kit.sqlite.ts'
import type { MarketScope, OperatorScope } from './scope.ts'
import type { Db, Store } from './store.ts'
import { query, rows, type Unit } from './unit.ts'

/** In the application, not in SQL: collations differ between engines. */
const collator = new Intl.Collator('vi', { numeric: true })

/** What is asked about a market's stalls; the domain says which days and how many make each answer. */
export interface AdoptionQuestion {
  /** The last day that counts. */
  day: string
  activeFrom: string
  regularFrom: string
  regularDays: number
  regularReceipts: number
  isMarketDay(day: string): boolean
  /**
   * Vendors who agreed to be counted but not to be named: fewer of them than this are left out of every count, for
   * the board knows all others, and what is left would be theirs.
   */
  fewestUnnamed: number
}

/** How many stalls of a section did what. Never how much. */
export interface SectionAdoption {
  section: string
  operating: number
  /** Of them, those whose vendor agreed and who are counted below. */
  agreed: number
  /** Of those, the ones of whom the board may not know each one's yes or no. */
  unnamed: number
  /** Agreed to be counted, but so few of them that they are left out. */
  leftOut: number
  held: number
  printed: number
  everPaid: number
  active30d: number
  regular: number
}

/** A stall to visit, whose vendor agreed that the board may know it. */
export interface SilentStall {
  section: string
  name: string
  code: string
  vendor: string
  phone: string
  /** It had customers who paid by transfer, only not in the last 30 days. */
  hadReceived: boolean
}

/** Where the sales are read from: the counted figure, or the ledger itself. */
export type AdoptionBasis = 'takings' | 'ledger'

interface Sales {
  /** Sale credits by stall and day. */
  byStall: Map<number, { day: string; count: number }[]>
  /** The last day with one, however long ago. */
  lastDay: Map<number, string>
}

interface Tenant {
  vendor: typeof vendor.$inferSelect
  agrees: boolean
  mayBeNamed: boolean
  /** What came before is another vendor's. */
  since: string
}

/** One stall on one day. Never leaves this file: what does are counts, and the names that may. */
interface Standing {
  stall: typeof stall.$inferSelect
  section: string
  tenant: Tenant | undefined
  isOpen: boolean
  printed: boolean
  everPaid: boolean
  active: boolean
  regular: boolean
}

type StandingOn = (question: Omit<AdoptionQuestion, 'fewestUnnamed'>) => Standing[]

/** The market's figures by section: at most stalls × days rows of takings, and no transaction. */
export function countAdoption(
  store: Store,
  scope: MarketScope,
  question: AdoptionQuestion,
  basis: AdoptionBasis,
): Promise<SectionAdoption[]> {
  return store.read(function* (tx) {
    const standingOn = yield* readStalls(tx, scope, question.regularFrom, question.day, basis)
    return countBySection(standingOn(question), question.fewestUnnamed)
  })
}

/** The same for several days at once, of which `operating` and `active30d` hold: further back nothing is read. */
export function countActive(
  store: Store,
  scope: MarketScope,
  questions: readonly AdoptionQuestion[],
): Promise<SectionAdoption[][]> {
  const from = questions.map((one) => one.activeFrom).sort()[0]!
  const to = questions
    .map((one) => one.day)
    .sort()
    .at(-1)!
  return store.read(function* (tx) {
    const standingOn = yield* readStalls(tx, scope, from, to, 'takings')
    return questions.map((question) => countBySection(standingOn(question), question.fewestUnnamed))
  })
}

/** The stalls to visit: open, silent for the window, and only of vendors who agreed that the board may know. */
export function listSilentStalls(
  store: Store,
  scope: MarketScope,
  question: AdoptionQuestion,
): Promise<SilentStall[]> {
  return store.read(function* (tx) {
    const standingOn = yield* readStalls(tx, scope, question.regularFrom, question.day, 'takings')
    return standingOn(question).flatMap(({ stall: one, section: of, tenant, isOpen, active, everPaid }) =>
      isOpen && tenant?.mayBeNamed && !active
        ? [
            {
              section: of,
              name: one.name,
              code: one.code,
              vendor: tenant.vendor.name,
              phone: tenant.vendor.phone,
              hadReceived: everPaid,
            },
          ]
        : [],
    )
  })
}

/** How far the market's ledger had come. */
export async function ledgerSeq(store: Store, scope: MarketScope): Promise<number> {
  const [row] = await store.db.select().from(marketCounter).where(eq(marketCounter.marketId, scope.marketId))
  return row?.seq ?? 0
}

/** How many incoming credits of those days found their stall, and how many still wait for a person. */
export async function countOutcomes(
  store: Store,
  scope: MarketScope,
  from: string,
  to: string,
): Promise<{ matched: number; undecided: number }> {
  const found = await store.db
    .select({ outcome: dailyOutcome.outcome, n: sql<number>`sum(${dailyOutcome.transactionCount})` })
    .from(dailyOutcome)
    .where(and(eq(dailyOutcome.marketId, scope.marketId), between(dailyOutcome.businessDay, from, to)))
    .groupBy(dailyOutcome.outcome)
  const of = (outcome: string) => found.find((row) => row.outcome === outcome)?.n ?? 0
  return { matched: of('matched'), undecided: of('undecided') }
}

/** The instance's incoming credits of the last 7 days by the kind of their source, of all markets together. */
export async function countRecentOutcomes(
  store: Store,
  _scope: OperatorScope,
  now: number,
): Promise<{ kind: string; outcome: string; n: number }[]> {
  const today = businessDay(now, 0)
  const markets = store.db.select({ id: marketCounter.marketId }).from(marketCounter)
  return (
    store.db
      .select({
        kind: source.kind,
        outcome: dailyOutcome.outcome,
        n: sql<number>`sum(${dailyOutcome.transactionCount})`,
      })
      .from(dailyOutcome)
      .innerJoin(source, eq(source.id, dailyOutcome.sourceId))
      // Named one by one, so that each market's days are looked up and no other day is read.
      .where(
        and(
          inArray(dailyOutcome.marketId, markets),
          between(dailyOutcome.businessDay, addDays(today, -6), today),
        ),
      )
      .groupBy(source.kind, dailyOutcome.outcome)
  )
}

function countBySection(standings: readonly Standing[], fewestUnnamed: number): SectionAdoption[] {
  const agreed = standings.filter((one) => one.tenant?.agrees)
  const unnamed = agreed.filter((one) => !one.tenant?.mayBeNamed).length
  const counts = (one: Standing): boolean =>
    one.tenant?.agrees === true && (one.tenant.mayBeNamed || unnamed >= fewestUnnamed)
  return [...Map.groupBy(standings, (one) => one.section)].map(([name, ofSection]) => {
    const counted = ofSection.filter(counts)
    const many = (which: (one: Standing) => boolean): number => counted.filter(which).length
    return {
      section: name,
      operating: ofSection.length,
      agreed: counted.length,
      unnamed: many((one) => !one.tenant?.mayBeNamed),
      leftOut: ofSection.filter((one) => one.tenant?.agrees && !counts(one)).length,
      held: ofSection.filter((one) => one.tenant).length,
      // A code that was paid hangs there, whoever printed it.
      printed: ofSection.filter((one) => one.printed || (counts(one) && one.everPaid)).length,
      everPaid: many((one) => one.everPaid),
      active30d: many((one) => one.active),
      regular: many((one) => one.regular),
    }
  })
}

/** Reads the stalls once and answers for any day from `from` to `to`. */
function* readStalls(
  tx: Db,
  scope: MarketScope,
  from: string,
  to: string,
  basis: AdoptionBasis,
): Unit<StandingOn> {
  const { marketId } = scope
  const [place] = yield* rows(tx.select().from(market).where(eq(market.id, marketId)))
  const dayOf = (at: number) => businessDay(at, place!.dayStartsAtMinutes)
  const stalls = (yield* rows(
    tx
      .select({ stall, section: section.name })
      .from(stall)
      .innerJoin(section, eq(section.id, stall.sectionId))
      .where(eq(stall.marketId, marketId)),
  )).sort((a, b) => collator.compare(a.section, b.section) || collator.compare(a.stall.name, b.stall.name))
  const tenancies = Map.groupBy(
    yield* rows(
      tx
        .select({ tenancy, vendor })
        .from(tenancy)
        .innerJoin(vendor, eq(vendor.id, tenancy.vendorId))
        .where(eq(tenancy.marketId, marketId))
        .orderBy(tenancy.id),
    ),
    (row) => row.tenancy.stallId,
  )
  // As it is now, also for days gone by: who withdrew is in no figure any more.
  const consents = new Map(
    (yield* rows(tx.select().from(consent).where(eq(consent.marketId, marketId)).orderBy(consent.id))).map(
      (row) => [row.vendorId, row],
    ),
  )
  const codes = Map.groupBy(
    yield* rows(tx.select().from(stallCode).where(eq(stallCode.marketId, marketId))),
    (row) => row.stallId,
  )
  const sales = yield* basis === 'takings' ? countedSales(tx, scope, from, to) : ledgerSales(scope, from, to)

  const tenantOf = (stallId: number, day: string): Tenant | undefined => {
    const history = tenancies.get(stallId) ?? []
    const index = history.findLastIndex((row) => dayOf(row.tenancy.startedAt) <= day)
    const row = history[index]
    if (!row || (row.tenancy.endedAt !== null && dayOf(row.tenancy.endedAt) <= day)) return undefined
    const said = consents.get(row.vendor.id)
    const agrees = said?.action === 'given'
    return {
      vendor: row.vendor,
      agrees,
      mayBeNamed: agrees && tellsOfVisits(said.textVersion, said.at),
      // The day of the handover itself is both vendors'.
      since: index === 0 ? '' : addDays(dayOf(row.tenancy.startedAt), 1),
    }
  }

  return ({ day, activeFrom, regularFrom, regularDays, regularReceipts, isMarketDay }) =>
    stalls.flatMap(({ stall: one, section: name }): Standing[] => {
      if (dayOf(one.openedAt) > day) return []
      const closedOn = one.closedAt === null ? undefined : dayOf(one.closedAt)
      // It stays until its last day has left the window: were it dropped when it closes, the count of active stalls
      // would fall by one that day, or not, and so tell whether this one had been active.
      if (closedOn !== undefined && closedOn < activeFrom) return []
      const tenant = tenantOf(one.id, day)
      const mine = (sales.byStall.get(one.id) ?? []).filter(
        (sale) => tenant?.agrees && sale.day >= tenant.since && sale.day <= day,
      )
      const active = mine.some((sale) => sale.day >= activeFrom)
      const onMarketDays = mine.filter((sale) => sale.day >= regularFrom && isMarketDay(sale.day))
      const last = sales.lastDay.get(one.id)
      return [
        {
          stall: one,
          section: name,
          tenant,
          isOpen: one.closedAt === null,
          printed: (codes.get(one.id) ?? []).some(
            (code) =>
              dayOf(code.printedAt) <= day && (code.retiredAt === null || dayOf(code.retiredAt) > day),
          ),
          everPaid:
            mine.length > 0 || (tenant?.agrees === true && last !== undefined && last >= tenant.since),
          active,
          regular:
            active &&
            onMarketDays.length >= regularDays &&
            onMarketDays.reduce((sum, sale) => sum + sale.count, 0) >= regularReceipts,
        },
      ]
    })
}

function* countedSales(tx: Db, scope: MarketScope, from: string, to: string): Unit<Sales> {
  const ofMarket = and(eq(takings.marketId, scope.marketId), gt(takings.saleCount, 0))
  const inWindow = yield* rows(
    tx
      .select({ stallId: takings.stallId, day: takings.businessDay, count: takings.saleCount })
      .from(takings)
      .where(and(ofMarket, between(takings.businessDay, from, to))),
  )
  const last = yield* rows(
    tx
      .select({ stallId: takings.stallId, day: sql<string>`max(${takings.businessDay})` })
      .from(takings)
      .where(and(ofMarket, lte(takings.businessDay, to)))
      .groupBy(takings.stallId),
  )
  return {
    byStall: Map.groupBy(inWindow, (row) => row.stallId),
    lastDay: new Map(last.map((row) => [row.stallId, row.day])),
  }
}

/**
 * The same from matches and classifications. Plain SQL, as in the audit: what shared the query code would share its
 * mistakes. Reads the market's whole ledger, so nothing but «tính lại từ sổ» asks for it.
 */
function* ledgerSales({ marketId }: MarketScope, from: string, to: string): Unit<Sales> {
  const all = yield* query<{ stallId: number; day: string; count: number }>(sql`
        select m.stall_id as "stallId", m.business_day as day, count(*) as count
        from "match" m
        where m.market_id = ${marketId} and m.business_day <= ${to}
          and not exists (
            select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq
          )
          and 'sale' = coalesce((
            select c.classification from classification c
            where c.market_id = m.market_id and c.transaction_seq = m.transaction_seq and c.seq > m.seq
              and (c.stall_id is null or c.stall_id = m.stall_id)
            order by c.seq desc limit 1
          ), m.classification)
        group by m.stall_id, m.business_day
        order by m.business_day`)
  return {
    byStall: Map.groupBy(
      all.filter((row) => row.day >= from),
      (row) => row.stallId,
    ),
    lastDay: new Map(all.map((row) => [row.stallId, row.day])),
  }
}
