import { http, HttpResponse, passthrough } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sources } from '../../server/sources/registry.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts, listSources } from '../../server/storage/source.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { everyCase } from '../sources/proving.ts'
import { OPERATOR, openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let operator: string
/** Our own server is not outside. */
const outside = setupServer(http.all('http://localhost:*/notifications/*', () => passthrough()))
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
afterEach(() => outside.resetHandlers())
afterAll(() => outside.close())
beforeEach(async () => {
  server = openTestServer({ publicUrl: 'https://cho.example' })
  operator = await server.signIn(OPERATOR)
  return () => server.close()
})
const page = async (path: string, cookie = operator) => (await server.get(path, cookie)).text()
const cases = await everyCase()

describe('«Nguồn báo tiền»', () => {
  it('leads to a form for every registered source', async () => {
    const shown = await page('/operator/sources')
    for (const { kind, name } of sources) {
      expect(shown).toContain(`<a class="row-link" href="/operator/sources/add/${kind}">${name}</a>`)
    }
    expect((await server.get('/operator/sources/add/momo', operator)).status).toBe(404)
  })

  it.each(cases)('adds $name by what the source declares, and hears it', async (one) => {
    const { source, mode, secret } = one
    const path = `/operator/sources/add/${source.kind}`
    const form = await page(path)
    for (const field of [source.secret, ...source.access]) expect(form).toContain(field.label)
    const access = Object.fromEntries(source.access.map(({ name }) => [name, `token-of-${name}`]))
    const typed = { label: 'Nguồn thử', mode: mode.id, secret: secret.ours, ...access }
    const response = await server.post(path, typed, operator)
    const shown = await response.text()
    expect(response.status).toBe(200)
    const id = /https:\/\/cho\.example\/notifications\/([\w-]+)/.exec(shown)?.[1] ?? ''
    expect(id).toMatch(new RegExp(`^${source.kind}-[0-9a-f]{12}$`))
    expect(shown).toContain('<ol class="steps">')
    const later = (await page(`/operator/sources/${id}`)) + (await page('/operator/sources'))
    for (const kept of Object.values(access)) expect(shown + later).not.toContain(kept)
    const [row] = await listSources(server.services.store, operatorScope())
    expect(row!.apiToken === null).toBe(source.access.length === 0)
    expect(row!.apiToken ?? '').not.toContain('token-of')

    const ask = async (below: string, headers: Record<string, string>): Promise<unknown> =>
      (await server.request(`/notifications/${id}${below}`, { method: 'POST', headers })).json()
    const body = one.sender.write(
      {
        id: 1,
        bankBin: '970422',
        accountNumber: '123',
        virtualAccount: null,
        direction: 'in',
        amountVnd: 1_000,
        bookedAt: server.clock.now,
        memo: 'x',
        bankReference: 'FT1',
      },
      mode.id,
    )
    const proving = { mode: mode.id, secret: secret.theirs, sourceId: id, now: server.clock.now, ask }
    const out = await one.sender.prove(body, proving)
    const init = { method: 'POST', body: out.body, headers: out.headers }
    expect((await server.request(`/notifications/${id}${out.path}`, init)).status).toBe(200)
    expect(await page(`/operator/sources/${id}`)).toContain('09:00 ngày 22/11')
  })

  it('takes no source whose secret is the source’s to give without it, and no half of what it needs', async () => {
    const wanted = { label: 'X', mode: 'checksum', secret: '', clientId: 'abc', apiKey: '' }
    const response = await server.post('/operator/sources/add/payos', wanted, operator)
    const shown = await response.text()
    expect(response.status).toBe(400)
    for (const field of ['secret', 'apiKey', 'clientId']) expect(shown).toContain(`id="${field}-error"`)
    expect(shown).not.toContain('value="abc"')
    expect(await listSources(server.services.store, operatorScope())).toEqual([])
  })
})

describe('a vendor links her own account', () => {
  const TOKEN = 'https://bankhub-api.sepay.vn/v1/token'
  const LINK = 'https://bankhub-api.sepay.vn/v1/link-token/create'
  let stall: StallEntry
  let vendor: string
  const add = async (accounts: StallEntry['accounts']) => {
    const { store, seal } = server.services
    const access = { clientId: 'client', clientSecret: 'secret-of-bank-hub', companyXid: 'company' }
    const wanted = { kind: 'bankhub', mode: 'apikey', label: 'Bank Hub', access, secret: null }
    const { id } = await addInstance(store, seal, operatorScope(), wanted, server.clock.now)
    await store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), id, accounts, server.clock.now))
  }
  beforeEach(async () => {
    const market = await server.addMarket('Chợ Phù Cát')
    stall = await server.addStall(market, 'A1')
    vendor = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id })
  })
  const settings = () => `/vendor/${stall.stall.code}/settings`
  const link = () => server.post(`/vendor/${stall.stall.code}/bank-link`, {}, vendor)

  it('where a source that lets her may speak for it, on that source’s page and not on ours', async () => {
    await add(stall.accounts)
    expect(await page(settings(), vendor)).toContain('Nối tài khoản của tôi')
    outside.use(
      http.post(TOKEN, () => HttpResponse.json({ access_token: 'bearer' })),
      http.post(LINK, async ({ request }) => {
        expect(await request.json()).toMatchObject({
          completion_redirect_uri: `https://cho.example${settings()}`,
        })
        return HttpResponse.json({ hosted_link_url: 'https://bankhub.sepay.vn/link?a=1&b=2' })
      }),
    )
    const response = await link()
    const shown = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(shown).toContain('href="https://bankhub.sepay.vn/link?a=1&amp;b=2"')
    expect(shown).not.toMatch(/type="password"|secret-of-bank-hub|bearer/)
  })

  it('and nowhere else', async () => {
    const other = await server.addStall(await server.addMarket('Chợ Khác'), 'B1')
    await add(other.accounts)
    expect(await page(settings(), vendor)).not.toContain('Nối tài khoản')
    expect((await link()).status).toBe(404)
  })

  it('and is told to come again where the source does not answer as it should', async () => {
    await add(stall.accounts)
    outside.use(http.post(TOKEN, () => new HttpResponse(null, { status: 401 })))
    const response = await link()
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('secret-of-bank-hub')
    expect(server.logged.join()).not.toContain('secret-of-bank-hub')
  })
})
