import { eq, isNull, sql } from 'drizzle-orm'
import { accountKey } from '../../shared/bank-transaction.ts'
import {
  consent,
  market,
  payeeAccount,
  payeeAccountState,
  setting,
  sourceAccount,
  stall,
  tenancy,
} from './kit.sqlite.ts'
import type { Db } from './store.ts'
import type { ACCOUNT_STATES } from './tables.ts'
import { rows, run, type Unit } from './unit.ts'

export type AccountState = (typeof ACCOUNT_STATES)[number]

/** What matching must know of a stall. */
export interface StallFacts {
  stallId: number
  marketId: number
  dayStartsAtMinutes: number
  closed: boolean
  /** Since when the vendor who holds it agrees to be counted; null while she does not. */
  consentedAt: number | null
}

/** A stall that is, or was, paid into an account. */
export interface AccountHolding {
  accountId: number
  stall: StallFacts
  state: AccountState
  sellingOnly: boolean
  virtualAccount: string | null
}

/**
 * What is known of every account, held in memory: looking a reference up costs the same with a hundred stalls and
 * with a hundred thousand. Read-only; a newer version replaces it whole.
 */
export interface Registry {
  version: string
  holdings: ReadonlyMap<string, readonly AccountHolding[]>
  stallsByReference: ReadonlyMap<string, StallFacts>
  /** The accounts each source may speak for. */
  bindings: ReadonlyMap<string, ReadonlySet<string>>
}

export const REGISTRY_VERSION = 'registry_version'

/** Every change of the registry ends with this, so that all processes look again before they next decide. */
export function* bumpRegistryVersion(tx: Db): Unit<void> {
  // In one statement: of two that count at once, neither is lost.
  const value = sql`cast(cast(${setting.value} as bigint) + 1 as text)`
  yield* run(
    tx
      .insert(setting)
      .values({ key: REGISTRY_VERSION, value: '1' })
      .onConflictDoUpdate({ target: setting.key, set: { value } }),
  )
}

/** The registry as of this transaction: the one in memory if nothing changed, else read anew. */
export function* currentRegistry(tx: Db, cached: Registry | undefined): Unit<Registry> {
  const [row] = yield* rows(tx.select().from(setting).where(eq(setting.key, REGISTRY_VERSION)))
  const version = row?.value ?? '0'
  return cached?.version === version ? cached : yield* readRegistry(tx, version)
}

function* readRegistry(tx: Db, version: string): Unit<Registry> {
  const stallRows = yield* rows(
    tx
      .select({
        stallId: stall.id,
        marketId: stall.marketId,
        reference: stall.reference,
        closedAt: stall.closedAt,
        dayStartsAtMinutes: market.dayStartsAtMinutes,
      })
      .from(stall)
      .innerJoin(market, eq(market.id, stall.marketId)),
  )
  const tenancies = yield* rows(tx.select().from(tenancy).where(isNull(tenancy.endedAt)))
  const consents = yield* rows(tx.select().from(consent).orderBy(consent.id))
  const accounts = yield* rows(tx.select().from(payeeAccount).orderBy(payeeAccount.id))
  const states = yield* rows(tx.select().from(payeeAccountState).orderBy(payeeAccountState.id))
  const bound = yield* rows(tx.select().from(sourceAccount))

  // Later rows overwrite earlier ones: the newest of each says how things stand.
  const consentedAt = new Map<number, number | null>()
  for (const { vendorId, action, at } of consents) {
    // Agreeing again, to a newer text, does not undo that she agreed before.
    consentedAt.set(vendorId, action === 'given' ? (consentedAt.get(vendorId) ?? at) : null)
  }
  const stateOf = new Map(states.map((row) => [row.accountId, row.state]))
  const vendorOf = new Map(tenancies.map((row) => [row.stallId, row.vendorId]))

  const stalls = new Map<number, StallFacts>()
  const stallsByReference = new Map<string, StallFacts>()
  for (const { reference, closedAt, ...row } of stallRows) {
    const vendorId = vendorOf.get(row.stallId)
    const facts: StallFacts = {
      ...row,
      closed: closedAt !== null,
      consentedAt: vendorId === undefined ? null : (consentedAt.get(vendorId) ?? null),
    }
    stalls.set(row.stallId, facts)
    stallsByReference.set(reference, facts)
  }

  const holdings = new Map<string, AccountHolding[]>()
  for (const row of accounts) {
    const facts = stalls.get(row.stallId)
    if (!facts) continue
    const key = accountKey(row)
    const list = holdings.get(key) ?? []
    list.push({
      accountId: row.id,
      stall: facts,
      state: stateOf.get(row.id) ?? 'proposed',
      sellingOnly: row.sellingOnly,
      virtualAccount: row.virtualAccount,
    })
    holdings.set(key, list)
  }

  const bindings = new Map<string, Set<string>>()
  for (const row of bound) {
    const keys = bindings.get(row.sourceId) ?? new Set()
    keys.add(accountKey(row))
    bindings.set(row.sourceId, keys)
  }
  return { version, holdings, stallsByReference, bindings }
}
