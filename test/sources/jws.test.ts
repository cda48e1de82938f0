import {
  base64url,
  CompactSign,
  exportJWK,
  generateKeyPair,
  type CompactJWSHeaderParameters,
  type CryptoKey,
} from 'jose'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { secretProblem } from '../../server/sources/credential.ts'
import { jws } from '../../server/sources/jws.ts'
import { flipped, NOW } from './proving.ts'

const outside = setupServer()
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
afterEach(() => outside.resetHandlers())
afterAll(() => outside.close())

const SOURCE = 'jws-0123456789ab'
const CLAIMS = { aud: SOURCE, iat: NOW / 1000, id: '1' }

async function pair(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return {
    privateKey,
    jwk: await exportJWK(publicKey),
    keys: JSON.stringify({ keys: [await exportJWK(publicKey)] }),
  }
}
const sign = (key: CryptoKey, header: CompactJWSHeaderParameters, claims: object = CLAIMS) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader(header).sign(key)
const verify = (compact: string, secrets: string[], now = NOW) =>
  jws.verify(
    { sourceId: SOURCE, rawBody: new TextEncoder().encode(compact), header: () => undefined, now },
    'jws',
    secrets,
  )
const refusal = (reason: string) => ({ ok: false, reason })

describe('algorithms are pinned', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])('%s by the pinned key is believed', async (alg) => {
    const { privateKey, keys } = await pair(alg)
    expect(await verify(await sign(privateKey, { alg }), [keys])).toEqual({ ok: true })
  })

  test.each(['PS256', 'ES384', 'RS512'])('%s is not, though the key is right', async (alg) => {
    const { privateKey, keys } = await pair(alg)
    expect(await verify(await sign(privateKey, { alg }), [keys])).toEqual(refusal('mismatch'))
  })

  test('none, and the public key as a shared secret, are not', async () => {
    const { keys } = await pair('RS256')
    const part = (value: object) => base64url.encode(JSON.stringify(value))
    expect(await verify(`${part({ alg: 'none' })}.${part(CLAIMS)}.`, [keys])).toEqual(refusal('malformed'))
    const shared = await new CompactSign(new TextEncoder().encode(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(keys))
    expect(await verify(shared, [keys])).toEqual(refusal('mismatch'))
  })

  test('a header that changes what the payload is, is refused', async () => {
    const { privateKey, keys } = await pair('ES256')
    const odd = await sign(privateKey, { alg: 'ES256', b64: true, crit: ['b64'] })
    expect(await verify(odd, [keys])).toEqual(refusal('malformed'))
  })
})

// EdDSA is in every-source.test.ts.
test.each(['RS256', 'ES256'])('%s: with any one bit turned over it is refused', async (alg) => {
  const { privateKey, keys } = await pair(alg)
  const raw = new TextEncoder().encode(await sign(privateKey, { alg }))
  const request = { sourceId: SOURCE, rawBody: raw, header: () => undefined, now: NOW }
  const unnoticed: number[] = []
  for (let bit = 0; bit < raw.length * 8; bit += 1) {
    const verdict = await jws.verify({ ...request, rawBody: flipped(raw, bit) }, 'jws', [keys])
    if (verdict.ok) unnoticed.push(bit)
  }
  expect(unnoticed).toEqual([])
})

describe('when and for whom', () => {
  test('without a time, without an audience, or for another source it is refused', async () => {
    const { privateKey, keys } = await pair('ES256')
    const header = { alg: 'ES256' }
    const told = async (claims: object) => verify(await sign(privateKey, header, claims), [keys])
    expect(await told({ aud: SOURCE })).toEqual(refusal('malformed'))
    expect(await told({ iat: CLAIMS.iat })).toEqual(refusal('malformed'))
    expect(await told({ ...CLAIMS, aud: 'jws-another' })).toEqual(refusal('mismatch'))
    expect(await told({ ...CLAIMS, iat: CLAIMS.iat - 301 })).toEqual(refusal('stale'))
    expect(await told({ ...CLAIMS, iat: CLAIMS.iat + 301 })).toEqual(refusal('stale'))
  })

  test('a signature spelled in another way is another message, and refused', async () => {
    const { privateKey, keys } = await pair('RS256')
    const compact = await sign(privateKey, { alg: 'RS256' })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(compact.at(-1)!)
    const other = compact.slice(0, -1) + alphabet[last ^ 1]
    const signatureOf = (text: string) => Buffer.from(text.split('.')[2]!, 'base64url')
    expect(signatureOf(other)).toEqual(signatureOf(compact))
    expect(await verify(other, [keys])).toEqual(refusal('malformed'))
  })
})

describe('keys behind an address', () => {
  test('are fetched, also when the bank has new ones', async () => {
    const [old, fresh] = [await pair('ES256'), await pair('ES256')]
    const url = 'https://bank.example/jwks-rotating.json'
    let asked = 0
    outside.use(
      http.get(url, () => {
        asked += 1
        return HttpResponse.json({
          keys: [
            { ...old.jwk, kid: 'old' },
            { ...fresh.jwk, kid: 'new' },
          ],
        })
      }),
    )
    expect(await verify(await sign(old.privateKey, { alg: 'ES256', kid: 'old' }), [url])).toEqual({
      ok: true,
    })
    expect(await verify(await sign(fresh.privateKey, { alg: 'ES256', kid: 'new' }), [url])).toEqual({
      ok: true,
    })
    const stranger = await pair('ES256')
    expect(await verify(await sign(stranger.privateKey, { alg: 'ES256', kid: 'old' }), [url])).toEqual(
      refusal('mismatch'),
    )
    expect(asked).toBe(1)
  })

  test.each([
    ['down', () => new HttpResponse(null, { status: 503 })],
    ['unreachable', () => HttpResponse.error()],
    ['no key set', () => HttpResponse.json({ hello: 1 })],
    ['elsewhere', () => HttpResponse.redirect('https://evil.example/jwks.json')],
  ])('that are %s mean: come again, and not: forged', async (name, reply) => {
    const url = `https://bank.example/${name.replace(' ', '-')}.json`
    outside.use(http.get(url, reply))
    const { privateKey } = await pair('ES256')
    await expect(verify(await sign(privateKey, { alg: 'ES256' }), [url])).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

test('what is pinned must be public keys or an https address', async () => {
  const { keys } = await pair('ES256')
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  expect(secretProblem(jws, keys)).toBeUndefined()
  expect(secretProblem(jws, 'https://bank.example/jwks.json')).toBeUndefined()
  expect(secretProblem(jws, JSON.stringify({ keys: [await exportJWK(privateKey)] }))).toContain('khoá riêng')
  for (const wrong of ['', 'http://bank.example/jwks.json', '{}', '{"keys":[]}', 'x'.repeat(64)]) {
    expect(secretProblem(jws, wrong)).toBeDefined()
  }
})
