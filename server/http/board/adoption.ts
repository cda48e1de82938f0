import type { Frame } from '../../../web/pages/layout.ts'
import { adoptionPage, type Recomputed } from '../../../web/pages/board/adoption.ts'
import {
  dayBeforeWindow,
  DEFINITIONS,
  DEFINITIONS_VERSION,
  disclose,
  hasFigures,
  lastClosedDay,
  questionOf,
  STEPS,
  trendDays,
  type Adoption,
} from '../../domain/adoption.ts'
import { countActive, countAdoption, listSilentStalls } from '../../storage/adoption.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/** What share of the market's stalls customers really pay by transfer. Counts and names, never any money. */
export function showAdoption(doors: Doors, { store, now }: Services, frame: Frame): void {
  doors.market('adoption.view').get('/board/:market/adoption', async ({ c, actor, scope, market }) => {
    const day = lastClosedDay(now(), market.dayStartsAtMinutes)
    const ask = (one: string) => questionOf(one, market.marketDays)
    const question = ask(day)
    const adoption = disclose(await countAdoption(store, scope, question, 'takings'))
    const days = [...trendDays(day), dayBeforeWindow(day)]
    const readings = (await countActive(store, scope, days.map(ask))).map(disclose)
    const before = readings.pop()!
    const recomputed =
      c.req.query('recompute') === undefined
        ? undefined
        : compare(adoption, disclose(await countAdoption(store, scope, question, 'ledger')))
    c.header('cache-control', 'no-store')
    return c.html(
      adoptionPage(frame, {
        market,
        day,
        question,
        adoption,
        activeBefore: before.operating > 0 ? (before.counts?.active30d ?? null) : null,
        trend: readings.map(({ operating, counts }, index) => ({
          day: days[index]!,
          operating,
          active: counts?.active30d ?? null,
        })),
        silent: await listSilentStalls(store, scope, question),
        definitions: DEFINITIONS,
        definitionsVersion: DEFINITIONS_VERSION,
        isPublished: hasFigures(market, day),
        ...(recomputed ? { recomputed } : {}),
        ...(actor.role === 'operator' ? { back: { url: '/operator', words: 'Các chợ' } } : {}),
      }),
      200,
    )
  })
}

/** Every count that is shown, beside what the ledger says. */
function compare(counted: Adoption, ledger: Adoption): Recomputed {
  const cells = [
    { place: null, before: counted.counts, after: ledger.counts },
    ...counted.sections.map((one, index) => ({
      place: one.section,
      before: one.counts,
      after: ledger.sections[index]?.counts ?? null,
    })),
  ]
  const figures = cells.flatMap(({ place, before, after }) =>
    before === null || after === null
      ? []
      : STEPS.map((step) => ({ place, step, counted: before[step], ledger: after[step] })),
  )
  return { figures: figures.length, differences: figures.filter((one) => one.counted !== one.ledger) }
}
