import { shortNameOf } from '@vietqr/core'
import type { AccountKey } from '../storage/source.ts'

/** Accounts as a page names them, with their bank's short name. */
export const namedAccounts = (accounts: readonly AccountKey[]) =>
  accounts.map(({ bankBin, accountNumber }) => ({
    bankBin,
    accountNumber,
    bankShortName: shortNameOf(bankBin),
  }))
