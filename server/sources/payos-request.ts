import { createHmac } from 'node:crypto'
import { decode } from '@vietqr/core'
import { z } from 'zod'
import { AppError } from '../../shared/app-error.ts'
import { accountKey } from '../../shared/bank-transaction.ts'
import { findReferences, isReference } from '../../shared/reference.ts'
import { callApi, parseAnswer } from './outside-api.ts'
import type { Access, WantedCode } from './source.ts'

const BASE = 'https://api-merchant.payos.vn'
const NAME = 'payOS'

/** The words of ten letters and digits, as numbers: a reference is one of them. */
const REFERENCES = 36 ** 10
/** payOS takes numbers up to 2^53 - 1: the references fit in twice. */
const MAX_PARTS = 2

/**
 * payOS's number for one code of a sale: the sale's reference, read as a number of base 36, so that no number has to be
 * kept. payOS refuses a number twice, so a second code is counted above all first ones. Throws AppError `unavailable`
 * for a third.
 */
export function orderCodeOf({ reference, part }: Pick<WantedCode, 'reference' | 'part'>): number {
  if (part >= MAX_PARTS)
    throw new AppError('unavailable', `${NAME} has numbers for ${MAX_PARTS} codes of a sale`)
  return Number.parseInt(reference, 36) + part * REFERENCES
}

/** The reference that such a number was made of; null for a number that is not ours. */
export function referenceOf(orderCode: number): string | null {
  const text = (orderCode % REFERENCES).toString(36).toUpperCase()
  return isReference(text) ? text : null
}

const created = z.object({ code: z.literal('00'), data: z.object({ qrCode: z.string().max(512) }) })

/**
 * Makes a payment request (payos.vn/docs/api, `POST /v2/payment-requests`) and returns its VietQR payload. payOS puts
 * words of its own before the description, shortens it where a bank gives it little room, and may name a virtual
 * account: the code is only good if it still bears the reference and the amount and leads to the payee, AppError
 * `unavailable` if not. Error where payOS refuses or does not answer. It is given no time to expire: what is paid late
 * shall be told too.
 */
export async function createPaymentRequest(
  access: Access,
  checksumKey: string,
  wanted: WantedCode,
  signal: AbortSignal,
): Promise<string> {
  const { amountVnd, reference, returnUrl } = wanted
  const orderCode = orderCodeOf(wanted)
  const signed = `amount=${amountVnd}&cancelUrl=${returnUrl}&description=${reference}&orderCode=${orderCode}&returnUrl=${returnUrl}`
  const signature = createHmac('sha256', checksumKey).update(signed).digest('hex')
  const body = await callApi({
    name: NAME,
    url: `${BASE}/v2/payment-requests`,
    credentials: credentialsOf(access),
    body: JSON.stringify({
      orderCode,
      amount: amountVnd,
      description: reference,
      cancelUrl: returnUrl,
      returnUrl,
      signature,
    }),
    repeatable: false,
    signal,
  })
  const { qrCode } = parseAnswer(NAME, 'a payment request', body, created).data
  if (!isWanted(qrCode, wanted))
    throw new AppError('unavailable', `the code that ${NAME} made is not for this sale, amount and account`)
  return qrCode
}

function isWanted(payload: string, { reference, amountVnd, payee }: WantedCode): boolean {
  try {
    const code = decode(payload)
    return (
      accountKey(code) === accountKey(payee) &&
      code.amountVnd === amountVnd &&
      findReferences(code.purpose ?? '').includes(reference)
    )
  } catch {
    return false
  }
}

/**
 * Ends a payment request (`POST /v2/payment-requests/{orderCode}/cancel`). Throws an Error where payOS refuses, as it
 * does for one that it never made, or does not answer.
 */
export async function cancelPaymentRequest(
  access: Access,
  code: Pick<WantedCode, 'reference' | 'part'>,
  signal: AbortSignal,
): Promise<void> {
  const body = await callApi({
    name: NAME,
    url: `${BASE}/v2/payment-requests/${orderCodeOf(code)}/cancel`,
    credentials: credentialsOf(access),
    body: JSON.stringify({ cancellationReason: 'cancelled at the stall' }),
    repeatable: false,
    signal,
  })
  parseAnswer(NAME, 'a cancellation', body, z.object({ code: z.literal('00') }))
}

/**
 * Registers our address (`POST /confirm-webhook`): payOS calls it at once with a signed sample, and registers it if
 * that was answered with a 2xx. Throws an Error where it was not.
 */
export async function announcePayos(access: Access, address: string, signal: AbortSignal): Promise<void> {
  const body = await callApi({
    name: NAME,
    url: `${BASE}/confirm-webhook`,
    credentials: credentialsOf(access),
    body: JSON.stringify({ webhookUrl: address }),
    signal,
  })
  parseAnswer(NAME, 'a confirmation', body, z.object({ code: z.literal('00') }))
}

function credentialsOf(access: Access): Record<string, string> {
  return { 'x-client-id': access['clientId'] ?? '', 'x-api-key': access['apiKey'] ?? '' }
}
