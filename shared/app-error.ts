/** Everything that can go wrong in a way a caller may act on. Mapped to a status once, in `server/http`. */
export type AppErrorCode =
  | 'invalid_input'
  | 'not_signed_in'
  | 'not_allowed'
  | 'not_found'
  | 'gone'
  | 'conflict'
  | 'too_large'
  | 'bad_signature'
  | 'unavailable'

/**
 * An expected failure. `message` is English, for logs and for API callers; a screen shows its own Vietnamese
 * words for `code`. `field` names the input that was wrong, where there is one.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly field: string | undefined

  constructor(code: AppErrorCode, message: string, field?: string) {
    super(message)
    this.code = code
    this.field = field
  }
}
