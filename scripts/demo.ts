import { randomInt } from 'node:crypto'
import { findBank } from '@vietqr/core'
import { CONSENT_TEXT_VERSION } from '../shared/consent-text.ts'
import { marketCode, mintStall, parseMarket, parseRegistration } from '../server/domain/registration.ts'
import { invite } from '../server/domain/sign-in.ts'
import type { Services } from '../server/services.ts'
import { addInstance } from '../server/sources/instance.ts'
import { newestAccount } from '../server/storage/account.ts'
import { addMarket, findMarket, type Market } from '../server/storage/market.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import { markAsDemo } from '../server/storage/setting.ts'
import { accountKeysOf, bindAccounts, listSources } from '../server/storage/source.ts'
import { listStalls, registerStall, type StallEntry } from '../server/storage/stall.ts'
import { senderOf } from '../test/fixtures/notifications/sender.ts'
import { createFakeBank, type FakeBank, type Payee } from './fake-bank.ts'

const MARKET = 'Chợ Phù Cát (bản thử)'

/** Whose link is printed; the bank pays this stall more often, so that whoever opens it soon hears something. */
const SHOWN_STALL = 'Rau cô Sáu'
const SHOWN_STALL_SHARE = 4

/** No bank has an account of this name, so no app can pay one of these codes. */
const ACCOUNT_PREFIX = 'TIENGIA'

/** Section, stall, vendor, bank, whether nothing but sales comes into the account. */
const STALLS: readonly [
  section: string,
  stall: string,
  vendor: string,
  bank: string,
  sellingOnly: boolean,
][] = [
  ['Rau củ', SHOWN_STALL, 'Nguyễn Thị Sáu', 'MBBank', true],
  ['Rau củ', 'Rau sạch Tám Nghĩa', 'Trần Văn Nghĩa', 'Vietcombank', false],
  ['Rau củ', 'Trái cây Bảy Lành', 'Lê Thị Lành', 'ACB', true],
  ['Rau củ', 'Dừa Tam Quan', 'Võ Thị Hường', 'KienLongBank', false],
  ['Thịt cá', 'Cá biển Đề Gi', 'Huỳnh Thị Đẹp', 'MBBank', true],
  ['Thịt cá', 'Thịt heo Năm Hùng', 'Phạm Văn Hùng', 'Sacombank', false],
  ['Thịt cá', 'Gà ta bà Tư', 'Đặng Thị Tư', 'VPBank', false],
  ['Thịt cá', 'Mực tôm chị Ngân', 'Bùi Thị Kim Ngân', 'OCB', true],
  ['Hàng ăn', 'Bún chả cá Út Liên', 'Đỗ Thị Liên', 'Vietcombank', true],
  ['Hàng ăn', 'Bánh xèo tôm nhảy', 'Hồ Thị Xuân', 'VietinBank', false],
  ['Hàng ăn', 'Bánh ít lá gai dì Ba', 'Ngô Thị Ba', 'ACB', false],
  ['Hàng ăn', 'Cà phê Chín Phúc', 'Mai Văn Phúc', 'BIDV', true],
]

const HABITS = {
  resend: 0.05,
  outOfOrder: 0.05,
  unreferenced: 0.12,
  wrongAccount: 0.03,
  outgoing: 0.04,
  hostile: 0.02,
}
const PAUSE_MS = 5_000

const DAY_MS = 86_400_000
/** The demo market has been there for some weeks, so that its figures and its books have something to say. */
const PAST_DAYS = 60
/** Told at once while the past is told. */
const CONNECTIONS = 16

export interface DemoLinks {
  stallCount: number
  marketCode: string
  shopper: string
  vendor: string
  vendorName: string
  stallName: string
  stallCode: string
  board: string
  operator: string
}

/**
 * Sets the demo market up, once: its stalls, their consents, the source that tells of their money. Returns whether
 * this was the first time.
 */
export async function seedDemo({ store, seal, now }: Services): Promise<boolean> {
  const openedAt = now() - PAST_DAYS * DAY_MS
  // First of all: nothing in this file may ever pass for real.
  await store.write(markAsDemo)
  const market = (await findMarket(store, marketCode(MARKET))) ?? (await addDemoMarket())
  const sources = await listSources(store, operatorScope())
  if (sources.length > 0) return false
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay giả', access: null, secret: null }
  const { id } = await addInstance(store, seal, operatorScope(), wanted, now())
  await store.changeRegistry(function* (tx) {
    const accounts = yield* accountKeysOf(tx, marketScope(market.id))
    yield* bindAccounts(tx, operatorScope(), id, accounts.filter(isInvented), now())
  })
  return true

  function addDemoMarket(): Promise<Market> {
    return store.changeRegistry(function* (tx) {
      const parsed = parseMarket({ name: MARKET })
      if ('problems' in parsed) throw new Error('the demo market is not sound')
      // Of today, so that no figures are signed and published of a past that is only told in a moment.
      const added = yield* addMarket(tx, operatorScope(), parsed.market, now())
      for (const [index, [section, stall, vendor, bank, sellingOnly]] of STALLS.entries()) {
        const number = String(index + 1).padStart(5, '0')
        const row = parseRegistration({
          section,
          stall,
          vendor,
          bank,
          account_number: `${ACCOUNT_PREFIX}${number}`,
          account_name: vendor,
          // BIDV tells only of virtual accounts.
          virtual_account: bank === 'BIDV' ? `${ACCOUNT_PREFIX}VA${number}` : '',
          selling_only: sellingOnly ? 'yes' : '',
        })
        if ('problems' in row) throw new Error(`the demo stall ${stall} is not sound`)
        // She agreed in front of the phone, to the words as they are now.
        const consentTextVersion = CONSENT_TEXT_VERSION
        const registration = { ...row.registration, consentAt: openedAt, consentTextVersion }
        const mint = () => mintStall(randomInt)
        yield* registerStall(tx, marketScope(added.id), registration, mint, 'demo', openedAt)
      }
      return added
    })
  }
}

