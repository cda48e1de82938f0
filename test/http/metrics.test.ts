import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { startServer, type RunningServer } from '../../server/main.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { takeSeqs } from '../../server/storage/seq.ts'
import { SECRET, sepayBody, sepayHeaders } from '../sepay.ts'
import { fillMarket, TODAY } from '../small-market.ts'

let server: RunningServer
let folder: string
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A real server on a real socket, whose address is looked at. */
async function start() {
  folder = mkdtempSync(join(tmpdir(), 'cho-'))
  const config = readConfig({ PORT: '0', DATA_DIR: folder })
  const now = () => Date.parse(`${TODAY}T09:00:05+07:00`)
  server = await startServer(config, { now, log: pino({ level: 'silent' }) })
  const { store, seal } = server.services
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay', access: null, secret: SECRET }
  const { id } = await addInstance(store, seal, operatorScope(), wanted, now())
  return { sourceId: id, ...(await fillMarket(store, id)) }
}
const address = (path: string) => `http://127.0.0.1:${server.port}${path}`
const read = async (headers = {}) => {
  const response = await fetch(address('/metrics'), { headers })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

it('tells what came, what was refused and how far the rollups are, and no money, account or name', async () => {
  const { sourceId, lan, store } = await start()
  const told = sepayBody({
    id: 1,
    accountNumber: lan.accountNumber,
    content: lan.reference,
    amount: 123_456,
  })
  const notify = (body: string, secret: string) =>
    fetch(address(`/notifications/${sourceId}`), {
      method: 'POST',
      body,
      headers: sepayHeaders(body, server.services.now(), secret),
    })
  expect((await notify(told, SECRET)).status).toBe(200)
  expect((await notify(told, 'not the secret')).status).toBe(401)
  await followLedger(store, server.services.seal.payerKey)

  const { status, type, text } = await read()
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(text).toContain('cho_credits_7d{source_kind="sepay",outcome="matched"} 1\n')
  expect(text).toContain('cho_refusals_total{code="bad_signature"} 1\n')
  expect(text).toContain('cho_sale_codes_total{outcome="missed"} 0\n')
  expect(text).toContain('cho_notifications_waiting 0\n')
  expect(text).toContain('cho_commit_seconds_bucket{le="+Inf"} 1\n')
  expect(text).toContain('cho_commit_seconds_count 1\n')
  expect(text).toContain('cho_open_streams 0\n')
  expect(text).not.toMatch(/cho_rollup_lag_\w+\{/)
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.e+-]+)$/)
  for (const secret of ['123456', lan.accountNumber, lan.reference, lan.code, SECRET, 'Lan', sourceId])
    expect(text).not.toContain(secret)
})

it('tells how far behind a market is that nobody follows', async () => {
  const { marketId, store } = await start()
  await store.write((tx) => takeSeqs(tx, marketId, 7))
  expect((await read()).text).toMatch(/cho_rollup_lag_entries\{market="\d+"\} \d+\n/)
})

it('is not there for whoever comes from outside, through a proxy', async () => {
  await start()
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
    const { status, text } = await read({ [name]: '203.0.113.7' })
    expect(status).toBe(404)
    expect(text).not.toContain('cho_')
  }
})
