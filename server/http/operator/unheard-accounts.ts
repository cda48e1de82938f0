import { shortNameOf } from '@vietqr/core'
import { accountKey } from '../../../shared/bank-transaction.ts'
import type { UnheardAccount } from '../../../web/pages/operator/source.ts'
import { openMarket, type Actor } from '../../domain/access.ts'
import { hearing } from '../../sources/hearing.ts'
import { listMarkets } from '../../storage/market.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import { listBoundAccounts } from '../../storage/source.ts'
import { listStalls } from '../../storage/stall.ts'
import type { Store } from '../../storage/store.ts'

/** How many accounts that stalls are paid into no source may speak for. */
export async function countUnheardAccounts(store: Store): Promise<number> {
  const { holdings } = await store.registry()
  const bound = new Set((await listBoundAccounts(store)).map(accountKey))
  return [...holdings.entries()].filter(
    ([key, ofAccount]) =>
      !bound.has(key) && ofAccount.some((one) => one.state !== 'retired' && !one.stall.closed),
  ).length
}

/** Those accounts with whose they are, market by market; one account of several stalls is named once. */
export async function listUnheardAccounts(
  store: Store,
  actor: Actor,
  scope: OperatorScope,
): Promise<UnheardAccount[]> {
  const seen = new Set((await listBoundAccounts(store)).map(accountKey))
  const unheard: UnheardAccount[] = []
  for (const market of await listMarkets(store, scope)) {
    const entries = await listStalls(store, openMarket(actor, 'registry.view', market.id))
    for (const { stall, accounts } of entries) {
      for (const account of stall.closedAt === null ? accounts : []) {
        const { bankBin, accountNumber, holderType, state } = account
        const key = accountKey(account)
        if (state === 'retired' || seen.has(key)) continue
        seen.add(key)
        unheard.push({
          bankBin,
          bankShortName: shortNameOf(bankBin),
          accountNumber,
          holder: `${market.name}, ${market.stallWord} ${stall.name}`,
          isBankHeard: hearing(bankBin, holderType).length > 0,
        })
      }
    }
  }
  return unheard
}
