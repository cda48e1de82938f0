import { createHmac } from 'node:crypto'
import { encode } from '@vietqr/core'
import { delay, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { payos } from '../../server/sources/payos.ts'
import {
  cancelPaymentRequest,
  createPaymentRequest,
  orderCodeOf,
  referenceOf,
} from '../../server/sources/payos-request.ts'
import { mintReference } from '../../shared/reference.ts'
import { seededRandom } from '../small-market.ts'

const BASE = 'https://api-merchant.payos.vn'
const ACCESS = { clientId: 'client-of-a-test', apiKey: 'key-nobody-may-read' }
const CHECKSUM = '1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675'
const REFERENCE = 'ZQK6HYX47N'
const WANTED = {
  reference: REFERENCE,
  part: 0,
  amountVnd: 50_000,
  payee: { bankBin: '970422', accountNumber: 'VQR0001' },
  returnUrl: 'https://cho.example/s/abc',
}
const soon = () => AbortSignal.timeout(5_000)

const outside = setupServer()
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
afterEach(() => outside.resetHandlers())
afterAll(() => outside.close())

const code = (purpose: string, amountVnd = 50_000, payee = WANTED.payee) =>
  encode({ ...payee, amountVnd, purpose })
const made = (qrCode: string) =>
  HttpResponse.json({ code: '00', desc: 'success', data: { paymentLinkId: 'link-1', qrCode } })

describe('a payment request', () => {
  test('is signed as payOS wants, proven by both keys, and its code is what was wanted', async () => {
    let body: Record<string, unknown> = {}
    outside.use(
      http.post(`${BASE}/v2/payment-requests`, async ({ request }) => {
        expect(request.headers.get('x-client-id')).toBe(ACCESS.clientId)
        expect(request.headers.get('x-api-key')).toBe(ACCESS.apiKey)
        body = (await request.json()) as Record<string, unknown>
        return made(code(`CS12 ${REFERENCE}`))
      }),
    )
    expect(await createPaymentRequest(ACCESS, CHECKSUM, WANTED, soon())).toBe(code(`CS12 ${REFERENCE}`))
    const { signature, ...rest } = body
    expect(rest).toEqual({
      orderCode: orderCodeOf(WANTED),
      amount: 50_000,
      description: REFERENCE,
      cancelUrl: WANTED.returnUrl,
      returnUrl: WANTED.returnUrl,
    })
    const text = Object.keys(rest)
      .sort()
      .map((key) => `${key}=${String(rest[key])}`)
      .join('&')
    expect(signature).toBe(createHmac('sha256', CHECKSUM).update(text).digest('hex'))
  })

  test.each([
    ['whose description was cut', code(REFERENCE.slice(0, 9))],
    ['for another amount', code(REFERENCE, 49_999)],
    ['to another account', code(REFERENCE, 50_000, { ...WANTED.payee, accountNumber: 'VQR0002' })],
    ['to another bank', code(REFERENCE, 50_000, { ...WANTED.payee, bankBin: '970436' })],
    ['that is no code', 'not a code'],
  ])('%s is not shown to anybody', async (_, payload) => {
    outside.use(http.post(`${BASE}/v2/payment-requests`, () => made(payload)))
    await expect(createPaymentRequest(ACCESS, CHECKSUM, WANTED, soon())).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test.each([
    ['refused', () => HttpResponse.json({ code: '231', desc: 'exists' }), 'not a payment request'],
    ['half', () => new HttpResponse('{"code":"00","da'), 'not a payment request'],
    ['500', () => new HttpResponse(null, { status: 500 }), 'HTTP 500'],
    ['429', () => new HttpResponse(null, { status: 429 }), 'HTTP 429'],
    ['401', () => new HttpResponse(null, { status: 401 }), 'refused (HTTP 401)'],
  ])('%s: asked once, for a second of the same order would be refused', async (_, reply, words) => {
    let asked = 0
    outside.use(
      http.post(`${BASE}/v2/payment-requests`, () => {
        asked += 1
        return reply()
      }),
    )
    const error = await createPaymentRequest(ACCESS, CHECKSUM, WANTED, soon()).catch(String)
    expect(error).toContain(words)
    expect(error).not.toMatch(/key-nobody|1a54716c/)
    expect(asked).toBe(1)
  })

  test('that nobody answers ends when it is told to', async () => {
    outside.use(http.post(`${BASE}/v2/payment-requests`, () => delay('infinite')))
    await expect(
      createPaymentRequest(ACCESS, CHECKSUM, WANTED, AbortSignal.timeout(30)),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('that was cancelled at the stall', () => {
  test('is cancelled by its number; asked once', async () => {
    let asked = 0
    outside.use(
      http.post(`${BASE}/v2/payment-requests/${orderCodeOf(WANTED)}/cancel`, ({ request }) => {
        asked += 1
        expect(request.headers.get('x-api-key')).toBe(ACCESS.apiKey)
        return asked === 1 ? HttpResponse.json({ code: '00' }) : HttpResponse.json({ code: '101' })
      }),
    )
    await cancelPaymentRequest(ACCESS, WANTED, soon())
    await expect(cancelPaymentRequest(ACCESS, WANTED, soon())).rejects.toThrow('not a cancellation')
    expect(asked).toBe(2)
  })
})

describe('its number', () => {
  const random = seededRandom(42)
  const references = Array.from({ length: 2_000 }, () => mintReference(random))

  test('says the reference again, for both codes of a sale, and no two are one', () => {
    const numbers = references.flatMap((reference) =>
      [0, 1].map((part) => {
        const number = orderCodeOf({ reference, part })
        expect(number).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER)
        expect(referenceOf(number)).toBe(reference)
        return number
      }),
    )
    expect(new Set(numbers).size).toBe(2 * new Set(references).size)
    expect(() => orderCodeOf({ reference: REFERENCE, part: 2 })).toThrow('2 codes')
  })

  test('of somebody else’s order, or one digit off, says nothing', () => {
    const others = [0, 123, 1_700_000_000, Date.now(), Date.now() * 1_000, Number.MAX_SAFE_INTEGER]
    for (const number of others) expect(referenceOf(number)).toBeNull()
    for (const reference of references)
      expect(referenceOf(orderCodeOf({ reference, part: 0 }) + 1)).toBeNull()
  })
})

describe('our address', () => {
  test('is given to payOS, which calls it before it says yes', async () => {
    let told: unknown
    outside.use(
      http.post(`${BASE}/confirm-webhook`, async ({ request }) => {
        told = await request.json()
        return HttpResponse.json({ code: '00', desc: 'success' })
      }),
    )
    await payos.announce(ACCESS, 'https://cho.example/notifications/payos-1', soon())
    expect(told).toEqual({ webhookUrl: 'https://cho.example/notifications/payos-1' })
  })

  test('that it could not call is an error', async () => {
    outside.use(http.post(`${BASE}/confirm-webhook`, () => HttpResponse.json({ code: '20' })))
    await expect(payos.announce(ACCESS, 'https://cho.example/x', soon())).rejects.toThrow(
      'not a confirmation',
    )
  })
})
