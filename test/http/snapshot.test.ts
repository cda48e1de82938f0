import { parse } from 'csv-parse/sync'
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { DEFINITIONS, DEFINITIONS_VERSION } from '../../server/domain/adoption.ts'
import { rotateSigningKey } from '../../server/domain/snapshot.ts'
import { startChores } from '../../server/chores.ts'
import { createApp } from '../../server/http/app.ts'
import { snapshotCsv } from '../../server/http/public-data/snapshot-csv.ts'
import { signingKey, snapshot, takings } from '../../server/storage/kit.sqlite.ts'
import { recordSnapshot } from '../../server/storage/snapshot.ts'
import { marketScope } from '../../server/storage/scope.ts'
import type { Market } from '../../server/storage/market.ts'
import type { StallEntry } from '../../server/storage/stall.ts'
import { run } from '../../server/storage/unit.ts'
import { openTestServer, type TestServer } from './test-server.ts'

const DAY = 86_400_000
const FILE = '/data/cho-phu-cat/2026-11-21'

let server: TestServer
let market: Market
let stalls: StallEntry[]
beforeEach(async () => {
  server = openTestServer()
  server.clock.now -= 2 * DAY
  market = await server.addMarket('Chợ Phù Cát')
  stalls = []
  for (let index = 1; index <= 13; index += 1) {
    const options = { section: index > 10 ? '=Cá' : 'Rau, củ', consentTextVersion: CONSENT_TEXT_VERSION }
    stalls.push(await server.addStall(market, `S${index}`, options))
  }
  const source = await server.addSource(stalls)
  for (const { accounts, stall } of stalls.slice(0, 4)) {
    const { accountNumber } = accounts[0]!
    await server.pay(source, { accountNumber, content: stall.reference, time: '2026-11-21 10:00:00' })
  }
  server.clock.now += 2 * DAY
})
afterEach(() => server.close())

const text = async (path: string) => {
  const response = await server.get(path)
  expect(response.status).toBe(200)
  return response.text()
}
const keySet = async () =>
  createLocalJWKSet(JSON.parse(await text('/.well-known/jwks.json')) as JSONWebKeySet)
const verify = async (jws: string) =>
  new TextDecoder().decode((await compactVerify(jws, await keySet(), { algorithms: ['EdDSA'] })).payload)

describe('a day’s figures', () => {
  it('are counts, with what tells of fewer than ten withheld', async () => {
    const hidden = { agreed: null, held: null, printed: null, everPaid: null, active30d: null, regular: null }
    expect(JSON.parse(await text(`${FILE}.json`))).toEqual({
      schema: 'cho-4.0/adoption/1',
      demo: false,
      market: { code: 'cho-phu-cat', name: 'Chợ Phù Cát' },
      businessDay: '2026-11-21',
      definitionsVersion: DEFINITIONS_VERSION,
      ledgerSeq: expect.any(Number),
      whole: {
        operating: 13,
        agreed: 13,
        held: 13,
        printed: 4,
        everPaid: 4,
        active30d: 4,
        regular: 0,
        withheld: null,
      },
      sections: [
        { name: '=Cá', operating: 3, ...hidden, withheld: 'fewer_than_10_stalls' },
        { name: 'Rau, củ', operating: 10, ...hidden, withheld: 'protects_another' },
      ],
      coverage: { matchedPercent: 100 },
    })
  })

  it('are written once, and say the same ever after', async () => {
    const first = await text(`${FILE}.json`)
    const signature = await text(`${FILE}.jws`)
    await server.services.store.write((tx) => run(tx.delete(takings)))
    server.clock.now += 5 * DAY
    await rotateSigningKey(server.services)
    expect(await text(`${FILE}.json`)).toBe(first)
    expect(await text(`${FILE}.jws`)).toBe(signature)
    expect((await server.get(`${FILE}.json`)).headers.get('cache-control')).toContain('immutable')
  })

  it('two who ask at once are told the same, from one row', async () => {
    const all = await Promise.all([text(`${FILE}.jws`), text(`${FILE}.jws`), text(`${FILE}.jws`)])
    expect(new Set(all).size).toBe(1)
    expect(await server.services.store.db.select().from(snapshot)).toHaveLength(1)
    expect(await server.services.store.db.select().from(signingKey)).toHaveLength(1)
  })

  it('are what was written first, also when two worked them out differently', async () => {
    const { store } = server.services
    const first = await text(`${FILE}.json`)
    const [row] = await store.db.select().from(snapshot)
    const scope = marketScope(market.id)
    const late = await store.write((tx) =>
      recordSnapshot(tx, scope, { ...row!, figures: '{}', signature: 'x' }),
    )
    expect(late).toEqual(row)
    expect(await text(`${FILE}.json`)).toBe(first)
  })

  it('are published unasked once the day is over, and never of the day a market began', async () => {
    const published = async () =>
      (await server.services.store.db.select().from(snapshot)).map((row) => row.businessDay)
    const young = await server.addMarket('Chợ Mới Mở')
    const stop = startChores(server.services)
    await expect.poll(published).toEqual(['2026-11-21'])
    stop()
    expect((await server.get(`/data/${young.code}/latest.json`)).status).toBe(404)
  })

  it('are not told of today, of days before the market, of long ago, or of what is no day', async () => {
    for (const file of [
      'cho-phu-cat/2026-11-22.json',
      'cho-phu-cat/2026-11-20.json',
      'cho-phu-cat/2026-02-30.json',
      'cho-phu-cat/9999-99-99.json',
      'cho-phu-cat/2026-11-21.xml',
      'cho-phu-cat/2026-11-21',
      'khong-co/2026-11-21.json',
    ])
      expect([file, (await server.get(`/data/${file}`)).status]).toEqual([file, 404])
    server.clock.now += 40 * DAY
    expect((await server.get('/data/cho-phu-cat/2026-11-25.json')).status).toBe(404)
    expect(await server.services.store.db.select().from(snapshot)).toEqual([])
  })

  it('the latest is yesterday’s', async () => {
    expect(await text('/data/cho-phu-cat/latest.json')).toBe(await text(`${FILE}.json`))
    expect((await server.get('/data/cho-phu-cat/latest.json')).headers.get('cache-control')).toBe('no-cache')
  })
})

