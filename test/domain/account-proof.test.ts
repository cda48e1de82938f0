import { describe, expect, it } from 'vitest'
import { drawAmount, proofState, settles } from '../../server/domain/account-proof.ts'
import type { AccountProof } from '../../server/storage/account-proof.ts'
import { MORNING, seededRandom } from '../small-market.ts'

const A_DAY = 86_400_000
const proof = (more: Partial<AccountProof> = {}): AccountProof => ({
  marketId: 1,
  seq: 1,
  stallId: 1,
  accountId: 1,
  tokenHash: 'phone',
  reference: 'ZQK0000000',
  amountVnd: null,
  startedAt: MORNING,
  expiresAt: MORNING + A_DAY,
  transactionSeq: null,
  triesUsed: 0,
  provenAt: null,
  creditVnd: null,
  ...more,
})

describe('an amount', () => {
  it.each([
    [null, false],
    [1, false],
    [1_000, false],
    [1_001, true],
    [2_000, false],
    [3_217, true],
    [19_999, true],
    [20_000, false],
    [20_001, false],
  ])('of %s that somebody chose counts: %s', (creditVnd, counts) => {
    expect(settles({ amountVnd: null }, creditVnd)).toBe(counts)
  })

  it('that the operator was to send counts only if it is that one', () => {
    expect([3_216, 3_217, 3_218, null].map((vnd) => settles({ amountVnd: 3_217 }, vnd))).toEqual([
      false,
      true,
      false,
      false,
    ])
  })

  it('is drawn from the whole range, and is never one that anybody would guess', () => {
    const random = seededRandom(5)
    const drawn = Array.from({ length: 20_000 }, () => drawAmount(random))
    expect(Math.min(...drawn)).toBeLessThan(1_010)
    expect(Math.max(...drawn)).toBeGreaterThan(9_990)
    expect(drawn.every((vnd) => settles({ amountVnd: null }, vnd) && vnd < 10_000)).toBe(true)
    const draws = [999, 3_999, 0]
    expect(drawAmount(() => draws.shift()!)).toBe(1_001)
  })
})

describe('a proof', () => {
  it.each<[string, Partial<AccountProof>, string]>([
    ['nothing came yet', {}, 'waits'],
    ['a round amount came', { creditVnd: 5_000 }, 'waits_again'],
    ['an odd amount came', { creditVnd: 5_001 }, 'asks'],
    ['two wrong answers', { creditVnd: 5_001, triesUsed: 2 }, 'asks'],
    ['three wrong answers', { creditVnd: 5_001, triesUsed: 3 }, 'failed'],
    ['a day went by without money', { expiresAt: MORNING }, 'expired'],
    ['a day went by without an answer', { creditVnd: 5_001, expiresAt: MORNING }, 'expired'],
    ['it was answered, long ago too', { creditVnd: 5_001, provenAt: 1, expiresAt: MORNING }, 'proven'],
  ])('%s', (_, more, kind) => {
    expect(proofState(proof(more), MORNING).kind).toBe(kind)
  })
})
