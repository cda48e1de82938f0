import { decode, VietQrError, type Scheme, type VietQr } from '@vietqr/core'

/** Another scheme's code, named where it is known, or no payment code at all; or one that came through damaged. */
export type NoVietQr = { kind: 'not_vietqr'; scheme: Scheme | null } | { kind: 'damaged' }

export type CodeReading = { kind: 'vietqr'; code: VietQr } | NoVietQr

/**
 * Takes what a phone read from a code that hangs somewhere, spaces around it and all, and returns what it says, or
 * why a person cannot use it. Never throws.
 */
export function readCode(payload: string): CodeReading {
  try {
    return { kind: 'vietqr', code: decode(payload.trim()) }
  } catch (error) {
    if (!(error instanceof VietQrError)) throw error
    if (error.code === 'not_vietqr') return { kind: 'not_vietqr', scheme: error.scheme ?? null }
    const isForeign = ['wrong_guid', 'wrong_currency', 'wrong_country', 'invalid_input'].includes(error.code)
    return isForeign ? { kind: 'not_vietqr', scheme: null } : { kind: 'damaged' }
  }
}

/** Whether the code pays into an account: its digits may also be somebody's card, or a cash machine. */
export function paysIntoAccount({ service }: VietQr): boolean {
  return service === 'QRIBFTTA' || service === 'QRPUSH'
}
