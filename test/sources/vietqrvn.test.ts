import { hkdfSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { vietqrvn } from '../../server/sources/vietqrvn.ts'
import { NOW } from './proving.ts'

const SOURCE = 'vietqrvn-0123456789ab'
const SECRET = 'a secret of this test only'

const request = (authorization: string | undefined, now = NOW, sourceId = SOURCE) => ({
  sourceId,
  rawBody: new Uint8Array(),
  header: (name: string) => (name === 'authorization' ? authorization : undefined),
  now,
})
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const ask = vietqrvn.asks['/api/token_generate']
const refusal = (reason: string) => ({ ok: false, reason })

async function tokenOf(secrets = [SECRET], password = SECRET): Promise<string> {
  const given = await ask(request(basic(SOURCE, password)), secrets)
  if (!given.ok) throw new Error(given.reason)
  return String(given.body['access_token'])
}
const verify = (token: string, secrets = [SECRET], now = NOW, sourceId = SOURCE) =>
  vietqrvn.verify(request(`Bearer ${token}`, now, sourceId), 'token', secrets)

describe('the token', () => {
  test('is given for the source’s id and password, and says whose, for whom and until when', async () => {
    const given = await ask(request(basic(SOURCE, SECRET)), [SECRET])
    expect(given).toMatchObject({ ok: true, body: { token_type: 'Bearer', expires_in: 300 } })
    const token = await tokenOf()
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS512', typ: 'JWT' })
    expect(decodeJwt(token)).toEqual({
      iss: 'cho-4.0',
      aud: SOURCE,
      iat: NOW / 1000,
      exp: NOW / 1000 + 300,
    })
  })

  test.each([
    ['no credentials', undefined, 'missing'],
    ['another password', basic(SOURCE, 'guessed'), 'mismatch'],
    ['no password', basic(SOURCE, ''), 'mismatch'],
    ['another user', basic('vietqrvn-000000000000', SECRET), 'mismatch'],
    ['no user', basic('', SECRET), 'mismatch'],
    ['another scheme', `Bearer ${SECRET}`, 'mismatch'],
    ['the password unencoded', `Basic ${SOURCE}:${SECRET}`, 'mismatch'],
  ])('is not given for %s', async (_, authorization, reason) => {
    expect(await ask(request(authorization), [SECRET, ''])).toEqual(refusal(reason))
  })

  test('is good for five minutes and at no other source', async () => {
    const token = await tokenOf()
    expect(await verify(token)).toEqual({ ok: true })
    expect(await verify(token, [SECRET], NOW + 299_000)).toEqual({ ok: true })
    expect(await verify(token, [SECRET], NOW + 301_000)).toEqual(refusal('stale'))
    expect((await verify(token, [SECRET], NOW, 'vietqrvn-another')).ok).toBe(false)
  })

  test('ends with the secret it was given for, and is good while both are', async () => {
    const token = await tokenOf(['new secret of the test', SECRET])
    expect(await verify(token, ['new secret of the test', SECRET])).toEqual({ ok: true })
    expect(await verify(token, ['new secret of the test'])).toEqual(refusal('mismatch'))
    expect(await verify(token, [''])).toEqual(refusal('mismatch'))
  })

  test('made by somebody who knows only the password is none: the key is not the password', async () => {
    const forged = await new SignJWT()
      .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
      .setIssuer('cho-4.0')
      .setAudience(SOURCE)
      .setIssuedAt(NOW / 1000)
      .setExpirationTime(NOW / 1000 + 300)
      .sign(new TextEncoder().encode(SECRET))
    expect(await verify(forged)).toEqual(refusal('mismatch'))
  })

  test.each(['HS256', 'HS384'])('by the right key but with %s is none', async (alg) => {
    const key = new Uint8Array(hkdfSync('sha512', SECRET, '', 'VietQR.vn access token', 64))
    const signed = (algorithm: string) =>
      new SignJWT()
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setIssuer('cho-4.0')
        .setAudience(SOURCE)
        .setIssuedAt(NOW / 1000)
        .setExpirationTime(NOW / 1000 + 300)
        .sign(key)
    expect(await verify(await signed('HS512'))).toEqual({ ok: true })
    expect(await verify(await signed(alg))).toEqual(refusal('mismatch'))
  })

  test('with no algorithm, another one, or a header of another kind is none', async () => {
    const [, claims, signature] = (await tokenOf()).split('.')
    for (const header of [{ alg: 'none' }, { alg: 'HS256', typ: 'JWT' }, { alg: 'HS512' }]) {
      const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
      expect((await verify(`${encoded}.${claims}.${signature}`)).ok).toBe(false)
      expect((await verify(`${encoded}.${claims}.`)).ok).toBe(false)
    }
  })
})

test('an account number at two of the source’s banks is not guessed between', async () => {
  const { bankAmong } = await import('../../server/sources/entry.ts')
  const { PersistentMap } = await import('../../server/storage/persistent-map.ts')
  const at = (...banks: string[]) => banks.map((bankBin) => ({ sourceId: 'ours', bankBin }))
  const bindings = new PersistentMap([
    ['123', at('970422', '970436')],
    ['ABC', [...at('970416'), { sourceId: 'another', bankBin: '970436' }]],
  ])
  const bankOf = bankAmong(bindings, 'ours')
  expect(bankOf('abc')).toBe('970416')
  expect(bankOf('999')).toBe('000000')
  expect(() => bankOf('123')).toThrow(expect.objectContaining({ reason: 'unknown_bank' }))
})
