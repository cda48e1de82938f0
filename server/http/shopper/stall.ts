import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { displayText } from '../../../shared/display-text.ts'
import { parseVnd } from '../../../shared/money.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { stallPage } from '../../../web/pages/stall.ts'
import { payableCode } from '../../sources/payable-code.ts'
import type { Services } from '../../services.ts'
import type { Doors, Env } from '../door.ts'
import { qrPng, qrSvg } from '../qr-image.ts'
import { checkCodes } from './check-code.ts'
import { getPayableStall, stallView } from './payable-stall.ts'

const MAX_TYPED_LENGTH = 30

/** What a shopper needs of a stall: whose account it is, its code, and whether another code is the stall's. */
export function showStalls(doors: Doors, services: Services, frame: Frame): void {
  const { store } = services
  const stallOf = (c: Context<Env>) => getPayableStall(store, c.req.param('stallCode') ?? '')
  const askedAmount = (c: Context<Env>) => (c.req.query('amount') ?? '').trim()
  /** The code of the stall, with the amount of `?amount=` if there is one. */
  const payloadOf = async (c: Context<Env>): Promise<string> => {
    const { listing, account } = await stallOf(c)
    const asked = askedAmount(c)
    return payableCode(account, listing.stall.reference, asked === '' ? undefined : parseVnd(asked))
  }

  doors.open.get('/s', (c) =>
    c.redirect(`/s/${encodeURIComponent((c.req.query('code') ?? '').trim().toLowerCase())}`),
  )

  doors.open.get('/s/:stallCode', async (c) => {
    const stall = await stallOf(c)
    const asked = askedAmount(c)
    const amountVnd = readAmount(asked)
    if (amountVnd === 'wrong') {
      const typed = displayText(asked, MAX_TYPED_LENGTH)
      return c.html(stallPage(frame, { ...(await stallView(stall)), wrongAmount: typed }), 400)
    }
    const reported = c.req.query('reported') !== undefined
    return c.html(stallPage(frame, { ...(await stallView(stall, amountVnd)), reported }), 200)
  })

  doors.open.get('/s/:stallCode/vietqr', async (c) => c.json({ payload: await payloadOf(c) }, 200))

  doors.open.get('/s/:stallCode/qr.svg', async (c) => {
    const payload = await payloadOf(c)
    return image(c, payload, 'image/svg+xml', () => qrSvg(payload))
  })

  doors.open.get('/s/:stallCode/qr.png', async (c) => {
    const payload = await payloadOf(c)
    return image(c, payload, 'image/png', () => qrPng(payload))
  })

  checkCodes(doors, services, frame)
}

function readAmount(asked: string): number | undefined | 'wrong' {
  if (asked === '') return undefined
  try {
    return parseVnd(asked)
  } catch {
    return 'wrong'
  }
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
