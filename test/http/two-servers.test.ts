import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { delay, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { startServer, type RunningServer } from '../../server/main.ts'
import { giveAccess } from '../../server/sources/instance.ts'
import { tenancy } from '../../server/storage/kit.sqlite.ts'
import { revokeVendorSessions } from '../../server/storage/session.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { findSource } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { prepareDataDir } from '../running-market.ts'
import { sepayBody, sepayHeaders } from '../sepay.ts'
import { fillMarket, MORNING, scopeOf, TODAY, type FilledMarket } from '../small-market.ts'
import { newDatabase, type TestDatabase } from '../test-store.ts'

/** Far less than the time after which a stream looks by itself. */
const SOON_MS = 3_000
const PUBLIC_URL = 'http://cho.test'

let database: TestDatabase
let prepared: Awaited<ReturnType<typeof prepareDataDir>>
let servers: [RunningServer, RunningServer]
let market: FilledMarket
let start: (now: number) => Promise<RunningServer>
let vendorId: number
beforeAll(async () => {
  database = await newDatabase('postgres')
  prepared = await prepareDataDir(database.url)
  const config = readConfig({
    PORT: '0',
    PUBLIC_URL,
    DATA_DIR: prepared.dataDir,
    DATABASE_URL: database.url,
  })
  start = (now) => startServer(config, { now: () => now, log: pino({ level: 'silent' }) })
  servers = [await start(MORNING), await start(MORNING)]
  market = await fillMarket(servers[0].services.store, prepared.sourceId)
  const [held] = await market.store.db.select().from(tenancy).where(eq(tenancy.stallId, market.lan.id))
  vendorId = held!.vendorId
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
  prepared.remove()
  await database.drop()
})

const addressOf = (which: 0 | 1) => `http://127.0.0.1:${servers[which].port}`
const pay = (which: 0 | 1, id: number) => {
  const { accountNumber, reference } = market.lan
  const body = sepayBody({ id, accountNumber, content: `CK ${reference}`, amount: 50_000 })
  const headers = sepayHeaders(body, MORNING)
  return fetch(`${addressOf(which)}/notifications/${prepared.sourceId}`, { method: 'POST', body, headers })
}
const signIn = async (which: 0 | 1) => {
  const identity = { role: 'vendor', marketId: market.marketId, vendorId } as const
  const code = await invite(market.store, identity, 'test', MORNING)
  const response = await fetch(`${addressOf(which)}/enter/${code}`, {
    method: 'POST',
    body: new URLSearchParams({ consent: 'yes' }),
    headers: { origin: PUBLIC_URL, accept: 'text/html' },
    redirect: 'manual',
  })
  expect(response.status).toBe(303)
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

/** What a stream says until it has said `wanted`, ends, or a little time is over. */
async function hear(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  const over = new Promise<undefined>((resolve) => setTimeout(resolve, SOON_MS, undefined))
  let said = ''
  while (!said.includes(wanted)) {
    const part = await Promise.race([reader.read(), over])
    if (part?.value === undefined) return said
    said += new TextDecoder().decode(part.value)
  }
  return said
}

it('a phone signed in at one server hears from the other what the first was told, until it is signed out', async () => {
  const cookie = await signIn(0)
  const stream = await fetch(`${addressOf(1)}/vendor/${market.lan.code}/stream?after=0`, {
    headers: { cookie },
  })
  expect(stream.status).toBe(200)
  const reader = stream.body!.getReader()
  expect(await hear(reader, 'hello')).toContain('hello')

  expect((await pay(0, 1)).status).toBe(200)
  expect(await hear(reader, 'event: change')).toContain('"totalVnd":50000')

  await servers[0].services.store.write((tx) =>
    revokeVendorSessions(tx, marketScope(market.marketId), vendorId, MORNING),
  )
  expect((await pay(0, 2)).status).toBe(200)
  expect(await hear(reader, 'event: change')).toBe('')
  await reader.cancel()
})

it('the same notification told to both at once is one credit', async () => {
  const before = await getTakings(market.store, scopeOf(market.lan), TODAY)
  const answers = await Promise.all([pay(0, 3), pay(1, 3), pay(0, 3), pay(1, 3)])
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200])
  const after = await getTakings(servers[1].services.store, scopeOf(market.lan), TODAY)
  expect(after.saleCount).toBe(before.saleCount + 1)
})

it('a source’s history is fetched by one of the servers, however many there are', async () => {
  const asked: (string | null)[] = []
  const outside = setupServer(
    http.get('https://userapi.sepay.vn/v2/transactions', async ({ request }) => {
      const since = new URL(request.url).searchParams.get('since_id')
      asked.push(since)
      await delay(SLOW_MS)
      const more = since === null
      const pagination = { total: 2, per_page: 1, current_page: 1, last_page: 2, has_more: more }
      return HttpResponse.json({
        status: 'success',
        data: [historyEntry(more ? 1 : 2)],
        meta: { pagination },
      })
    }),
  )
  outside.listen({ onUnhandledFrame: 'bypass' })
  onTestFinished(() => outside.close())
  const { store, seal } = servers[0].services
  const instance = { id: prepared.sourceId, kind: 'sepay' }
  await giveAccess(store, seal, operatorScope(), instance, { apiToken: 'token' })
  const later = async (now: number) => {
    const more = await Promise.all([start(now), start(now)])
    while ((await findSource(store, prepared.sourceId))!.backfilledAt !== now) await sleep(20)
    // One that comes when it is done.
    more.push(await start(now))
    await sleep(SLOW_MS)
    await Promise.all(more.map((server) => server.close()))
  }
  await later(MORNING)
  expect(asked).toEqual([null, historyEntry(1).id])
  await later(MORNING + 15 * 60_000)
  expect(asked).toEqual([null, historyEntry(1).id, null, historyEntry(1).id])
})

const SLOW_MS = 400
const historyEntry = (id: number) => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  transaction_date: '2026-11-22 09:00:00',
  account_number: market.lan.accountNumber,
  va: '',
  transfer_type: 'in',
  amount_in: 9_000,
  amount_out: 0,
  transaction_content: `CK ${market.lan.reference}`,
  reference_number: `FT26326${String(id).padStart(9, '0')}`,
  code: null,
  bank_brand_name: 'MBBank',
})

it('a machine with a key of its own is not let in', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'cho-'))
  const config = readConfig({ PORT: '0', DATA_DIR: elsewhere, DATABASE_URL: database.url })
  await expect(startServer(config, { log: pino({ level: 'silent' }) })).rejects.toMatchObject({
    code: 'OTHER_KEY',
  })
  rmSync(elsewhere, { recursive: true })
})

it('each is ready, and says so', async () => {
  for (const which of [0, 1] as const) expect((await fetch(`${addressOf(which)}/readyz`)).status).toBe(200)
})
