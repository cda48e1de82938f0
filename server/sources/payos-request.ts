import { createHmac } from 'node:crypto'
import { decode } from '@vietqr/core'
import { z } from 'zod'
import { AppError } from '../../shared/app-error.ts'
import { findReferences } from '../../shared/reference.ts'
import { callApi, parseAnswer, type Wait } from './outside-api.ts'
import type { Access } from './source.ts'

const BASE = 'https://api-merchant.payos.vn'
const NAME = 'payOS'

/** A code for an exact amount that payOS shall make. */
export interface PaymentRequest {
  /** Ours, unique within the payOS channel: 1 to 9,007,199,254,740,991. */
  orderCode: number
  /** Whole đồng. */
  amountVnd: number
  /** The sale's reference, which the memo has to bear. */
  reference: string
  /** Where payOS's own page would send the payer; ours shows only the code. */
  returnUrl: string
}

const created = z.object({
  code: z.literal('00'),
  data: z.object({ paymentLinkId: z.string().regex(/^[\w-]{1,64}$/), qrCode: z.string().max(512) }),
})

/**
 * Makes a payment request (payos.vn/docs/api, `POST /v2/payment-requests`) and returns its VietQR payload and payOS's
 * id of it. payOS shortens descriptions where a bank gives it little room, so the code is only good if it still bears
 * the reference and the amount: AppError `unavailable` if not. Error where payOS refuses or does not answer; it is
 * asked once, for a second request of the same order is refused.
 */
export async function createPaymentRequest(
  access: Access,
  checksumKey: string,
  { orderCode, amountVnd, reference, returnUrl }: PaymentRequest,
  signal: AbortSignal,
): Promise<{ paymentLinkId: string; payload: string }> {
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
  const { data } = parseAnswer(NAME, 'a payment request', body, created)
  if (!bears(data.qrCode, reference, amountVnd))
    throw new AppError('unavailable', 'the code that payOS made does not bear the reference and the amount')
  return { paymentLinkId: data.paymentLinkId, payload: data.qrCode }
}

function bears(payload: string, reference: string, amountVnd: number): boolean {
  try {
    const code = decode(payload)
    return code.amountVnd === amountVnd && findReferences(code.purpose ?? '').includes(reference)
  } catch {
    return false
  }
}

const queried = z.object({
  code: z.literal('00'),
  data: z.object({
    orderCode: z.int(),
    status: z.enum(['PENDING', 'PROCESSING', 'PAID', 'UNDERPAID', 'EXPIRED', 'CANCELLED', 'FAILED']),
    amountPaid: z.int().nonnegative(),
  }),
})

/**
 * What became of a payment request (`GET /v2/payment-requests/{orderCode}`): its status and the whole đồng paid so
 * far. payOS has no list of all that was paid, so it cannot be asked for what no push brought. Throws an Error.
 */
export async function getPaymentRequest(
  access: Access,
  orderCode: number,
  signal: AbortSignal,
  wait?: Wait,
): Promise<{ status: z.output<typeof queried>['data']['status']; amountPaidVnd: number }> {
  const body = await callApi({
    name: NAME,
    url: `${BASE}/v2/payment-requests/${orderCode}`,
    credentials: credentialsOf(access),
    signal,
    wait,
  })
  const { data } = parseAnswer(NAME, 'a payment request', body, queried)
  if (data.orderCode !== orderCode) throw new Error(`${NAME}: the answer is of another payment request`)
  return { status: data.status, amountPaidVnd: data.amountPaid }
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
