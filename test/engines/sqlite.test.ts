import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addDays } from '../../shared/business-day.ts'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { readBook } from '../../server/storage/book.ts'
import { takeCut } from '../../server/storage/cut.ts'
import { eraseDue } from '../../server/storage/erasure.ts'
import { stallScope, type StallScope } from '../../server/storage/scope.ts'
import { prepareStatements } from '../../server/storage/statements.sqlite.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { credit, messageOf, MORNING, openSmallMarket, TODAY, type SmallMarket } from '../small-market.ts'

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket('sqlite')))
afterEach(() => market.close())

const record = (told: { remittanceText: string; payerName?: string }) =>
  market.store.record([messageOf(credit({ accountNumber: market.lan.accountNumber, ...told }))], {
    decide,
    sameTransfer,
    dayOf,
  })

it('synchronous is FULL after the first write, in WAL mode', async () => {
  await record({ remittanceText: market.lan.reference })
  expect(market.store.db.get(sql`pragma synchronous`)).toEqual({ synchronous: 2 })
  expect(market.store.db.get(sql`pragma journal_mode`)).toEqual({ journal_mode: 'wal' })
})

it('the readiness probe fails where somebody weakened it', async () => {
  market.store.db.run(sql`pragma synchronous = NORMAL`)
  await expect(market.store.probe()).rejects.toThrow('not FULL')
})

it('takings lie in the tree of their key: a stall’s day is found where its place is, not looked up again', () => {
  expect(market.store.db.get(sql`select wr from pragma_table_list where name = 'takings'`)).toEqual({ wr: 1 })
})

it('what is erased is not even in free pages of the file', async () => {
  const secret = 'chi Lan tra tien ca'
  await record({ remittanceText: `${secret} ${market.lan.reference}`, payerName: 'TRAN THI KIN' })
  const bytes = () => {
    market.store.db.run(sql`pragma wal_checkpoint(truncate)`)
    return new Database(market.url.slice('file:'.length), { readonly: true }).serialize()
  }
  expect(bytes().includes(secret)).toBe(true)
  expect(await market.store.write((tx) => eraseDue(tx, '2027-02-21'))).toBe(1)
  expect(bytes().includes(secret)).toBe(false)
  expect(bytes().includes('TRAN THI KIN')).toBe(false)
})

it('a credit’s twin is looked up by account, amount and day, and not through the market’s whole ledger', () => {
  const file = new Database(market.url.slice('file:'.length))
  const { source: text } = prepareStatements(file, market.store.db).untold
  const asked = Array.from(text.matchAll(/\?/g), () => null)
  const plan = file.prepare<null[], { detail: string }>(`explain query plan ${text}`).all(...asked)
  file.close()
  expect(plan.map(({ detail }) => detail)).toContainEqual(
    expect.stringContaining(
      'bank_transaction_natural (market_id=? AND business_day=? AND account_number=? AND amount_vnd=?)',
    ),
  )
})

describe('a phone that was paired yesterday', () => {
  const YESTERDAY = addDays(TODAY, -1)
  let scope: StallScope
  beforeEach(async () => {
    const { store, marketId, lan } = market
    const told = { accountNumber: lan.accountNumber, remittanceText: lan.reference }
    const [earlier, later] = [credit({ ...told, bookedAt: MORNING - 86_400_000 }), credit(told)]
    await store.record([messageOf(earlier)], { decide, sameTransfer, dayOf })
    const seesAfter = await store.write((tx) => takeCut(tx, marketId))
    scope = stallScope(marketId, lan.id, { seesAfter, onlyDay: null })
    await store.record([messageOf(later)], { decide, sameTransfer, dayOf })
  })

  /** How SQLite goes about each query that something makes. */
  async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
    const client = (market.store.db as unknown as { $client: Database.Database }).$client
    const prepare = vi.spyOn(client, 'prepare')
    await work()
    const texts = prepare.mock.calls.map(([text]) => text)
    prepare.mockRestore()
    return texts.flatMap((text) => {
      const values = Array.from(text.matchAll(/\?/g), () => null)
      const plan = client.prepare<null[], { detail: string }>(`explain query plan ${text}`).all(...values)
      return plan.map(({ detail }) => detail)
    })
  }

  it('looks today up by one key, and reads no credit', async () => {
    const plans = await plansOf(() => getTakings(market.store, scope, TODAY))
    expect(plans).toContainEqual(
      expect.stringMatching(/SEARCH takings USING .*business_day=\? AND stall_id=\?/),
    )
    expect(plans.filter((plan) => /match|bank_transaction|classification/.test(plan))).toEqual([])
  })

  it('reads of the days before its pairing only what came after it', async () => {
    const plans = await plansOf(() => readBook(market.store, scope, [YESTERDAY, TODAY]))
    const ofMatch = plans.filter((plan) => /\bmatch\b/.test(plan) && !/match_reversal/.test(plan))
    expect(ofMatch).toHaveLength(1)
    expect(ofMatch[0]).toMatch(/match_day \(market_id=\? AND business_day=\? AND stall_id=\? AND seq>\?\)/)
    expect(plans.filter((plan) => plan.startsWith('SCAN'))).toEqual([])
  })
})
