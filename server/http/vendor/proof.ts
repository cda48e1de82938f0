import { shortNameOf } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import { parseVnd } from '../../../shared/money.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { vendorProofPage, type ProofStep } from '../../../web/pages/vendor/proof.ts'
import {
  accountToProve,
  answerProof,
  hasHiddenPast,
  proofState,
  reachAfterProof,
  startProof,
} from '../../domain/account-proof.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { newestAccount, type PayeeAccount } from '../../storage/account.ts'
import { findProof } from '../../storage/account-proof.ts'
import { isHeard } from '../../storage/source.ts'
import { listVendorStalls } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors, StallVisit } from '../door.ts'
import { qrSvg } from '../qr-image.ts'
import { wakeStreams } from '../speaker/stream.ts'
import { vendorView } from './visit.ts'

/** What the page says of a form that was sent, beyond how things stand. */
interface Reply {
  isRefused?: true
  isNoAmount?: true
}

/** «Chứng minh tài khoản»: test money comes, and who holds the phone says how much. */
export function proveAccounts(doors: Doors, services: Services, frame: Frame): void {
  const { store, now } = services
  const door = doors.stall('account.prove')

  const page = async (visit: StallVisit, reply: Reply, status: 200 | 400 | 409) => {
    const { c, actor, listing, scope } = visit
    const view = await vendorView(services, visit)
    // Not to be kept on the phone: what waits here is over in a moment.
    c.header('x-keep-for', undefined)
    c.header('cache-control', 'no-store')
    // One that was just proven has nothing to prove any more, and is what the page is about.
    const account = accountToProve(actor, listing.accounts) ?? newestAccount(listing.accounts)
    if (!account) throw new AppError('not_found', 'the stall has no account')
    const step = await stepOf(visit, account, reply)
    const stalls = await listVendorStalls(store, scope.marketId, actor.vendorId!)
    return c.html(
      vendorProofPage(frame, {
        ...view,
        holderName: account.accountName,
        bankShortName: shortNameOf(account.bankBin),
        accountNumber: payableNumber(account),
        byOperator: hasHiddenPast(actor),
        step,
        otherStalls: stalls
          .filter(({ id }) => id !== scope.stallId)
          .map(({ name, code }) => ({ name, url: `/vendor/${code}` })),
      }),
      status,
    )
  }

  const stepOf = async (
    { actor, scope, listing }: StallVisit,
    account: PayeeAccount,
    reply: Reply,
  ): Promise<ProofStep> => {
    const last = await store.read((tx) => findProof(tx, scope, actor.tokenHash))
    const proof = last?.accountId === account.id ? last : undefined
    const state = proof && proofState(proof, now())
    if (state?.kind === 'proven') {
      return {
        kind: 'proven',
        amountVnd: proof!.creditVnd!,
        reach: await reachAfterProof(store, scope, actor),
      }
    }
    if (!accountToProve(actor, listing.accounts)) return { kind: 'settled' }
    if (!(await isHeard(store, account))) return { kind: 'unheard' }
    switch (state?.kind) {
      case 'asks':
        return { ...state, ...reply }
      case 'waits':
      case 'waits_again': {
        if (proof!.amountVnd !== null) return { kind: 'waits' }
        const code = await qrSvg(payableCode(account, proof!.reference))
        return { kind: 'waits', qrSvg: code, wasRound: state.kind === 'waits_again' }
      }
      default:
        return { kind: 'begins', ...reply, ...(state ? { after: state.kind } : {}) }
    }
  }

  door.get('/vendor/:stallCode/proof', (visit) => page(visit, {}, 200))

  door.post('/vendor/:stallCode/proof/start', async (visit) => {
    const { c, scope, actor, listing } = visit
    const account = accountToProve(actor, listing.accounts)
    if (!account) throw new AppError('conflict', 'nothing is left to prove')
    try {
      await startProof(store, scope, actor, account, now())
    } catch (error) {
      if (error instanceof AppError && error.code === 'conflict') return page(visit, { isRefused: true }, 409)
      throw error
    }
    return c.redirect(`/vendor/${listing.stall.code}/proof`, 303)
  })

  door.post('/vendor/:stallCode/proof', async (visit) => {
    const { c, scope, actor, listing } = visit
    const typedVnd = readAmount((await c.req.parseBody())['amount'])
    if (typedVnd === undefined) return page(visit, { isNoAmount: true }, 400)
    try {
      await answerProof(store, scope, actor, typedVnd, now())
      wakeStreams(services, scope, actor.stalls)
    } catch (error) {
      // Too late, or once too often: the page says which.
      if (error instanceof AppError && error.code === 'conflict') return page(visit, {}, 409)
      throw error
    }
    return c.redirect(`/vendor/${listing.stall.code}/proof`, 303)
  })
}

/** What was typed, if it is an amount at all. */
function readAmount(text: unknown): number | undefined {
  try {
    return parseVnd(typeof text === 'string' ? text : '')
  } catch {
    return undefined
  }
}
