import { asc, eq, getTableName } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addDays } from '../../shared/business-day.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { eraseDue } from '../../server/storage/erasure.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { bankTransaction, match, matchReversal, tables } from '../../server/storage/kit.sqlite.ts'
import { listBehind, readMarketWindow, sumSections } from '../../server/storage/rollup.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { takeSeqs } from '../../server/storage/seq.ts'
import { registerStall } from '../../server/storage/stall.ts'
import { addToTakings, classify } from '../../server/storage/takings.ts'
import { rows, run } from '../../server/storage/unit.ts'
import {
  credit,
  MB,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  seededRandom,
  TODAY,
  type SmallMarket,
  type TestStall,
} from '../small-market.ts'
import { execute } from '../test-store.ts'

const DAY_MS = 86_400_000
const ROLLUPS = ['rollupCursor', 'stallDay', 'sectionDay', 'marketDay', 'payerSale'] as const

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const payerKey = (marketId: number, payerAccount: string) => `${marketId} ${payerAccount}`
const follow = () => followLedger(market.store, payerKey)
const differences = () => findDifferences(market.store)

/** Sales of 1.000 đ; `day` counts from today, a payer of null is one whom the source does not tell. */
async function pay(
  ...sales: [stall: TestStall, day: number, payerAccount: string | null][]
): Promise<number[]> {
  const told = sales.map(([to, day, payerAccount]) =>
    credit({
      accountNumber: to.accountNumber,
      remittanceText: to.reference,
      payerAccount,
      amountVnd: 1_000,
      bookedAt: MORNING + day * DAY_MS,
    }),
  )
  await market.store.record([messageOf(...told)], RULES)
  const { sourceKey, seq } = bankTransaction
  const found = await market.store.db.select({ sourceKey, seq }).from(bankTransaction)
  return told.map((one) => found.find((row) => row.sourceKey === one.sourceKey)!.seq)
}

const windowOf = (day: number) =>
  readMarketWindow(market.store, operatorScope(), market.marketId, addDays(TODAY, day))
const sectionsOf = (day: number) =>
  sumSections(market.store, operatorScope(), market.marketId, addDays(TODAY, day))
const say = (of: TestStall, transactionSeq: number, as: 'sale' | 'family') =>
  market.store.write((tx) => classify(tx, scopeOf(of), transactionSeq, as, 'test', MORNING))

/** Undoes a match, as a person will: reversal and takings in one unit. */
const reverse = (of: TestStall, transactionSeq: number) =>
  market.store.write(function* (tx) {
    const { marketId } = market
    const [found] = yield* rows(tx.select().from(match).where(eq(match.transactionSeq, transactionSeq)))
    const [seq] = yield* takeSeqs(tx, marketId, 1)
    const row = { marketId, seq: seq!, matchSeq: found!.seq, by: 'test', reason: 'test', at: MORNING }
    yield* run(tx.insert(matchReversal).values(row))
    yield* addToTakings(tx, scopeOf(of), found!.businessDay, 1_000, 'sale', -1)
    yield* run(tx.update(tables.dailyOutcome).set({ outcome: 'undecided' }))
  })

/** Every row of the rollups that says something. */
async function dump() {
  const all = await Promise.all(
    ROLLUPS.map(async (name) => {
      const key = getTableConfig(tables[name]).primaryKeys[0]?.columns ?? []
      const found = (await market.store.db
        .select()
        .from(tables[name])
        .orderBy(...key.map(asc))) as Record<string, unknown>[]
      const says = ({ totalVnd, activeStalls30d = 0 }: Record<string, unknown>) =>
        totalVnd !== 0 || activeStalls30d !== 0
      return [name, found.filter(says)] as const
    }),
  )
  return Object.fromEntries(all)
}

