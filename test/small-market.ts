import { eq } from 'drizzle-orm'
import { CONSENT_TEXT_VERSION } from '../shared/consent-text.ts'
import type { BankTransaction } from '../shared/bank-transaction.ts'
import type { VendorChange } from '../shared/wire.ts'
import { mintStall } from '../server/domain/registration.ts'
import type { IncomingMessage } from '../server/storage/decision.ts'
import { session, stall as stallTable } from '../server/storage/kit.sqlite.ts'
import { openStore } from '../server/storage/engine.ts'
import { addMarket } from '../server/storage/market.ts'
import { marketScope, operatorScope, stallScope, type StallScope } from '../server/storage/scope.ts'
import { addSource, bindAccounts } from '../server/storage/source.ts'
import type { Store } from '../server/storage/store.ts'
import { registerStall, type Stall } from '../server/storage/stall.ts'
import { listNews, NEWS_PAGE, readNews } from '../server/storage/takings.ts'
import { rows } from '../server/storage/unit.ts'
import { newDatabase, type Engine } from './test-store.ts'

/** 22/11/2026 09:00 in Vietnam. */
export const MORNING = Date.parse('2026-11-22T09:00:00+07:00')
export const TODAY = '2026-11-22'
export const SOURCE = 'sepay-test'
export const MB = '970422'

/** Numbers that come out the same every time. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export interface TestStall extends Stall {
  accountNumber: string
}

export interface FilledMarket {
  store: Store
  marketId: number
  /** Two stalls of two vendors who agreed; each has an account of its own. */
  lan: TestStall
  hoa: TestStall
  addStall(options: StallOptions): Promise<TestStall>
}

export interface SmallMarket extends FilledMarket {
  /** Of its database, as in `DATABASE_URL`. */
  url: string
  close(): Promise<void>
}

interface StallOptions {
  name: string
  vendor?: string
  bankBin?: string
  accountNumber?: string
  virtualAccount?: string | null
  sellingOnly?: boolean
  consented?: boolean
  bound?: boolean
}

/** A market in a real database of its own, with one source that may speak for its accounts. */
export async function openSmallMarket(engine?: Engine): Promise<SmallMarket> {
  const { url, drop } = await newDatabase(engine)
  const store = await openStore(url)
  const row = { id: SOURCE, kind: 'sepay', mode: 'hmac', label: 'SePay', apiToken: null, secret: 'sealed' }
  await store.changeRegistry((tx) => addSource(tx, operatorScope(), row, MORNING))
  return {
    ...(await fillMarket(store, SOURCE)),
    url,
    async close() {
      await store.close()
      await drop()
    },
  }
}

/** Sets a market up in a store that has this source already. */
export async function fillMarket(store: Store, sourceId: string, code = 'cho-thu'): Promise<FilledMarket> {
  const random = seededRandom(code.length)
  const operator = operatorScope()
  const market = await store.changeRegistry((tx) =>
    addMarket(
      tx,
      operator,
      { code, name: 'Chợ Thử', dayStartsAtMinutes: 0, marketDays: 'daily', stallWord: 'sạp' },
      MORNING,
    ),
  )

  let accounts = 0
  async function addStall(options: StallOptions): Promise<TestStall> {
    accounts += 1
    const { name, consented = true, bound = true, virtualAccount = null, sellingOnly = false } = options
    const { bankBin = MB } = options
    const accountNumber = options.accountNumber ?? `TIENGIA${market.id}${String(accounts).padStart(4, '0')}`
    return store.changeRegistry(function* (tx) {
      const { stallId } = yield* registerStall(
        tx,
        marketScope(market.id),
        {
          section: 'Dãy A',
          stall: name,
          vendor: options.vendor ?? `Chủ ${name}`,
          phone: '0900000001',
          account: {
            bankBin,
            accountNumber,
            accountName: 'NGUYEN THI THU',
            virtualAccount,
            holder: 'vendor',
            holderType: 'individual',
            sellingOnly,
          },
          consentAt: consented ? MORNING - 86_400_000 : null,
          consentTextVersion: CONSENT_TEXT_VERSION,
        },
        () => mintStall(random),
        'test',
        MORNING,
      )
      if (bound) yield* bindAccounts(tx, operator, sourceId, [{ bankBin, accountNumber }], MORNING)
      const [stall] = yield* rows(tx.select().from(stallTable).where(eq(stallTable.id, stallId)))
      return { ...stall!, accountNumber }
    })
  }
  return {
    store,
    marketId: market.id,
    lan: await addStall({ name: 'A1', vendor: 'Cô Lan' }),
    hoa: await addStall({ name: 'A2', vendor: 'Cô Hoa' }),
    addStall,
  }
}

/** All that a phone of this scope hears after `afterSeq`, as its stream reads it. */
export async function changesOf(
  store: Store,
  scope: StallScope,
  afterSeq: number,
  today: string,
): Promise<VendorChange[]> {
  const news = await listNews(store, marketScope(scope.marketId), afterSeq, scope.stallId)
  const telling = { scope, news }
  const heard = (await readNews(store, [telling], today)).get(telling)!
  return news.length < NEWS_PAGE
    ? heard
    : [...heard, ...(await changesOf(store, scope, news.at(-1)!.seq, today))]
}

export const scopeOf = (stall: Stall) => stallScope(stall.marketId, stall.id)

let keys = 0
/** A credit as a source would tell it; what is not said is ordinary. */
export function credit(told: Partial<BankTransaction> & { accountNumber: string }): BankTransaction {
  keys += 1
  return {
    channel: 'push',
    sourceKey: `push:${keys}`,
    bankBin: MB,
    virtualAccount: null,
    direction: 'in',
    amountVnd: 50_000,
    bookedAt: MORNING,
    bookedPrecision: 'second',
    remittanceText: '',
    bankReference: `FT2632600000${keys}`,
    sourceCode: null,
    payerName: null,
    payerAccount: null,
    isTest: false,
    ...told,
  }
}

/** The message a transaction came in; the same transaction gives the same bytes. */
export function messageOf(...transactions: BankTransaction[]): IncomingMessage {
  return {
    sourceId: SOURCE,
    channel: transactions[0]?.channel ?? 'push',
    rawBody: new TextEncoder().encode(JSON.stringify(transactions)),
    receivedAt: MORNING + 1_000,
    transactions,
    unreadable: null,
  }
}

/** Every phone becomes one that was paired before there was any money, and admitted. */
export const knowEverything = async (store: Store): Promise<void> =>
  void (await store.db.update(session).set({ waiting: false, seesAfter: 0 }))
