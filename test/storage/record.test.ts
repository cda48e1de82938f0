import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import {
  bankNotification,
  bankTransaction,
  match,
  matchException,
  erasable,
  witness,
} from '../../server/storage/kit.sqlite.ts'
import { listInboxDays, listUndecided } from '../../server/storage/inbox.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { getStall } from '../../server/storage/stall.ts'
import { getTakings, listNews, listPayments } from '../../server/storage/takings.ts'
import {
  changesOf,
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  SOURCE,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'

const operator = operatorScope()

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const record = (...messages: ReturnType<typeof messageOf>[]) => market.store.record(messages, RULES)
const paid = (amountVnd: number, more = {}) =>
  credit({
    accountNumber: market.lan.accountNumber,
    remittanceText: `CK ${market.lan.reference}`,
    amountVnd,
    ...more,
  })
const takings = () => getTakings(market.store, scopeOf(market.lan), TODAY)

describe('one đồng in the ledger', () => {
  it('is recorded, matched by its reference, counted, and told to the stall', async () => {
    const published = await record(messageOf(paid(50_000)))
    expect(await takings()).toEqual({ businessDay: TODAY, totalVnd: 50_000, saleCount: 1, unclearCount: 0 })
    expect(published).toEqual([
      { marketId: market.marketId, stallId: market.lan.id, seq: expect.any(Number) },
    ])
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    expect(line).toMatchObject({ amountVnd: 50_000, time: '09:00', classification: 'sale' })
    const changes = await changesOf(market.store, scopeOf(market.lan), 0, TODAY)
    expect(changes).toMatchObject([
      { kind: 'credit', payment: { amountVnd: 50_000 }, takings: { totalVnd: 50_000 } },
    ])
    expect(await changesOf(market.store, scopeOf(market.hoa), 0, TODAY)).toEqual([])
  })

  it('is one đồng however often the same bytes come, in one batch or in several', async () => {
    const message = messageOf(paid(50_000))
    await record(message, message)
    await record(message)
    expect(await takings()).toMatchObject({ totalVnd: 50_000, saleCount: 1 })
    expect(await market.store.db.select().from(bankNotification)).toHaveLength(1)
    expect(await market.store.db.select().from(match)).toHaveLength(1)
    expect(await listNews(market.store, marketScope(market.marketId), 0)).toHaveLength(1)
  })

  it('counts genuine twins twice: same amount, same minute, same memo, other keys', async () => {
    await record(
      messageOf(paid(50_000, { bankReference: '3079' })),
      messageOf(paid(50_000, { bankReference: '3080' })),
    )
    expect(await takings()).toMatchObject({ totalVnd: 100_000, saleCount: 2 })
  })

  it('never overwrites: the same key with other content is an exception and counts nothing', async () => {
    const first = paid(50_000)
    await record(messageOf(first))
    await record(messageOf({ ...first, amountVnd: 5_000_000 }))
    await record(messageOf({ ...first, amountVnd: 5_000_000 }))
    expect(await takings()).toMatchObject({ totalVnd: 50_000, saleCount: 1 })
    const exceptions = await market.store.db.select().from(matchException)
    expect(exceptions).toMatchObject([{ reason: 'content_changed' }])
    expect(await listUndecided(market.store, operator, market.marketId)).toEqual([])
  })

  it('keeps raw bytes exactly and text well-formed, apart from the ledger', async () => {
    const memo = `<script>alert(1)</script> =cmd() \u202e ${market.lan.reference} ${'x'.repeat(10_000)}`
    const message = messageOf(paid(1_000, { remittanceText: memo }))
    await record(message)
    const [kept] = await market.store.db.select().from(erasable)
    expect(Buffer.from(kept!.body!)).toEqual(Buffer.from(message.rawBody))
    expect(kept!.remittanceText).toBe(memo)
    expect(kept!.eraseOn).toBe('2027-02-20')
    expect(JSON.stringify(await market.store.db.select().from(bankTransaction))).not.toContain('script')
  })
})

describe('the same transfer told by push and by back-fill', () => {
  const byBackfill = (told: ReturnType<typeof credit>, key: string) => ({
    ...told,
    channel: 'backfill' as const,
    sourceKey: `backfill:${key}`,
  })

  it('is one transaction with two witnesses, whichever comes first', async () => {
    const one = paid(50_000)
    const other = paid(70_000)
    await record(messageOf(one), messageOf(byBackfill(other, 'b')))
    await record(messageOf(byBackfill(one, 'a')), messageOf(other))
    await record(messageOf(byBackfill(one, 'a')), messageOf(other))
    expect(await takings()).toMatchObject({ totalVnd: 120_000, saleCount: 2 })
    expect(await market.store.db.select().from(witness)).toHaveLength(2)
  })

  it('pairs short references by memo and time, one to one, so twins stay two', async () => {
    const first = paid(50_000, { bankReference: '3079' })
    const second = paid(50_000, { bankReference: '3079', bookedAt: MORNING + 30_000 })
    await record(messageOf(first), messageOf(second))
    await record(messageOf(byBackfill(first, 'a')), messageOf(byBackfill(second, 'b')))
    expect(await takings()).toMatchObject({ totalVnd: 100_000, saleCount: 2 })
    // A third told only by the back-fill is a third payment.
    await record(messageOf(byBackfill({ ...first, bookedAt: MORNING + 60_000 }, 'c')))
    expect(await takings()).toMatchObject({ totalVnd: 150_000, saleCount: 3 })
  })

  it('does not pair short references more than two minutes apart, nor other amounts or accounts', async () => {
    const first = paid(50_000, { bankReference: '3079' })
    await record(messageOf(first))
    await record(messageOf(byBackfill({ ...first, bookedAt: MORNING + 121_000 }, 'a')))
    await record(messageOf(byBackfill({ ...first, amountVnd: 50_001 }, 'b')))
    await record(messageOf(byBackfill({ ...first, accountNumber: market.hoa.accountNumber }, 'c')))
    expect(await takings()).toMatchObject({ saleCount: 3 })
  })

  it('recognises a transfer posted on the next day by its long reference', async () => {
    const late = paid(50_000, { bookedAt: Date.parse('2026-11-22T23:50:00+07:00') })
    await record(messageOf(late))
    await record(messageOf(byBackfill({ ...late, bookedAt: Date.parse('2026-11-23T00:40:00+07:00') }, 'a')))
    expect(await takings()).toMatchObject({ totalVnd: 50_000, saleCount: 1 })
    expect((await getTakings(market.store, scopeOf(market.lan), '2026-11-23')).saleCount).toBe(0)
  })
})

describe('money that is not, or not yet, ours', () => {
  const strangers = 'memo of a stranger'

  it('leaves account, direction, amount, time, id and hash, and neither memo nor payer nor body', async () => {
    const silent = await market.addStall({ name: 'B1', consented: false })
    const unbound = await market.addStall({ name: 'B2', bound: false })
    const told = { remittanceText: strangers, payerName: 'TRAN VAN KIN' }
    await record(
      messageOf(credit({ accountNumber: 'NOBODY01', ...told })),
      messageOf(credit({ accountNumber: silent.accountNumber, ...told })),
      messageOf(credit({ accountNumber: unbound.accountNumber, ...told })),
      messageOf(credit({ accountNumber: market.lan.accountNumber, ...told, direction: 'out' })),
      messageOf(credit({ accountNumber: market.lan.accountNumber, ...told, isTest: true })),
    )
    const kept = await market.store.db.select().from(bankTransaction)
    expect(kept.map((row) => [row.marketId, row.notCounted])).toEqual([
      [0, 'unknown_account'],
      [0, 'no_consent'],
      [0, 'source_not_allowed'],
      [market.marketId, 'outgoing'],
      [market.marketId, 'test'],
    ])
    expect(await market.store.db.select().from(erasable)).toEqual([])
    expect(await listNews(market.store, marketScope(market.marketId), 0)).toEqual([])
  })

  it('finds its place after what lies there already, also when all of a batch turns out to be nobody’s', async () => {
    const silent = await market.addStall({ name: 'B1', consented: false })
    for (let told = 0; told < 2; told += 1) {
      await record(messageOf(credit({ accountNumber: silent.accountNumber, remittanceText: strangers })))
    }
    const kept = await market.store.db.select().from(bankTransaction).orderBy(bankTransaction.seq)
    expect(kept.map((row) => [row.marketId, row.seq])).toEqual([
      [0, 2],
      [0, 4],
    ])
  })

  it('counts after registration when a back-fill tells it again', async () => {
    const told = credit({ accountNumber: 'LATER0001', channel: 'backfill', sourceKey: 'backfill:x' })
    await record(messageOf(told))
    const late = await market.addStall({ name: 'B3', accountNumber: 'LATER0001', sellingOnly: true })
    await record(messageOf({ ...told, remittanceText: late.reference }))
    expect((await getTakings(market.store, scopeOf(late), TODAY)).totalVnd).toBe(50_000)
  })
})

describe('an account', () => {
  const states = async () => (await getStall(market.store, market.lan.code)).accounts.map((one) => one.state)

  it('is only proposed until the first credit with its stall’s reference proves it', async () => {
    expect(await states()).toEqual(['proposed'])
    await record(messageOf(credit({ accountNumber: market.lan.accountNumber, remittanceText: 'khong ma' })))
    expect(await states()).toEqual(['proposed'])
    expect(await listUndecided(market.store, operator, market.marketId)).toMatchObject([
      { reason: 'unproven_account' },
    ])
    await record(messageOf(paid(1_000)), messageOf(paid(2_000)))
    expect(await states()).toEqual(['active'])
  })

  it('that is changed stays in use until a credit proves the new one, and is retired then', async () => {
    await record(messageOf(paid(1_000)))
    await market.addStall({ name: 'A1', vendor: 'Cô Lan', accountNumber: 'MOI0002' })
    expect(await states()).toEqual(['proposed', 'active'])
    await record(messageOf(paid(2_000)))
    expect(await states()).toEqual(['proposed', 'active'])
    await record(messageOf(paid(3_000, { accountNumber: 'MOI0002' })))
    expect(await states()).toEqual(['active', 'retired'])
    // Whoever still scans the old code pays an account that is not hers any more: for a person, never silent.
    await record(messageOf(paid(4_000)))
    expect(await takings()).toMatchObject({ totalVnd: 6_000, saleCount: 3 })
    expect(await listUndecided(market.store, operator, market.marketId)).toMatchObject([
      { reason: 'wrong_account', amountVnd: 4_000 },
    ])
  })

  it('once proven takes money without the reference as unclear: heard, but outside takings', async () => {
    await record(messageOf(paid(1_000)))
    await record(
      messageOf(credit({ accountNumber: market.lan.accountNumber, remittanceText: 'luong thang 11' })),
    )
    expect(await takings()).toMatchObject({ totalVnd: 1_000, saleCount: 1, unclearCount: 1 })
  })

  it('declared for selling only takes it as a sale', async () => {
    const only = await market.addStall({ name: 'B4', sellingOnly: true })
    await record(messageOf(credit({ accountNumber: only.accountNumber, remittanceText: only.reference })))
    await record(messageOf(credit({ accountNumber: only.accountNumber, remittanceText: 'ca kho' })))
    expect(await getTakings(market.store, scopeOf(only), TODAY)).toMatchObject({
      totalVnd: 100_000,
      unclearCount: 0,
    })
  })
})

it('gives every row of a market its own place in commit order', async () => {
  await record(messageOf(paid(1_000)), messageOf(paid(2_000)))
  await record(messageOf(paid(3_000)))
  const { db } = market.store
  const seqs = (
    await Promise.all([
      db.select({ seq: bankNotification.seq }).from(bankNotification),
      db.select({ seq: bankTransaction.seq }).from(bankTransaction),
      db.select({ seq: match.seq }).from(match),
    ])
  ).flatMap((rows) => rows.map((row) => row.seq))
  expect(new Set(seqs).size).toBe(seqs.length)
  const seqsTold = (await listNews(market.store, marketScope(market.marketId), 0)).map(
    ({ transactionSeq }) => transactionSeq,
  )
  expect(seqsTold).toEqual(seqsTold.toSorted((a, b) => a - b))
  expect(seqsTold).toHaveLength(3)
})

it('adds up per day: in = matched + undecided + not counted, and the audit finds nothing', async () => {
  await record(
    messageOf(paid(1_000)),
    messageOf(credit({ accountNumber: market.hoa.accountNumber, remittanceText: market.lan.reference })),
    messageOf(credit({ accountNumber: market.lan.accountNumber, isTest: true })),
    messageOf(credit({ accountNumber: market.lan.accountNumber, direction: 'out', amountVnd: 999 })),
  )
  const [day] = await listInboxDays(market.store, operator, market.marketId)
  expect(day).toEqual({
    businessDay: TODAY,
    sourceLabel: 'SePay',
    in: { transactionCount: 3, amountVnd: 101_000 },
    matched: { transactionCount: 1, amountVnd: 1_000 },
    undecided: { transactionCount: 1, amountVnd: 50_000 },
    notCounted: { transactionCount: 1, amountVnd: 50_000 },
  })
  expect(await findDifferences(market.store)).toEqual([])
})

it('keeps a message that could not be read, once, for a person', async () => {
  const message = { ...messageOf(), unreadable: 'malformed (body: is not JSON)' }
  await record(message)
  await record(message)
  expect(await market.store.db.select().from(matchException)).toMatchObject([
    { marketId: 0, reason: 'unreadable', detail: 'malformed (body: is not JSON)', transactionSeq: null },
  ])
  expect(await market.store.db.select().from(erasable)).toHaveLength(1)
  expect(SOURCE).toBe(message.sourceId)
})
