import { randomInt } from 'node:crypto'
import { decode, findBank } from '@vietqr/core'
import { parseVnd } from '../../../shared/money.ts'
import { mintReference } from '../../../shared/reference.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { chargePage } from '../../../web/pages/vendor/charge.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
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
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { vendorView } from './visit.ts'

/** Sales older than this are history. */
const RECENT_MS = 12 * 3_600_000
const QUICK_AMOUNTS = 6

/** «Tính tiền»: the keypad, the references her phone makes codes with, and its word on what became of them. */
export function showCharge(doors: Doors, services: Services, frame: Frame): void {
  const { store, feed, now } = services
  const door = doors.stall('sale.issue')

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
          bankShortName: findBank(account.bankBin)?.shortName ?? account.bankBin,
          accountNumber: payableNumber(account),
          accountName: account.accountName,
          // What her bank's source demands before the stall's reference stands before a sale's too.
          purposePrefix: (decode(payableCode(account, reference)).purpose ?? '').replace(reference, ''),
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

  door.post('/vendor/:stallCode/sales/issue', async ({ c, scope }) => {
    const form = await c.req.parseBody()
    const reference = parseSaleReference(form['reference'])
    const amountVnd = parseVnd(typeof form['amount'] === 'string' ? form['amount'] : '')
    const at = now()
    const issuedAt = instantOfAge(form['age'], at)
    const news = await store.write((tx) => issueSale(tx, scope, reference, amountVnd, issuedAt, at))
    if (news) feed.publish([news])
    return c.json(await store.read((tx) => getSale(tx, scope, reference, at)))
  })

  door.post('/vendor/:stallCode/sales/cancel', async ({ c, scope }) => {
    const form = await c.req.parseBody()
    const reference = parseSaleReference(form['reference'])
    const at = now()
    const cancelledAt = instantOfAge(form['age'], at)
    const news = await store.write((tx) => cancelSale(tx, scope, reference, cancelledAt, at))
    if (news) feed.publish([news])
    return c.json(await store.read((tx) => getSale(tx, scope, reference, at)))
  })
}
