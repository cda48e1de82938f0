import type Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { boardOf, openTestServer, OPERATOR, TODAY, type TestServer } from './test-server.ts'

/** What grows with every payment of a market. */
const LEDGER =
  'bank_notification|bank_transaction|match|match_reversal|classification|witness|erasable|change|sale'
/** All of a market, whichever key it is walked by: no further column narrows it. */
const WHOLE = new RegExp(`^(SCAN (${LEDGER})\\b|SEARCH (${LEDGER}) .*\\(market_id=\\?\\)$)`)

let server: TestServer
beforeEach(() => void (server = openTestServer()))
afterEach(() => server.close())

it('no page reads a market’s whole ledger: a person’s question must not hold up everybody’s money', async () => {
  const market = await server.addMarket('Chợ Phù Cát')
  const shared = { bankBin: '970422', accountNumber: '0999888777' }
  const stall = await server.addStall(market, 'C1', { account: shared })
  await server.addStall(market, 'C2', { account: shared })
  const sourceId = await server.addSource([stall])
  for (const content of ['tien ca', `${stall.stall.reference} rau`])
    expect((await server.pay(sourceId, { accountNumber: shared.accountNumber, content })).status).toBe(200)
  const operator = await server.signIn(OPERATOR)
  const vendor = await server.signIn({ role: 'vendor', marketId: market.id, vendorId: stall.vendor!.id })
  const board = await server.signIn(boardOf(market))
  const { code } = stall.stall
  const pages: [who: string, paths: string[]][] = [
    [
      operator,
      [
        '/operator',
        `/operator/inbox/${market.code}?day=${TODAY}`,
        '/operator/inbox/khong-thuoc-cho-nao',
        `/operator/inbox/${market.code}/decided?day=${TODAY}`,
        '/operator/sources',
        `/operator/sources/${sourceId}`,
        '/operator/statements',
        '/operator/proofs',
      ],
    ],
    [
      vendor,
      ['', '/book', `/book?day=${TODAY}`, '/statement', '/charge', '/settings', '/proof', '/stand'].map(
        (rest) => `/vendor/${code}${rest}`,
      ),
    ],
    [board, [`/board/${market.code}`, `/board/${market.code}/adoption`]],
    ['', [`/s/${code}`, '/readyz']],
  ]
  const client = (server.services.store.db as unknown as { $client: Database.Database }).$client
  const prepare = vi.spyOn(client, 'prepare')
  const texts = new Map<string, string>()
  for (const [who, paths] of pages) {
    for (const path of paths) {
      const response = await server.get(path, who)
      expect([path, response.status]).toEqual([path, 200])
      await response.text()
      for (const [text] of prepare.mock.calls.splice(0)) texts.set(text, path)
    }
  }
  prepare.mockRestore()
  expect(texts.size).toBeGreaterThan(40)
  const whole = [...texts].flatMap(([text, path]) => {
    const values = Array.from(text.matchAll(/\?/g), () => null)
    const plan = client.prepare<null[], { detail: string }>(`explain query plan ${text}`).all(...values)
    return plan.filter(({ detail }) => WHOLE.test(detail)).map(({ detail }) => `${path}: ${detail}`)
  })
  expect(whole).toEqual([])
})
