import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createApp } from '../../server/http/app.ts'
import { invite } from '../../server/domain/sign-in.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { openServices, type Services } from '../../server/services.ts'
import { addMarket, type Market } from '../../server/storage/market.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import type { Identity } from '../../server/storage/session.ts'
import { listStalls, registerStall, type Registration, type StallEntry } from '../../server/storage/stall.ts'
import { MORNING, seededRandom } from '../small-market.ts'

export { MORNING, TODAY } from '../small-market.ts'

export const OPERATOR: Identity = { role: 'operator', marketId: 0, vendorId: null }
export const boardOf = (market: Market): Identity => ({ role: 'board', marketId: market.id, vendorId: null })

/** What a browser sends from our own page. */
type Fields = Record<string, string | string[]>

export interface StallOptions extends Partial<Omit<Registration, 'account' | 'consentAt'>> {
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
  /** A page, as a browser asks for it. `cookie` is what `signIn` gave; none is a stranger. */
  get(path: string, cookie?: string): Promise<Response>
  /** A form sent from our own page. */
  post(path: string, fields: Fields, cookie?: string): Promise<Response>
  /** Goes in by a one-time link of that identity, as a person would; returns the session's cookie. */
  signIn(identity: Identity, consents?: boolean): Promise<string>
  addMarket(name: string, dayStartsAtMinutes?: number): Promise<Market>
  addStall(market: Market, name: string, options?: StallOptions): Promise<StallEntry>
  /** A notification as SePay sends it, signed with that secret. */
  notify(sourceId: string, secret: string, body: unknown): Promise<Response>
  close(): Promise<void>
}

/** The whole app on a real database in a folder of its own, with a clock that only the test moves. */
export function openTestServer({ publicUrl = 'http://localhost:4040', demo = false } = {}): TestServer {
  const folder = mkdtempSync(join(tmpdir(), 'cho-http-'))
  const clock = { now: MORNING }
  const logged: string[] = []
  const log = pino({ base: null }, { write: (line) => void logged.push(line) })
  const config = {
    port: 0,
    publicUrl,
    dataDir: folder,
    databasePath: join(folder, 'market.db'),
    databaseGiven: true,
  }
  const services = openServices(config, { now: () => clock.now, log })
  const { app } = createApp(services, demo)
  const random = seededRandom(11)
  let accounts = 0

  const request = async (path: string, init: RequestInit, cookie?: string) =>
    app.request(new URL(path, publicUrl), {
      ...init,
      headers: { accept: 'text/html', ...(cookie ? { cookie } : {}), ...(init.headers as object) },
    })

  const get = (path: string, cookie?: string) => request(path, {}, cookie)
  const post = (path: string, fields: Fields, cookie?: string) => {
    const body = new URLSearchParams()
    for (const [name, values] of Object.entries(fields)) {
      for (const value of [values].flat()) body.append(name, value)
    }
    return request(path, { method: 'POST', body, headers: { origin: new URL(publicUrl).origin } }, cookie)
  }

  return {
    services,
    publicUrl,
    logged,
    clock,
    get,
    post,
    async signIn(identity, consents = true) {
      const code = await invite(services.store, identity, 'test', clock.now)
      const response = await post(`/enter/${code}`, consents ? { consent: 'yes' } : {})
      const [cookie] = response.headers.getSetCookie()
      if (response.status !== 303 || cookie === undefined) throw new Error(`not let in: ${response.status}`)
      return cookie.split(';')[0]!
    },
    addMarket: (name, dayStartsAtMinutes = 0) => {
      const code = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
      const row = { code, name, dayStartsAtMinutes, marketDays: 'daily', stallWord: 'sạp' }
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
    async notify(sourceId, secret, body) {
      const raw = typeof body === 'string' ? body : JSON.stringify(body)
      const timestamp = String(Math.floor(clock.now / 1000))
      const signature = createHmac('sha256', secret).update(`${timestamp}.${raw}`).digest('hex')
      const headers = { 'x-sepay-signature': `sha256=${signature}`, 'x-sepay-timestamp': timestamp }
      return request(`/notifications/${sourceId}`, { method: 'POST', body: raw, headers })
    },
    async close() {
      await services.close()
      rmSync(folder, { recursive: true })
    },
  }
}

let ids = 0
/** SePay's webhook body; what is not said is an ordinary credit of 50.000đ. */
export function sepayBody(
  told: Record<string, unknown> & { accountNumber: string },
): Record<string, unknown> {
  ids += 1
  return {
    id: 90_000 + ids,
    gateway: 'MBBank',
    transactionDate: '2026-11-22 09:00:07',
    code: null,
    content: 'chuyen tien',
    transferType: 'in',
    transferAmount: 50_000,
    accumulated: 0,
    subAccount: null,
    referenceCode: `FT2632600${String(ids).padStart(5, '0')}`,
    description: '',
    ...told,
  }
}
