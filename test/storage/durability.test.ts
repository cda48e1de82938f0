import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { eraseDue } from '../../server/storage/erasure.ts'
import { bankNotification, bankTransaction, erasable } from '../../server/storage/kit.sqlite.ts'
import { classify, getTakings, listPayments } from '../../server/storage/takings.ts'
import { assign } from '../../server/storage/assignment.ts'
import { listUndecided } from '../../server/storage/inbox.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import {
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'
import { execute } from '../test-store.ts'

const operator = operatorScope()

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const paid = (amountVnd: number) =>
  messageOf(
    credit({ accountNumber: market.lan.accountNumber, remittanceText: market.lan.reference, amountVnd }),
  )

describe('what is acknowledged is on the disk', () => {
  it('and a commit says so', async () => {
    await market.store.record([paid(1_000)], RULES)
    await expect(market.store.probe()).resolves.toBeUndefined()
  })

  it('a batch that fails half-way leaves nothing of itself', async () => {
    const poisoned = {
      ...credit({ accountNumber: market.lan.accountNumber, remittanceText: market.lan.reference }),
      amountVnd: null as unknown as number,
    }
    await expect(market.store.record([paid(1_000), messageOf(poisoned)], RULES)).rejects.toThrow(/not.null/i)
    expect(await market.store.db.select().from(bankNotification)).toEqual([])
    expect((await getTakings(market.store, scopeOf(market.lan), TODAY)).saleCount).toBe(0)
    expect(await findDifferences(market.store)).toEqual([])
  })
})

describe('the audit', () => {
  it.each([
    ['takings', `update takings set total_vnd = total_vnd + 1`],
    [
      'takings',
      `insert into takings (market_id, business_day, stall_id, total_vnd, sale_count, unclear_count) values (9, '2026-11-22', 9, 5, 1, 0)`,
    ],
    ['takings', `delete from takings`],
    ['daily_outcome', `update daily_outcome set transaction_count = 7`],
    ['daily_outcome', `delete from daily_outcome`],
  ])('names a planted difference in %s (%s)', async (table, plant) => {
    await market.store.record([paid(1_000)], RULES)
    expect(await findDifferences(market.store)).toEqual([])
    await execute(market.url, plant)
    const found = await findDifferences(market.store)
    expect(found).toHaveLength(1)
    expect(found[0]!.table).toBe(table)
  })
})

describe('forgetting', () => {
  it('erases bodies, payers and memos on their day and not before, and leaves the ledger whole', async () => {
    const secret = 'chi Lan tra tien ca'
    const told = credit({
      accountNumber: market.lan.accountNumber,
      remittanceText: `${secret} ${market.lan.reference}`,
      payerName: 'TRAN THI KIN',
    })
    await market.store.record([messageOf(told)], RULES)
    const ledger = await market.store.db.select().from(bankTransaction)
    expect(await market.store.write((tx) => eraseDue(tx, '2027-02-20'))).toBe(0)
    expect(await market.store.write((tx) => eraseDue(tx, '2027-02-21'))).toBe(1)
    expect(await market.store.db.select().from(erasable)).toEqual([])
    expect(await market.store.db.select().from(bankTransaction)).toEqual(ledger)
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    expect(line).toMatchObject({ amountVnd: 50_000, memo: '', payerName: '' })
  })
})

describe('what a person decides is added, never changed', () => {
  it('a classification moves her takings and leaves the one before it', async () => {
    await market.store.record([paid(1_000)], RULES)
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    const say = (kind: 'family' | 'sale') =>
      market.store.write((tx) =>
        classify(tx, scopeOf(market.lan), line!.transactionSeq, kind, 'vendor', MORNING),
      )
    expect(await say('family')).toMatchObject({ stallId: market.lan.id })
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 0,
      saleCount: 0,
    })
    expect(await say('family')).toBeUndefined()
    await say('sale')
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 1_000,
      saleCount: 1,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('nobody classifies another stall’s credit', async () => {
    await market.store.record([paid(1_000)], RULES)
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    const foreign = market.store.write((tx) =>
      classify(tx, scopeOf(market.hoa), line!.transactionSeq, 'family', 'vendor', MORNING),
    )
    await expect(foreign).rejects.toMatchObject({ code: 'not_found' })
  })

  it('an assigned credit is hers, unclear, and cannot be assigned again', async () => {
    await market.store.record(
      [messageOf(credit({ accountNumber: market.hoa.accountNumber, remittanceText: market.lan.reference }))],
      RULES,
    )
    const [open] = await listUndecided(market.store, operator, market.marketId)
    expect(open).toMatchObject({ reason: 'wrong_account', amountVnd: 50_000 })
    const decision = {
      marketId: market.marketId,
      transactionSeq: open!.transactionSeq,
      stallId: market.hoa.id,
      saleSeq: null,
      by: 'operator',
      reason: 'khách quét nhầm',
    }
    await market.store.write((tx) => assign(tx, operator, decision, MORNING))
    expect(await listUndecided(market.store, operator, market.marketId)).toEqual([])
    expect(await getTakings(market.store, scopeOf(market.hoa), TODAY)).toMatchObject({
      totalVnd: 0,
      unclearCount: 1,
    })
    const again = market.store.write((tx) =>
      assign(tx, operator, { ...decision, stallId: market.lan.id }, MORNING),
    )
    await expect(again).rejects.toMatchObject({ code: 'conflict' })
    expect(await findDifferences(market.store)).toEqual([])
  })
})
