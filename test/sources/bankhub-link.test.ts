import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { linkAccount } from '../../server/sources/bankhub.ts'

const BASE = 'https://bankhub-api.sepay.vn/v1'
const ACCESS = { clientId: 'client', clientSecret: 'secret-nobody-may-read', companyXid: 'company-1' }
const BACK = 'https://cho.example/vendor/abc/settings'

const outside = setupServer()
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
beforeEach(() =>
  outside.use(
    http.post(`${BASE}/token`, () => HttpResponse.json({ access_token: 'bearer-1' }, { status: 201 })),
  ),
)
afterEach(() => outside.resetHandlers())
afterAll(() => outside.close())

const link = () => linkAccount(ACCESS, BACK, AbortSignal.timeout(5_000))

test('a vendor’s link is SePay’s page, asked for with what names our company and brings her back', async () => {
  let body: unknown
  outside.use(
    http.post(`${BASE}/link-token/create`, async ({ request }) => {
      expect(request.headers.get('authorization')).toBe('Bearer bearer-1')
      body = await request.json()
      return HttpResponse.json({ hosted_link_url: 'https://bankhub.sepay.vn/link/abc', expires_at: '' })
    }),
  )
  expect(await link()).toBe('https://bankhub.sepay.vn/link/abc')
  expect(body).toEqual({
    company_xid: 'company-1',
    purpose: 'LINK_BANK_ACCOUNT',
    completion_redirect_uri: BACK,
    language: 'vi',
  })
})

test.each([
  'http://bankhub.sepay.vn/link',
  'https://bankhub.sepay.vn.evil.example/',
  'https://evil.example/?bankhub.sepay.vn',
  'javascript:alert(1)',
  '',
])('a link that is not SePay’s (%j) is shown to nobody', async (hosted_link_url) => {
  outside.use(http.post(`${BASE}/link-token/create`, () => HttpResponse.json({ hosted_link_url })))
  await expect(link()).rejects.toThrow('SePay Bank Hub: the answer is not a link of SePay')
})

test('refused credentials are told without being quoted', async () => {
  outside.use(http.post(`${BASE}/token`, () => new HttpResponse(null, { status: 401 })))
  const error = await link().catch(String)
  expect(error).toContain('refused (HTTP 401)')
  expect(error).not.toContain('secret-nobody')
})
