import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { VendorChange } from '../../shared/wire.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import type { Env } from '../../server/http/door.ts'
import { createEventStreams, message } from '../../server/http/event-stream.ts'
import type { Market } from '../../server/storage/market.ts'
import { revokeSession } from '../../server/storage/session.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { credit, messageOf, MORNING } from '../small-market.ts'
import { openTestServer, type TestServer } from './test-server.ts'

/** Long enough for what a stream has to say at once, and to be sure of what it does not. */
const QUIET_MS = 150
/** More than is read at once. */
const MANY = 120

let server: TestServer
let market: Market
let source: string
let lan: StallEntry
let hoa: StallEntry
let stalls = 0
beforeAll(async () => {
  server = openTestServer()
  market = await server.addMarket('Chợ Nghe')
})
afterAll(() => server.close())
beforeEach(async () => {
  stalls += 2
  lan = await server.addStall(market, `L${stalls}`)
  hoa = await server.addStall(market, `L${stalls + 1}`)
  source = await server.addSource([lan, hoa])
})

const signIn = ({ vendor }: StallEntry) =>
  server.signIn({ role: 'vendor', marketId: market.id, vendorId: vendor!.id })
const pay = (to: StallEntry, amount: number, time = '2026-11-22 08:00:00') =>
  server.pay(source, {
    accountNumber: to.accounts[0]!.accountNumber,
    content: to.stall.reference,
    amount,
    time,
  })
/** As another process on the same file does it: no hint comes of it. */
const recordSilently = ({ accounts, stall }: StallEntry, amountVnd: number) => {
  const told = credit({
    accountNumber: accounts[0]!.accountNumber,
    remittanceText: stall.reference,
    amountVnd,
  })
  const batch = [{ ...messageOf(told), sourceId: source }]
  return server.services.store.record(batch, { decide, dayOf, sameTransfer })
}

interface Phone {
  changes(): VendorChange[]
  amounts(): number[]
  ended(): boolean
  /** The cursor its browser would come back with. */
  lastEventId(): string
  stop(): Promise<void>
}

async function listen(cookie: string, { stall }: StallEntry, lastEventId = '0'): Promise<Phone> {
  const response = await server.request(`/vendor/${stall.code}/stream`, {
    headers: { cookie, 'last-event-id': lastEventId },
  })
  expect(response.status).toBe(200)
  const reader = response.body!.getReader()
  let text = ''
  let isOver = false
  const reading = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += Buffer.from(part.value as Uint8Array).toString()
    isOver = true
  })()
  const changes = () =>
    [...text.matchAll(/event: change\ndata: (.+)\n/g)].map(([, data]) => JSON.parse(data!) as VendorChange)
  const stop = async () => {
    await reader.cancel()
    await reading
  }
  onTestFinished(stop)
  return {
    changes,
    amounts: () => changes().map(({ payment }) => payment.amountVnd),
    ended: () => isOver,
    lastEventId: () => [...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? lastEventId,
    stop,
  }
}

const ascending = (a: number, b: number) => a - b
const seqsOf = (phone: Phone) => phone.changes().map(({ seq }) => seq)

