import { AppError } from '../../../shared/app-error.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import type { Services } from '../../services.ts'
import type { MarketScope } from '../../storage/scope.ts'
import { recordPrintedCode } from '../../storage/stall-code.ts'
import { listStalls } from '../../storage/stall.ts'
import type { Doors } from '../door.ts'
import { cardsOf, type Card } from './card-view.ts'
import { drawPosters, POSTER_SIZES } from './poster-set.ts'

/** Five seconds of drawing; a market of more prints section by section. */
const MAX_POSTERS = 5000
/** Few enough that money arriving meanwhile does not wait for the writing, many enough that the disk is rarely asked. */
const GROUP_SIZE = 100

/** The posters of a market, or of one `?section=`, as one PDF in the `?size=` asked for. */
export function printPosters(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  doors.market('card.print').get('/board/:market/posters.pdf', async ({ c, scope, market }) => {
    const asked = c.req.query('size') ?? 'a6'
    const size = POSTER_SIZES.find((one) => one === asked)
    if (!size) throw new AppError('invalid_input', `size is one of ${POSTER_SIZES.join(', ')}`, 'size')
    const section = c.req.query('section')
    const entries = (await listStalls(store, scope)).filter(
      (entry) => section === undefined || entry.section === section,
    )
    const { cards } = cardsOf(market, entries)
    if (cards.length > MAX_POSTERS) throw new AppError('too_large', `at most ${MAX_POSTERS} posters at once`)
    c.header('cache-control', 'no-store')
    if (cards.length === 0) {
      const heading = 'Chưa có thẻ nào để in'
      const advice = `Ghi tài khoản nhận tiền của ${market.stallWord} trước, rồi in thẻ.`
      const link = { url: `/board/${market.code}`, words: `Danh sách ${market.stallWord}` }
      return c.html(errorPage(frame, { heading, advice, link }), 409)
    }
    const title = `Thẻ ${market.name}`
    const pieces = drawPosters(asPrinted(services, scope, cards), {
      size,
      title,
      at: now(),
      demo: frame.demo,
    })
    return c.body(asBody(pieces), 200, {
      'content-type': 'application/pdf',
      'content-disposition': `inline; filename="${market.code}-${size}.pdf"`,
    })
  })
}

/** Draws only what is asked for: a reader who is slow, or gone, keeps nothing busy. */
function asBody(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void, void>): ReadableStream {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}

/** The cards one after the other, each group noted as printed before it is handed on. */
export async function* asPrinted(
  { store, now }: Services,
  scope: MarketScope,
  cards: readonly Card[],
): AsyncGenerator<Card, void, void> {
  for (let at = 0; at < cards.length; at += GROUP_SIZE) {
    const group = cards.slice(at, at + GROUP_SIZE)
    const printedAt = now()
    await store.write(function* (tx) {
      for (const { stallId, accountId, payload } of group) {
        yield* recordPrintedCode(tx, scope, { stallId, accountId, payload }, printedAt)
      }
    })
    yield* group
  }
}
