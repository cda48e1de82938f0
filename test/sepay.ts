import { createHmac } from 'node:crypto'

export const SECRET = 'a secret of this test only'

/** What SePay posts for one credit, on MB unless said otherwise. */
export function sepayBody(told: {
  id: number | string
  accountNumber: string
  content: string
  amount?: number
  time?: string
  gateway?: string
  type?: 'in' | 'out'
  reference?: string
}): string {
  return JSON.stringify({
    id: told.id,
    gateway: told.gateway ?? 'MBBank',
    transactionDate: told.time ?? '2026-11-22 09:00:00',
    accountNumber: told.accountNumber,
    code: null,
    content: told.content,
    transferType: told.type ?? 'in',
    transferAmount: told.amount ?? 50_000,
    accumulated: 0,
    subAccount: null,
    referenceCode: told.reference ?? `FT26326${String(told.id).padStart(9, '0')}`,
    description: '',
  })
}

/** The headers SePay proves itself with; `at` is epoch milliseconds. */
export function sepayHeaders(body: string | Uint8Array, at: number, secret = SECRET): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
  return {
    'content-type': 'application/json',
    'x-sepay-timestamp': timestamp,
    'x-sepay-signature': `sha256=${signature}`,
  }
}
