import { decode, encode, VietQrError } from '@vietqr/core'

/** The error with which `decode` refuses a payload, of any type; fails if it does not. */
export function refusalOf(payload: unknown): VietQrError {
  return thrownBy(() => Reflect.apply(decode, undefined, [payload]))
}

/** The error with which `encode` refuses an input, of any shape; fails if it does not. */
export function encodeRefusalOf(input: Record<string, unknown>): VietQrError {
  return thrownBy(() => Reflect.apply(encode, undefined, [input]))
}

function thrownBy(act: () => unknown): VietQrError {
  let result: unknown
  try {
    result = act()
  } catch (error) {
    if (error instanceof VietQrError) return error
    throw error
  }
  throw new Error(`not refused: ${JSON.stringify(result)}`)
}
