import { randomInt } from 'node:crypto'
import { decode, shortNameOf } from '@vietqr/core'
import { parseVnd } from '../../../shared/money.ts'
import { mintReference } from '../../../shared/reference.ts'
import { saleState, type SaleFacts } from '../../../shared/sale-state.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { chargePage } from '../../../web/pages/vendor/charge.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { findCodeMaker } from '../../sources/sale-code.ts'
import { instantOfAge, parsePoolSize, parseSaleReference } from '../../domain/sale.ts'
import { accountInUse } from '../../storage/account.ts'
import {
  cancelSale,
  getSale,
  issueSale,
  listSales,
  listUsualAmounts,
  reserveSales,
} from '../../storage/sale.ts'
import type { StallListing } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors, StallVisit } from '../door.ts'
import { vendorView } from './visit.ts'

/** Sales older than this are history. */
const RECENT_MS = 12 * 3_600_000
const QUICK_AMOUNTS = 6

/** «Tính tiền»: the keypad, the references her phone makes codes with, and its word on what became of them. */
export function showCharge(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, feed, meter, log, now } = services
  const door = doors.stall('sale.issue')
  const codeMakerOf = async ({ accounts }: StallListing) => {
    const account = accountInUse(accounts)
    return account && findCodeMaker(store, seal, account, now())
  }

  door.get('/vendor/:stallCode/charge', async (visit) => {
    const { c, scope, listing } = visit
    const view = await vendorView(services, visit)
    const account = accountInUse(listing.accounts)
    const { reference } = listing.stall
    c.header('cache-control', 'no-store')
    return c.html(
      chargePage(frame, {
        ...view,
        payee: account && {
          bankBin: account.bankBin,
          bankShortName: shortNameOf(account.bankBin),
          accountNumber: payableNumber(account),
          accountName: account.accountName,
          // What her bank's source demands before the stall's reference stands before a sale's too.
          purposePrefix: (decode(payableCode(account, reference)).purpose ?? '').replace(reference, ''),
          asksSource: (await codeMakerOf(listing)) !== undefined,
        },
        quickAmounts: await listUsualAmounts(store, scope, view.businessDay, QUICK_AMOUNTS),
        sales: await listSales(store, scope, now() - RECENT_MS, now()),
      }),
      200,
    )
  })

  door.post('/vendor/:stallCode/sales/reserve', async ({ c, scope }) => {
    const wanted = parsePoolSize((await c.req.parseBody())['count'])
    const mint = () => mintReference((below) => randomInt(below))
    return c.json({ references: await store.write((tx) => reserveSales(tx, scope, wanted, mint, now())) })
  })

  const issue = async ({ c, scope }: StallVisit): Promise<SaleFacts> => {
    const form = await c.req.parseBody()
    const reference = parseSaleReference(form['reference'])
    const amountVnd = parseVnd(typeof form['amount'] === 'string' ? form['amount'] : '')
    const at = now()
    const issuedAt = instantOfAge(form['age'], at)
    const news = await store.write((tx) => issueSale(tx, scope, reference, amountVnd, issuedAt, at))
    if (news) feed.publish([news])
    return store.read((tx) => getSale(tx, scope, reference, at))
  }

  door.post('/vendor/:stallCode/sales/issue', async (visit) => visit.c.json(await issue(visit)))

  // For what is still missing; without one the phone shows its own, and nobody waits or reads of an error.
  door.post('/vendor/:stallCode/sales/code', async (visit) => {
    const { c, listing } = visit
    const facts = await issue(visit)
    const { reference, credits } = facts
    const { status, dueVnd } = saleState(facts)
    const maker = await codeMakerOf(listing)
    if (!maker || status !== 'open') return c.json({ dueVnd, payload: null })
    const returnUrl = `${config.publicUrl}/s/${listing.stall.code}`
    const wanted = { reference, part: credits.length, amountVnd: dueVnd, returnUrl }
    const payload = await maker.make(wanted).catch((error: unknown) => {
      log.warn({ err: error, sourceId: maker.sourceId }, 'no code from the source; the phone shows its own')
      return null
    })
    meter.codes[payload === null ? 'missed' : 'made'] += 1
    return c.json({ dueVnd, payload })
  })

  door.post('/vendor/:stallCode/sales/cancel', async ({ c, scope, listing }) => {
    const form = await c.req.parseBody()
    const reference = parseSaleReference(form['reference'])
    const at = now()
    const cancelledAt = instantOfAge(form['age'], at)
    const news = await store.write((tx) => cancelSale(tx, scope, reference, cancelledAt, at))
    if (news) feed.publish([news])
    const facts = await store.read((tx) => getSale(tx, scope, reference, at))
    const maker = await codeMakerOf(listing)
    if (maker && saleState(facts).status === 'cancelled') {
      // Also a code that the phone made itself: that the source then knows of none does no harm.
      await maker.withdraw({ reference, part: facts.credits.length }).catch((error: unknown) => {
        log.info({ err: error, sourceId: maker.sourceId }, 'the source did not take a code back')
      })
    }
    return c.json(facts)
  })
}