describe('the windows', () => {
  it('hold a stall and a payer for thirty days, and a payer repeats on the second day', async () => {
    const { lan, hoa } = market
    await pay([lan, 0, 'x'], [lan, 0, 'x'], [hoa, 1, null], [hoa, 3, 'x'], [lan, 4, 'y'])
    await follow()
    expect(await windowOf(0)).toEqual({
      activeStalls: 1,
      saleCount: 2,
      payerSaleCount: 2,
      payers: 1,
      repeatPayers: 0,
    })
    expect(await windowOf(4)).toEqual({
      activeStalls: 2,
      saleCount: 5,
      payerSaleCount: 4,
      payers: 2,
      repeatPayers: 1,
    })
    expect(await windowOf(29)).toMatchObject({ saleCount: 5, payers: 2, repeatPayers: 1 })
    // The first day is gone, and with it the second day of x.
    expect(await windowOf(30)).toEqual({
      activeStalls: 2,
      saleCount: 3,
      payerSaleCount: 2,
      payers: 2,
      repeatPayers: 0,
    })
    expect(await windowOf(33)).toMatchObject({ activeStalls: 1, payers: 1 })
    expect(await windowOf(34)).toMatchObject({ activeStalls: 0, payers: 0 })
    expect(await sectionsOf(4)).toEqual([{ section: 'Dãy A', totalVnd: 5_000, saleCount: 5 }])
    expect(await differences()).toEqual([])
  })

  it('are made right by a late entry, in every one it touches', async () => {
    const { lan } = market
    await pay([lan, 20, 'x'], [lan, 45, 'x'])
    await follow()
    expect(await windowOf(60)).toMatchObject({ payers: 1, repeatPayers: 0 })
    await pay([lan, 35, 'x'], [lan, 0, 'x'])
    await follow()
    expect(await windowOf(60)).toMatchObject({ saleCount: 2, repeatPayers: 1 })
    expect(await windowOf(15)).toMatchObject({ activeStalls: 1, repeatPayers: 0 })
    expect(await windowOf(25)).toMatchObject({ repeatPayers: 1 })
    expect(await differences()).toEqual([])
  })

  it('forget what was no sale after all, reversed, or said to be a sale again', async () => {
    const { lan, hoa } = market
    const [first, second] = await pay([lan, 0, 'x'], [lan, 1, 'x'], [hoa, 1, 'y'])
    await follow()
    await say(lan, first!, 'family')
    await follow()
    expect(await windowOf(1)).toMatchObject({
      activeStalls: 2,
      saleCount: 2,
      payerSaleCount: 2,
      repeatPayers: 0,
    })
    await say(lan, first!, 'sale')
    await follow()
    expect(await windowOf(1)).toMatchObject({ saleCount: 3, payers: 2, repeatPayers: 1 })
    await say(lan, first!, 'family')
    await reverse(lan, second!)
    await follow()
    expect(await windowOf(1)).toEqual({
      activeStalls: 1,
      saleCount: 1,
      payerSaleCount: 1,
      payers: 1,
      repeatPayers: 0,
    })
    expect((await differences()).filter(({ table }) => table !== 'daily_outcome')).toEqual([])
  })

  it('stay as they are when an entry is about what was counted already', async () => {
    const { lan } = market
    const [first] = await pay([lan, 0, 'x'], [lan, 1, 'x'])
    await follow()
    const before = await dump()
    await say(lan, first!, 'family')
    await say(lan, first!, 'sale')
    await follow()
    expect({ ...(await dump()), rollupCursor: [] }).toEqual({ ...before, rollupCursor: [] })
    expect(await differences()).toEqual([])
  })

  it('take a stall along that moves to another section, with its past', async () => {
    const { lan, hoa, store, marketId } = market
    await pay([lan, 0, null], [lan, 1, null], [hoa, 1, null])
    await follow()
    await store.changeRegistry((tx) =>
      registerStall(
        tx,
        marketScope(marketId),
        { ...registration(lan), section: 'Dãy B' },
        () => mintStall(seededRandom(9)),
        'test',
        MORNING,
      ),
    )
    await follow()
    expect((await sectionsOf(1)).toSorted((a, b) => a.totalVnd - b.totalVnd)).toEqual([
      { section: 'Dãy A', totalVnd: 1_000, saleCount: 1 },
      { section: 'Dãy B', totalVnd: 2_000, saleCount: 2 },
    ])
    const active = (await dump())['sectionDay']!.filter((row) => row['businessDay'] === addDays(TODAY, 1))
    expect(active.map((row) => row['activeStalls30d'])).toEqual([1, 1])
    expect(await differences()).toEqual([])
  })
})

const registration = (of: TestStall) => ({
  section: 'Dãy A',
  stall: of.name,
  vendor: of.name === 'A1' ? 'Cô Lan' : 'Cô Hoa',
  phone: '0900000001',
  account: {
    bankBin: MB,
    accountNumber: of.accountNumber,
    accountName: 'NGUYEN THI THU',
    virtualAccount: null,
    holder: 'vendor' as const,
    holderType: 'individual' as const,
    sellingOnly: false,
  },
  consentAt: null,
  consentTextVersion: '',
})

