import { AppError } from '../../../shared/app-error.ts'
import { operationPage, type OperationView } from '../../../web/pages/operator/operation.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { fieldErrors } from '../../../web/pages/problem-words.ts'
import { parseMarket, type MarketField } from '../../domain/registration.ts'
import { addMarket, findMarket, listMarkets } from '../../storage/market.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import { listSources } from '../../storage/source.ts'
import { newSignInCode } from '../board/sign-in-code.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { NO_MARKET_CODE } from './inbox.ts'
import { countUnheardAccounts } from './unheard-accounts.ts'

/** Where the operator arrives: markets, and the way to everything that keeps them heard. */
export function showOperation(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  const view = async (
    scope: OperatorScope,
    form: Pick<OperationView, 'typed' | 'errors'>,
  ): Promise<OperationView> => {
    const { stallsByReference } = await store.registry()
    const stalls = Map.groupBy(stallsByReference.values(), (stall) => stall.marketId)
    const markets = await listMarkets(store, scope)
    return {
      markets: markets.map((market) => ({ ...market, stallCount: stalls.get(market.id)?.length ?? 0 })),
      sourceCount: (await listSources(store, scope)).length,
      unheardCount: await countUnheardAccounts(store),
      ...form,
    }
  }

  doors.operation('market.add').get('/operator', async ({ c, scope }) => {
    const all = await view(scope, { typed: {}, errors: {} })
    const added = all.markets.find((market) => market.code === c.req.query('added'))?.name
    c.header('cache-control', 'no-store')
    return c.html(operationPage(frame, { ...all, ...(added === undefined ? {} : { added }) }), 200)
  })

  doors.operation('market.add').post('/operator/markets', async ({ c, scope }) => {
    const typed = await readTyped<MarketField>(c, ['name', 'day_starts_at', 'stall_word', 'market_days'])
    // One box for each day: as many fields of the same name as are ticked.
    const days = (await c.req.parseBody({ all: true }))['market_days']
    const isText = (day: unknown) => typeof day === 'string'
    if (Array.isArray(days)) typed.market_days = days.filter(isText).join(',')
    const again = async (errors: OperationView['errors'], status: 400 | 409) => {
      c.header('cache-control', 'no-store')
      return c.html(operationPage(frame, await view(scope, { typed, errors })), status)
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

  doors.operation('board.invite').post('/operator/markets/:market/invite', async ({ c, actor }) => {
    const market = await findMarket(store, c.req.param('market') ?? '')
    if (!market) throw new AppError('not_found', 'no such market')
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
