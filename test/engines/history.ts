import * as fc from 'fast-check'
import { mintReference } from '../../shared/reference.ts'
import type { Classification } from '../../shared/wire.ts'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import type { IncomingMessage } from '../../server/storage/decision.ts'
import { messageOf, MB, MORNING, seededRandom } from '../small-market.ts'

/** The accounts of a history's market, by what is special about each. */
export const ACCOUNTS = ['plain', 'sellingOnly', 'silent', 'shared', 'unbound', 'nobodys'] as const
export type Account = (typeof ACCOUNTS)[number]
/** Its stalls, and the account each is paid into. */
export const STALLS = [
  { name: 'A', account: 'plain' },
  { name: 'B', account: 'sellingOnly' },
  { name: 'C', account: 'silent' },
  { name: 'D', account: 'shared' },
  { name: 'E', account: 'shared' },
  { name: 'F', account: 'unbound' },
] as const satisfies { name: string; account: Account }[]
export type StallName = (typeof STALLS)[number]['name']

/** A virtual account of the shared one: what is paid into it is this stall's. */
export const VIRTUAL = { account: 'shared', stall: 'D' } as const
/** The stall that closes, if one does. */
export const CLOSING = 'D'

const SALES = 3
export const DAY_MS = 86_400_000
/** All but one vendor agreed the day before; the vendor of «silent» will agree in the middle of the minutes below. */
export const AGREED_AT = MORNING - DAY_MS
export const CONSENT_AT = MORNING + 90_000

/** One thing that happens in a market. Numbers that point at something earlier count back from the newest. */
type Step =
  | { do: 'tell'; tellings: Telling[] }
  | { do: 'assign'; telling: number; stall: StallName }
  | { do: 'undo'; telling: number }
  | { do: 'split'; telling: number }
  | { do: 'setAside'; telling: number; as: 'family' | 'loan' }
  | { do: 'classify'; telling: number; stall: StallName; as: Classification }
  | { do: 'noteCash'; key: number; amountVnd: number; stall: StallName }
  | { do: 'undoCash'; key: number; stall: StallName }
  | { do: 'issueSale'; sale: number; amountVnd: number }
  | { do: 'reserveSale' | 'cancelSale'; sale: number }
  | { do: 'consent' }
  | { do: 'close' }

type Telling =
  | {
      how: 'new'
      account: Account
      names: Name[]
      amountVnd: number
      minute: number
      day: number
      direction: 'in' | 'out'
      isTest: boolean
      channel: 'push' | 'backfill'
      bankReference: 'long' | 'short'
      payerAccount: string | null
      isVirtual: boolean
    }
  | { how: 'unreadable'; body: number }
  | { how: 'stated'; of: number; inOtherWords: boolean }
  | { how: 'again'; of: number }
  | { how: 'changed'; of: number; what: 'amount' | 'day' }
  | { how: 'retold'; of: number; laterMs: number }
  /** With another memo under the same number; null names who owns the account. */
  | {
      how: 'retoldNaming'
      of: number
      names: Name[] | null
      by: 'otherChannel' | 'statement' | 'vendorsStatement'
    }

/** What stands in the memo: the reference of a stall, or of one of the sales. */
type Name = { stall: StallName } | { sale: number }

