import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { casso } from '../../server/sources/casso.ts'
import { jws } from '../../server/sources/jws.ts'
import { payos, signedText } from '../../server/sources/payos.ts'
import { sortedJson } from '../../server/sources/proof.ts'
import { vietqrvn } from '../../server/sources/vietqrvn.ts'

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/notifications/${path}`, import.meta.url), 'utf8'))
const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const request = (rawBody: Uint8Array, headers: Record<string, string>, now: number) => ({
  sourceId: 'any-0',
  rawBody,
  header: (name: string) => headers[name],
  now,
})

describe('Casso', () => {
  const vector = read('casso/v2.vector.json')
  const [, header] = /: (.*)$/.exec(vector.header as string)!
  const verify = (body: unknown, now = 1_727_948_258_788) =>
    casso.verify(request(bytes(body), { 'x-casso-signature': header! }, now), 'v2', [vector.key])

  test('its published vector verifies, in whatever order and spacing its fields come', () => {
    expect(verify(vector.body)).toEqual({ ok: true })
    expect(verify(JSON.stringify(vector.body, null, 2))).toEqual({ ok: true })
    const { data } = vector.body
    expect(verify({ data: Object.fromEntries(Object.entries(data).toReversed()), error: 0 })).toEqual({
      ok: true,
    })
  })

  test('and not with another amount, another time, a field more, or six minutes later', () => {
    const { data } = vector.body
    expect(verify({ error: 0, data: { ...data, amount: 599_001 } }).ok).toBe(false)
    expect(verify({ error: 0, data: { ...data, extra: null } }).ok).toBe(false)
    expect(verify(vector.body, 1_727_948_258_788 + 360_000)).toEqual({ ok: false, reason: 'stale' })
  })

  test('keys are sorted at every depth, arrays and nulls stay as they are', () => {
    expect(sortedJson({ b: [{ z: 1, a: null }, [3, 1], null], a: { d: '', c: true } })).toBe(
      '{"a":{"c":true,"d":""},"b":[{"a":null,"z":1},[3,1],null]}',
    )
    expect(sortedJson(JSON.parse('{"b":1,"__proto__":2}'))).toBe('{"__proto__":2,"b":1}')
  })

  test.each([
    ['a number written 599000.0', (text: string) => text.replace('599000', '599000.0')],
    ['a number written 5.99e5', (text: string) => text.replace('599000', '5.99e5')],
    ['a tab between fields', (text: string) => text.replace('{', '{\t')],
    ['an escape in capitals', (text: string) => text.replace('NGUYEN', String.raw`\u004eGUYEN`)],
  ])('%s says the same otherwise, and is refused', (_, change) => {
    const changed = change(JSON.stringify(vector.body)).replace('004e', '004E')
    expect(JSON.parse(changed)).toEqual(vector.body)
    expect(verify(changed)).toEqual({ ok: false, reason: 'malformed' })
  })

  test('the older webhook tells a list: what can be read of it is kept beside what cannot', () => {
    const { data } = read('casso/v1.json')
    const entry = { ...data[0], tid: 'FT1', id: 7 }
    expect(
      casso.normalise(bytes({ error: 0, data: [entry, { ...entry, id: 8, amount: -5 }] }), () => ''),
    ).toMatchObject([
      {
        sourceKey: 'push:7',
        direction: 'in',
        amountVnd: 599_000,
        bankBin: '970432',
        payerName: 'NGUYEN VAN A',
      },
      { sourceKey: 'push:8', direction: 'out', amountVnd: 5 },
    ])
    const half = bytes({ error: 0, data: [entry, { ...entry, id: 9, amount: 0.5 }] })
    expect(() => casso.normalise(half, () => '')).toThrow(
      expect.objectContaining({
        reason: 'bad_amount',
        readable: [expect.objectContaining({ sourceKey: 'push:7' })],
      }),
    )
  })
})

describe('payOS', () => {
  const vector = read('payos/vector.json')
  const verify = (body: unknown) =>
    payos.verify(request(bytes(body), {}, 0), 'checksum', [vector.checksumKey])

  test('its published vector verifies', () => {
    expect(verify(read('payos/webhook.json'))).toEqual({ ok: true })
    expect(read('payos/webhook.json').data).toEqual(vector.data)
  })

  test.each([
    ['another amount', { data: { ...vector.data, amount: 3_001 } }],
    ['a field more', { data: { ...vector.data, extra: 'x' } }],
    ['another word outside what is signed', { desc: 'success!' }],
    ['a failure made a success', { code: '01' }],
    ['a key that is two', { data: { ...vector.data, 'a&b': '' } }],
    ['an object inside', { data: { ...vector.data, inner: {} } }],
  ])('%s is refused', (_, change) => {
    expect(verify({ ...read('payos/webhook.json'), ...change }).ok).toBe(false)
  })

  test('null, undefined and nothing are written alike, lists with sorted keys', () => {
    expect(signedText({ b: null, a: 'null', c: 'undefined', d: '', e: 0 })).toBe('a=&b=&c=&d=&e=0')
    expect(signedText({ list: [{ z: 1, a: 2 }] })).toBe('list=[{"a":2,"z":1}]')
  })

  test('its memo cannot be split into fields of its own', () => {
    // The same text is signed, but the amount would be another.
    const { amount: _, ...rest } = vector.data
    const split = { ...rest, 'accountNumber=12345678&amount': 3000 }
    delete split.accountNumber
    expect(signedText(split)).toBe(signedText(vector.data))
    expect(verify({ ...read('payos/webhook.json'), data: split })).toEqual({ ok: false, reason: 'malformed' })
  })
})

describe('VietQR.vn', () => {
  test('the published sample is read exactly and answered in the published words', () => {
    const told = vietqrvn.normalise(bytes(read('vietqrvn/transaction-sync.json')), () => '970415')
    expect(told).toMatchObject([
      {
        sourceKey: 'push:VQR0000001',
        bankBin: '970415',
        accountNumber: '1000000001',
        direction: 'in',
        amountVnd: 25_000,
        bookedAt: 1_725_175_800_000,
        bankReference: 'FT24245000000001',
        sourceCode: 'HD0001',
      },
    ])
    const { body } = vietqrvn.acknowledge(told)
    expect(body).toEqual({ ...read('vietqrvn/reply.json'), object: { reftransactionid: 'VQR0000001' } })
  })

  test('an amount told as 25000.0 is whole, one told as text or with a fraction is none', () => {
    const sample = JSON.stringify(read('vietqrvn/transaction-sync.json'))
    const amountOf = (text: string) =>
      vietqrvn.normalise(bytes(sample.replace('25000', text)), () => '970415')[0]!.amountVnd
    expect(amountOf('25000.0')).toBe(25_000)
    for (const wrong of ['25000.5', '"25000"']) expect(() => amountOf(wrong)).toThrow('amount')
  })
})

describe('a JWS', () => {
  test('of the standard’s own example is genuine, and yet no message to us', async () => {
    const { jwk, jws: compact } = read('jws/vector.json')
    const keys = JSON.stringify({ keys: [jwk] })
    expect(await jws.verify(request(bytes(compact), {}, 0), 'jws', [keys])).toEqual({
      ok: false,
      reason: 'malformed',
    })
    // The same with one character changed is not even genuine.
    const forged = (compact as string).replace('.DtEh', '.DtEi')
    expect(await jws.verify(request(bytes(forged), {}, 0), 'jws', [keys])).toEqual({
      ok: false,
      reason: 'mismatch',
    })
  })
})
