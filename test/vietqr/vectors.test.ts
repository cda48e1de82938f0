import { crc16, decode } from '@vietqr/core'
import { describe, expect, it } from 'vitest'
import { refusalOf } from './refusal.ts'
import { vectors, type Vector } from './vectors.ts'

/** Field names of the vectors' labels → ours. */
const NAMES: Record<string, string> = {
  bin: 'bankBin',
  account: 'accountNumber',
  service: 'service',
  addInfo: 'purpose',
  billNumber: 'billNumber',
  store: 'storeLabel',
  reference: 'referenceLabel',
  mcc: 'merchantCategory',
  name: 'merchantName',
  city: 'merchantCity',
}

const SCHEMES: Record<string, string> = {
  vnpayqr: 'vnpayqr',
  'vnpay-wallet': 'vnpay_wallet',
  'airpay-vn': 'airpay',
  'promptpay-th': 'promptpay',
  'pix-br': 'pix',
  'khqr-kh': 'khqr',
}

const isSound = ({ kind, valid_crc }: Vector) => valid_crc && (kind === 'vietqr' || kind === 'vietqr-qrpush')
const label = ({ kind, payload }: Vector) => [kind, payload] as const

/** What the label states, in our words; undefined says that the field is absent. */
function stated({ expected }: Vector): [name: string, value: unknown][] {
  return Object.entries(expected ?? {}).map(([key, value]) => {
    if (key === 'amount') return ['amountVnd', value === null ? undefined : Number(value)]
    return [NAMES[key] ?? key, value ?? undefined]
  })
}

describe('every published code behaves as its label says', () => {
  it('the label of every CRC is right', () => {
    const wrong = vectors.filter(
      ({ payload, valid_crc }) =>
        (crc16(payload.slice(0, -4)) === payload.slice(-4).toUpperCase()) !== valid_crc,
    )
    expect(vectors).toHaveLength(44)
    expect(wrong).toEqual([])
  })

  it.each(vectors.filter(isSound).map((vector) => [vector.kind, vector.payload, vector] as const))(
    'reads a sound %s as its source states: %s',
    (_kind, payload, vector) => {
      const code = new Map<string, unknown>(Object.entries(decode(payload)))
      const claims = stated(vector)
      expect(claims.map(([name]) => name)).toEqual(
        expect.arrayContaining(['bankBin', 'accountNumber', 'service']),
      )
      expect(claims.map(([name]) => [name, code.get(name)])).toEqual(claims)
    },
  )

  it.each(vectors.filter(({ kind }) => kind in SCHEMES).map(label))(
    'names a %s code as such, whether or not its CRC holds: %s',
    (kind, payload) => {
      expect(refusalOf(payload)).toMatchObject({ code: 'not_vietqr', scheme: SCHEMES[kind] })
    },
  )

  it.each(
    vectors.filter((vector) => vector.valid_crc && !isSound(vector) && !(vector.kind in SCHEMES)).map(label),
  )('refuses a CRC-valid %s as malformed: %s', (_kind, payload) => {
    expect(refusalOf(payload)).toMatchObject({ code: 'malformed' })
  })

  it.each(vectors.filter(({ kind, valid_crc }) => !valid_crc && !(kind in SCHEMES)).map(label))(
    'refuses a damaged %s as bad_crc: %s',
    (_kind, payload) => {
      expect(refusalOf(payload)).toMatchObject({ code: 'bad_crc' })
    },
  )
})
