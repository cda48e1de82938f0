import { AppError } from '../../../shared/app-error.ts'
import { cardPage } from '../../../web/pages/card.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import type { Market } from '../../storage/market.ts'
import { recordPrintedCode } from '../../storage/stall-code.ts'
import { listStalls, type StallEntry } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { qrSvg } from '../qr-image.ts'
import { cardsOf } from './card-view.ts'

/** More would keep a phone busy for too long; the rest is printed by the next link. */
const MAX_CARDS_A_PAGE = 500

/** The A6 cards of one stall (`?stall=`) or of a market, from the `?from=`th on; each code printed is noted. */
export function printCards(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services

  doors.market('card.print').get('/board/:market/cards', async ({ c, scope, market }) => {
    const entries = await listStalls(store, scope)
    const wanted = c.req.query('stall')
    const asked = wanted === undefined ? entries : entries.filter((entry) => entry.stall.code === wanted)
    if (wanted !== undefined && asked.length === 0)
      throw new AppError('not_found', 'no such stall in this market')
    const from = Number(c.req.query('from') ?? 1)
    if (!Number.isSafeInteger(from) || from < 1)
      throw new AppError('invalid_input', 'from is 1 or more', 'from')
    const printed = cardsOf(market, asked).cards.slice(from - 1, from - 1 + MAX_CARDS_A_PAGE)
    const back = { url: `/board/${market.code}`, words: `Danh sách ${market.stallWord}` }
    c.header('cache-control', 'no-store')
    if (printed.length === 0) {
      const heading = 'Chưa có thẻ nào để in'
      const advice = `Ghi tài khoản nhận tiền của ${market.stallWord} trước, rồi in thẻ.`
      return c.html(errorPage(frame, { heading, advice, link: back }), 409)
    }
    const at = now()
    await store.write(function* (tx) {
      for (const { stallId, accountId, payload } of printed) {
        yield* recordPrintedCode(tx, scope, { stallId, accountId, payload }, at)
      }
    })
    const cards = await Promise.all(
      printed.map(async ({ view, payload }) => ({ ...view, qrSvg: await qrSvg(payload) })),
    )
    return c.html(cardPage(frame, cards, back), 200)
  })
}

/** Where all cards of a market are printed: one link, or one for each page of a large one. */
export function cardLinks(market: Market, entries: readonly StallEntry[]): { url: string; words: string }[] {
  const count = cardsOf(market, entries).cards.length
  const url = `/board/${market.code}/cards`
  if (count === 0) return []
  const pdf = [
    { url: `/board/${market.code}/posters.pdf?size=a6`, words: 'Tải PDF khổ A6' },
    { url: `/board/${market.code}/posters.pdf?size=a4x4`, words: 'Tải PDF A4, bốn thẻ một tờ' },
  ]
  if (count <= MAX_CARDS_A_PAGE) return [{ url, words: 'In tất cả thẻ' }, ...pdf]
  const links = []
  for (let from = 1; from <= count; from += MAX_CARDS_A_PAGE) {
    const to = Math.min(count, from + MAX_CARDS_A_PAGE - 1)
    links.push({ url: `${url}?from=${from}`, words: `In thẻ ${from}–${to}` })
  }
  return [...links, ...pdf]
}
