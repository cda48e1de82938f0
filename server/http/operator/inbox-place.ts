import { AppError } from '../../../shared/app-error.ts'
import { findMarket } from '../../storage/market.ts'
import type { Services } from '../../services.ts'
import type { OperationVisit } from '../door.ts'

/** The inbox of money that is no market's; no market may have this code. */
export const NO_MARKET_CODE = 'khong-thuoc-cho-nao'
export const NO_MARKET = { id: 0, code: NO_MARKET_CODE, name: 'Tiền không thuộc chợ nào', stallWord: 'sạp' }

export type InboxPlace = typeof NO_MARKET

/** Whose inbox a path with `:market` is about. Throws `not_found`. */
export async function inboxPlace({ store }: Services, { c }: OperationVisit): Promise<InboxPlace> {
  const code = c.req.param('market') ?? ''
  const place = code === NO_MARKET_CODE ? NO_MARKET : await findMarket(store, code)
  if (!place) throw new AppError('not_found', 'no such market')
  return place
}
