import { banks, decode, findBank } from '@vietqr/core'
import { describe, expect, it } from 'vitest'
import { payableCode } from '../../server/sources/payable-code.ts'
import { hearing } from '../../server/sources/hearing.ts'
import { sources } from '../../server/sources/registry.ts'
import { findReferences } from '../../shared/reference.ts'

const binOf = (name: string) => findBank(name)?.bin ?? ''

/** How each way was found: by its condition alone. */
const conditions = (name: string, holder: 'individual' | 'household_business') =>
  hearing(binOf(name), holder).map(({ condition }) => condition)

describe('hearing says only what a source documents', () => {
  it.each(['BIDV', 'MSB'])('%s is heard only through a virtual account', (name) => {
    for (const holder of ['individual', 'household_business'] as const) {
      expect(new Set(conditions(name, holder))).toEqual(new Set(['virtual_account']))
    }
  })

  it('VietinBank is heard only when the purpose begins with SEVQR', () => {
    for (const way of hearing(binOf('VietinBank'), 'individual')) {
      expect(way).toMatchObject({ condition: 'purpose_prefix', purposePrefix: 'SEVQR' })
    }
    expect(conditions('VietinBank', 'individual').length).toBeGreaterThan(0)
  })

  it('a stall is heard at eleven banks and, as far as is known, at no other', () => {
    expect(
      banks.filter(({ bin }) => hearing(bin, 'individual').length > 0).map(({ shortName }) => shortName),
    ).toEqual([
      'Sacombank',
      'VietinBank',
      'ACB',
      'BIDV',
      'MBBank',
      'TPBank',
      'MSB',
      'VPBank',
      'Vietcombank',
      'OCB',
      'KienLongBank',
    ])
    expect(hearing('000000', 'individual')).toEqual([])
  })

  it('no two sources want another beginning of the same bank’s purposes', () => {
    for (const { bin } of banks) {
      const prefixes = sources.flatMap(({ hears }) =>
        hears.filter((way) => way.bankBin === bin).flatMap((way) => way.purposePrefix ?? []),
      )
      expect(new Set(prefixes).size).toBeLessThanOrEqual(1)
    }
  })
})

describe('a code bears what the source wants, and the reference is still found', () => {
  const account = { accountNumber: '1000000001', virtualAccount: null, holderType: 'individual' as const }
  const purposeAt = (name: string) =>
    decode(payableCode({ ...account, bankBin: binOf(name) }, 'ZQK6HYX47N')).purpose ?? ''

  it('at VietinBank it begins with SEVQR, however the bank runs the words together', () => {
    expect(purposeAt('VietinBank')).toBe('SEVQR ZQK6HYX47N')
    for (const memo of [
      'SEVQR ZQK6HYX47N',
      'SEVQRZQK6HYX47N',
      'sevqr zqk6hyx47n',
      'CT DEN:123 SEVQR ZQK 6HYX47N',
    ]) {
      expect(findReferences(memo)).toEqual(['ZQK6HYX47N'])
    }
  })

  it('elsewhere it is the reference alone', () => {
    expect(purposeAt('MBBank')).toBe('ZQK6HYX47N')
  })

  it('where only virtual accounts are heard, it pays into the virtual account', () => {
    const code = payableCode({ ...account, virtualAccount: 'V1', bankBin: binOf('BIDV') }, 'ZQK6HYX47N')
    expect(decode(code).accountNumber).toBe('V1')
  })
})
