import { desc, eq, inArray } from 'drizzle-orm'
import { markCut } from './cut.ts'
import { payeeAccount, payeeAccountState, stall } from './kit.sqlite.ts'
import { bumpRegistryVersion, markStalls, type AccountState } from './registry.ts'
import type { MarketScope } from './scope.ts'
import type { Db } from './store.ts'
import { rows, run, type Unit } from './unit.ts'

export type PayeeAccount = typeof payeeAccount.$inferSelect & {
  state: AccountState
  since: number
  /** Of the one in use: what was recorded up to there was paid into another account. */
  afterSeq: number
}

/** What somebody says a stall is paid into; it stays a proposal until the bank's own word proves it. */
export type ProposedAccount = Pick<
  PayeeAccount,
  'bankBin' | 'accountNumber' | 'accountName' | 'virtualAccount' | 'holder' | 'holderType' | 'sellingOnly'
>

/** The accounts of some stalls, newest proposal first, each with its present state. */
export function* accountsOf(tx: Db, stallIds: readonly number[]): Unit<PayeeAccount[]> {
  const accounts = yield* rows(
    tx
      .select()
      .from(payeeAccount)
      .where(inArray(payeeAccount.stallId, [...stallIds]))
      .orderBy(desc(payeeAccount.id)),
  )
  const states = yield* rows(
    tx
      .select({
        accountId: payeeAccountState.accountId,
        state: payeeAccountState.state,
        at: payeeAccountState.at,
        afterSeq: payeeAccountState.afterSeq,
      })
      .from(payeeAccountState)
      .innerJoin(payeeAccount, eq(payeeAccount.id, payeeAccountState.accountId))
      .where(inArray(payeeAccount.stallId, [...stallIds]))
      .orderBy(payeeAccountState.id),
  )
  const newest = new Map(states.map((row) => [row.accountId, row]))
  return accounts.map((row) => {
    const { state, at, afterSeq } = newest.get(row.id)!
    return { ...row, state, since: at, afterSeq }
  })
}

/** The account a shopper should pay: the one in use, or the newest proposal while none is. */
export function accountInUse(accounts: readonly PayeeAccount[]): PayeeAccount | undefined {
  return accounts.find((one) => one.state === 'active') ?? newestAccount(accounts)
}

/** The account the next card should carry: the newest that is not retired. */
export function newestAccount(accounts: readonly PayeeAccount[]): PayeeAccount | undefined {
  return accounts.find((one) => one.state !== 'retired')
}

/** Proposes an account, or a change of one. Saying again what the newest proposal says changes nothing. */
export function* proposeAccount(
  tx: Db,
  scope: MarketScope,
  stallId: number,
  account: ProposedAccount,
  by: string,
  now: number,
): Unit<boolean> {
  const newest = newestAccount(yield* accountsOf(tx, [stallId]))
  const fields = Object.keys(account) as (keyof ProposedAccount)[]
  if (newest && fields.every((field) => newest[field] === account[field])) return false
  const { marketId } = scope
  const [added] = yield* rows(
    tx
      .insert(payeeAccount)
      .values({ ...account, marketId, stallId, proposedBy: by, proposedAt: now })
      .returning(),
  )
  yield* run(
    tx.insert(payeeAccountState).values({ marketId, accountId: added!.id, state: 'proposed', by, at: now }),
  )
  yield* markStalls(tx, eq(stall.id, stallId))
  return true
}

/**
 * The bank has borne a proposal out: the account is hers, and the one her stall used before is not used any more.
 * Changes nothing where somebody else's word was first. `afterSeq` is the last seq of the market before that word.
 */
export function* activateAccount(
  tx: Db,
  { marketId, stallId, accountId }: { marketId: number; stallId: number; accountId: number },
  by: string,
  afterSeq: number,
  at: number,
): Unit<void> {
  const accounts = yield* accountsOf(tx, [stallId])
  if (accounts.find((one) => one.id === accountId)?.state !== 'proposed') return
  const isFirst = accounts.every(({ state }) => state === 'proposed')
  if (!isFirst) yield* markCut(tx, marketId, afterSeq)
  const row = { marketId, by, at }
  yield* run(
    tx
      .insert(payeeAccountState)
      .values([
        { ...row, accountId, state: 'proven' },
        { ...row, accountId, state: 'active', afterSeq: isFirst ? 0 : afterSeq },
        ...accounts
          .filter(({ state }) => state === 'active')
          .map(({ id }) => ({ ...row, accountId: id, state: 'retired' as const })),
      ]),
  )
  yield* markStalls(tx, eq(stall.id, stallId))
  yield* bumpRegistryVersion(tx)
}
