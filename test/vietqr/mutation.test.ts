import { describe, expect, it } from 'vitest'
import { fuzz } from './mutation.ts'

describe('100,000 damaged payloads', () => {
  it('never throw anything but VietQrError, and none is accepted unless its CRC holds and an independent reader reads the same', () => {
    // The seed is fixed so that a failure here is the same failure everywhere; scripts/fuzz.ts takes fresh ones.
    const outcomes = fuzz(100_000, 20_261_122)
    expect(outcomes.get('accepted')).toBeGreaterThan(1000)
    expect([...outcomes.keys()].sort()).toEqual([
      'accepted',
      'bad_crc',
      'duplicate_field',
      'fractional_amount',
      'invalid_input',
      'malformed',
      'not_vietqr',
      'truncated',
      'wrong_country',
      'wrong_currency',
      'wrong_guid',
    ])
  })
})
