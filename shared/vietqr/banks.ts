import { bankTable } from './bank-table.ts'
import { transliterate } from './transliterate.ts'

/** A bank or wallet that NAPAS routes to. */
export interface Bank {
  /** 6 digits, unique. */
  readonly bin: string
  readonly code: string
  readonly shortName: string
  /** Vietnamese, for display only: banks are renamed, BINs stay. */
  readonly name: string
  readonly transferSupported: boolean
  readonly lookupSupported: boolean
}

/** Every bank of the NAPAS directory, by BIN. */
export const banks: readonly Bank[] = /* @__PURE__ */ bankTable.map(
  ([bin, code, shortName, name, transferSupported, lookupSupported]) => ({
    bin,
    code,
    shortName,
    name,
    transferSupported,
    lookupSupported,
  }),
)

/** By BIN, code and short name, as `fold` leaves them; where two banks share a name, the first in the table. */
const bankBy = /* @__PURE__ */ (() =>
  new Map(
    banks
      .toReversed()
      .flatMap((bank) => [bank.bin, bank.code, bank.shortName].map((name) => [fold(name), bank] as const)),
  ))()

/**
 * Takes a BIN, a code or a short name as a person types it, in any case, spacing and accents, and returns its
 * bank, or undefined where no bank is called so. Never throws.
 */
export function findBank(text: string): Bank | undefined {
  return bankBy.get(fold(text))
}

/** Takes a BIN and returns its bank's short name (`MBBank`), or the BIN itself where no bank has it. Never throws. */
export const shortNameOf = (bin: string): string => findBank(bin)?.shortName ?? bin

function fold(text: string): string {
  return transliterate(text).replace(/\s/g, '').toUpperCase()
}
