import { encode, hearing } from '@vietqr/core'
import type { ProposedAccount } from '../storage/account.ts'

/** Where the money of a code goes: the virtual account where the bank gave one, for then it tells of nothing else. */
export function payableNumber(account: Pick<ProposedAccount, 'accountNumber' | 'virtualAccount'>): string {
  return account.virtualAccount ?? account.accountNumber
}

/**
 * The VietQR payload of a stall: her account, her stall's permanent reference as the purpose, and an amount if one is
 * asked for. What the source that hears this bank demands of the purpose is put before it (VietinBank: `SEVQR`).
 * Throws VietQrError where the account or amount cannot stand in a code.
 */
export function payableCode(
  account: Pick<ProposedAccount, 'bankBin' | 'accountNumber' | 'virtualAccount' | 'holderType'>,
  reference: string,
  amountVnd?: number,
): string {
  const way = hearing(account.bankBin, account.holderType).find((one) => one.condition === 'purpose_prefix')
  return encode({
    bankBin: account.bankBin,
    accountNumber: payableNumber(account),
    purpose: way ? `${way.purposePrefix} ${reference}` : reference,
    ...(amountVnd === undefined ? {} : { amountVnd }),
  })
}
