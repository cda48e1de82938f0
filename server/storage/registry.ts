import { and, eq, gt, inArray, isNull, sql, type SQL } from 'drizzle-orm'
import { accountKey } from '../../shared/bank-transaction.ts'
import {
  consent,
  market,
  payeeAccount,
  payeeAccountState,
  setting,
  source,
  sourceAccount,
  stall,
  tenancy,
} from './kit.sqlite.ts'
import { PersistentMap } from './persistent-map.ts'
import type { Db } from './store.ts'
import { ACCOUNT_STATES } from './tables.ts'
import { rows, run, type Unit } from './unit.ts'

export type AccountState = (typeof ACCOUNT_STATES)[number]
/** One text for each: what a row brings is a text of its own, to be read anew for every account. */
const STATES: ReadonlyMap<AccountState, AccountState> = new Map(ACCOUNT_STATES.map((state) => [state, state]))

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

/** A source that may speak for an account number at that bank. */
interface Binding {
  sourceId: string
  bankBin: string
}

/**
 * What is known of every account, held in memory: looking a reference up costs the same with a hundred stalls and
 * with a hundred thousand. Never changed: of a newer version there is another one, which shares what is the same.
 */
export interface Registry {
  version: string
  /** By account key, the oldest proposal first. */
  holdings: PersistentMap<readonly AccountHolding[]>
  stallsByReference: PersistentMap<StallFacts>
  /** By account number in capitals: some sources tell no bank. */
  bindings: PersistentMap<readonly Binding[]>
}

/** The sources that may speak for an account, by its key. */
export function speakersFor({ bindings }: Pick<Registry, 'bindings'>, account: string): string[] {
  const [bankBin, accountNumber] = account.split(':')
  return (bindings.get(accountNumber!) ?? []).flatMap((one) => (one.bankBin === bankBin ? one.sourceId : []))
}

export const REGISTRY_VERSION = 'registry_version'

/** Notes that what recording must know of these stalls changes in this transaction. */
export function* markStalls(tx: Db, which: SQL): Unit<void> {
  yield* run(tx.update(stall).set({ version: null }).where(which))
}

/**
 * Every change of the registry ends with this, so that all processes look again before they next decide. What the
 * transaction marked bears the new version from here on.
 */
export function* bumpRegistryVersion(tx: Db): Unit<void> {
  // In one statement: of two that count at once, neither is lost, and the second waits for the first one's commit.
  const value = sql`cast(cast(${setting.value} as bigint) + 1 as text)`
  const [bumped] = yield* rows(
    tx
      .insert(setting)
      .values({ key: REGISTRY_VERSION, value: '1' })
      .onConflictDoUpdate({ target: setting.key, set: { value } })
      .returning(),
  )
  const version = Number(bumped!.value)
  yield* run(tx.update(stall).set({ version }).where(isNull(stall.version)))
  yield* run(tx.update(sourceAccount).set({ version }).where(isNull(sourceAccount.version)))
  yield* run(tx.update(source).set({ unboundVersion: version }).where(isNull(source.unboundVersion)))
}

const NOTHING: Registry = {
  version: '',
  holdings: new PersistentMap(),
  stallsByReference: new PersistentMap(),
  bindings: new PersistentMap(),
}

/** The registry as of this transaction: the one in memory, with what changed since read anew. */
export function* currentRegistry(tx: Db, cached: Registry = NOTHING): Unit<Registry> {
  const [row] = yield* rows(tx.select().from(setting).where(eq(setting.key, REGISTRY_VERSION)))
  const version = row?.value ?? '0'
  if (cached.version === version) return cached
  const since = cached === NOTHING ? undefined : Number(cached.version)
  return { version, ...(yield* readStalls(tx, cached, since)), ...(yield* readBindings(tx, cached, since)) }
}

