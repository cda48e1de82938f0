import { describe, expect, it } from 'vitest'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import type { ToldBefore } from '../../server/storage/decision.ts'

const at = (time: string) => Date.parse(`2026-11-${time}+07:00`)
const told = (more: Partial<ToldBefore>): ToldBefore => ({
  channel: 'push',
  bankReference: 'FT26326000000001',
  textSha256: 'rau',
  bookedAt: at('22T09:00:00'),
  bookedPrecision: 'second',
  ...more,
})
const row = (more: Partial<ToldBefore>) =>
  told({ channel: 'statement', bookedAt: at('22T00:00:00'), bookedPrecision: 'day', ...more })
const OTHER_COUNTER = '5213-45946'

describe('whether two channels tell of the same transfer', () => {
  it.each<[string, ToldBefore, ToldBefore, 'certain' | 'perhaps' | undefined]>([
    [
      'the same long reference, whatever memo and day',
      row({ textSha256: 'x', bookedAt: at('23T00:00:00') }),
      told({}),
      'certain',
    ],
    [
      'a long reference with a suffix',
      row({ bankReference: 'FT26326000000001\\BNK', textSha256: 'x' }),
      told({}),
      'certain',
    ],
    [
      'another long reference of the same counter, all else alike',
      row({ bankReference: 'FT26326000000002' }),
      told({}),
      undefined,
    ],
    [
      'another short reference of the same counter',
      told({ bankReference: '3079' }),
      told({ bankReference: '13516' }),
      undefined,
    ],
    [
      'the same short reference and memo within two minutes',
      told({ bankReference: '3079' }),
      told({ bankReference: '3079', bookedAt: at('22T09:02:00') }),
      'certain',
    ],
    [
      'the same short reference and memo a second later than that',
      told({ bankReference: '3079' }),
      told({ bankReference: '3079', bookedAt: at('22T09:02:01') }),
      undefined,
    ],
    [
      'the same short reference, another memo',
      told({ bankReference: '3079' }),
      told({ bankReference: '3079', textSha256: 'ca' }),
      undefined,
    ],
    [
      'references of two counters, the same memo, a row without a time of that day',
      row({ bankReference: OTHER_COUNTER }),
      told({}),
      'certain',
    ],
    [
      'no reference, the same memo, a row without a time of that day',
      row({ bankReference: null }),
      told({}),
      'certain',
    ],
    [
      'no reference, the same memo, a row of the next day',
      row({ bankReference: null, bookedAt: at('23T00:00:00') }),
      told({}),
      'perhaps',
    ],
    [
      'no reference, another memo, a row of that day',
      row({ bankReference: null, textSha256: 'x' }),
      told({}),
      'perhaps',
    ],
    [
      'no reference, another memo, a row of the next day',
      row({ bankReference: null, textSha256: 'x', bookedAt: at('23T00:00:00') }),
      told({}),
      undefined,
    ],
    [
      'no reference, another memo, a row of that second',
      row({ bankReference: null, textSha256: 'x', bookedAt: at('22T09:00:00'), bookedPrecision: 'second' }),
      told({}),
      'perhaps',
    ],
    [
      'two pushes with other memos in the same minute',
      told({ bankReference: null, textSha256: 'x' }),
      told({ bankReference: null }),
      undefined,
    ],
  ])('%s: %4$s', (_, one, other, is) => {
    expect(sameTransfer(one, [other])?.is).toBe(is)
    // Whichever comes first.
    expect(sameTransfer(other, [one])?.is).toBe(is)
  })

  it('the reference wins over the memo, the memo over the order, and a certain one over a doubtful one', () => {
    const [byReference, byMemo, doubtful] = [
      told({ textSha256: 'x' }),
      told({ bankReference: OTHER_COUNTER }),
      told({ bankReference: null, textSha256: 'x' }),
    ]
    expect(sameTransfer(row({}), [doubtful, byMemo, byReference])?.twin).toBe(byReference)
    expect(sameTransfer(row({}), [doubtful, byMemo])).toEqual({ is: 'certain', twin: byMemo })
    expect(sameTransfer(row({ bankReference: null }), [doubtful])).toEqual({ is: 'perhaps', twin: doubtful })
    expect(sameTransfer(row({}), [])).toBeUndefined()
  })
})
