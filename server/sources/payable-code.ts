import { encode } from '@vietqr/core'
import { payableNumber } from '../domain/payable-number.ts'
import type { ProposedAccount } from '../storage/account.ts'
import { hearing } from './hearing.ts'

/**
 * The VietQR payload of a stall: her account, her stall's permanent reference as the purpose, and an amount if one is
 * asked for. What a source that hears this bank demands of the purpose is put before it (VietinBank through SePay: `SEVQR`).
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
