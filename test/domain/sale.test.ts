import { describe, expect, it } from 'vitest'
import { instantOfAge, parsePoolSize, parseSaleReference } from '../../server/domain/sale.ts'
import { saleState, type SaleFacts, type SaleState } from '../../shared/sale-state.ts'

const MINUTE = 60_000
/** `[đồng, minutes after it was issued]`. */
type Credit = [amountVnd: number, minutes: number]

/** A sale of 200.000đ issued at minute 0. */
const sale = (credits: Credit[], cancelledAtMinute?: number): SaleFacts => ({
  reference: 'ZQK0000000',
  amountVnd: 200_000,
  issuedAt: 0,
  cancelledAt: cancelledAtMinute === undefined ? null : cancelledAtMinute * MINUTE,
  credits: credits.map(([amountVnd, minutes]) => ({ amountVnd, recordedAt: minutes * MINUTE })),
})

describe('what becomes of a sale', () => {
  it.each<[string, Credit[], number | undefined, SaleState['status'], SaleState['exception'], number]>([
    ['nothing came', [], undefined, 'open', 'none', 200_000],
    ['the amount came', [[200_000, 1]], undefined, 'paid', 'none', 0],
    ['200đ came', [[200, 1]], undefined, 'open', 'underpaid', 199_800],
    [
      '200đ, then the rest',
      [
        [200, 1],
        [199_800, 3],
      ],
      undefined,
      'paid',
      'none',
      0,
    ],
    [
      '200đ, then too much',
      [
        [200, 1],
        [200_000, 3],
      ],
      undefined,
      'paid',
      'overpaid',
      -200,
    ],
    ['too much came', [[210_000, 1]], undefined, 'paid', 'overpaid', -10_000],
    [
      'it came twice',
      [
        [200_000, 1],
        [200_000, 2],
      ],
      undefined,
      'paid',
      'paid_twice',
      -200_000,
    ],
    [
      'it came, then something more',
      [
        [200_000, 1],
        [5_000, 2],
      ],
      undefined,
      'paid',
      'paid_twice',
      -5_000,
    ],
    ['it came within the quarter of an hour', [[200_000, 15]], undefined, 'paid', 'none', 0],
    ['it came later than that', [[200_000, 16]], undefined, 'paid', 'late', 0],
    ['it came late, and short', [[150_000, 60]], undefined, 'open', 'underpaid', 50_000],
    ['cancelled, nothing came', [], 2, 'cancelled', 'none', 200_000],
    ['cancelled while the money was on its way', [[200_000, 3]], 2, 'paid', 'after_cancel', 0],
    ['cancelled, too little came', [[200, 3]], 2, 'cancelled', 'after_cancel', 199_800],
    ['cancelled, too much came', [[210_000, 3]], 2, 'paid', 'after_cancel', -10_000],
    ['too little came, then cancelled', [[200, 1]], 2, 'cancelled', 'underpaid', 199_800],
    [
      'too little, cancelled, then the rest',
      [
        [200, 1],
        [199_800, 3],
      ],
      2,
      'paid',
      'after_cancel',
      0,
    ],
    ['paid, then cancelled all the same', [[200_000, 1]], 2, 'paid', 'none', 0],
    [
      'paid, cancelled, paid again',
      [
        [200_000, 1],
        [200_000, 3],
      ],
      2,
      'paid',
      'paid_twice',
      -200_000,
    ],
  ])('%s', (_, credits, cancelledAt, status, exception, dueVnd) => {
    const receivedVnd = 200_000 - dueVnd
    expect(saleState(sale(credits, cancelledAt))).toEqual({ status, exception, receivedVnd, dueVnd })
  })

  it('is not known while only its reference is reserved, and known at once when the amount comes', () => {
    const early: SaleFacts = { ...sale([[200_000, 1]]), amountVnd: null, issuedAt: null }
    expect(saleState(early)).toMatchObject({ status: 'reserved', exception: 'none', receivedVnd: 200_000 })
    // The phone told of it after the money: that is not late.
    const told = { ...early, amountVnd: 200_000, issuedAt: 5 * MINUTE }
    expect(saleState(told)).toMatchObject({ status: 'paid', exception: 'none' })
  })
})

describe('a phone’s word', () => {
  it('says how long ago, never a time; nothing happens after now', () => {
    expect(instantOfAge('1500', 10_000)).toBe(8_500)
    expect(instantOfAge('-5000', 10_000)).toBe(10_000)
    for (const wrong of ['', 'soon', '1.5', undefined, 'Infinity', {}])
      expect(() => instantOfAge(wrong, 10_000)).toThrow(/whole number/)
  })

  it('asks for a small pool and names a sound reference', () => {
    expect(parsePoolSize('20')).toBe(20)
    for (const wrong of ['0', '-1', '25', '1.5', 'x', undefined])
      expect(() => parsePoolSize(wrong)).toThrow(/reserves/)
    for (const wrong of ['ZQK', 'ZQK0000001', 'zqk0000000', undefined, 7])
      expect(() => parseSaleReference(wrong)).toThrow(/reference/)
  })
})