describe('the follower', () => {
  it('may begin again from nothing and comes to the same', async () => {
    const { lan, hoa } = market
    const [first] = await pay([lan, 0, 'x'], [hoa, 2, 'y'], [lan, 2, 'x'])
    await follow()
    await say(lan, first!, 'family')
    await pay([hoa, 1, 'x'])
    await follow()
    const before = await dump()
    for (const name of ROLLUPS) await execute(market.url, `delete from ${getTableName(tables[name])}`)
    await follow()
    expect(await dump()).toEqual(before)
    expect(await differences()).toEqual([])
  })

  it('says how far it is behind, and since when', async () => {
    expect((await listBehind(market.store)).filter((one) => one.oldestAt !== null)).toEqual([])
    await pay([market.lan, 0, null])
    const [behind] = await listBehind(market.store)
    expect(behind).toMatchObject({ marketId: market.marketId, oldestAt: MORNING + 1_000 })
    expect(behind!.entries).toBeGreaterThan(0)
    await follow()
    expect(await listBehind(market.store)).toEqual([])
  })

  it('forgets who paid on the day the words are erased, and keeps what was counted', async () => {
    const { lan, store } = market
    await pay([lan, 0, 'x'], [lan, 1, 'x'])
    await follow()
    await store.write((tx) => eraseDue(tx, addDays(TODAY, 400)))
    expect((await dump())['payerSale']).toEqual([])
    expect(await windowOf(1)).toMatchObject({ payers: 1, repeatPayers: 1 })
    expect(await differences()).toEqual([])
  })
})

describe('the audit names a planted difference', () => {
  const PLANTED = [
    ['takings', 'update takings set sale_count = sale_count + 1'],
    ['daily_outcome', `update daily_outcome set amount_vnd = amount_vnd - 1`],
    ['match', `update "match" set business_day = '2026-11-20'`],
    ['market_counter', 'update market_counter set seq = 3'],
    ['stall_day', 'update stall_day set total_vnd = total_vnd + 1'],
    ['stall_day', 'update stall_day set section_id = section_id + 1'],
    ['section_day', 'update section_day set total_vnd = total_vnd + 1 where total_vnd > 0'],
    ['section_day', 'update section_day set sale_count = sale_count - 1 where sale_count > 0'],
    ['section_day', `update section_day set active_stalls30d = 9 where business_day = '2026-12-01'`],
    ['section_day', 'delete from section_day'],
    ['market_day', 'update market_day set total_vnd = total_vnd + 1'],
    ['market_day', 'update market_day set sale_count = sale_count + 1'],
    ['market_day', `update market_day set active_stalls30d = active_stalls30d - 1`],
    ['market_day', 'update market_day set payer_sale_count = 0'],
    ['market_day', 'update market_day set payers30d = payers30d + 1'],
    ['market_day', 'update market_day set repeat_payers30d = repeat_payers30d + 1'],
    ['market_day', 'delete from market_day'],
    ['payer_sale', 'delete from payer_sale'],
    ['payer_sale', `update payer_sale set payer_key = 'z' where business_day = '2026-11-22'`],
    ['payer_sale', `update payer_sale set erase_on = '2999-01-01'`],
    ['payer_sale', 'update payer_sale set transaction_seq = transaction_seq + 1'],
    ['payer_sale', 'delete from erasable'],
  ] as const

  it.each(PLANTED)('of %s: %s', async (table, statement) => {
    const { lan, hoa } = market
    await pay([lan, 0, 'x'], [lan, 1, 'x'], [hoa, 1, 'y'])
    await follow()
    expect(await differences()).toEqual([])
    await execute(market.url, statement)
    const named = (await differences()).map((one) => one.table)
    expect(named).toContain(table)
  })

  it('and tells neither an account nor our key for it', async () => {
    await pay([market.lan, 0, 'SECRET-ACCOUNT'], [market.lan, 1, 'SECRET-ACCOUNT'])
    await follow()
    await execute(market.url, `update payer_sale set payer_key = 'KEY' where business_day = '2026-11-22'`)
    const told = JSON.stringify(await differences())
    expect(told).toContain('payer 1')
    expect(told).not.toMatch(/SECRET|KEY/)
  })
})
