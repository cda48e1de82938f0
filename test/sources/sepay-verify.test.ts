import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sepay } from '../../server/sources/sepay.ts'
import { anyCharacter } from '../any-character.ts'

// Computed outside this project: printf '%s' '1700000000.{"id":1}' | openssl dgst -sha256 -hmac 'whsec_chợ'
const VECTOR = {
  secret: 'whsec_chợ',
  body: '{"id":1}',
  timestamp: 1_700_000_000,
  hex: '220bb8c98c7ecd40f147554490fe94b98eb8d78058e895c56d6ffdd2e9e07b6c',
}

const bytes = (text: string) => new TextEncoder().encode(text)

function request(body: string | Uint8Array, headers: Record<string, string>, now = VECTOR.timestamp * 1000) {
  return {
    sourceId: 'sepay-test',
    rawBody: typeof body === 'string' ? bytes(body) : body,
    header: (name: string) => headers[name],
    now,
  }
}

function signed(body: Uint8Array, secret: string, timestamp: number) {
  const hex = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
  return { 'x-sepay-signature': `sha256=${hex}`, 'x-sepay-timestamp': String(timestamp) }
}

/** The same bytes with one bit of them turned over. */
function flipped(source: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(source)
  const at = bit % (copy.length * 8)
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7))
  return copy
}

const vectorHeaders = {
  'x-sepay-signature': `sha256=${VECTOR.hex}`,
  'x-sepay-timestamp': String(VECTOR.timestamp),
}
const { secret, body } = VECTOR

const verifyKey = (authorization: string, keys: string[]) =>
  sepay.verify(request(body, { authorization }), 'apikey', keys)

describe('hmac', () => {
  test('a signature made by another program is accepted', () => {
    expect(sepay.verify(request(body, vectorHeaders), 'hmac', [secret])).toEqual({ ok: true })
  })

  test('upper-case hex is another spelling, and no signature', () => {
    const headers = { ...vectorHeaders, 'x-sepay-signature': `sha256=${VECTOR.hex.toUpperCase()}` }
    expect(sepay.verify(request(body, headers), 'hmac', [secret])).toEqual({ ok: false, reason: 'malformed' })
  })

  test('the raw bytes are what is signed, also where they are not text', () => {
    const raw = Uint8Array.of(0xff, 0x00, 0xc3, 0x28)
    const headers = signed(raw, secret, VECTOR.timestamp)
    expect(sepay.verify(request(raw, headers), 'hmac', [secret])).toEqual({ ok: true })
  })

  test('while a secret is rotated the old and the new one are both good, and no third', () => {
    expect(sepay.verify(request(body, vectorHeaders), 'hmac', ['new', secret])).toEqual({ ok: true })
    expect(sepay.verify(request(body, vectorHeaders), 'hmac', [secret, 'new'])).toEqual({ ok: true })
    expect(sepay.verify(request(body, vectorHeaders), 'hmac', ['new', 'newer'])).toEqual({
      ok: false,
      reason: 'mismatch',
    })
  })

  test.each([
    [-301, 'stale'],
    [-300, 'ok'],
    [300, 'ok'],
    [301, 'stale'],
  ])('a message %i seconds off is %s', (seconds, expected) => {
    const now = (VECTOR.timestamp + seconds) * 1000
    const verdict = sepay.verify(request(body, vectorHeaders, now), 'hmac', [secret])
    expect(verdict.ok ? 'ok' : verdict.reason).toBe(expected)
  })

  test('one bit turned over anywhere in body, signature, timestamp or secret is refused', () => {
    const raw = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const key = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme-ascii' })
    const time = fc.integer({ min: 1_600_000_000, max: 2_000_000_000 })
    const bit = fc.nat()
    fc.assert(
      fc.property(raw, key, time, bit, (original, goodKey, timestamp, at) => {
        const now = timestamp * 1000
        const good = signed(original, goodKey, timestamp)
        const signature = Buffer.from(good['x-sepay-signature'].slice(7), 'hex')
        const badSignature = `sha256=${Buffer.from(flipped(signature, at)).toString('hex')}`
        const badTimestamp = Buffer.from(flipped(bytes(String(timestamp)), at)).toString('latin1')
        const badKey = Buffer.from(flipped(bytes(goodKey), at)).toString('latin1')
        const isGenuine = (from: Uint8Array, headers: Record<string, string>, by = goodKey) =>
          sepay.verify(request(from, headers, now), 'hmac', [by]).ok

        expect(isGenuine(original, good)).toBe(true)
        expect(isGenuine(flipped(original, at), good)).toBe(false)
        expect(isGenuine(original, { ...good, 'x-sepay-signature': badSignature })).toBe(false)
        expect(isGenuine(original, { ...good, 'x-sepay-timestamp': badTimestamp })).toBe(false)
        expect(isGenuine(original, good, badKey)).toBe(false)
      }),
    )
  })

  test.each(['x-sepay-signature', 'x-sepay-timestamp'] as const)('without %s it is missing', (name) => {
    const { [name]: _, ...rest } = vectorHeaders
    expect(sepay.verify(request(body, rest), 'hmac', [secret])).toEqual({ ok: false, reason: 'missing' })
  })

  test.each([
    ['empty', ''],
    ['no scheme', VECTOR.hex],
    ['no hex', 'sha256='],
    ['short', `sha256=${VECTOR.hex.slice(2)}`],
    ['long', `sha256=${VECTOR.hex}00`],
    ['not hex', `sha256=${'z'.repeat(64)}`],
    ['another hash', `sha512=${VECTOR.hex}`],
    ['two lines', `sha256=${VECTOR.hex}\n`],
  ])('a signature header that is %s is malformed', (_, signature) => {
    const headers = { ...vectorHeaders, 'x-sepay-signature': signature }
    expect(sepay.verify(request(body, headers), 'hmac', [secret])).toEqual({ ok: false, reason: 'malformed' })
  })

  test.each(['', 'NaN', '-1700000000', '1700000000.5', '1.7e9', '9'.repeat(13), '１７０００００００００'])(
    'a timestamp header %j is malformed',
    (timestamp) => {
      const headers = { ...vectorHeaders, 'x-sepay-timestamp': timestamp }
      expect(sepay.verify(request(body, headers), 'hmac', [secret])).toEqual({
        ok: false,
        reason: 'malformed',
      })
    },
  )

  test('milliseconds for seconds are a stale message, not a fresh one', () => {
    const headers = signed(bytes(body), secret, VECTOR.timestamp * 100)
    expect(sepay.verify(request(body, headers), 'hmac', [secret])).toEqual({ ok: false, reason: 'stale' })
  })

  test('an instance without a secret, or with an empty one, believes nobody', () => {
    const byEmptyKey = signed(bytes(body), '', VECTOR.timestamp)
    expect(sepay.verify(request(body, byEmptyKey), 'hmac', [])).toEqual({ ok: false, reason: 'mismatch' })
    expect(sepay.verify(request(body, byEmptyKey), 'hmac', [''])).toEqual({ ok: false, reason: 'mismatch' })
  })

  test('no headers whatever make it throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }),
        fc.string(),
        fc.string(),
        (signature, timestamp, mode) => {
          const headers = {
            'x-sepay-signature': signature,
            'x-sepay-timestamp': timestamp,
            authorization: signature,
          }
          for (const each of ['hmac', 'apikey', mode]) {
            expect(sepay.verify(request(body, headers), each, [secret]).ok).toBe(false)
          }
        },
      ),
    )
  })
})

