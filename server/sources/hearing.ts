import type { ProposedAccount } from '../storage/account.ts'
import { sources } from './registry.ts'
import type { Hearing } from './source.ts'

/** What will keep an account from being heard, so that it is said at once and not after a silent week. */
export type HearingWarning = 'bank_not_heard' | 'needs_virtual_account'

/**
 * In which ways some source is documented to tell of credits in an account there: a BIN (6 digits) and whose account
 * it is, or anybody's. An empty list means that none is known.
 */
export function hearing(bankBin: string, holderType?: ProposedAccount['holderType']): readonly Hearing[] {
  return sources
    .flatMap(({ hears }) => hears)
    .filter(
      (way) => way.bankBin === bankBin && (holderType === undefined || way.holders.includes(holderType)),
    )
}

/** Why credits there would stay unheard, or null; without a holder: those of anybody. */
export function hearingWarning({
  bankBin,
  holderType,
  virtualAccount = null,
}: Pick<ProposedAccount, 'bankBin'> &
  Partial<Pick<ProposedAccount, 'holderType' | 'virtualAccount'>>): HearingWarning | null {
  const ways = hearing(bankBin, holderType)
  if (ways.length === 0) return 'bank_not_heard'
  const needsVirtual = ways.every((way) => way.condition === 'virtual_account')
  return needsVirtual && virtualAccount === null ? 'needs_virtual_account' : null
}
