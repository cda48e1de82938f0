import { findBank } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import { cardPage, type CardView } from '../../../web/pages/card.ts'
import { errorPage } from '../../../web/pages/error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { payableCode, payableNumber } from '../../domain/payable-code.ts'
import { newestAccount, type PayeeAccount } from '../../storage/account.ts'
import type { Market } from '../../storage/market.ts'
import { recordPrintedCode } from '../../storage/stall-code.ts'
import { listStalls, type StallEntry } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { qrSvg } from '../qr-image.ts'
import { stallSign } from '../stall-sign.ts'

/** More would keep a phone busy for too long; the rest is printed by the next link. */
const MAX_CARDS_A_PAGE = 500

interface Printable {
  entry: StallEntry
  account: PayeeAccount
}

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
    const printed = printable(asked).slice(from - 1, from - 1 + MAX_CARDS_A_PAGE)
    const back = { url: `/board/${market.code}`, words: `Danh sách ${market.stallWord}` }
    c.header('cache-control', 'no-store')
    if (printed.length === 0) {
      const heading = 'Chưa có thẻ nào để in'
      const advice = `Ghi tài khoản nhận tiền của ${market.stallWord} trước, rồi in thẻ.`
      return c.html(errorPage(frame, { heading, advice, link: back }), 409)
    }

    const codes = printed.map(({ entry, account }) => ({
      stallId: entry.stall.id,
      accountId: account.id,
      payload: payableCode(account, entry.stall.reference),
    }))
    const at = now()
    await store.write(function* (tx) {
      for (const code of codes) yield* recordPrintedCode(tx, scope, code, at)
    })
    const cards = await Promise.all(
      printed.map(async ({ entry, account }, index): Promise<CardView> => ({
        ...stallSign({ ...entry, market }),
        holderName: account.accountName,
        bankShortName: findBank(account.bankBin)?.shortName ?? account.bankBin,
        accountNumber: payableNumber(account),
        qrSvg: await qrSvg(codes[index]!.payload),
      })),
    )
    return c.html(cardPage(frame, cards, back), 200)
  })
}

/** Where all cards of a market are printed: one link, or one for each page of a large one. */
export function cardLinks(market: Market, entries: readonly StallEntry[]): { url: string; words: string }[] {
  const count = printable(entries).length
  const url = `/board/${market.code}/cards`
  if (count === 0) return []
  if (count <= MAX_CARDS_A_PAGE) return [{ url, words: 'In tất cả thẻ' }]
  const links = []
  for (let from = 1; from <= count; from += MAX_CARDS_A_PAGE) {
    const to = Math.min(count, from + MAX_CARDS_A_PAGE - 1)
    links.push({ url: `${url}?from=${from}`, words: `In thẻ ${from}–${to}` })
  }
  return links
}

/** A closed stall needs no card, and one without an account has none. */
function printable(entries: readonly StallEntry[]): Printable[] {
  return entries.flatMap((entry) => {
    const account = newestAccount(entry.accounts)
    return account && entry.stall.closedAt === null ? [{ entry, account }] : []
  })
}