describe('apikey', () => {
  test('the right key is accepted, and either of two while it is rotated', () => {
    expect(verifyKey('Apikey k-1', ['k-1'])).toEqual({ ok: true })
    expect(verifyKey('Apikey k-1', ['k-2', 'k-1'])).toEqual({ ok: true })
  })

  test.each(['Apikey k-2', 'Apikey k-', 'Apikey k-11', 'Apikey K-1', 'Apikey  k-1'])(
    '%j is refused',
    (header) => {
      expect(verifyKey(header, ['k-1'])).toEqual({ ok: false, reason: 'mismatch' })
    },
  )

  test.each(['', 'Apikey', 'Apikey ', 'k-1', 'Bearer k-1', 'apikey k-1'])('%j is malformed', (header) => {
    expect(verifyKey(header, ['k-1'])).toEqual({ ok: false, reason: 'malformed' })
  })

  test('one bit turned over in the key is refused', () => {
    const key = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme-ascii' })
    fc.assert(
      fc.property(key, fc.nat(), (good, bit) => {
        expect(verifyKey(`Apikey ${good}`, [good]).ok).toBe(true)
        const bad = Buffer.from(flipped(bytes(good), bit)).toString('latin1')
        expect(verifyKey(`Apikey ${bad}`, [good]).ok).toBe(false)
      }),
    )
  })

  test('without the header it is missing; without a key configured nobody is believed', () => {
    expect(sepay.verify(request(body, {}), 'apikey', ['k-1'])).toEqual({ ok: false, reason: 'missing' })
    expect(verifyKey('Apikey undefined', [])).toEqual({ ok: false, reason: 'mismatch' })
    expect(verifyKey('Apikey ', [''])).toEqual({ ok: false, reason: 'malformed' })
  })
})

describe('an instance has one mode', () => {
  test('a good API key does not pass where a signature is asked for', () => {
    expect(sepay.verify(request(body, { authorization: `Apikey ${secret}` }), 'hmac', [secret])).toEqual({
      ok: false,
      reason: 'missing',
    })
  })

  test('a good signature does not pass where an API key is asked for', () => {
    expect(sepay.verify(request(body, vectorHeaders), 'apikey', [secret])).toEqual({
      ok: false,
      reason: 'missing',
    })
  })

  test.each(['', 'none', 'HMAC'])('in mode %j, which there is not, nothing passes', (mode) => {
    const headers = { ...vectorHeaders, authorization: `Apikey ${secret}` }
    expect(sepay.verify(request(body, headers), mode, [secret])).toEqual({ ok: false, reason: 'mismatch' })
  })
})
