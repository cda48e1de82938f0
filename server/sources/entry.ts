import { findBank } from '@vietqr/core'
import { z } from 'zod'
import type { BankTransaction, BookedPrecision } from '../../shared/bank-transaction.ts'
import { parseVietnamTime } from '../../shared/business-day.ts'
import { wellFormed } from '../../shared/display-text.ts'
import type { Registry } from '../storage/registry.ts'
import { UnreadableNotification } from './source.ts'
import type { BackfillPage, BankOf } from './source.ts'

const MAX_MEMO_LENGTH = 10_000
const MAX_FIELD_LENGTH = 200

/** Of an account whose bank nobody told and which is none of ours. */
const UNKNOWN_BANK = '000000'

/** Short text or nothing; an empty one is nothing. */
export const optionalText = z
  .string()
  .max(MAX_FIELD_LENGTH)
  .nullish()
  .transform((text) => (text ? wellFormed(text) : null))

/** Hostile text, kept as it came. */
export const memo = z
  .string()
  .max(MAX_MEMO_LENGTH)
  .nullable()
  .transform((text) => wellFormed(text ?? ''))

export const accountNumber = z
  .string()
  .transform((text) => text.replaceAll(' ', ''))
  .pipe(z.string().regex(/^[A-Za-z0-9]{1,34}$/))

/** Whole đồng, positive, as a JSON number. */
export const amountVnd = z.int().positive()

/** Whole đồng as decimal text, `19689000.00`; a fraction is refused. */
export const decimalVnd = z
  .string()
  .regex(/^\d{1,13}(\.0{1,4})?$/)
  .transform(Number)

/** `2023-03-25 14:02:37`, Vietnam time without a zone → epoch milliseconds. */
export const vietnamTime = z.string().transform((text, context) => {
  try {
    return parseVietnamTime(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'is not YYYY-MM-DD HH:mm:ss' })
    return z.NEVER
  }
})

/** A bank by any name it goes by, or by one that only this source has for it → its BIN. */
export const bankName = (renamed: ReadonlyMap<string, string> = new Map()) =>
  z
    .string()
    .max(MAX_FIELD_LENGTH)
    .transform((name, context) => {
      const bank = findBank(renamed.get(name) ?? name)
      if (bank) return bank.bin
      context.addIssue({ code: 'custom', message: 'is in no bank table' })
      return z.NEVER
    })

/** Some banks (MB) tell only the minute, and whoever passes it on fills in the seconds. */
export function bookedPrecision(bookedAt: number): BookedPrecision {
  return bookedAt % 60_000 === 0 ? 'minute' : 'second'
}

export function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
  } catch {
    throw new UnreadableNotification('malformed', 'body', 'is not JSON in UTF-8')
  }
}

/**
 * The fields of an entry by that schema. Throws UnreadableNotification naming the first field that is wrong, with the
 * reason that `reasons` has for its name; fields we do not know are ignored.
 */
export function readFields<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reasons: Readonly<Record<string, UnreadableNotification['reason']>>,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = issue?.path.map(String) ?? []
  const known = Object.hasOwn(reasons, path.at(-1) ?? '') ? reasons[path.at(-1)!] : undefined
  throw new UnreadableNotification(
    known ?? 'malformed',
    path.join('.') || 'body',
    issue?.message ?? 'unreadable',
  )
}

/** Looks the bank of a bare account number up among the accounts that a source may speak for. */
export function bankAmong(bindings: Registry['bindings'], sourceId: string): BankOf {
  return (number) => {
    const found = (bindings.get(number.toUpperCase()) ?? []).filter((one) => one.sourceId === sourceId)
    if (found.length > 1) {
      throw new UnreadableNotification('unknown_bank', 'account', 'is an account of this source at two banks')
    }
    return found[0]?.bankBin ?? UNKNOWN_BANK
  }
}

/** A page of a history: what can be read of it, and raw what cannot, which stops nothing. */
export function readPage(
  entries: readonly unknown[],
  cursor: string | null,
  read: (entry: unknown) => BankTransaction,
): BackfillPage {
  const page: BackfillPage = { transactions: [], rawEntries: [], unreadable: [], cursor }
  for (const entry of entries) {
    const raw = new TextEncoder().encode(JSON.stringify(entry))
    try {
      page.transactions.push(read(entry))
      page.rawEntries.push(raw)
    } catch (error) {
      if (!(error instanceof UnreadableNotification)) throw error
      page.unreadable.push({ raw, error })
    }
  }
  return page
}
