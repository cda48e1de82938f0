import { AppError } from './app-error.ts'

/** The largest amount a code may ask for, in đồng: an instant transfer stays below 500 million. */
export const MAX_CODE_AMOUNT_VND = 499_999_999

/** An amount as it is written everywhere: `50000` → `50.000đ`. A safe integer, in đồng; debts keep their minus. */
export function formatVnd(amountVnd: number): string {
  return `${String(amountVnd).replace(/\B(?=(\d{3})+$)/g, '.')}đ`
}

/**
 * The amount a person wrote for a code: `50000`, `50.000` or `50.000đ` → 50000, from 1 to `MAX_CODE_AMOUNT_VND`.
 * Throws AppError `invalid_input` on all else: fractions, signs, leading zeros, dots that do not part thousands.
 */
export function parseVnd(text: string): number {
  const digits = /^([1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d*) ?đ?$/.exec(text.trim())?.[1]
  const amountVnd = Number(digits?.replaceAll('.', ''))
  if (!(amountVnd <= MAX_CODE_AMOUNT_VND)) {
    throw new AppError('invalid_input', `An amount is whole đồng from 1 to ${MAX_CODE_AMOUNT_VND}`, 'amount')
  }
  return amountVnd
}
