import type { Frame } from '../../../web/pages/layout.ts'
import { rowSpeakerPage } from '../../../web/pages/row-speaker.ts'
import { getMarket, listSections } from '../../storage/market.ts'
import { marketScope } from '../../storage/scope.ts'
import { currentCursor } from '../../storage/takings.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/** The tablet of a row. The page itself says nothing of any stall: only what arrives after it is opened is shown. */
export function showRowSpeaker(doors: Doors, { store }: Services, frame: Frame): void {
  doors.section('speaker.listen').get('/speaker', async ({ c, scope }) => {
    const ofMarket = marketScope(scope.marketId)
    const market = await getMarket(store, ofMarket)
    const sections = await listSections(store, ofMarket)
    c.header('cache-control', 'no-store')
    return c.html(
      rowSpeakerPage(frame, {
        market: market.name,
        stallWord: market.stallWord,
        row: sections.find((section) => section.id === scope.sectionId)?.name ?? '',
        cursor: await currentCursor(store, scope),
      }),
      200,
    )
  })
}
