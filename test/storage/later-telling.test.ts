import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BankTransaction } from '../../shared/bank-transaction.ts'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { assign, setAside } from '../../server/storage/assignment.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { giveConsent } from '../../server/storage/consent.ts'
import type { IncomingMessage } from '../../server/storage/decision.ts'
import { eraseDue } from '../../server/storage/erasure.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { listAlerts, listInboxDays, listUndecided } from '../../server/storage/inbox.ts'
import { match, tenancy } from '../../server/storage/kit.sqlite.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { closeStall, getStall } from '../../server/storage/stall.ts'
import { getTakings } from '../../server/storage/takings.ts'
import {
  changesOf,
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
  type TestStall,
} from '../small-market.ts'

const DAY_MS = 86_400_000
const LATER = MORNING + DAY_MS
const operator = operatorScope()

let market: SmallMarket
/** On Lan's account too. */
let be: TestStall
beforeEach(async () => {
  market = await openSmallMarket()
  be = await market.addStall({ name: 'A3', accountNumber: market.lan.accountNumber })
})
afterEach(async () => {
  await followLedger(market.store, (_, account) => account)
  const differences = await findDifferences(market.store)
  await market.close()
  if (differences.length > 0) throw new Error(JSON.stringify(differences))
})

let number = 0
beforeEach(() => void (number += 1))
/** One transfer into Lan's account, as the first channel tells it: with the bank's own words alone. */
const first = (told: Partial<BankTransaction> = {}): IncomingMessage =>
  messageOf(
    credit({
      accountNumber: market.lan.accountNumber,
      bankReference: `FT26325${100_000 + number}`,
      remittanceText: 'MBVCB.4711',
      ...told,
    }),
  )
/** The same transfer, told by a channel that has these words of it. */
const again = (remittanceText: string, told: Partial<BankTransaction> = {}): IncomingMessage => {
  const channel = told.channel ?? 'backfill'
  const sourceKey = `${channel}:${number}`
  const message = first({ remittanceText, ...told, channel, sourceKey })
  return { ...message, receivedAt: LATER }
}
const tell = (...messages: IncomingMessage[]) => market.store.record(messages, RULES)
const reasons = async () =>
  (await listUndecided(market.store, operator, market.marketId)).map(({ reason }) => reason)
const alerts = () => listAlerts(market.store, operator, market.marketId)
const matches = () => market.store.db.select().from(match).orderBy(match.seq)
const takings = (stall: TestStall, day = TODAY) => getTakings(market.store, scopeOf(stall), day)

describe('a later telling with the reference that the first one lacked', () => {
  it('gives the credit to its stall, on its own day, and the phone hears of it', async () => {
    const bookedAt = MORNING - DAY_MS / 2
    await tell(first({ bookedAt }))
    expect(await reasons()).toEqual(['no_reference'])
    const news = await tell(again(be.reference, { bookedAt: MORNING }))

    expect(await reasons()).toEqual([])
    const [given, ...more] = await matches()
    expect(more).toEqual([])
    expect(given).toMatchObject({
      stallId: be.id,
      businessDay: '2026-11-21',
      rule: 'reference',
      classification: 'sale',
      by: 'rule',
      at: LATER,
    })
    expect(news).toEqual([{ marketId: market.marketId, stallId: be.id, seq: given!.seq }])
    expect(await takings(be, '2026-11-21')).toMatchObject({ totalVnd: 50_000, saleCount: 1 })
    expect((await takings(be)).totalVnd).toBe(0)
    expect(await changesOf(market.store, scopeOf(be), 0, '2026-11-21')).toMatchObject([
      { kind: 'credit', payment: { amountVnd: 50_000, classification: 'sale' } },
    ])
    const [day] = await listInboxDays(market.store, operator, market.marketId)
    expect(day).toMatchObject({ matched: { amountVnd: 50_000 }, undecided: { amountVnd: 0 } })

    // A third telling finds it there.
    await tell(again(be.reference, { bookedAt, channel: 'statement', bookedPrecision: 'day' }))
    expect(await matches()).toHaveLength(1)
    expect(await alerts()).toEqual([])
  })

  it('does so within one batch, and the first of two that name one', async () => {
    const statement = { channel: 'statement', bookedPrecision: 'day' } as const
    await tell(first(), again(be.reference), again(market.lan.reference, statement))
    expect(await matches()).toMatchObject([{ stallId: be.id }])
    expect(await alerts()).toHaveLength(1)
    number += 1
    await tell(first(), again(be.reference), again(be.reference, statement))
    expect(await matches()).toMatchObject([{ stallId: be.id }, { stallId: be.id }])
    expect(await alerts()).toHaveLength(1)
  })

  it('proves an account that was only proposed', async () => {
    const alone = await market.addStall({ name: 'A4' })
    const { accountNumber } = alone
    await tell(first({ accountNumber }))
    expect(await reasons()).toEqual(['unproven_account'])
    await tell(again(alone.reference, { accountNumber }))
    expect(await matches()).toMatchObject([{ stallId: alone.id, rule: 'reference' }])
    expect((await getStall(market.store, alone.code)).accounts).toMatchObject([{ state: 'active' }])
  })

  it('may be a bank’s statement, already in its first look, and never a vendor’s own', async () => {
    const row = { channel: 'statement', bookedPrecision: 'day' } as const
    await tell(first())
    await tell({ ...again(be.reference, row), corroborates: 'only' })
    expect(await reasons()).toEqual(['no_reference'])
    await tell({ ...again(be.reference), corroborates: 'first' })
    expect(await matches()).toMatchObject([{ stallId: be.id }])
  })

  it('comes also when the words of the first one are erased', async () => {
    await tell(first())
    await market.store.write((tx) => eraseDue(tx, '2027-06-01'))
    await tell(again(be.reference))
    expect(await takings(be)).toMatchObject({ totalVnd: 50_000 })
  })
})

