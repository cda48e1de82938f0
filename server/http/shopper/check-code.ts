import { findBank } from '@vietqr/core'
import type { Context } from 'hono'
import { findReferences } from '../../../shared/reference.ts'
import type { ShownVerdict } from '../../../web/pages/code-verdict.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { stallPage } from '../../../web/pages/stall.ts'
import { checkCode, isRight, type CodeVerdict } from '../../domain/code-check.ts'
import { newestAccount } from '../../storage/account.ts'
import { recordIncident } from '../../storage/incident.ts'
import { findSaleStalls } from '../../storage/sale-reference.ts'
import { listBankIssuedCodes } from '../../storage/stall-code.ts'
import type { Services } from '../../services.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Doors, Env } from '../door.ts'
import { getPayableStall, stallView, type PayableStall } from './payable-stall.ts'

/** No code is longer; a page does not say more than that back. */
const MAX_PAYLOAD_LENGTH = 512

/** «Mã này có đúng không?»: compares what a phone read from a code with the registry, and takes a report of a wrong one. */
export function checkCodes(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services
  const read = async (c: Context<Env>) => {
    const stall = await getPayableStall(store, c.req.param('stallCode') ?? '')
    const payload = (await readTyped(c, ['payload'])).payload.trim().slice(0, MAX_PAYLOAD_LENGTH + 1)
    return { stall, payload }
  }
  const judge = async ({ listing, account }: PayableStall, payload: string): Promise<CodeVerdict> => {
    const { stall, accounts } = listing
    const payable = [account, newestAccount(accounts) ?? account]
    return checkCode(
      payload,
      { stallId: stall.id, accounts: payable, bankIssued: await listBankIssuedCodes(store, stall) },
      {
        registry: await store.registry(),
        saleStalls: await findSaleStalls(store, stall.marketId, findReferences(payload)),
      },
    )
  }

  doors.open.post('/s/:stallCode/check', async (c) => {
    const { stall, payload } = await read(c)
    const view = await stallView(stall)
    c.header('cache-control', 'no-store')
    if (payload === '') {
      const error = 'Chưa có gì để so: dán nội dung mã vào đây.'
      return c.html(stallPage(frame, { ...view, checked: { payload, error } }), 400)
    }
    const verdict = shown(await judge(stall, payload))
    return c.html(stallPage(frame, { ...view, checked: { payload, verdict } }), 200)
  })

  doors.open.post('/s/:stallCode/report', async (c) => {
    const { stall, payload } = await read(c)
    const { market, stall: reported } = stall.listing
    // The stall's own code is nobody's mischief, whoever says so.
    if (payload !== '' && !isRight(await judge(stall, payload))) {
      const wrong = { stallId: reported.id, kind: 'wrong_code', payload } as const
      await store.write((tx) => recordIncident(tx, market, wrong, now()))
    }
    return c.redirect(`/s/${reported.code}?reported`, 303)
  })
}

function shown(verdict: CodeVerdict): ShownVerdict {
  if (verdict.kind !== 'other_bank' && verdict.kind !== 'other_account') return verdict
  const { bankBin, ...rest } = verdict
  return { ...rest, bankShortName: findBank(bankBin)?.shortName ?? `mã ngân hàng ${bankBin}` }
}
