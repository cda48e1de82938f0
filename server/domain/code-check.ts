import { decode, VietQrError, type Scheme, type VietQr } from '@vietqr/core'
import { accountKey } from '../../shared/bank-transaction.ts'
import { findReferences } from '../../shared/reference.ts'
import type { PayeeAccount } from '../storage/account.ts'
import type { Registry } from '../storage/registry.ts'
import { payableNumber } from './payable-code.ts'

/** Whether a code belongs to a stall, and if not, in what it differs. Only the first two are the stall's. */
export type CodeVerdict =
  /** The stall's account and the stall's reference: its card, or a sale of its vendor. */
  | { kind: 'this_stall'; amountVnd: number | null }
  /** The stall's account, but no reference of ours: her bank's own code, perhaps. */
  | { kind: 'right_account'; amountVnd: number | null }
  | { kind: 'other_stall' }
  | { kind: 'other_bank'; bankBin: string; accountNumber: string }
  | { kind: 'other_account'; bankBin: string; accountNumber: string }
  /** Another scheme's code, named where it is known, or no payment code at all. */
  | { kind: 'not_vietqr'; scheme: Scheme | null }
  /** Copied or photographed incompletely, or tampered with: no bank app should take it. */
  | { kind: 'damaged' }

export interface CheckedStall {
  stallId: number
  /** Where it may be paid: the account in use and the newest proposal. */
  accounts: readonly Pick<PayeeAccount, 'bankBin' | 'accountNumber' | 'virtualAccount'>[]
}

/** What is known of everybody else; `saleStalls` tells whose sale each reference that the code bears is. */
export interface CheckedAgainst {
  registry: Pick<Registry, 'holdings' | 'stallsByReference'>
  saleStalls: ReadonlyMap<string, number>
}

/** Whether a code that hangs at a stall, as read from it, pays into that stall's account. Pure; never throws. */
export function checkCode(payload: string, stall: CheckedStall, known: CheckedAgainst): CodeVerdict {
  let code: VietQr
  try {
    code = decode(payload.trim())
  } catch (error) {
    return refusal(error)
  }
  const { bankBin, accountNumber, amountVnd = null } = code
  if (!stall.accounts.some((account) => paysInto(code, account))) {
    const holders = known.registry.holdings.get(accountKey(code)) ?? []
    if (holders.some((one) => one.stall.stallId !== stall.stallId && one.state !== 'retired')) {
      return { kind: 'other_stall' }
    }
    const isOtherBank = stall.accounts.every((account) => account.bankBin !== bankBin)
    return { kind: isOtherBank ? 'other_bank' : 'other_account', bankBin, accountNumber }
  }
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

function paysInto(
  { service, bankBin, accountNumber }: VietQr,
  account: CheckedStall['accounts'][number],
): boolean {
  // The digits of an account may also be somebody's card, or a cash machine.
  const isToAccount = service === 'QRIBFTTA' || service === 'QRPUSH'
  return (
    isToAccount &&
    accountKey({ bankBin, accountNumber }) ===
      accountKey({ bankBin: account.bankBin, accountNumber: payableNumber(account) })
  )
}

function refusal(error: unknown): CodeVerdict {
  if (!(error instanceof VietQrError)) throw error
  if (error.code === 'not_vietqr') return { kind: 'not_vietqr', scheme: error.scheme ?? null }
  const isForeign = ['wrong_guid', 'wrong_currency', 'wrong_country', 'invalid_input'].includes(error.code)
  return isForeign ? { kind: 'not_vietqr', scheme: null } : { kind: 'damaged' }
}
