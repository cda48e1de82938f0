import { crc16 } from '@vietqr/core'
import { assert, property, string } from 'fast-check'
import { expect, it } from 'vitest'
import { anyCharacter } from '../any-character.ts'
import { bitwiseCrc } from './mutation.ts'

it('is CRC-16/CCITT-FALSE: the catalogue’s check value', () => {
  expect(crc16('123456789')).toBe('29B1')
})

it('always has four upper-case digits, the first of them zero if need be', () => {
  expect(crc16('A')).toBe('B915')
  expect(
    Array.from({ length: 300 }, (_, i) => crc16(String(i))).filter((crc) => crc.startsWith('0')),
  ).not.toEqual([])
})

it('covers UTF-8 bytes, as in the Chinese example of EMVCo MPM', () => {
  const example =
    '00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304'
  expect(crc16(example)).toBe('A13A')
})

it('agrees with a bit-by-bit computation on any text', () => {
  assert(
    property(string({ unit: anyCharacter, maxLength: 200 }), (text) => {
      expect(crc16(text)).toBe(bitwiseCrc(text))
    }),
  )
  expect.hasAssertions()
})
