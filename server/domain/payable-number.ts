import type { ProposedAccount } from '../storage/account.ts'

/** Where the money of a code goes: the virtual account where the bank gave one, for then it tells of nothing else. */
export function payableNumber(account: Pick<ProposedAccount, 'accountNumber' | 'virtualAccount'>): string {
  return account.virtualAccount ?? account.accountNumber
}
