import type { VietQr } from '@vietqr/core'
import { accountKey } from '../../shared/bank-transaction.ts'
import { paysIntoAccount, readCode, type NoVietQr } from '../../shared/code-reading.ts'
import { findReferences } from '../../shared/reference.ts'
import type { PayeeAccount } from '../storage/account.ts'
import type { Registry } from '../storage/registry.ts'
import { payableNumber } from './payable-number.ts'

/** Whether a code belongs to a stall, and if not, in what it differs. Only the first two are the stall's. */
export type CodeVerdict =
  /** The stall's account and the stall's reference: its card, or a sale of its vendor; or her bank's own code. */
  | { kind: 'this_stall'; amountVnd: number | null }
  /** The stall's account, but no reference of ours, and no code of hers that we know. */
  | { kind: 'right_account'; amountVnd: number | null }
  | { kind: 'other_stall' }
  | { kind: 'other_bank'; bankBin: string; accountNumber: string }
  | { kind: 'other_account'; bankBin: string; accountNumber: string }
  | NoVietQr

export interface CheckedStall {
  stallId: number
  /** Where it may be paid: the account in use and the newest proposal. */
  accounts: readonly Pick<PayeeAccount, 'bankBin' | 'accountNumber' | 'virtualAccount'>[]
  /** The codes her bank gave her that hang there. */
  bankIssued: readonly string[]
}

/** What is known of everybody else; `saleStalls` tells whose sale each reference that the code bears is. */
export interface CheckedAgainst {
  registry: Pick<Registry, 'holdings' | 'stallsByReference'>
  saleStalls: ReadonlyMap<string, number>
}

/** Whether a code that hangs at a stall, as read from it, pays into that stall's account. Pure; never throws. */
export function checkCode(payload: string, stall: CheckedStall, known: CheckedAgainst): CodeVerdict {
  const reading = readCode(payload)
  if (reading.kind !== 'vietqr') return reading
  const { code } = reading
  const { bankBin, accountNumber, amountVnd = null } = code
  if (!stall.accounts.some((account) => paysInto(code, account))) {
    const holders = known.registry.holdings.get(accountKey(code)) ?? []
    if (holders.some((one) => one.stall.stallId !== stall.stallId && one.state !== 'retired')) {
      return { kind: 'other_stall' }
    }
    const isOtherBank = stall.accounts.every((account) => account.bankBin !== bankBin)
    return { kind: isOtherBank ? 'other_bank' : 'other_account', bankBin, accountNumber }
  }
  if (stall.bankIssued.includes(payload.trim())) return { kind: 'this_stall', amountVnd }
  // As in matching: a sound reference that nobody issued is no reference.
  const owners = findReferences(code.purpose ?? '').flatMap(
    (reference) =>
      known.registry.stallsByReference.get(reference)?.stallId ?? known.saleStalls.get(reference) ?? [],
  )
  if (owners.length === 0) return { kind: 'right_account', amountVnd }
  return owners.every((owner) => owner === stall.stallId)
    ? { kind: 'this_stall', amountVnd }
    : { kind: 'other_stall' }
}

/** Whether a verdict says that the money reaches this stall. */
export function isRight({ kind }: CodeVerdict): boolean {
  return kind === 'this_stall' || kind === 'right_account'
}

function paysInto(code: VietQr, account: CheckedStall['accounts'][number]): boolean {
  return (
    paysIntoAccount(code) &&
    accountKey(code) === accountKey({ bankBin: account.bankBin, accountNumber: payableNumber(account) })
  )
}
