import { randomInt } from 'node:crypto'
import { AppError } from '../../shared/app-error.ts'
import { accountKey } from '../../shared/bank-transaction.ts'
import { paysIntoAccount, readCode } from '../../shared/code-reading.ts'
import { fold } from '../../shared/display-text.ts'
import { findReferences } from '../../shared/reference.ts'
import { enrolStall, type Enrolment } from '../storage/enrolment.ts'
import type { Registry } from '../storage/registry.ts'
import { marketScope } from '../storage/scope.ts'
import { findSignInCode, openSession, redeemSignInCode, type Identity } from '../storage/session.ts'
import { isDemo } from '../storage/setting.ts'
import type { Store } from '../storage/store.ts'
import { mintStall, parseRegistration, type Problem } from './registration.ts'
import { newToken, SESSION_LIFETIME_MS } from './sign-in.ts'

/** What she fills in. `sticker` is the payload a phone read from the code at her stall; with it, bank and number are not asked. */
export const ENROLMENT_FIELDS = [
  'sticker',
  'bank',
  'account_number',
  'vendor',
  'stall',
  'account_name',
  'phone',
  'consent',
] as const
type EnrolmentField = (typeof ENROLMENT_FIELDS)[number]
export type EnrolmentText = Record<EnrolmentField, string>

/** The market and the row whose board invites somebody who is in no list yet. */
interface Place {
  marketId: number
  sectionId: number
}

/** Of a code that lets its bearer in: the place it invites her to enrol at, if that is what it is for. */
function invitedTo({ role, marketId, vendorId, sectionId }: Identity): Place | undefined {
  const isInvitation = role === 'vendor' && vendorId === null && typeof sectionId === 'number'
  return isInvitation ? { marketId, sectionId } : undefined
}

/** Where a code that is still good invites to; looking does not use it up. */
export async function findInvitation(store: Store, code: string, now: number): Promise<Place | undefined> {
  const identity = await findSignInCode(store, code, now)
  return identity && invitedTo(identity)
}

/** Checks what she wrote. All problems are told at once, each with its field. `stallWord` is the market's: sạp, lô. */
export function parseEnrolment(
  text: EnrolmentText,
  stallWord: string,
): { enrolment: Enrolment } | { problems: Problem<EnrolmentField>[] } {
  const sticker = text.sticker.trim()
  const reading = sticker === '' ? undefined : readCode(sticker)
  const code = reading?.kind === 'vietqr' && paysIntoAccount(reading.code) ? reading.code : undefined
  const parsed = parseRegistration({
    // The invitation's; no field of hers.
    section: '-',
    vendor: text.vendor,
    phone: text.phone,
    stall: withoutWord(text.stall, stallWord),
    account_name: text.account_name,
    bank: code?.bankBin ?? text.bank,
    account_number: code?.accountNumber ?? text.account_number,
  })
  const problems: Problem<EnrolmentField>[] = []
  if (sticker !== '' && !code) problems.push({ field: 'sticker', code: 'no_account_code' })
  for (const problem of 'problems' in parsed ? parsed.problems : []) {
    const isOfSticker = sticker !== '' && ['bank', 'account_number'].includes(problem.field)
    // What she is not asked for cannot be wrong.
    const field = isOfSticker ? 'sticker' : (problem.field as EnrolmentField)
    problems.push({ field, code: problem.code })
  }
  if (text.consent !== 'yes') problems.push({ field: 'consent', code: 'missing' })
  if (problems.length > 0 || !('registration' in parsed)) return { problems }
  const { vendor, phone, stall, account } = parsed.registration
  return { enrolment: { vendor, phone, stall, account, sticker: sticker === '' ? null : sticker } }
}

/**
 * Uses the invitation up, writes all that she said, and opens the session of her own phone, in one breath.
 * Throws `gone` when the code is used, expired, unknown or no invitation, and `conflict`, with its field, when the
 * stall's name (`stall`) or the account (`account_number`) is somebody's already.
 */
export async function enrol(
  store: Store,
  code: string,
  enrolment: Enrolment,
  device: string,
  now: number,
): Promise<{ token: string; lifetimeMs: number; stallCode: string }> {
  const token = newToken()
  const lifetimeMs = SESSION_LIFETIME_MS.vendor
  const knowsPast = await isDemo(store)
  if (isSomebodys(enrolment, await store.registry()))
    throw new AppError('conflict', 'another stall is paid into this account', 'account_number')
  return store.changeRegistry(function* (tx) {
    const redeemed = yield* redeemSignInCode(tx, code, now)
    const place = invitedTo(redeemed)
    if (!place) throw new AppError('gone', 'this code is no invitation')
    // The invitation is the leave to write there.
    const scope = marketScope(place.marketId)
    const by = `herself, invited by ${redeemed.issuedBy}`
    const mint = () => mintStall(randomInt)
    const { vendorId, stallCode } = yield* enrolStall(tx, scope, place.sectionId, enrolment, mint, by, now)
    const identity = { role: 'vendor', marketId: place.marketId, vendorId } as const
    yield* openSession(tx, token, identity, device, 'owner', knowsPast, now, lifetimeMs)
    return { token, lifetimeMs, stallCode }
  })
}

/**
 * Whether the account serves a stall already, or the sticker is some stall's card. One account of two stalls makes
 * money without a reference a question for a person: nobody brings that upon another by typing her number.
 */
function isSomebodys(
  { account, sticker }: Enrolment,
  { holdings, stallsByReference }: Pick<Registry, 'holdings' | 'stallsByReference'>,
): boolean {
  const isHeld = holdings.get(accountKey(account))?.some(({ state }) => state !== 'retired') ?? false
  return isHeld || findReferences(sticker ?? '').some((reference) => stallsByReference.has(reference))
}

/** She writes «sạp 12»; the page says the word itself. */
function withoutWord(name: string, stallWord: string): string {
  const [first = '', ...rest] = name.trim().split(/\s+/)
  return rest.length > 0 && fold(first) === fold(stallWord) ? rest.join(' ') : name
}
