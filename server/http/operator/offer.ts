import { kindWords, likelihoodWords } from '../../../web/pages/operator/candidate-words.ts'
import { questionAbout, suggest } from '../../domain/candidate.ts'
import type { NotASale } from '../../storage/assignment.ts'
import { findEvidence } from '../../storage/evidence.ts'
import type { UndecidedCredit } from '../../storage/inbox.ts'
import type { Registry } from '../../storage/registry.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import type { Stall, StallEntry } from '../../storage/stall.ts'
import type { Store } from '../../storage/store.ts'

/** There are no more keys. */
const MAX_OFFERS = 9
/** A booking told only to the minute may be as late as the minute's end. */
const MINUTE_MS = 60_000

export type ConsentMoments = ReadonlyMap<number, number | null>

/** Since when each stall's vendor agrees to be counted. */
export function consentMoments({ stallsByReference }: Registry): ConsentMoments {
  return new Map(stallsByReference.values().map((stall) => [stall.stallId, stall.consentedAt]))
}

/** Money from before she agreed is not counted, by whoever's word. */
export function agreed(at: number | null | undefined, credit: UndecidedCredit): boolean {
  return at !== null && at !== undefined && at < credit.bookedAt + MINUTE_MS
}

/** A choice that a form may send back, and what it means. */
type Offer = { value: string; words: string; why: string } & (
  | { stall: Stall; saleSeq: number | null }
  | { kind: NotASale }
)

/** Whose a credit may be, the likeliest first, of those it may be given to. */
export async function offersFor(
  store: Store,
  scope: OperatorScope,
  credit: UndecidedCredit,
  stalls: readonly StallEntry[],
  registry: Registry,
): Promise<Offer[]> {
  const evidence = await findEvidence(store, scope, credit.marketId, credit, questionAbout(credit, registry))
  const { candidates, asBefore } = suggest(credit, evidence, registry)
  const agreedAt = consentMoments(registry)
  const offers = candidates.flatMap(({ stallId, saleSeq, why }): Offer[] => {
    const entry = stalls.find(({ stall }) => stall.id === stallId)
    if (!entry || !agreed(agreedAt.get(stallId), credit)) return []
    const words = why.map(likelihoodWords).join(' · ')
    return [
      {
        value: `stall:${entry.stall.code}`,
        words: stallWords(entry),
        why: words,
        stall: entry.stall,
        saleSeq,
      },
    ]
  })
  if (!asBefore) return offers
  const before = {
    value: `kind:${asBefore}`,
    words: `Không phải tiền bán: ${kindWords(asBefore).toLowerCase()}`,
  }
  return [{ ...before, why: likelihoodWords('decided_before'), kind: asBefore }, ...offers].slice(
    0,
    MAX_OFFERS,
  )
}

export const stallWords = ({ stall, vendor }: StallEntry) =>
  `${stall.name} · ${vendor?.name ?? ''}${stall.closedAt === null ? '' : ' (đã đóng)'}`