describe('a phone’s stream', () => {
  it('tells each payment of its stall once and in order, and none of another’s', async () => {
    const [hers, other] = [await signIn(lan), await signIn(hoa)]
    const phones = [await listen(hers, lan), await listen(hers, lan), await listen(other, hoa)]
    await Promise.all([1_000, 2_000, 3_000].flatMap((amount) => [pay(lan, amount), pay(hoa, amount + 500)]))
    await sleep(QUIET_MS)
    for (const phone of phones.slice(0, 2)) {
      expect(phone.amounts().toSorted(ascending)).toEqual([1_000, 2_000, 3_000])
      expect(seqsOf(phone)).toEqual(seqsOf(phone).toSorted(ascending))
      expect(phone.changes().at(-1)!.takings).toMatchObject({ totalVnd: 6_000, saleCount: 3 })
    }
    expect(phones[2]!.amounts().toSorted(ascending)).toEqual([1_500, 2_500, 3_500])
  })

  it('goes on where it broke off: nothing is missed and nothing told twice', async () => {
    const cookie = await signIn(lan)
    const heard: VendorChange[] = []
    let cursor = '0'
    for (let round = 0; round < 8; round += 1) {
      const phone = await listen(cookie, lan, cursor)
      const paying = Promise.all([1, 2, 3].map((one) => pay(lan, 1_000 * (round * 3 + one))))
      // Broken off in the middle of it, some earlier and some later.
      await sleep(round * 3)
      await phone.stop()
      heard.push(...phone.changes())
      cursor = phone.lastEventId()
      await paying
    }
    const last = await listen(cookie, lan, cursor)
    await sleep(QUIET_MS)
    heard.push(...last.changes())
    const amounts = heard.map(({ payment }) => payment.amountVnd)
    expect(amounts.toSorted(ascending)).toEqual(Array.from({ length: 24 }, (_, index) => 1_000 * (index + 1)))
    const seqs = heard.map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.toSorted(ascending))
  })

  it('tells more than a page of what was missed, and what comes meanwhile after it', async () => {
    const amounts = Array.from({ length: MANY }, (_, index) => 1_000 + index)
    await Promise.all(amounts.map((amount) => pay(lan, amount)))
    const phone = await listen(await signIn(lan), lan)
    await pay(lan, 5_000)
    await sleep(2 * QUIET_MS)
    expect(phone.amounts().at(-1)).toBe(5_000)
    expect(phone.amounts().toSorted(ascending)).toEqual([...amounts, 5_000])
    expect(seqsOf(phone)).toEqual(seqsOf(phone).toSorted(ascending))
  })

  it('tells once what is committed while it is being told', async () => {
    const { store } = server.services
    const { read } = store
    const cookie = await signIn(lan)
    let amountVnd = 0
    store.read = async (unit) => {
      const found = await read(unit)
      await recordSilently(lan, (amountVnd += 1_000))
      return found
    }
    onTestFinished(() => void (store.read = read))
    const phone = await listen(cookie, lan)
    await sleep(QUIET_MS)
    store.read = read
    await pay(lan, 500)
    await sleep(QUIET_MS)
    const all = Array.from({ length: amountVnd / 1_000 }, (_, index) => 1_000 * (index + 1))
    expect(all.length).toBeGreaterThan(3)
    expect(phone.amounts()).toEqual([...all, 500])
  })

  it('tells two phones of a stall the same payment, each with what it may know', async () => {
    const first = await signIn(lan)
    await pay(lan, 1_000)
    const her = { role: 'vendor', marketId: market.id, vendorId: lan.vendor!.id } as const
    const [young, helper] = [await server.pair(her), await server.pair(her, 'helper')]
    const cursor = (await listen(first, lan)).lastEventId
    await sleep(QUIET_MS)
    const phones = await Promise.all([first, young, helper].map((cookie) => listen(cookie, lan, cursor())))
    await pay(lan, 2_000)
    await pay(lan, 4_000, '2026-11-21 10:00:00')
    await sleep(QUIET_MS)
    const heard = phones.map((phone) =>
      phone.changes().map(({ payment, takings }) => [payment.amountVnd, takings.totalVnd]),
    )
    const [knowsAll, knowsLater] = [
      [
        [1_000, 1_000],
        [2_000, 3_000],
        [4_000, 4_000],
      ],
      [[2_000, 2_000]],
    ]
    expect(heard).toEqual([knowsAll.slice(1), knowsLater, knowsLater])
  })

  it('tells what no hint came for as soon as anything else of the market is told', async () => {
    const phone = await listen(await signIn(lan), lan)
    const other = await listen(await signIn(hoa), hoa)
    await recordSilently(lan, 7_000)
    await sleep(QUIET_MS)
    expect(phone.amounts()).toEqual([])
    await pay(hoa, 1_000)
    await sleep(QUIET_MS)
    expect(phone.amounts()).toEqual([7_000])
    expect(other.amounts()).toEqual([1_000])
  })

  it('ends with its session, and tells not one payment more', async () => {
    const [cookie, kept] = [await signIn(lan), await signIn(lan)]
    const [phone, other] = [await listen(cookie, lan), await listen(kept, lan)]
    // Without a word to anybody, as another process may do it.
    await server.services.store.write((tx) => revokeSession(tx, cookie.split('=')[1]!, MORNING))
    await pay(lan, 1_000)
    await sleep(QUIET_MS)
    expect([phone.amounts(), phone.ended()]).toEqual([[], true])
    expect([other.amounts(), other.ended()]).toEqual([[1_000], false])
  })

  it('is refused where ten of the stall listen already, and let in when one has left', async () => {
    const cookie = await signIn(lan)
    const phones = await Promise.all(Array.from({ length: 10 }, () => listen(cookie, lan)))
    const path = `/vendor/${lan.stall.code}/stream`
    expect((await server.get(path, cookie)).status).toBe(503)
    await phones[0]!.stop()
    await sleep(QUIET_MS)
    const again = await listen(cookie, lan)
    await pay(lan, 1_000)
    await sleep(QUIET_MS)
    expect(again.amounts()).toEqual([1_000])
    expect(phones[0]!.amounts()).toEqual([])
  })

  it('is kept by nobody on the way', async () => {
    const response = await server.get(`/vendor/${lan.stall.code}/stream`, await signIn(lan))
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    await response.body!.cancel()
  })
})

it('a phone that takes nothing is cut off, and its neighbour hears all', { timeout: 30_000 }, async () => {
  const MESSAGE = message('change', 'x'.repeat(25_000))
  /** Far more than what the kernel keeps for a connection. */
  const MESSAGES = 1_000
  let told = Promise.withResolvers<void>()
  const streams = createEventStreams(server.services, {
    maxStreamsOfRoom: 10,
    async tell(_market, rooms) {
      for (const room of rooms) for (const phone of room.streams) phone.send(MESSAGE)
      told.resolve()
      return []
    },
  })
  const answers: ServerResponse[] = []
  const http = createServer((_, outgoing) => {
    answers.push(outgoing)
    streams.open({ env: { outgoing } } as unknown as Context<Env>, 1, 1, 'token', 0)
  })
  await once(http.listen(0), 'listening')
  const { port } = http.address() as AddressInfo
  const phoneOf = async () => {
    const phone = connect(port)
    phone.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(http, 'request')
    return phone
  }
  const reader = await phoneOf()
  let taken = 0
  reader.on('data', (chunk) => (taken += chunk.length))
  const sleeper = (await phoneOf()).pause()
  const [toReader, toSleeper] = answers as [ServerResponse, ServerResponse]

  let mostKept = 0
  for (let count = 0; count < MESSAGES; count += 1) {
    told = Promise.withResolvers()
    streams.wake(1, 1)
    await told.promise
    mostKept = Math.max(mostKept, toSleeper.writableLength)
    while (toReader.writableLength > 0) await turn()
  }
  while (taken < MESSAGE.length * MESSAGES) await sleep(1)
  expect([toReader.destroyed, toSleeper.destroyed]).toEqual([false, true])
  expect(mostKept).toBeLessThan(MESSAGE.length * 5)
  reader.destroy()
  sleeper.destroy()
  http.close()
})