/** The bank that pays the demo's stalls through the server's own door. */
export async function openDemoBank(services: Services, baseUrl: string): Promise<FakeBank> {
  const { store, findInstance, now } = services
  const [source] = await listSources(store, operatorScope())
  const instance = source && (await findInstance(source.id, now()))
  if (!source || !instance?.secrets[0]) throw new Error('the demo has no source')
  const bound = new Set(source.accounts.map((account) => account.accountNumber))
  const { entries } = await demoStalls(services)
  const payees = entries.flatMap(({ stall, accounts }): Payee[] => {
    const account = newestAccount(accounts)
    if (!account || !isInvented(account) || !bound.has(account.accountNumber)) return []
    const { bankBin, accountNumber, virtualAccount } = account
    const bank = findBank(bankBin)!.shortName
    const payee = { bank, accountNumber, virtualAccount, reference: stall.reference }
    return Array.from({ length: stall.name === SHOWN_STALL ? SHOWN_STALL_SHARE : 1 }, () => payee)
  })
  return createFakeBank({
    sender: await senderOf(source.kind),
    mode: source.mode,
    address: `${baseUrl}/notifications/${source.id}`,
    secret: instance.secrets[0],
    payees,
    habits: HABITS,
    // Each start tells another story, with numbers above those of every start before.
    seed: now() % 2 ** 31,
    firstId: now(),
  })
}

/**
 * Tells of the weeks before, through the same door: most stalls are paid on most mornings, some have fallen silent,
 * the last one has never been paid.
 */
export async function tellPast({ now }: Services, bank: FakeBank): Promise<void> {
  const today = now() - (now() % DAY_MS)
  const stalls = [...new Map(bank.payees.map((payee) => [payee.reference, payee])).values()]
  const bodies: string[] = []
  for (let daysAgo = PAST_DAYS - 1; daysAgo >= 1; daysAgo -= 1) {
    for (const [index, payee] of stalls.slice(0, -1).entries()) {
      const fellSilent = index % 5 === 3 && daysAgo < 35
      const startedLate = index % 4 === 1 && daysAgo > 25
      if (fellSilent || startedLate || randomInt(10) < index % 4) continue
      for (let count = 1 + randomInt(2); count > 0; count -= 1) {
        // Between seven and eleven in the morning, in Vietnam.
        bodies.push(bank.pay(payee, today - daysAgo * DAY_MS + randomInt(4 * 3_600_000)))
      }
    }
  }
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let body = bodies.shift(); body !== undefined; body = bodies.shift()) await bank.tell(body)
    }),
  )
}

export function runDemoBank(bank: FakeBank, signal: AbortSignal): Promise<void> {
  return bank.run(PAUSE_MS, signal)
}

/** A link for each person; three of them are one-time codes made now. */
export async function demoLinks(services: Services, baseUrl: string): Promise<DemoLinks> {
  const { store, now } = services
  const { market, entries } = await demoStalls(services)
  const shown = entries.find(({ stall }) => stall.name === SHOWN_STALL) ?? entries[0]
  if (!shown?.vendor) throw new Error('the demo has no stall with a vendor')
  const enter = async (role: 'vendor' | 'board' | 'operator', marketId: number, vendorId: number | null) =>
    `${baseUrl}/enter/${await invite(store, { role, marketId, vendorId }, 'demo', now())}`
  return {
    stallCount: entries.length,
    marketCode: market.code,
    shopper: `${baseUrl}/s/${shown.stall.code}`,
    vendor: await enter('vendor', market.id, shown.vendor.id),
    vendorName: shown.vendor.name,
    stallName: shown.stall.name,
    stallCode: shown.stall.code,
    board: await enter('board', market.id, null),
    operator: await enter('operator', 0, null),
  }
}

async function demoStalls({ store }: Services): Promise<{ market: Market; entries: StallEntry[] }> {
  const market = await findMarket(store, marketCode(MARKET))
  if (!market) throw new Error('the demo has no market')
  return { market, entries: await listStalls(store, marketScope(market.id)) }
}

function isInvented({ accountNumber }: { accountNumber: string }): boolean {
  return accountNumber.startsWith(ACCOUNT_PREFIX)
}
