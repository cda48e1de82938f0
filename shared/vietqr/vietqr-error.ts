import type { Scheme } from './scheme.ts'

/** Why a payload or an input was refused; the union is closed, so a screen can have words for each. */
export type VietQrErrorCode =
  | 'bad_crc'
  | 'truncated'
  | 'malformed'
  | 'duplicate_field'
  | 'wrong_guid'
  | 'wrong_currency'
  | 'wrong_country'
  | 'fractional_amount'
  | 'not_vietqr'
  | 'invalid_input'

/**
 * The only error this package throws.
 *
 * `field` names what was wrong: an input (`accountNumber`) when encoding, a field id (`38-01`) when decoding.
 * `scheme` names the foreign scheme, where it is known, and is set on `not_vietqr` only.
 */
export class VietQrError extends Error {
  override readonly name = 'VietQrError'
  readonly code: VietQrErrorCode
  readonly field: string | undefined
  readonly scheme: Scheme | undefined

  constructor(code: VietQrErrorCode, message: string, about: { field?: string; scheme?: Scheme } = {}) {
    super(message)
    this.code = code
    this.field = about.field
    this.scheme = about.scheme
  }
}
