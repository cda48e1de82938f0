import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { createApp } from '../../server/http/app.ts'
import type { Doors } from '../../server/http/door.ts'
import type { Market } from '../../server/storage/market.ts'
import { accountProof } from '../../server/storage/kit.sqlite.ts'
import type { Identity } from '../../server/storage/session.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { boardOf, bytesOf, openTestServer, OPERATOR, type TestServer } from './test-server.ts'

/** Amounts nobody else pays; each is its day's only money, so that a sum of the day would show it as well. */
const MATCHED_TODAY = 7_654_321
const MATCHED_YESTERDAY = 6_543_217
const UNCLEAR = 5_432_176
const UNDECIDED = 4_321_765
/** Stands in for what an operator sends to prove an account. */
const TEST_MONEY = 8_765_432
const CANARIES = [MATCHED_TODAY, MATCHED_YESTERDAY, UNCLEAR, UNDECIDED, TEST_MONEY]
/** As a person writes it, as a machine does, and what is left when the last three digits are rounded away. */
const formsOf = (amount: number) => [
  String(amount),
  amount.toLocaleString('de-DE'),
  amount.toLocaleString('en-US'),
  amount.toLocaleString('fr-FR'),
  amount.toLocaleString('de-DE').slice(0, 5),
]
const FORMS = CANARIES.flatMap(formsOf)
const canaries = () => [...FORMS, testReference]
const A_DAY = 86_400_000

let server: TestServer
let policies: Doors['policies']
let market: Market
let foreign: Market
let mine: StallEntry
let hers: StallEntry
let testReference: string
beforeAll(async () => {
  server = openTestServer()
  policies = createApp(server.services, false).policies
  server.clock.now -= 3 * A_DAY
  market = await server.addMarket('Chợ Nhà')
  foreign = await server.addMarket('Chợ Lạ')
  const options = { consentTextVersion: CONSENT_TEXT_VERSION }
  mine = await server.addStall(market, 'A1', options)
  hers = await server.addStall(market, 'A2', options)
  const unclear = await server.addStall(market, 'A3', options)
  // Enough of them that every count of the market is shown.
  for (let index = 4; index <= 12; index += 1) await server.addStall(market, `A${index}`, options)
  await server.addStall(foreign, 'L1', options)
  const source = await server.addSource([mine, hers, unclear])
  server.clock.now += 3 * A_DAY
  const pay = (to: StallEntry, amount: number, time: string, content = to.stall.reference) =>
    server.pay(source, { accountNumber: to.accounts[0]!.accountNumber, content, amount, time })
  await pay(mine, MATCHED_YESTERDAY, '2026-11-21 10:00:00')
  await pay(mine, MATCHED_TODAY, '2026-11-22 08:00:00')
  await pay(mine, UNCLEAR, '2026-11-20 10:00:00', 'khong co ma')
  await pay(mine, UNDECIDED, '2026-11-19 23:00:00', `${mine.stall.reference} ${hers.stall.reference}`)
  // A phone that would see them waits for the operator's transfer.
  const identity: Identity = { role: 'vendor', marketId: market.id, vendorId: mine.vendor!.id }
  await server.post(`/vendor/${mine.stall.code}/proof/start`, {}, await server.pair(identity))
  const { db } = server.services.store
  const [proof] = await db.update(accountProof).set({ amountVnd: TEST_MONEY }).returning()
  testReference = proof!.reference
})
afterAll(() => server.close())

const speakerOf = async (): Promise<string> => {
  const sectionId = mine.stall.sectionId
  return server.signIn({ role: 'speaker', marketId: market.id, vendorId: null, sectionId })
}