describe('a later telling decides nothing', () => {
  const word = async () => {
    const waiting = await listUndecided(market.store, operator, market.marketId)
    const { marketId, transactionSeq } = waiting.at(-1)!
    return { marketId, transactionSeq, by: 'operator', reason: 'test' }
  }
  const undoLast = async () => {
    const undoing = { marketId: market.marketId, matchSeq: (await matches()).at(-1)!.seq }
    const said = { ...undoing, by: 'operator', reason: 'test' }
    await market.store.write((tx) => reverseMatch(tx, operator, said, MORNING))
  }

  it('where the first one waits for anything else', async () => {
    const { store, marketId, lan, hoa } = market
    const cases: [reason: string, happen: () => Promise<unknown>][] = [
      ['two_references', () => tell(first({ remittanceText: `${lan.reference} ${be.reference}` }))],
      ['wrong_account', () => tell(first({ remittanceText: hoa.reference }))],
      [
        'match_reversed',
        async () => {
          await tell(first({ remittanceText: lan.reference }))
          await undoLast()
        },
      ],
      [
        'match_reversed',
        async () => {
          await tell(first())
          const said = { ...(await word()), stallId: lan.id, saleSeq: null }
          await store.write((tx) => assign(tx, operator, said, MORNING))
          await undoLast()
        },
      ],
      [
        'conflicting_evidence',
        async () => {
          await market.addStall({ name: 'A5', accountNumber: lan.accountNumber, virtualAccount: 'VA5' })
          await tell(first({ remittanceText: be.reference, virtualAccount: 'VA5' }))
        },
      ],
      [
        'closed_stall',
        async () => {
          await store.changeRegistry((tx) => closeStall(tx, marketScope(marketId), lan.id, MORNING))
          await tell(first({ remittanceText: lan.reference }))
        },
      ],
      [
        'perhaps_told_before',
        async () => {
          await tell(first({ channel: 'statement', bankReference: null, remittanceText: 'TIEN HANG' }))
          await tell(first({ remittanceText: be.reference }))
        },
      ],
    ]
    for (const [reason, happen] of cases) {
      number += 1
      await happen()
      const [waiting, before] = [await reasons(), await matches()]
      expect(waiting.at(-1)).toBe(reason)
      await tell(again(be.reference))
      expect(await reasons()).toEqual(waiting)
      expect(await matches()).toEqual(before)
    }
    expect(await alerts()).toEqual([])
  })

  it('where it names nobody, and the account has come to be one stall’s alone', async () => {
    const { accountNumber, reference } = await market.addStall({ name: 'A4' })
    await tell(first({ accountNumber }))
    await tell(messageOf(credit({ accountNumber, remittanceText: reference, amountVnd: 1_000 })))
    await tell(again('MBVCB.4711', { accountNumber }))
    expect(await reasons()).toEqual(['unproven_account'])
  })

  it('of money from before she consented, though it tells the day alone', async () => {
    const { accountNumber } = market.lan
    const late = await market.addStall({ name: 'A6', accountNumber, consented: false })
    await tell(first())
    const [of] = await market.store.db.select().from(tenancy).where(eq(tenancy.stallId, late.id))
    const said = { vendorId: of!.vendorId, marketId: market.marketId, by: 'test', at: MORNING + 3_600_000 }
    await market.store.changeRegistry((tx) => giveConsent(tx, { ...said, textVersion: CONSENT_TEXT_VERSION }))
    await tell(again(late.reference, { channel: 'statement', bookedPrecision: 'day' }))
    expect(await reasons()).toEqual(['no_reference'])
    expect((await takings(late)).totalVnd).toBe(0)
  })
})

describe('a later telling that names another stall', () => {
  it('moves nothing: the operator is told, with day and amount and no word of the memo', async () => {
    await tell(first({ remittanceText: market.lan.reference }))
    const before = await matches()
    expect(await tell(again(be.reference))).toEqual([])
    expect(await matches()).toEqual(before)
    expect(await takings(be)).toMatchObject({ totalVnd: 0, unclearCount: 0 })
    expect(await alerts()).toMatchObject([
      {
        sourceLabel: 'SePay',
        reason: 'content_changed',
        detail: `told again with another stall's code: 50000 VND of ${TODAY}`,
      },
    ])
    // The same bytes again say nothing more.
    await tell(again(be.reference))
    expect(await alerts()).toHaveLength(1)
  })

  it('is heard also where a person decided on less', async () => {
    await tell(first())
    const [waiting] = await listUndecided(market.store, operator, market.marketId)
    const { marketId, transactionSeq } = waiting!
    const said = { marketId, transactionSeq, by: 'operator', reason: 'test', kind: 'family' } as const
    await market.store.write((tx) => setAside(tx, operator, said, MORNING))
    await tell(again(be.reference))
    expect(await matches()).toMatchObject([{ stallId: 0, rule: 'not_a_sale' }])
    expect(await alerts()).toHaveLength(1)
  })
})