const ago = fc.oneof(fc.nat(1), fc.nat(15))
const amountVnd = fc.constantFrom(1_000, 2_000)
const stall = fc.constantFrom(...STALLS.map((one) => one.name))
const hers = fc.constantFrom<StallName>('A', 'B')
const name: fc.Arbitrary<Name> = fc.oneof(
  fc.record({ stall: fc.constantFrom<StallName>('A', 'B', 'C', 'D') }),
  fc.record({ sale: fc.nat(SALES - 1) }),
)
const telling: fc.Arbitrary<Telling> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      how: fc.constant('new' as const),
      account: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom<Account>('plain', 'sellingOnly') },
        { weight: 3, arbitrary: fc.constantFrom(...ACCOUNTS) },
        { weight: 1, arbitrary: fc.constant<Account>(VIRTUAL.account) },
      ),
      names: fc.oneof(
        { weight: 6, arbitrary: fc.array(name, { maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(name, { minLength: 2, maxLength: 2 }) },
      ),
      amountVnd,
      minute: fc.nat(3),
      day: fc.constantFrom(0, 0, 0, -1),
      direction: fc.constantFrom('in', 'in', 'in', 'in', 'in', 'out'),
      isTest: fc.constantFrom(false, false, false, false, false, false, false, true),
      channel: fc.constantFrom('push', 'push', 'backfill'),
      bankReference: fc.constantFrom('long', 'short'),
      payerAccount: fc.constantFrom(null, 'P', 'Q'),
      isVirtual: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ how: fc.constant('unreadable' as const), body: fc.nat(1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ how: fc.constant('stated' as const), of: ago, inOtherWords: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('again' as const), of: ago }) },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant('changed' as const),
      of: ago,
      what: fc.constantFrom('amount', 'day'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('retold' as const),
      of: ago,
      laterMs: fc.constantFrom(0, 60_000, 180_000, DAY_MS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      how: fc.constant('retoldNaming' as const),
      of: ago,
      names: fc.option(fc.array(name, { minLength: 1, maxLength: 2 }), { freq: 1 }),
      by: fc.constantFrom('otherChannel', 'otherChannel', 'statement', 'vendorsStatement'),
    }),
  },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      tellings: fc.array(telling, { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ do: fc.constant('assign' as const), telling: ago, stall }),
  fc.record({ do: fc.constant('undo' as const), telling: ago }),
  fc.record({ do: fc.constant('split' as const), telling: ago }),
  fc.record({
    do: fc.constant('setAside' as const),
    telling: ago,
    as: fc.constantFrom('family' as const, 'loan' as const),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('classify' as const),
      telling: ago,
      stall: hers,
      as: fc.constantFrom<Classification>('sale', 'unclear', 'family'),
    }),
  },
  fc.record({ do: fc.constant('noteCash' as const), key: fc.nat(1), amountVnd, stall: hers }),
  fc.record({ do: fc.constant('undoCash' as const), key: fc.nat(1), stall: hers }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reserveSale' as const), sale: fc.nat(SALES - 1) }) },
  fc.record({ do: fc.constant('issueSale' as const), sale: fc.nat(SALES - 1), amountVnd }),
  fc.record({ do: fc.constant('cancelSale' as const), sale: fc.nat(SALES - 1) }),
  fc.record({ do: fc.constant('consent' as const) }),
  fc.record({ do: fc.constant('close' as const) }),
)

export type History = Step[]
export const history: fc.Arbitrary<History> = fc.array(step, { maxLength: 7 })

/** A market in which a history happens. */
export interface Place {
  marketId: number
  virtualAccount: string
  stalls: Record<StallName, { id: number; reference: string }>
  accounts: Record<Account, string>
}

/** A sale's reference and its stall, which are known before it is reserved: the same in every run. */
export const saleOf = (marketId: number, sale: number) => ({
  reference: mintReference(seededRandom(marketId * 100 + sale)),
  stall: sale % 2 === 0 ? ('A' as const) : ('B' as const),
})

/** One thing as it is done: the messages as they arrive, and keys instead of numbers. */
export type Act =
  | { do: 'tell'; messages: Told[] }
  | { do: 'assign'; sourceKey: string; stall: StallName }
  | { do: 'undo'; sourceKey: string }
  | { do: 'split'; sourceKey: string }
  | { do: 'setAside'; sourceKey: string; as: 'family' | 'loan' }
  | { do: 'classify'; sourceKey: string; stall: StallName; as: Classification }
  | Exclude<Step, { telling: number } | { do: 'tell' }>

export interface Told {
  message: IncomingMessage
  account: Account
  names: Name[]
}

