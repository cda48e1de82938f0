import { banks, findBank, hearing } from '@vietqr/core'
import { describe, expect, it } from 'vitest'

const binOf = (name: string) => findBank(name)?.bin ?? ''

describe('hearing says only what a source documents', () => {
  it.each(['BIDV', 'MSB'])('%s is heard only through a virtual account', (name) => {
    for (const holder of ['individual', 'household_business'] as const) {
      expect(hearing(binOf(name), holder)).toEqual([{ source: 'sepay', condition: 'virtual_account' }])
    }
  })

  it('VietinBank is heard only when the purpose begins with SEVQR', () => {
    expect(hearing(binOf('VietinBank'), 'individual')).toEqual([
      { source: 'sepay', condition: 'purpose_prefix', purposePrefix: 'SEVQR' },
    ])
  })

  it('Sacombank and VPBank are documented for a person and a household business, not for an enterprise', () => {
    for (const name of ['Sacombank', 'VPBank']) {
      expect(hearing(binOf(name), 'household_business')).toEqual([{ source: 'sepay', condition: 'none' }])
      expect(hearing(binOf(name), 'enterprise')).toEqual([])
    }
  })

  it('an enterprise is heard at the two banks whose pages name enterprises', () => {
    expect(
      banks.filter(({ bin }) => hearing(bin, 'enterprise').length > 0).map(({ shortName }) => shortName),
    ).toEqual(['VietinBank', 'BIDV'])
  })

  it('a stall is heard at ten banks and, as far as is known, at no other', () => {
    expect(
      banks.filter(({ bin }) => hearing(bin, 'individual').length > 0).map(({ shortName }) => shortName),
    ).toEqual([
      'Sacombank',
      'VietinBank',
      'ACB',
      'BIDV',
      'MBBank',
      'MSB',
      'VPBank',
      'Vietcombank',
      'OCB',
      'KienLongBank',
    ])
    expect(hearing('000000', 'individual')).toEqual([])
  })
})
