import type { HttpBindings } from '@hono/node-server'
import { Hono, type Context, type Handler } from 'hono'
import { AppError } from '../../shared/app-error.ts'
import { businessDay } from '../../shared/business-day.ts'
import {
  openMarket,
  openOperation,
  openSection,
  openStall,
  type Action,
  type Actor,
} from '../domain/access.ts'
import { findMarket, type Market } from '../storage/market.ts'
import type { MarketScope, OperatorScope, SectionScope, StallScope } from '../storage/scope.ts'
import { findSession } from '../storage/session.ts'
import { findStall, stallsHeldBy, type StallListing } from '../storage/stall.ts'
import type { Services } from '../services.ts'
import { readSessionToken } from './session-cookie.ts'

export type Env = { Bindings: HttpBindings; Variables: { requestId: string } }

type Method = 'get' | 'post'
type Reply = Response | Promise<Response>
type Route<Input> = Record<Method, (path: string, handler: (input: Input) => Reply) => void>

export interface StallVisit {
  c: Context<Env>
  actor: Actor
  scope: StallScope
  listing: StallListing
}
export interface MarketVisit {
  c: Context<Env>
  actor: Actor
  scope: MarketScope
  market: Market
}
interface SectionVisit {
  c: Context<Env>
  actor: Actor
  scope: SectionScope
}
export interface OperationVisit {
  c: Context<Env>
  actor: Actor
  scope: OperatorScope
}

/** Every route of the server goes through one of these; there is no other way to add one. */
export interface Doors {
  app: Hono<Env>
  /** Method, path and what it takes to come in: for the test that walks all of them. */
  policies: { method: Method; path: string; policy: Action | 'open' | 'signed_in' }[]
  open: Route<Context<Env>>
  /** Anybody with a session, for pages that only send people on to their own. */
  signedIn: Route<{ c: Context<Env>; actor: Actor }>
  /** A path with `:stallCode`. */
  stall(action: Action): Route<StallVisit>
  /** A path with `:market`. */
  market(action: Action): Route<MarketVisit>
  operation(action: Action): Route<OperationVisit>
  /** Of the visitor's own session: no address names a row. */
  section(action: Action): Route<SectionVisit>
}

export function createDoors(services: Services): Doors {
  const { config, store, now } = services
  const app = new Hono<Env>()
  const policies: Doors['policies'] = []

  const routes = <Input>(
    policy: Action | 'open' | 'signed_in',
    prepare: (c: Context<Env>) => Input | Promise<Input>,
  ): Route<Input> => {
    const add = (method: Method) => (path: string, handler: (input: Input) => Reply) => {
      policies.push({ method, path, policy })
      const wrapped: Handler<Env> = async (c) => handler(await prepare(c))
      app[method](path, wrapped)
    }
    return { get: add('get'), post: add('post') }
  }

  const signedIn = async (c: Context<Env>): Promise<Actor> => {
    const token = readSessionToken(c, config)
    const identity = token && (await findSession(store, token, now()))
    if (!identity) throw new AppError('not_signed_in', 'no session')
    const { marketId, vendorId } = identity
    const stalls = vendorId === null ? [] : await store.read((tx) => stallsHeldBy(tx, marketId, vendorId))
    return { ...identity, stalls }
  }

  return {
    app,
    policies,
    open: routes('open', (c) => c),
    signedIn: routes('signed_in', async (c) => ({ c, actor: await signedIn(c) })),
    stall: (action) =>
      routes(action, async (c) => {
        const actor = await signedIn(c)
        const listing = await findStall(store, c.req.param('stallCode') ?? '')
        if (!listing) throw new AppError('not_found', 'no such stall')
        const { marketId, id: stallId } = listing.stall
        const today = businessDay(now(), listing.market.dayStartsAtMinutes)
        return { c, actor, listing, scope: openStall(actor, action, marketId, stallId, today) }
      }),
    market: (action) =>
      routes(action, async (c) => {
        const actor = await signedIn(c)
        const market = await findMarket(store, c.req.param('market') ?? '')
        if (!market) throw new AppError('not_found', 'no such market')
        return { c, actor, market, scope: openMarket(actor, action, market.id) }
      }),
    operation: (action) =>
      routes(action, async (c) => {
        const actor = await signedIn(c)
        return { c, actor, scope: openOperation(actor, action) }
      }),
    section: (action) =>
      routes(action, async (c) => {
        const actor = await signedIn(c)
        return { c, actor, scope: openSection(actor, action) }
      }),
  }
}