/** What the bank says and people do in that market, for a history. What points at nothing is left out. */
export function actsOf(steps: History, { marketId, virtualAccount, stalls, accounts }: Place): Act[] {
  const told: Told[] = []
  const tell = (transaction: BankTransaction, account: Account, names: Name[]): Told => {
    const one = { message: messageOf(transaction), account, names }
    told.push(one)
    return one
  }
  const memoOf = (names: Name[]) => {
    const references = names.map((it) =>
      'stall' in it ? stalls[it.stall].reference : saleOf(marketId, it.sale).reference,
    )
    return `CK ${references.join(' ')}`
  }
  const earlier = (back: number) => told.at(-1 - (back % told.length))
  let keys = 0
  const newKey = (channel: string) => {
    keys += 1
    return `${channel}:${marketId}-${keys}`
  }

  function messagesOf(one: Telling): Told[] {
    if (one.how === 'unreadable') {
      const rawBody = new TextEncoder().encode(`no JSON ${marketId} ${one.body}`)
      const message = { ...messageOf(), rawBody, unreadable: 'no JSON' }
      const unread = { message, account: 'nobodys' as const, names: [] }
      told.push(unread)
      return [unread]
    }
    if (one.how === 'new') {
      const { account, names, channel, day, minute, bankReference, isVirtual, ...rest } = one
      const transaction: BankTransaction = {
        channel,
        sourceKey: newKey(channel),
        bankBin: MB,
        accountNumber: accounts[account],
        virtualAccount: isVirtual && account === VIRTUAL.account ? virtualAccount : null,
        direction: rest.direction,
        amountVnd: rest.amountVnd,
        bookedAt: MORNING + day * DAY_MS + minute * 60_000,
        bookedPrecision: 'second',
        remittanceText: memoOf(names),
        bankReference: bankReference === 'long' ? `FT26326${marketId * 1_000 + told.length}` : '3079',
        sourceCode: null,
        payerName: null,
        payerAccount: rest.payerAccount,
        isTest: rest.isTest,
      }
      return [tell(transaction, account, names)]
    }
    const before = earlier(one.of)
    if (!before) return []
    if (one.how === 'again') return [before]
    const [transaction] = before.message.transactions
    if (!transaction) return []
    if (one.how === 'stated') {
      const stated = { ...transaction, channel: 'statement' as const, sourceKey: newKey('statement') }
      if (!one.inOtherWords) return [tell(stated, before.account, before.names)]
      const other = { remittanceText: 'TIEN HANG', bankReference: null }
      return [tell({ ...stated, ...other }, before.account, [])]
    }
    const { amountVnd: amount, bookedAt } = transaction
    const otherChannel = transaction.channel === 'push' ? ('backfill' as const) : ('push' as const)
    if (one.how === 'retoldNaming') {
      const channel = one.by === 'otherChannel' ? otherChannel : ('statement' as const)
      const owners = STALLS.filter(({ account }) => account === before.account)
      const names = one.names ?? owners.slice(-1).map((owner): Name => ({ stall: owner.name }))
      const naming = { channel, sourceKey: newKey(channel), remittanceText: memoOf(names) }
      const retold = tell({ ...transaction, ...naming }, before.account, names)
      if (one.by === 'vendorsStatement') retold.message.corroborates = 'only'
      return [retold]
    }
    const other =
      one.how === 'changed'
        ? one.what === 'amount'
          ? { amountVnd: amount + 500 }
          : { bookedAt: bookedAt - DAY_MS }
        : { channel: otherChannel, sourceKey: newKey(otherChannel), bookedAt: bookedAt + one.laterMs }
    return [tell({ ...transaction, ...other }, before.account, before.names)]
  }

  return steps.flatMap((one): Act[] => {
    if (one.do === 'tell') return [{ do: 'tell', messages: one.tellings.flatMap(messagesOf) }]
    if (!('telling' in one)) return [one]
    const sourceKey = earlier(one.telling)?.message.transactions[0]?.sourceKey
    return sourceKey === undefined ? [] : [{ ...one, sourceKey }]
  })
}

/** How a person splits a credit in a history: so much is the first's, and the rest the second's. */
export const PARTS = { first: 'A', second: 'B', firstVnd: 400 } as const
