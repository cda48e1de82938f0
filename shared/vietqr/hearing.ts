// Read from SePay's documentation (developer.sepay.vn, 2026-11): `sepay-webhooks/tai-khoan-ngan-hang` and
// `tien-ich-khac/test-mode/tao-va` list ACB, BIDV (virtual account obligatory), KienLongBank, MBBank, MSB
// (obligatory), OCB, Sacombank and VPBank (both: individual and household business) and VietinBank (enterprise);
// the webhook's sample payload comes from Vietcombank; VietinBank's page asks for SEVQR; orders on virtual accounts
// exist for BIDV enterprises. A bank named without saying for whom is listed for both kinds of account that a stall
// may have; a bank that is not named here has no source known.

/** Whose name the account is in. */
export type HolderType = 'individual' | 'household_business' | 'enterprise'

/** A source that can tell of money in an account, and what it takes. */
export interface Hearing {
  readonly source: 'sepay'
  readonly condition: 'none' | 'virtual_account' | 'purpose_prefix'
  /** With `purpose_prefix`: what the purpose must begin with, upper-case. */
  readonly purposePrefix?: string
}

const plain: Hearing = { source: 'sepay', condition: 'none' }
const virtualAccount: Hearing = { source: 'sepay', condition: 'virtual_account' }
const sevqr: Hearing = { source: 'sepay', condition: 'purpose_prefix', purposePrefix: 'SEVQR' }

const stall: readonly HolderType[] = ['individual', 'household_business']
const anyone: readonly HolderType[] = [...stall, 'enterprise']

const table: readonly (readonly [string, readonly HolderType[], Hearing])[] = [
  ['970403', stall, plain], // Sacombank
  ['970415', anyone, sevqr], // VietinBank
  ['970416', stall, plain], // ACB
  ['970418', anyone, virtualAccount], // BIDV
  ['970422', stall, plain], // MBBank
  ['970426', stall, virtualAccount], // MSB
  ['970432', stall, plain], // VPBank
  ['970436', stall, plain], // Vietcombank
  ['970448', stall, plain], // OCB
  ['970452', stall, plain], // KienLongBank
]

/**
 * Takes a bank's BIN (6 digits) and whose account it is, and returns the sources documented to notify of its
 * credits, each with its condition: `virtual_account` (only money sent to a virtual account is seen) or
 * `purpose_prefix` (only a purpose that begins so). An empty list means that none is known. Never throws.
 */
export function hearing(bankBin: string, holderType: HolderType): readonly Hearing[] {
  return table
    .filter(([bin, holders]) => bin === bankBin && holders.includes(holderType))
    .map((row) => row[2])
}
