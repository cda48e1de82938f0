import { findBank } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import type { StallView } from '../../../web/pages/stall.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { accountInUse, type PayeeAccount } from '../../storage/account.ts'
import { findStall, type StallListing } from '../../storage/stall.ts'
import type { Store } from '../../storage/store.ts'
import { qrSvg } from '../qr-image.ts'
import { stallSign } from '../stall-sign.ts'

export interface PayableStall {
  listing: StallListing
  account: PayeeAccount
}

/** The stall of an address and the account to pay; a closed one, or one without an account, is not there. */
export async function getPayableStall(store: Store, code: string): Promise<PayableStall> {
  const listing = await findStall(store, code)
  const account = listing && accountInUse(listing.accounts)
  if (!listing || !account || listing.stall.closedAt !== null) {
    throw new AppError('not_found', 'no such stall, or it is closed')
  }
  return { listing, account }
}

/** What the stall's page says, with its code, or its code for an amount. */
export async function stallView({ listing, account }: PayableStall, amountVnd?: number): Promise<StallView> {
  const bank = findBank(account.bankBin)
  const query = amountVnd === undefined ? '' : `?amount=${amountVnd}`
  return {
    ...stallSign(listing),
    holderName: account.accountName,
    bankShortName: bank?.shortName ?? account.bankBin,
    bankName: bank?.name ?? account.bankBin,
    accountNumber: payableNumber(account),
    qrSvg: await qrSvg(payableCode(account, listing.stall.reference, amountVnd)),
    pngUrl: `/s/${listing.stall.code}/qr.png${query}`,
    ...(amountVnd === undefined ? {} : { amountVnd }),
  }
}
