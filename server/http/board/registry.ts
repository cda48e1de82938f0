import { shortNameOf } from '@vietqr/core'
import { accountKey } from '../../../shared/bank-transaction.ts'
import { fold } from '../../../shared/display-text.ts'
import type { Hindrance } from '../../../web/pages/hindrance-words.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import {
  registryPage,
  type Changed,
  type RegistryAccount,
  type RegistryStall,
} from '../../../web/pages/board/registry.ts'
import { hearingWarning } from '../../sources/hearing.ts'
import { newestAccount, type PayeeAccount } from '../../storage/account.ts'
import { listBoundAccounts } from '../../storage/source.ts'
import { listStalls, type StallEntry } from '../../storage/stall.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { cardLinks, printCards } from './cards.ts'
import { inviteVendors } from './invitation.ts'
import { addStalls } from './new-stall.ts'
import { issueSignInCodes } from './sign-in-code.ts'
import { setUpSpeakers } from './speakers.ts'
import { listWrongCodes } from './wrong-codes.ts'

/** Of a larger market the rest is found by its search. */
const MAX_STALLS_SHOWN = 500
const CHANGES: readonly Changed[] = ['stall', 'section', 'vendor', 'phone', 'account', 'consent']

/** The board's rooms: the registry of its market, cards, sign-in codes. Never any money. */
export function showBoard(doors: Doors, services: Services, frame: Frame): void {
  const { store } = services

  doors.market('registry.view').get('/board/:market', async ({ c, actor, scope, market }) => {
    const entries = await listStalls(store, scope)
    const bound = new Set((await listBoundAccounts(store)).map(accountKey))
    const search = (c.req.query('q') ?? '').trim()
    const found = entries.filter((entry) => isFound(entry, search))
    // Those that sell come first: of a large market the closed ones are cut off.
    const shown = [...found.filter(isOpen), ...found.filter((entry) => !isOpen(entry))].slice(
      0,
      MAX_STALLS_SHOWN,
    )
    const open = entries.filter(isOpen)
    const saved = entries.find((entry) => entry.stall.code === c.req.query('saved'))
    const changed = (c.req.query('changed') ?? '').split(',')
    c.header('cache-control', 'no-store')
    return c.html(
      registryPage(frame, {
        market,
        counts: {
          stalls: open.length,
          consented: open.filter((entry) => entry.consented).length,
          inUse: open.filter((entry) => entry.accounts.some((one) => one.state === 'active')).length,
        },
        sections: [...Map.groupBy(shown.filter(isOpen), (entry) => entry.section)].map(
          ([name, ofSection]) => ({
            name,
            stalls: ofSection.map((entry) => registryStall(entry, bound)),
          }),
        ),
        closed: shown.filter((entry) => !isOpen(entry)).map((entry) => registryStall(entry, bound)),
        search,
        hiddenCount: found.length - shown.length,
        incidents: await listWrongCodes(services, scope, (stall) => `${market.stallWord} ${stall}`),
        cardLinks: cardLinks(market, entries),
        ...(saved
          ? {
              saved: {
                stall: registryStall(saved, bound),
                changed: CHANGES.filter((one) => changed.includes(one)),
              },
            }
          : {}),
        ...(actor.role === 'operator' ? { back: { url: '/operator', words: 'Các chợ' } } : {}),
      }),
      200,
    )
  })

  addStalls(doors, services, frame)
  issueSignInCodes(doors, services, frame)
  inviteVendors(doors, services, frame)
  printCards(doors, services, frame)
  setUpSpeakers(doors, services, frame)
}

function isOpen({ stall }: StallEntry): boolean {
  return stall.closedAt === null
}

function isFound({ stall, vendor }: StallEntry, search: string): boolean {
  return [stall.name, vendor?.name ?? '', vendor?.phone ?? ''].some((text) =>
    fold(text).includes(fold(search)),
  )
}

/** Of its accounts: the one in use, and the newest where that is another. */
function registryStall(entry: StallEntry, bound: ReadonlySet<string>): RegistryStall {
  const active = entry.accounts.find((one) => one.state === 'active')
  const newest = newestAccount(entry.accounts)
  const accounts = [...new Set([active, newest])].filter((one) => one !== undefined)
  return {
    name: entry.stall.name,
    code: entry.stall.code,
    closedAt: entry.stall.closedAt,
    vendor: entry.vendor,
    hasConsented: entry.consented,
    accounts: accounts.map((account) => registryAccount(account, active, bound)),
  }
}

function registryAccount(
  account: PayeeAccount,
  active: PayeeAccount | undefined,
  bound: ReadonlySet<string>,
): RegistryAccount {
  return {
    bankShortName: shortNameOf(account.bankBin),
    accountNumber: account.accountNumber,
    virtualAccount: account.virtualAccount,
    holderName: account.accountName,
    state: account.state,
    isChange: active !== undefined && active !== account,
    hindrance: hindrance(account, bound),
  }
}

function hindrance(account: PayeeAccount, bound: ReadonlySet<string>): Hindrance | null {
  const warning = hearingWarning(account)
  if (!bound.has(accountKey(account))) return warning ?? 'not_bound'
  // Somebody let a source speak for it: that it publishes no list of banks is no hindrance.
  return warning === 'bank_not_heard' ? null : warning
}
