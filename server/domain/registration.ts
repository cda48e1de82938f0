import { findBank } from '@vietqr/core'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { parseVietnamTime } from '../../shared/business-day.ts'
import { bankName, squash, wellFormed } from '../../shared/display-text.ts'
import { mintReference } from '../../shared/reference.ts'
import type { ProposedAccount } from '../storage/account.ts'
import type { NewMarket } from '../storage/market.ts'
import type { Registration } from '../storage/stall.ts'

/** The fields of one stall as a person writes them: a line of a file, or the form «Thêm sạp». */
export const REGISTRATION_FIELDS = [
  'section',
  'stall',
  'vendor',
  'phone',
  'bank',
  'account_number',
  'account_name',
  'virtual_account',
  'holder_type',
  'selling_only',
  'consent_at',
] as const
export type RegistrationField = (typeof REGISTRATION_FIELDS)[number]
export type RegistrationText = Partial<Record<RegistrationField, string>>

/** What is wrong with a field; the words for it are the screen's. */
type ProblemCode =
  | 'missing'
  | 'too_long'
  | 'unknown_bank'
  | 'bank_takes_no_transfers'
  | 'bad_account_number'
  | 'bad_phone'
  | 'bad_choice'
  | 'bad_time'
  | 'no_account_code'
export interface Problem<Field extends string = RegistrationField> {
  field: Field
  code: ProblemCode
}

const MAX_NAME_LENGTH = 60
const YES = new Set(['1', 'x', 'yes', 'y', 'true', 'co', 'có', 'on'])
const NO = new Set(['', '0', 'no', 'n', 'false', 'khong', 'không'])

/** Checks one stall's fields. All problems are told at once, each with its field. */
export function parseRegistration(
  text: RegistrationText,
): { registration: Registration } | { problems: Problem[] } {
  const problems: Problem[] = []
  const wrong = (field: RegistrationField, code: ProblemCode) => void problems.push({ field, code })
  const words = (field: RegistrationField) => tidy(text[field])
  const name = (field: RegistrationField): string => {
    const value = words(field)
    if (value === '') wrong(field, 'missing')
    if (value.length > MAX_NAME_LENGTH) wrong(field, 'too_long')
    return value
  }
  const account = (field: RegistrationField): string => {
    const value = words(field).replaceAll(/[\s.-]/g, '')
    if (!/^[A-Za-z0-9]{1,19}$/.test(value)) wrong(field, 'bad_account_number')
    return value
  }

  const phone = words('phone').replaceAll(/[\s.-]/g, '')
  if (phone !== '' && !/^(0|\+84)\d{8,10}$/.test(phone)) wrong('phone', 'bad_phone')

  const bank = findBank(words('bank'))
  if (words('bank') === '') wrong('bank', 'missing')
  else if (!bank) wrong('bank', 'unknown_bank')
  else if (!bank.transferSupported) wrong('bank', 'bank_takes_no_transfers')

  const accountName = bankName(words('account_name'))
  if (accountName === '') wrong('account_name', 'missing')

  const holderType = words('holder_type') || 'individual'
  if (holderType !== 'individual' && holderType !== 'household_business') wrong('holder_type', 'bad_choice')

  const sellingOnly = words('selling_only').toLowerCase()
  if (!YES.has(sellingOnly) && !NO.has(sellingOnly)) wrong('selling_only', 'bad_choice')

  let consentAt: number | null = null
  if (words('consent_at') !== '') {
    try {
      consentAt = parseConsentTime(words('consent_at'))
    } catch {
      wrong('consent_at', 'bad_time')
    }
  }

  const proposed: ProposedAccount = {
    bankBin: bank?.bin ?? '',
    accountNumber: account('account_number'),
    accountName,
    virtualAccount: words('virtual_account') === '' ? null : account('virtual_account'),
    holder: 'vendor',
    holderType: holderType as ProposedAccount['holderType'],
    sellingOnly: YES.has(sellingOnly),
  }
  const registration: Registration = {
    section: name('section'),
    stall: name('stall'),
    vendor: name('vendor'),
    phone,
    account: proposed,
    consentAt,
    consentTextVersion: `paper, ${CONSENT_TEXT_VERSION}`,
  }
  return problems.length > 0 ? { problems } : { registration }
}

/** Checks the name of a section. */
export function parseSection(text: string): { name: string } | { problem: 'missing' | 'too_long' } {
  const name = tidy(text)
  if (name === '') return { problem: 'missing' }
  return name.length > MAX_NAME_LENGTH ? { problem: 'too_long' } : { name }
}

export type MarketField = 'name' | 'day_starts_at' | 'market_days' | 'stall_word'

/** Checks the fields of a market. `day_starts_at` is `HH:MM`, `market_days` is empty for every day or ISO weekdays `1,4`. */
export function parseMarket(
  text: Partial<Record<MarketField, string>>,
): { market: NewMarket } | { problems: Problem<MarketField>[] } {
  const problems: Problem<MarketField>[] = []
  const name = tidy(text.name)
  const code = marketCode(name)
  if (code === '') problems.push({ field: 'name', code: 'missing' })
  if (name.length > MAX_NAME_LENGTH) problems.push({ field: 'name', code: 'too_long' })

  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(tidy(text.day_starts_at) || '00:00')
  if (!clock) problems.push({ field: 'day_starts_at', code: 'bad_time' })

  const days = [
    ...new Set(
      tidy(text.market_days)
        .split(/[\s,;]+/)
        .filter(Boolean),
    ),
  ].sort()
  if (!days.every((day) => /^[1-7]$/.test(day))) problems.push({ field: 'market_days', code: 'bad_choice' })

  const stallWord = tidy(text.stall_word) || 'sạp'
  if (stallWord.length > 20) problems.push({ field: 'stall_word', code: 'too_long' })
  if (problems.length > 0) return { problems }
  return {
    market: {
      code,
      name,
      dayStartsAtMinutes: Number(clock![1]) * 60 + Number(clock![2]),
      marketDays: days.length === 0 || days.length === 7 ? 'daily' : days.join(','),
      stallWord,
    },
  }
}

/** A market's name as it stands in addresses: `Chợ Phù Cát` → `cho-phu-cat`. */
export function marketCode(name: string): string {
  return name
    .split(/\s+/)
    .map((word) => squash(word).toLowerCase())
    .filter(Boolean)
    .join('-')
}

/** A new stall's public code and permanent reference. `random(below)` gives a uniform integer. */
export function mintStall(random: (below: number) => number): { code: string; reference: string } {
  const alphabet = '23456789abcdefghjkmnpqrstvwxyz'
  const code = Array.from({ length: 7 }, () => alphabet[random(alphabet.length)]).join('')
  return { code, reference: mintReference(random) }
}

function tidy(text: string | undefined): string {
  return wellFormed(text ?? '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
}

/** `2026-11-22`, `2026-11-22 08:30:00` or `22/11/2026`, Vietnam time. */
function parseConsentTime(text: string): number {
  const [, day, month, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) ?? []
  const iso = year ? `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}` : text
  return parseVietnamTime(/^\d{4}-\d{2}-\d{2}$/.test(iso) ? `${iso} 00:00:00` : iso)
}
