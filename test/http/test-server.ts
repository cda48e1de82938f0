import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { pino } from 'pino'
import { createApp } from '../../server/http/app.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { marketCode, mintStall } from '../../server/domain/registration.ts'
import { openServices, type Services } from '../../server/services.ts'
import { addMarket, type Market } from '../../server/storage/market.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import type { Identity } from '../../server/storage/session.ts'
import { openSqlite } from '../../server/storage/sqlite.ts'
import { listStalls, registerStall, type Registration, type StallEntry } from '../../server/storage/stall.ts'
import type { AlarmConfig } from '../../server/sources/alarm.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { layMigratedFile } from '../migrated-file.ts'
import { SECRET, sepayBody, sepayHeaders } from '../sepay.ts'
import { knowEverything, MORNING, seededRandom } from '../small-market.ts'

export { TODAY } from '../small-market.ts'

export const OPERATOR: Identity = { role: 'operator', marketId: 0, vendorId: null }
export const boardOf = (market: Market): Identity => ({ role: 'board', marketId: market.id, vendorId: null })

/** What a browser sends from our own page. */
type Fields = Record<string, string | string[]>

interface StallOptions extends Partial<Omit<Registration, 'account' | 'consentAt'>> {
  account?: Partial<Registration['account']>
  /** Agreed on paper the day before. */
  consented?: boolean
}

export interface TestServer {
  services: Services
  publicUrl: string
  /** Everything that was logged, one JSON line each. */
  logged: string[]
  clock: { now: number }
  request(path: string, init: RequestInit): Promise<Response>
  /** A page, as a browser asks for it. `cookie` is what `signIn` gave; none is a stranger. */
  get(path: string, cookie?: string): Promise<Response>
  /** A form sent from our own page. */
  post(path: string, fields: Fields, cookie?: string): Promise<Response>
  /** Goes in by a one-time link of that identity; a vendor's phone as one that was there before any money. */
  signIn(identity: Identity, consents?: boolean): Promise<string>
  /** The same for a phone that is new: what `enter` makes of it, and nothing more. */
  pair(identity: Identity, phone?: 'owner' | 'helper', userAgent?: string): Promise<string>
  addMarket(name: string, dayStartsAtMinutes?: number): Promise<Market>
  addStall(market: Market, name: string, options?: StallOptions): Promise<StallEntry>
  /** A SePay source whose secret is `SECRET`, allowed to speak for those stalls' accounts. Returns its id. */
  addSource(stalls?: readonly StallEntry[]): Promise<string>
  /** A notification as SePay sends it, signed with that secret. */
  notify(sourceId: string, body: string, secret?: string): Promise<Response>
  /** One transaction as SePay tells it, honestly signed; what is not said is a credit of 50.000đ. */
  pay(
    sourceId: string,
    told: Partial<Parameters<typeof sepayBody>[0]> & { accountNumber: string },
  ): Promise<Response>
  close(): Promise<void>
}

interface TestSurroundings {
  publicUrl?: string
  demo?: boolean
  alarm?: AlarmConfig
}

