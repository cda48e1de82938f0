import { AppError } from '../../../shared/app-error.ts'
import { clock, marketPage, type MarketForm } from '../../../web/pages/operator/market.ts'
import { operationPage, type OperationView } from '../../../web/pages/operator/operation.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { fieldErrors } from '../../../web/pages/problem-words.ts'
import { parseMarket, type MarketField } from '../../domain/registration.ts'
import { listProofsToPay } from '../../storage/account-proof.ts'
import { addMarket, findMarket, listMarkets, updateMarket, type Market } from '../../storage/market.ts'
import { openMarket, type Actor } from '../../domain/access.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import { listSources } from '../../storage/source.ts'
import { newSignInCode } from '../board/sign-in-code.ts'
import { listWrongCodes } from '../board/wrong-codes.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { NO_MARKET_CODE } from './inbox-place.ts'
import { countUnheardAccounts } from './unheard-accounts.ts'

/** Older ones are on their market's page. */
const MAX_WRONG_CODES_SHOWN = 20

/** Where the operator arrives: markets, and the way to everything that keeps them heard. */
export function showOperation(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  const wrongCodesOf = (actor: Actor, { id, name, stallWord }: Market) =>
    listWrongCodes(
      services,
      openMarket(actor, 'registry.view', id),
      (stall) => `${stallWord} ${stall}, ${name}`,
    )

  const view = async (actor: Actor, scope: OperatorScope, form: MarketForm): Promise<OperationView> => {
    const { stallsByReference } = await store.registry()
    const stalls = Map.groupBy(stallsByReference.values(), (stall) => stall.marketId)
    const markets = await listMarkets(store, scope)
    return {
      markets: markets.map((market) => ({ ...market, stallCount: stalls.get(market.id)?.length ?? 0 })),
      sourceCount: (await listSources(store, scope)).length,
      unheardCount: await countUnheardAccounts(store),
      proofCount: (await listProofsToPay(store, scope, now())).length,
      incidents: (await Promise.all(markets.map((market) => wrongCodesOf(actor, market))))
        .flat()
        .toSorted((a, b) => b.at - a.at)
        .slice(0, MAX_WRONG_CODES_SHOWN),
      ...form,
    }
  }

  doors.operation('market.add').get('/operator', async ({ c, actor, scope }) => {
    const all = await view(actor, scope, { typed: {}, errors: {} })
    const nameOf = (code: string | undefined) => all.markets.find((market) => market.code === code)?.name
    const [added, saved] = [nameOf(c.req.query('added')), nameOf(c.req.query('saved'))]
    const done = added === undefined ? saved && `Đã sửa ${saved}.` : `Đã thêm ${added}.`
    c.header('cache-control', 'no-store')
    return c.html(operationPage(frame, { ...all, ...(done === undefined ? {} : { done }) }), 200)
  })

  doors.operation('market.add').post('/operator/markets', async ({ c, actor, scope }) => {
    const typed = await readMarketForm(c)
    const again = async (errors: OperationView['errors'], status: 400 | 409) => {
      c.header('cache-control', 'no-store')
      return c.html(operationPage(frame, await view(actor, scope, { typed, errors })), status)
    }
    const parsed = parseMarket(typed)
    if ('problems' in parsed) return again(fieldErrors(parsed.problems), 400)
    const { market } = parsed
    const taken = { name: 'Đã có chợ tên này. Ghi thêm xã, phường cho khác.' }
    if (market.code === NO_MARKET_CODE) return again(taken, 409)
    try {
      await store.changeRegistry((tx) => addMarket(tx, scope, market, now()))
    } catch (error) {
      if (error instanceof AppError && error.code === 'conflict') return again(taken, 409)
      throw error
    }
    return c.redirect(`/operator?added=${market.code}`, 303)
  })

  const marketOf = async (c: OperationVisit['c']): Promise<Market> => {
    const market = await findMarket(store, c.req.param('market') ?? '')
    if (!market) throw new AppError('not_found', 'no such market')
    return market
  }

  doors.operation('market.change').get('/operator/markets/:market', async ({ c }) => {
    const market = await marketOf(c)
    c.header('cache-control', 'no-store')
    return c.html(marketPage(frame, { market, typed: written(market), errors: {} }), 200)
  })

  doors.operation('market.change').post('/operator/markets/:market', async ({ c, scope }) => {
    const market = await marketOf(c)
    const typed = await readMarketForm(c)
    const parsed = parseMarket(typed)
    if ('problems' in parsed) {
      c.header('cache-control', 'no-store')
      return c.html(marketPage(frame, { market, typed, errors: fieldErrors(parsed.problems) }), 400)
    }
    await store.changeRegistry((tx) => updateMarket(tx, scope, market.id, parsed.market))
    return c.redirect(`/operator?saved=${market.code}`, 303)
  })

  doors.operation('board.invite').post('/operator/markets/:market/invite', async ({ c, actor }) => {
    const market = await marketOf(c)
    c.header('cache-control', 'no-store')
    const page = await newSignInCode(services, frame, {
      identity: { role: 'board', marketId: market.id, vendorId: null },
      issuedBy: actor.role,
      whom: 'ban quản lý',
      place: market.name,
      advice: 'Người của ban quản lý chợ mở đường dẫn này trên máy sẽ dùng để quản lý.',
      back: { url: '/operator', words: 'Vận hành' },
    })
    return c.html(page, 200)
  })
}

async function readMarketForm(c: OperationVisit['c']): Promise<Record<MarketField, string>> {
  const typed = await readTyped<MarketField>(c, ['name', 'day_starts_at', 'stall_word', 'market_days'])
  // One box for each day: as many fields of the same name as are ticked.
  const days = (await c.req.parseBody({ all: true }))['market_days']
  const isText = (day: unknown) => typeof day === 'string'
  if (Array.isArray(days)) typed.market_days = days.filter(isText).join(',')
  return typed
}

/** What is known of a market, in the words of the form. */
function written(market: Market): MarketForm['typed'] {
  return {
    name: market.name,
    day_starts_at: clock(market.dayStartsAtMinutes),
    market_days: market.marketDays === 'daily' ? '' : market.marketDays,
    stall_word: market.stallWord,
  }
}
