import { shortNameOf } from '@vietqr/core'
import type { CardView } from '../../../web/pages/card.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { newestAccount } from '../../storage/account.ts'
import type { Market } from '../../storage/market.ts'
import type { StallEntry } from '../../storage/stall.ts'
import { stallSign } from '../stall-sign.ts'

/** What is printed for one stall, on a page or on a poster, and what is noted when it is. */
export interface Card {
  stallId: number
  accountId: number
  payload: string
  view: Omit<CardView, 'qrSvg'>
}

interface LeftOut {
  entry: StallEntry
  why: 'closed' | 'no_account'
}

/** The cards of a market: a closed stall needs none, and one without an account has none. */
export function cardsOf(
  market: Market,
  entries: readonly StallEntry[],
): { cards: Card[]; leftOut: LeftOut[] } {
  const cards: Card[] = []
  const leftOut: LeftOut[] = []
  for (const entry of entries) {
    const account = newestAccount(entry.accounts)
    if (entry.stall.closedAt !== null) leftOut.push({ entry, why: 'closed' })
    else if (!account) leftOut.push({ entry, why: 'no_account' })
    else {
      cards.push({
        stallId: entry.stall.id,
        accountId: account.id,
        payload: payableCode(account, entry.stall.reference),
        view: {
          ...stallSign({ ...entry, market }),
          holderName: account.accountName,
          bankShortName: shortNameOf(account.bankBin),
          accountNumber: payableNumber(account),
        },
      })
    }
  }
  return { cards, leftOut }
}