/** The whole app on a real database in a folder of its own, with a clock that only the test moves. */
export function openTestServer({
  publicUrl = 'http://localhost:4040',
  demo = false,
  alarm = { webhook: null, mail: null },
}: TestSurroundings = {}): TestServer {
  const folder = mkdtempSync(join(tmpdir(), 'cho-http-'))
  const file = join(folder, 'market.db')
  const clock = { now: MORNING }
  const logged: string[] = []
  const log = pino({ base: null }, { write: (line) => void logged.push(line) })
  const config = {
    port: 0,
    publicUrl,
    dataDir: folder,
    databaseUrl: `file:${file}`,
    databaseGiven: true,
    alarm,
  }
  layMigratedFile(file)
  const services = openServices(openSqlite(file), config, { now: () => clock.now, log })
  const { app } = createApp(services, demo)
  const random = seededRandom(11)
  let accounts = 0
  let ids = 0

  let listening: ServerType | undefined
  /** Streams and notifications work on the socket itself: they need one. */
  const overSocket = async (path: string, init: RequestInit) => {
    if (!listening) {
      listening = createAdaptorServer({ fetch: app.fetch })
      await once(listening.listen(0), 'listening')
    }
    const { port } = listening.address() as AddressInfo
    return fetch(new URL(path, `http://localhost:${port}`), { ...init, redirect: 'manual' })
  }

  const request = async (path: string, init: RequestInit, cookie?: string) => {
    const headers = { accept: 'text/html', ...(cookie ? { cookie } : {}), ...(init.headers as object) }
    return /^\/notifications\/|\/stream(\?|$)/.test(path)
      ? overSocket(path, { ...init, headers })
      : app.request(new URL(path, publicUrl), { ...init, headers })
  }

  const get = (path: string, cookie?: string) => request(path, {}, cookie)
  const post = (path: string, fields: Fields, cookie?: string) => {
    const body = new URLSearchParams()
    for (const [name, values] of Object.entries(fields)) {
      for (const value of [values].flat()) body.append(name, value)
    }
    return request(path, { method: 'POST', body, headers: { origin: new URL(publicUrl).origin } }, cookie)
  }

  const notify = (sourceId: string, body: string, secret = SECRET) =>
    request(`/notifications/${sourceId}`, {
      method: 'POST',
      body,
      headers: sepayHeaders(body, clock.now, secret),
    })

  const enter = async (identity: Identity, fields: Record<string, string>, userAgent = '') => {
    const code = await invite(services.store, identity, 'test', clock.now)
    const response = await request(`/enter/${code}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: new URL(publicUrl).origin, 'user-agent': userAgent },
    })
    const [cookie] = response.headers.getSetCookie()
    if (response.status !== 303 || cookie === undefined) throw new Error(`not let in: ${response.status}`)
    return cookie.split(';')[0]!
  }

  return {
    services,
    publicUrl,
    logged,
    clock,
    request,
    get,
    post,
    async signIn(identity, consents = true) {
      const cookie = await enter(identity, consents ? { consent: 'yes' } : {})
      await knowEverything(services.store)
      return cookie
    },
    pair: (identity, phone = 'owner', userAgent = 'Android') =>
      enter(identity, { consent: 'yes', phone }, userAgent),
    addMarket: (name, dayStartsAtMinutes = 0) => {
      const row = { code: marketCode(name), name, dayStartsAtMinutes, marketDays: 'daily', stallWord: 'sạp' }
      return services.store.changeRegistry((tx) => addMarket(tx, operatorScope(), row, clock.now))
    },
    async addStall(market, name, { account, consented = true, ...options } = {}) {
      accounts += 1
      const scope = marketScope(market.id)
      const registration: Registration = {
        section: 'Dãy A',
        stall: name,
        vendor: `Chủ ${name}`,
        phone: '',
        account: {
          bankBin: '970422',
          accountNumber: `TIENGIA${String(accounts).padStart(4, '0')}`,
          accountName: 'NGUYEN THI THU',
          virtualAccount: null,
          holder: 'vendor',
          holderType: 'individual',
          sellingOnly: false,
          ...account,
        },
        consentAt: consented ? clock.now - 86_400_000 : null,
        consentTextVersion: 'test',
        ...options,
      }
      await services.store.changeRegistry((tx) =>
        registerStall(tx, scope, registration, () => mintStall(random), 'test', clock.now),
      )
      const entries = await listStalls(services.store, scope)
      return entries.find((entry) => entry.stall.name === name)!
    },
    async addSource(stalls = []) {
      const { store, seal } = services
      const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay thử', access: null, secret: SECRET }
      const { id } = await addInstance(store, seal, operatorScope(), wanted, clock.now)
      const allowed = stalls.flatMap((entry) => entry.accounts)
      await store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), id, allowed, clock.now))
      return id
    },
    notify,
    pay(sourceId, told) {
      ids += 1
      return notify(sourceId, sepayBody({ id: ids, content: 'chuyen tien', ...told }))
    },
    async close() {
      if (listening && 'closeAllConnections' in listening) listening.closeAllConnections()
      listening?.close()
      await services.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** After its first word a stream in this very process says all it has to say without waiting for anything. */
const SILENCE_MS = 30

/** The bytes of an answer; of a stream, those it has for whoever comes now. */
export async function bytesOf(response: Response): Promise<Buffer> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return Buffer.from(await response.arrayBuffer())
  }
  const reader = response.body!.getReader()
  const chunks: Uint8Array[] = []
  let silence: NodeJS.Timeout | undefined
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value)
    clearTimeout(silence)
    silence = setTimeout(() => void reader.cancel(), SILENCE_MS)
  }
  clearTimeout(silence)
  return Buffer.concat(chunks)
}

/** The same as text. */
export const textOf = async (response: Response): Promise<string> =>
  (await bytesOf(response)).toString('utf8')
