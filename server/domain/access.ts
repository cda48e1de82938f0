import { AppError } from '../../shared/app-error.ts'
import {
  marketScope,
  operatorScope,
  sectionScope,
  stallScope,
  type MarketScope,
  type OperatorScope,
  type SectionScope,
  type StallScope,
} from '../storage/scope.ts'
import type { Identity, SignedIn } from '../storage/session.ts'
import type { HeldStall } from '../storage/stall.ts'

/** Somebody who came in by a one-time link, with the stalls a vendor holds at this moment. */
export interface Actor extends SignedIn {
  stalls: readonly Pick<HeldStall, 'id' | 'seesAfter'>[]
}

/** Everything a signed-in person can ask for. */
export type Action =
  | 'takings.view'
  | 'book.view'
  | 'cash.record'
  | 'credit.classify'
  | 'sale.issue'
  | 'preferences.change'
  | 'consent.withdraw'
  | 'phones.manage'
  | 'account.prove'
  | 'statement.compare'
  | 'adoption.view'
  | 'registry.view'
  | 'registry.change'
  | 'card.print'
  | 'vendor.invite'
  | 'board.invite'
  | 'speaker.invite'
  | 'speaker.listen'
  | 'market.add'
  | 'market.change'
  | 'source.manage'
  | 'inbox.view'
  | 'inbox.assign'
  | 'proof.pay'

/** What is asked for: a market, or a stall or section in one. */
export interface Resource {
  marketId?: number
  stallId?: number
  sectionId?: number
}

type Reach = 'own_stall' | 'own_section' | 'own_market' | 'everywhere'

/** Who may do what, and how far it reaches. What is not here is not allowed. */
const GRANTS: Record<Identity['role'], Partial<Record<Action, Reach>>> = {
  vendor: {
    'takings.view': 'own_stall',
    'book.view': 'own_stall',
    'cash.record': 'own_stall',
    'credit.classify': 'own_stall',
    'sale.issue': 'own_stall',
    'preferences.change': 'own_stall',
    'consent.withdraw': 'own_stall',
    'phones.manage': 'own_stall',
    'account.prove': 'own_stall',
    'statement.compare': 'own_stall',
  },
  board: {
    'adoption.view': 'own_market',
    'registry.view': 'own_market',
    'registry.change': 'own_market',
    'card.print': 'own_market',
    'vendor.invite': 'own_market',
    'speaker.invite': 'own_market',
  },
  speaker: { 'speaker.listen': 'own_section' },
  operator: {
    'adoption.view': 'everywhere',
    'registry.view': 'everywhere',
    'registry.change': 'everywhere',
    'card.print': 'everywhere',
    'vendor.invite': 'everywhere',
    'board.invite': 'everywhere',
    'speaker.invite': 'everywhere',
    'market.add': 'everywhere',
    'market.change': 'everywhere',
    'source.manage': 'everywhere',
    'inbox.view': 'everywhere',
    'inbox.assign': 'everywhere',
    'proof.pay': 'everywhere',
  },
}

/** What a helper's phone may do: hear and see the day's money. */
const HELPER_MAY: ReadonlySet<Action> = new Set(['takings.view'])
/** What a phone that waits for a yes may do: the same, and prove that it is hers. */
const WAITING_MAY: ReadonlySet<Action> = new Set([...HELPER_MAY, 'account.prove'])

export const onlyHears = (actor: Actor): boolean => actor.kind === 'helper' || actor.waiting

/** The one place that decides who may do what. Denies by default. */
export function can(actor: Actor, action: Action, resource: Resource): boolean {
  if (actor.kind === 'helper' && !HELPER_MAY.has(action)) return false
  if (actor.waiting && !WAITING_MAY.has(action)) return false
  const reach = GRANTS[actor.role][action]
  if (reach === 'everywhere') return true
  if (reach === 'own_market') return resource.marketId === actor.marketId
  if (reach === 'own_section')
    return resource.marketId === actor.marketId && resource.sectionId === actor.sectionId
  if (reach === 'own_stall')
    return resource.stallId !== undefined && actor.stalls.some(({ id }) => id === resource.stallId)
  return false
}

/** What is not yours does not exist for you: `not_found`, so that asking tells nothing. */
function demand(actor: Actor, action: Action, resource: Resource): void {
  if (!can(actor, action, resource)) throw new AppError('not_found', `${actor.role} may not ${action}`)
}

/** `today` is the stall's business day now: a phone that only hears knows no other. */
export function openStall(
  actor: Actor,
  action: Action,
  marketId: number,
  stallId: number,
  today: string,
): StallScope {
  demand(actor, action, { marketId, stallId })
  const held = actor.stalls.find(({ id }) => id === stallId)
  return stallScope(marketId, stallId, {
    // However much the phone may know, what was before her is another's.
    seesAfter: Math.max(actor.seesAfter, held?.seesAfter ?? 0),
    onlyDay: onlyHears(actor) ? today : null,
  })
}

export function openMarket(actor: Actor, action: Action, marketId: number): MarketScope {
  demand(actor, action, { marketId })
  return marketScope(marketId)
}

/** A row's speaker is let in to its own row only; nobody else has one. */
export function openSection(actor: Actor, action: Action): SectionScope {
  const { marketId, sectionId } = actor
  if (sectionId === undefined || sectionId === null)
    throw new AppError('not_found', `${actor.role} has no row`)
  demand(actor, action, { marketId, sectionId })
  return sectionScope(marketId, sectionId)
}

export function openOperation(actor: Actor, action: Action): OperatorScope {
  demand(actor, action, {})
  return operatorScope()
}
