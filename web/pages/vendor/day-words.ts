import { MAX_SPOKEN_VND, spokenText } from '../../../shared/spoken-amount.ts'
import type { Dialect } from '../../../shared/spoken-amount.ts'
import type { DayTakings } from '../../../shared/wire.ts'

/** The counts under the total, as server and phone both write them; no word where there is nothing unclear. */
export const dayWords = ({ saleCount, unclearCount }: DayTakings) => ({
  count: `${saleCount} lần chuyển khoản`,
  unclear: unclearCount > 0 ? `${unclearCount} khoản chưa rõ` : '',
})

/** From a million up a number is easier heard than counted in zeros. */
export const totalWords = (totalVnd: number, dialect: Dialect): string =>
  totalVnd >= 1_000_000 && totalVnd <= MAX_SPOKEN_VND ? spokenText(totalVnd, dialect) : ''

/** The total's type shrinks by its number of digits, so that it never wraps and is never cut. */
export const digitsOf = (totalVnd: number): number => String(Math.abs(totalVnd)).length