const people: Record<string, () => Promise<string | undefined>> = {
  nobody: async () => undefined,
  'the board': () => server.signIn(boardOf(market)),
  'another market’s board': () => server.signIn(boardOf(foreign)),
  'another vendor': () => server.signIn({ role: 'vendor', marketId: market.id, vendorId: hers.vendor!.id }),
  'the row’s speaker': speakerOf,
  'the operator': () => server.signIn(OPERATOR),
  'the vendor': () => server.signIn({ role: 'vendor', marketId: market.id, vendorId: mine.vendor!.id }),
}

/** Every address a route can have here: of this market and the other, of her stall and its neighbour, of each day. */
function addressesOf(path: string): string[] {
  const choices: [string, string[]][] = [
    [':stallCode', [mine.stall.code, hers.stall.code]],
    [':market', [market.code, foreign.code]],
    [':sourceId', ['x']],
    [':kind', ['sepay']],
    [':code', ['x']],
    [':file', ['2026-11-21.json', '2026-11-21.csv', '2026-11-20.json', 'latest.jws']],
    [':day', ['2026-11-22', '2026-11-21', '2026-11-20', '2026-11-19']],
    [':businessDay', ['2026-11-22', '2026-11-21', '2026-11-20', '2026-11-19']],
  ]
  let found = [path]
  for (const [name, values] of choices)
    found = found.flatMap((one) =>
      new RegExp(`${name}(?![A-Za-z])`).test(one) ? values.map((value) => one.replace(name, value)) : [one],
    )
  return found.flatMap((one) => [
    one,
    ...['recompute=yes', 'day=2026-11-21', 'day=2026-11-20', 'day=2026-11-19', 'q=A1', 'cursor=0'].map(
      (query) => `${one}?${query}`,
    ),
  ])
}

/** All that an answer says, as text that amounts can be searched in. */
async function bodyOf(response: Response): Promise<string> {
  const text = (await bytesOf(response)).toString('latin1')
  // A JWS hides its words from a search in base64.
  const hidden = text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
  return [text, ...hidden].join('\n')
}

/** The routes on which this person sees one of the amounts, in whatever form, or the test money's reference. */
async function routesWithMoney(who: () => Promise<string | undefined>): Promise<string[]> {
  const cookie = await who()
  const found = new Set<string>()
  for (const { method, path } of policies) {
    if (method !== 'get') continue
    for (const address of addressesOf(path)) {
      const headers: Record<string, string> = {
        accept: 'text/html,application/json',
        ...(cookie ? { cookie } : {}),
      }
      // A phone that comes back asks for everything since the beginning.
      headers['last-event-id'] = '0'
      const response = await server.request(address, { headers })
      const body = await bodyOf(response)
      if (canaries().some((canary) => body.includes(canary))) found.add(path)
    }
  }
  return [...found].sort()
}

describe('four amounts paid to one stall', () => {
  it.each(['nobody', 'the board', 'another market’s board', 'another vendor', 'the row’s speaker'])(
    '%s sees none of them on any route',
    async (who) => {
      expect(await routesWithMoney(people[who]!)).toEqual([])
    },
  )

  it('the operator sees the undecided one and a day’s sums in the inbox, test money where it is to be sent', async () => {
    const expected = ['/operator/inbox/:market', '/operator/proofs']
    expect(await routesWithMoney(people['the operator']!)).toEqual(expected)
  })

  it('the vendor sees them on her own pages only', async () => {
    const routes = await routesWithMoney(people['the vendor']!)
    expect(routes).toContain('/vendor/:stallCode')
    expect(routes.filter((path) => !path.startsWith('/vendor/:stallCode'))).toEqual([])
  })

  it('every route was asked, each in every address it can have', () => {
    const asked = policies.filter(({ method }) => method === 'get').flatMap(({ path }) => addressesOf(path))
    expect(asked.filter((address) => /\/:/.test(address))).toEqual([])
    expect(asked.length).toBeGreaterThan(150)
  })

  it('no log line has them', () => {
    const all = server.logged.join('\n')
    expect(canaries().filter((canary) => all.includes(canary))).toEqual([])
  })
})
