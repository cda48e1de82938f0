type Reason =
  | 'DATABASE_IN_USE'
  | 'HALF_MOVED'
  | 'NOT_EMPTY'
  | 'OTHER_SOURCE'
  | 'ROW_REFUSED'
  | 'ROW_DIFFERS'
  | 'COPY_DAMAGED'
  | 'OTHER_KEY'

/** Why a database is not opened, or not moved. The message is for logs and names tables and keys, never a memo. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused'
  readonly code: Reason

  constructor(code: Reason, message: string) {
    super(message)
    this.code = code
  }
}