/** Reads the stalls that changed since that version, or all. */
function* readStalls(
  tx: Db,
  before: Registry,
  since: number | undefined,
): Unit<Pick<Registry, 'holdings' | 'stallsByReference'>> {
  const isChanged = since === undefined ? undefined : gt(stall.version, since)
  const isHeld = and(eq(tenancy.stallId, stall.id), isNull(tenancy.endedAt))
  const changed = tx.select({ id: stall.id }).from(stall).where(isChanged)
  const holders = tx.select({ id: tenancy.vendorId }).from(stall).innerJoin(tenancy, isHeld).where(isChanged)
  const stallRows = yield* rows(
    tx
      .select({
        stallId: stall.id,
        marketId: stall.marketId,
        reference: stall.reference,
        closedAt: stall.closedAt,
        dayStartsAtMinutes: market.dayStartsAtMinutes,
        vendorId: tenancy.vendorId,
      })
      .from(stall)
      .innerJoin(market, eq(market.id, stall.marketId))
      .leftJoin(tenancy, isHeld)
      .where(isChanged),
  )
  const consents = yield* rows(
    tx
      .select()
      .from(consent)
      .where(isChanged && inArray(consent.vendorId, holders)),
  )
  const accounts = yield* rows(
    tx
      .select({ account: payeeAccount, stateId: payeeAccountState.id, state: payeeAccountState.state })
      .from(payeeAccount)
      .innerJoin(payeeAccountState, eq(payeeAccountState.accountId, payeeAccount.id))
      .where(isChanged && inArray(payeeAccount.stallId, changed)),
  )
  // Here, for SQLite would read all of a table in its order to be spared the sorting of a few.
  consents.sort((one, other) => one.id - other.id)
  accounts.sort((one, other) => one.stateId - other.stateId)

  // Later rows overwrite earlier ones: the newest of each says how things stand.
  const consentedAt = new Map<number, number | null>()
  for (const { vendorId, action, at } of consents) {
    // Agreeing again, to a newer text, does not undo that she agreed before.
    consentedAt.set(vendorId, action === 'given' ? (consentedAt.get(vendorId) ?? at) : null)
  }
  const stalls = new Map<number, StallFacts>()
  const stallsByReference = new Map<string, StallFacts>()
  for (const { reference, closedAt, vendorId, ...row } of stallRows) {
    const facts: StallFacts = {
      ...row,
      closed: closedAt !== null,
      consentedAt: vendorId === null ? null : (consentedAt.get(vendorId) ?? null),
    }
    stalls.set(row.stallId, facts)
    stallsByReference.set(reference, facts)
  }
  const newest = new Map(accounts.map((row) => [row.account.id, row]))
  const holdings = new Map<string, AccountHolding[]>()
  for (const { account, state } of newest.values()) {
    const { id: accountId, sellingOnly, virtualAccount } = account
    const key = accountKey(account)
    const list =
      holdings.get(key) ?? before.holdings.get(key)?.filter((one) => !stalls.has(one.stall.stallId)) ?? []
    list.push({
      accountId,
      stall: stalls.get(account.stallId)!,
      state: STATES.get(state)!,
      sellingOnly,
      virtualAccount,
    })
    holdings.set(key, list)
  }
  for (const list of holdings.values()) list.sort((one, other) => one.accountId - other.accountId)
  return {
    holdings: before.holdings.with(holdings),
    stallsByReference: before.stallsByReference.with(stallsByReference),
  }
}

/** Reads the accounts that were bound to sources since that version; all, if one was taken from a source since. */
function* readBindings(
  tx: Db,
  before: Registry,
  since: number | undefined,
): Unit<Pick<Registry, 'bindings'>> {
  const isUnbound = since === undefined ? undefined : gt(source.unboundVersion, since)
  const [unbound] = isUnbound ? yield* rows(tx.select().from(source).where(isUnbound).limit(1)) : []
  const bound = yield* rows(
    tx
      .select()
      .from(sourceAccount)
      .where(since === undefined || unbound ? undefined : gt(sourceAccount.version, since)),
  )
  const known = unbound ? NOTHING.bindings : before.bindings
  const bindings = new Map<string, Binding[]>()
  for (const { sourceId, bankBin, accountNumber } of bound) {
    const number = accountNumber.toUpperCase()
    const list = bindings.get(number) ?? [...(known.get(number) ?? [])]
    const isThere = list.some((one) => one.sourceId === sourceId && one.bankBin === bankBin)
    if (!isThere) list.push({ sourceId, bankBin })
    bindings.set(number, list)
  }
  return { bindings: known.with(shared(bindings)) }
}

/**
 * Lists that say the same become one list: nearly all accounts are heard by the same sources, and a credit then reads
 * what the one before it has left in the processor's cache.
 */
function shared(bindings: ReadonlyMap<string, readonly Binding[]>): Map<string, readonly Binding[]> {
  const lists = new Map<string, readonly Binding[]>()
  return new Map(
    Array.from(bindings, ([number, list]) => {
      const said = JSON.stringify(list)
      const first = lists.get(said) ?? list
      lists.set(said, first)
      return [number, first]
    }),
  )
}
