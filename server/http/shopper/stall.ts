import { createHash } from 'node:crypto'
import { findBank } from '@vietqr/core'
import type { Context } from 'hono'
import { AppError } from '../../../shared/app-error.ts'
import { parseVnd } from '../../../shared/money.ts'
import { stallPage } from '../../../web/pages/stall.ts'
import { payableCode, payableNumber } from '../../domain/payable-code.ts'
import { accountInUse } from '../../storage/account.ts'
import { findStall } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors, Env } from '../door.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { qrPng, qrSvg } from '../qr-image.ts'
import { stallSign } from '../stall-sign.ts'

/** What a shopper needs of a stall: whose account it is, and its code. Writes nothing. */
export function showStalls(doors: Doors, { store }: Services, frame: Frame): void {
  /** The stall of the address, the account to pay, and its code, with the amount of `?amount=` if there is one. */
  const payable = async (c: Context<Env>) => {
    const listing = await findStall(store, c.req.param('stallCode') ?? '')
    const account = listing && accountInUse(listing.accounts)
    if (!listing || !account || listing.stall.closedAt !== null) {
      throw new AppError('not_found', 'no such stall, or it is closed')
    }
    const asked = c.req.query('amount')
    const amountVnd = asked === undefined || asked === '' ? undefined : parseVnd(asked)
    return { listing, account, amountVnd, payload: payableCode(account, listing.stall.reference, amountVnd) }
  }

  doors.open.get('/s', (c) =>
    c.redirect(`/s/${encodeURIComponent((c.req.query('code') ?? '').trim().toLowerCase())}`),
  )

  doors.open.get('/s/:stallCode', async (c) => {
    const { listing, account, amountVnd, payload } = await payable(c)
    const { code } = listing.stall
    const query = amountVnd === undefined ? '' : `?amount=${amountVnd}`
    return c.html(
      stallPage(frame, {
        ...stallSign(listing),
        holderName: account.accountName,
        bankShortName: findBank(account.bankBin)?.shortName ?? account.bankBin,
        bankName: findBank(account.bankBin)?.name ?? account.bankBin,
        accountNumber: payableNumber(account),
        qrSvg: await qrSvg(payload),
        pngUrl: `/s/${code}/qr.png${query}`,
        ...(amountVnd === undefined ? {} : { amountVnd }),
      }),
      200,
    )
  })

  doors.open.get('/s/:stallCode/vietqr', async (c) => c.json({ payload: (await payable(c)).payload }, 200))

  doors.open.get('/s/:stallCode/qr.svg', async (c) => {
    const { payload } = await payable(c)
    return image(c, payload, 'image/svg+xml', () => qrSvg(payload))
  })

  doors.open.get('/s/:stallCode/qr.png', async (c) => {
    const { payload } = await payable(c)
    return image(c, payload, 'image/png', () => qrPng(payload))
  })
}

/** A code changes only with its payload, so a phone that has it need not fetch it again. */
async function image(
  c: Context<Env>,
  payload: string,
  type: string,
  draw: () => Promise<string | Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  const etag = `"${createHash('sha256').update(`${type} ${payload}`).digest('base64url').slice(0, 22)}"`
  c.header('etag', etag)
  c.header('cache-control', 'no-cache')
  // Compression on the way makes it a weak one; it is the same code all the same.
  if (c.req.header('if-none-match')?.replace(/^W\//, '') === etag) return c.body(null, 304)
  return c.body(await draw(), 200, { 'content-type': type })
}
