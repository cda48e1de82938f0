import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import {
  bankNotification,
  bankTransaction,
  matchException,
  erasable,
} from '../../server/storage/kit.sqlite.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { createFakeBank } from '../../scripts/fake-bank.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB, MORNING, scopeOf, TODAY, type TestStall } from '../small-market.ts'
import { everyCase, flipped, transfer } from '../sources/proving.ts'

const cases = await everyCase()
let market: RunningMarket
beforeAll(async () => void (market = await runSmallMarket()))
afterAll(() => market.close())

const rowCount = async () => {
  const { db } = market.store
  return (await db.select().from(bankNotification)).length + (await db.select().from(bankTransaction)).length
}

describe.each(cases)('$name over HTTP', (one) => {
  let sourceId: string
  let stall: TestStall
  let address: string

  beforeAll(async () => {
    const { services } = market.server
    stall = await market.addStall({ name: one.name, bound: false })
    const { kind } = one.source
    const wanted = { kind, mode: one.mode.id, label: kind, access: null, secret: one.secret.ours }
    const made = await addInstance(services.store, services.seal, operatorScope(), wanted, MORNING)
    sourceId = made.id
    address = `${market.url}/notifications/${sourceId}`
    const bound = [{ bankBin: MB, accountNumber: stall.accountNumber }]
    await market.store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), sourceId, bound, MORNING))
  })

  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
    fetch(`${address}${path}`, { method: 'POST', body, headers })
  const ask = async (path: string, headers: Record<string, string>): Promise<unknown> =>
    (await post(path, '', headers)).json()
  const prove = (body: string, secret = one.secret.theirs) =>
    one.sender.prove(body, { mode: one.mode.id, secret, sourceId, now: MORNING, ask })
  const told = (more: Parameters<typeof transfer>[0] = {}) =>
    one.sender.write(
      transfer({ accountNumber: stall.accountNumber, memo: `CK ${stall.reference}`, ...more }),
      one.mode.id,
    )

  test('its message is thanked for in its own words and recorded once, though sent three times', async () => {
    const body = told()
    for (let time = 0; time < 3; time += 1) {
      const out = await prove(body)
      const response = await post(out.path, out.body, out.headers)
      expect([response.status, await response.json()]).toEqual([200, one.sender.thanks(transfer())])
    }
    const takings = await getTakings(market.store, scopeOf(stall), TODAY)
    expect(takings).toMatchObject({ totalVnd: 50_000, saleCount: 1 })
  })

  test('what it tells at its bare address is heard as well', async () => {
    const out = await prove(told({ id: 2, bankReference: 'FT26326000000002' }))
    expect((await post('', out.body, out.headers)).status).toBe(200)
    expect((await getTakings(market.store, scopeOf(stall), TODAY)).saleCount).toBe(2)
  })

  test('a forged one is 401 and leaves no row', async () => {
    const before = await rowCount()
    const body = told({ id: 3 })
    const out = await prove(body)
    const attempts: [
      path: string,
      body: string | Uint8Array<ArrayBuffer>,
      headers: Record<string, string>,
    ][] = [['/elsewhere', out.body, out.headers]]
    const forged = await prove(body, one.other.theirs).catch(() => undefined)
    if (forged) attempts.push([forged.path, forged.body, forged.headers])
    if (one.mode.signs)
      attempts.push([out.path, Uint8Array.from(flipped(Buffer.from(out.body), 777)), out.headers])
    // Some carry their proof in the body.
    if (Object.keys(out.headers).length > 1) attempts.push([out.path, out.body, {}])
    expect(attempts.length).toBeGreaterThan(1)
    for (const [path, sent, headers] of attempts) {
      const response = await post(path, sent, headers)
      expect(response.status).toBe(401)
      expect(await response.text()).not.toMatch(/secret|mismatch|stale|malformed/)
    }
    expect(await rowCount()).toBe(before)
  })

  test('a genuine one that cannot be read is acknowledged, kept byte for byte, and raised', async () => {
    const before = (await market.store.db.select().from(matchException)).length
    const out = await prove(told({ id: 4, amountVnd: 0.5 }))
    const response = await post(out.path, out.body, out.headers)
    expect(response.status).toBe(200)
    await response.body?.cancel()
    const raised = await market.store.db.select().from(matchException)
    expect(raised).toHaveLength(before + 1)
    expect(raised.at(-1)).toMatchObject({ reason: 'unreadable' })
    expect(raised.at(-1)!.detail).toMatch(/^bad_amount \([\w.]+: /)
    const kept = await market.store.db.select().from(erasable)
    expect(kept.map((row) => row.body?.toString())).toContain(out.body)
  })

  // Of a console that can send one.
  const testCalls = [one.sender.testCall?.(one.mode.id)].filter((call) => call !== undefined)
  test.each(testCalls)('its console’s test call is answered and counts nothing', async (testCall) => {
    const counted = async () => {
      const rows = await market.store.db.select().from(bankTransaction)
      return rows.filter((row) => row.notCounted === null).length
    }
    const before = await counted()
    const out = await prove(testCall)
    expect((await post(out.path, out.body, out.headers)).status).toBe(200)
    expect(await counted()).toBe(before)
  })

  test('money of an account that it may not speak for is not counted', async () => {
    const before = await getTakings(market.store, scopeOf(market.hoa), TODAY)
    const { accountNumber, reference } = market.hoa
    // Of its own, for what is alike would be the same transfer told by another source.
    const bankReference = `FT26326${String(cases.indexOf(one)).padStart(9, '0')}`
    const amountVnd = 10_000 + 1_000 * cases.indexOf(one)
    const out = await prove(told({ id: 5, accountNumber, memo: reference, bankReference, amountVnd }))
    expect((await post(out.path, out.body, out.headers)).status).toBe(200)
    expect(await getTakings(market.store, scopeOf(market.hoa), TODAY)).toEqual(before)
    const rows = await market.store.db.select().from(bankTransaction)
    const ofHoa = rows.filter((row) => row.sourceId === sourceId && row.accountNumber === accountNumber)
    expect(ofHoa).toHaveLength(1)
    // Where no bank is told, an account that is none of the source's own is nobody's.
    expect(ofHoa[0]!.notCounted).toMatch(/^(source_not_allowed|unknown_account)$/)
  })

  test('the fake bank plays it: doubled, out of order and mangled, each transfer counts once', async () => {
    const before = await getTakings(market.store, scopeOf(stall), TODAY)
    const bank = createFakeBank({
      sender: one.sender,
      mode: one.mode.id,
      address,
      secret: one.secret.theirs,
      payees: [
        {
          bank: 'MBBank',
          accountNumber: stall.accountNumber,
          virtualAccount: null,
          reference: stall.reference,
        },
      ],
      habits: { resend: 0.3, outOfOrder: 0.3 },
      seed: 20_261_122,
      firstId: 1_000_000,
      now: () => MORNING,
    })
    const statuses = await bank.play(30, 0, AbortSignal.timeout(20_000))
    expect([...statuses.keys()]).toEqual([200])
    expect(statuses.get(200)).toBeGreaterThan(30)
    const after = await getTakings(market.store, scopeOf(stall), TODAY)
    expect(after.saleCount - before.saleCount).toBe(30)
  })
})