describe('the signature', () => {
  it('is over the very bytes of the JSON, by a published key', async () => {
    expect(await verify(await text(`${FILE}.jws`))).toBe(await text(`${FILE}.json`))
  })

  it('is still good after the key was changed, and the next day is signed with the new one', async () => {
    const old = await text(`${FILE}.jws`)
    const kid = await rotateSigningKey(server.services)
    server.clock.now += DAY
    const next = await text('/data/cho-phu-cat/2026-11-22.jws')
    const header = (jws: string) =>
      JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString()) as { kid: string; alg: string }
    expect(header(next)).toMatchObject({ kid, alg: 'EdDSA' })
    expect(header(old).kid).not.toBe(kid)
    await expect(verify(old)).resolves.toContain('2026-11-21')
    await expect(verify(next)).resolves.toContain('2026-11-22')
  })

  it('does not stand for other figures, nor with a key of somebody else’s', async () => {
    const [head, body, signature] = (await text(`${FILE}.jws`)).split('.')
    const figures = Buffer.from(body!, 'base64url').toString().replace('"active30d":4', '"active30d":9')
    const forged = [head, Buffer.from(figures).toString('base64url'), signature].join('.')
    await expect(verify(forged)).rejects.toThrow('signature verification failed')
    const other = openTestServer()
    await rotateSigningKey(other.services)
    const keys = (await (await other.get('/.well-known/jwks.json')).json()) as JSONWebKeySet
    await expect(compactVerify([head, body, signature].join('.'), createLocalJWKSet(keys))).rejects.toThrow(
      'no applicable key',
    )
    await other.close()
  })

  it('no private key is published, and the stored one is sealed', async () => {
    await text(`${FILE}.jws`)
    expect(await text('/.well-known/jwks.json')).not.toContain('"d"')
    const [row] = await server.services.store.db.select().from(signingKey)
    expect(row!.privateJwk.split('.')).toHaveLength(5)
    expect(row!.privateJwk).not.toContain('"d"')
  })
})

describe('the table', () => {
  it('opens in a spreadsheet: marked as UTF-8, quoted, and no name is a formula', async () => {
    const response = await server.get(`${FILE}.csv`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes.slice(0, 3)).toEqual(new Uint8Array([0xef, 0xbb, 0xbf]))
    const table = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).slice(1)
    expect(table.split('\r\n').at(-1)).toBe('')
    const [whole, fish, greens] = parse(table, { columns: true, record_delimiter: '\r\n' }) as Record<
      string,
      string
    >[]
    expect(whole).toMatchObject({
      level: 'market',
      marketName: 'Chợ Phù Cát',
      operating: '13',
      active30d: '4',
    })
    expect(fish).toMatchObject({ section: "'=Cá", active30d: '', withheld: 'fewer_than_10_stalls' })
    expect(greens).toMatchObject({ section: 'Rau, củ', withheld: 'protects_another' })
  })

  it.each(['=1+1', '+1', '-1', '@x', '\tx', '  =1', '＝1', '﹦1', '"=1', 'a"b', 'dòng\r\nhai', '\u0000=1'])(
    'a market called %j stays a name',
    async (name) => {
      const figures = JSON.parse(await text(`${FILE}.json`)) as Parameters<typeof snapshotCsv>[0]
      const table = snapshotCsv({ ...figures, market: { code: 'x', name } })
      const [row] = parse(table, { columns: true, bom: true, record_delimiter: '\r\n' }) as Record<
        string,
        string
      >[]
      expect(row!['marketName']!.replace(/^'/, '')).toBe(name)
      expect(row!['marketName']!.normalize('NFKC').trimStart()).not.toMatch(/^[=+\-@\t\0]/)
      expect(Object.keys(row!)).toHaveLength(15)
    },
  )
})

describe('what machines read first', () => {
  it('definitions carry the version that figures name', async () => {
    expect(JSON.parse(await text('/data/definitions.json'))).toEqual({
      definitionsVersion: DEFINITIONS_VERSION,
      fewestStalls: 10,
      definitions: DEFINITIONS,
    })
  })

  it('every path of /openapi.json answers, and every open route that answers JSON is in it', async () => {
    const { paths } = JSON.parse(await text('/openapi.json')) as { paths: Record<string, { get: object }> }
    const filled = (path: string) =>
      path
        .replace(/\{market\}|:market/, 'cho-phu-cat')
        .replace('{businessDay}', '2026-11-21')
        .replace(':file', '2026-11-21.json')
        .replace(/\{stallCode\}|:stallCode/, stalls[0]!.stall.code)
    for (const path of Object.keys(paths))
      expect([path, (await server.get(filled(path))).status]).toEqual([path, 200])

    const described = new Set(Object.keys(paths).map(filled))
    const { policies } = createApp(server.services, false)
    const missing: string[] = []
    for (const { method, path, policy } of policies) {
      if (policy !== 'open' || method !== 'get') continue
      const response = await server.request(filled(path), { headers: { accept: 'application/json' } })
      const isJson = response.headers.get('content-type')?.startsWith('application/json')
      if (response.ok && isJson && !described.has(filled(path))) missing.push(path)
    }
    expect(missing).toEqual([])
  })
})
