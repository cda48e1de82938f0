import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sources } from '../../server/sources/registry.ts'
import { UnreadableNotification } from '../../server/sources/source.ts'
import { findReferences } from '../../shared/reference.ts'
import { anyCharacter } from '../any-character.ts'
import { everyCase, flipped, flippedText, incoming, NOW, prove, transfer } from './proving.ts'

const cases = await everyCase()
const signing = cases.filter(({ mode }) => mode.signs)
const dating = signing.filter(({ sender }) => !sender.signsNoTime)
const tellingBothWays = cases.filter(({ sender }) => !sender.tellsOnlyCredits)
const published = cases.flatMap((one) => {
  const vector = one.sender.vector?.(one.mode.id)
  return vector ? [{ ...one, vector }] : []
})
const callable = cases.flatMap((one) => {
  const testCall = one.sender.testCall?.(one.mode.id)
  return testCall ? [{ ...one, testCall }] : []
})
const bankOf = () => '970422'
const MINUTE = 60_000

/** Of a proof, what the source looks at: whoever changes the content's type changes nothing. */
const proofHeaders = (headers: Record<string, string>) =>
  Object.keys(headers).filter((name) => name !== 'content-type')

/** Whether a request with these bytes and headers is believed. */
async function isBelieved(
  one: (typeof cases)[number],
  rawBody: Uint8Array,
  headers: Record<string, string>,
  secrets = [one.secret.ours],
  now = NOW,
): Promise<boolean> {
  const request = { sourceId: one.sourceId, rawBody, header: (name: string) => headers[name], now }
  return (await one.source.verify(request, one.mode.id, secrets)).ok
}
const bytes = (text: string) => new TextEncoder().encode(text)

test('every registered source has a kind of its own that can stand in an address', () => {
  const kinds = sources.map(({ kind }) => kind)
  expect(new Set(kinds).size).toBe(kinds.length)
  for (const kind of kinds) expect(kind).toMatch(/^[a-z]+$/)
})

describe.each(cases)('$name', (one) => {
  const { source, sender, mode } = one
  const body = sender.write(transfer(), mode.id)

  test('what it genuinely sends is believed and read', async () => {
    const out = await prove(one, body)
    expect(await source.verify(incoming(one, out), mode.id, [one.secret.ours])).toEqual({ ok: true })
    const [told, ...more] = source.normalise(bytes(out.body), bankOf)
    expect(more).toEqual([])
    expect(told).toMatchObject({
      channel: 'push',
      bankBin: '970422',
      accountNumber: '0123499999',
      virtualAccount: null,
      direction: 'in',
      amountVnd: 50_000,
      bookedAt: NOW - MINUTE,
      remittanceText: 'ZQK6HYX47N tra tien rau Đà Lạt',
      isTest: false,
    })
    expect(told!.sourceKey).toMatch(/^push:.+/)
    expect(findReferences(told!.remittanceText)).toEqual(['ZQK6HYX47N'])
  })

  test('another transfer has another key, the same one told again has the same', async () => {
    const keyOf = async (id: number, bankReference: string) => {
      const out = await prove(one, sender.write(transfer({ id, bankReference }), mode.id))
      return source.normalise(bytes(out.body), bankOf)[0]!.sourceKey
    }
    expect(await keyOf(1, 'FT1')).toBe(await keyOf(1, 'FT1'))
    expect(await keyOf(1, 'FT1')).not.toBe(await keyOf(2, 'FT2'))
  })

  test('while a secret is rotated the old and the new one are both good, and no third', async () => {
    const out = await prove(one, body)
    const believed = (secrets: string[]) => isBelieved(one, bytes(out.body), out.headers, secrets)
    expect(await believed([one.other.ours, one.secret.ours])).toBe(true)
    expect(await believed([one.secret.ours, one.other.ours])).toBe(true)
    expect(await believed([one.other.ours])).toBe(false)
    expect(await believed([])).toBe(false)
  })

  test('what is proven with another secret, or in a mode that there is not, is refused', async () => {
    const forged = await prove(one, body, { secret: one.other })
    expect(await isBelieved(one, bytes(forged.body), forged.headers)).toBe(false)
    const out = await prove(one, body)
    for (const unknown of ['', 'none', 'toString']) {
      expect((await source.verify(incoming(one, out), unknown, [one.secret.ours])).ok).toBe(false)
    }
  })

  test('without its proof, or any part of it, nothing is believed', async () => {
    const out = await prove(one, body)
    expect(await isBelieved(one, new Uint8Array(), {})).toBe(false)
    for (const name of proofHeaders(out.headers)) {
      const { [name]: _, ...rest } = out.headers
      expect(
        await source.verify(incoming(one, { ...out, headers: rest }), mode.id, [one.secret.ours]),
      ).toEqual({
        ok: false,
        reason: 'missing',
      })
    }
  })

  test('every bit of every header of the proof counts', async () => {
    const out = await prove(one, body)
    const names = proofHeaders(out.headers)
    const unnoticed: string[] = []
    for (const name of names) {
      const value = out.headers[name]!
      for (let bit = 0; bit < value.length * 8; bit += 1) {
        const headers = { ...out.headers, [name]: flippedText(value, bit) }
        if (await isBelieved(one, bytes(out.body), headers)) unnoticed.push(`${name}, bit ${bit}`)
      }
    }
    expect(unnoticed).toEqual([])
    // Who sends no proof beside the body has it in the body, whose every bit counts below.
    expect(names.length > 0 || mode.signs).toBe(true)
  })

  test('every bit of the secret counts', async () => {
    const { theirs } = one.secret
    const unnoticed: number[] = []
    for (let bit = 0; bit < theirs.length * 8; bit += 1) {
      // A key that is none signs nothing.
      const out = await prove(one, body, { theirs: flippedText(theirs, bit) }).catch(() => undefined)
      if (out && (await isBelieved(one, bytes(out.body), out.headers))) unnoticed.push(bit)
    }
    expect(unnoticed).toEqual([])
  })

  test('no bytes and no headers whatever make it throw or be believed', async () => {
    const names = proofHeaders((await prove(one, body)).headers)
    const text = fc.string({ unit: anyCharacter, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), text, async (raw, value) => {
        const headers = Object.fromEntries(names.map((name) => [name, value]))
        expect(await isBelieved(one, raw, headers)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

test.each(published)(
  '$name: a request that others signed is believed, and no bit of it may change',
  async (one) => {
    const { body, headers, secret, now, reads } = one.vector
    expect(await isBelieved(one, bytes(body), headers, [secret], now)).toBe(true)
    const unnoticed: number[] = []
    const raw = bytes(body)
    for (let bit = 0; bit < raw.length * 8; bit += 1) {
      if (await isBelieved(one, flipped(raw, bit), headers, [secret], now)) unnoticed.push(bit)
    }
    expect(unnoticed).toEqual([])
    expect(await isBelieved(one, raw, headers, [flippedText(secret, 3)], now)).toBe(false)
    expect(one.source.normalise(raw, bankOf)).toEqual([expect.objectContaining(reads)])
  },
)

test.each(callable)(
  '$name: the test call of its console is believed, answered, and no payment',
  async (one) => {
    const out = await prove(one, one.testCall)
    expect(await isBelieved(one, bytes(out.body), out.headers)).toBe(true)
    const told = one.source.normalise(bytes(out.body), bankOf)
    expect(told.map(({ isTest }) => isTest)).toEqual([true])
    expect(one.source.acknowledge(told).status).toBe(200)
  },
)

describe.each(signing)('$name signs what it says', (one) => {
  const { sender, mode } = one

  test('one bit turned over anywhere in any body is refused', async () => {
    const memo = fc.string({ unit: anyCharacter, maxLength: 60 }).map((text) => text.toWellFormed())
    await fc.assert(
      fc.asyncProperty(memo, fc.integer({ min: 1, max: 2e9 }), fc.nat(), async (text, amountVnd, bit) => {
        const out = await prove(one, sender.write(transfer({ memo: text, amountVnd }), mode.id))
        const raw = bytes(out.body)
        expect(await isBelieved(one, raw, out.headers)).toBe(true)
        expect(await isBelieved(one, flipped(raw, bit), out.headers)).toBe(false)
      }),
      { numRuns: 150 },
    )
  })

  test('one body, every one of its bits', async () => {
    const out = await prove(one, sender.write(transfer({ memo: 'ZQK6HYX47N\u001b é 1e5' }), mode.id))
    const raw = bytes(out.body)
    const unnoticed: number[] = []
    for (let bit = 0; bit < raw.length * 8; bit += 1) {
      if (await isBelieved(one, flipped(raw, bit), out.headers)) unnoticed.push(bit)
    }
    expect(unnoticed).toEqual([])
  })

  test('JSON nested beyond reason is refused, not thrown at', async () => {
    const { headers } = await prove(one, sender.write(transfer(), mode.id))
    const list = '['.repeat(30_000) + ']'.repeat(30_000)
    const rest = `"code":"00","desc":"success","success":true,"signature":"${'0'.repeat(64)}"`
    const deep = `{"data":{"list":${list}},${rest}}`
    expect(await isBelieved(one, bytes(deep), headers)).toBe(false)
  })
})

describe.each(dating)('$name dates what it signs', (one) => {
  test.each([
    [-301_000, 'stale'],
    [-299_000, 'ok'],
    [299_000, 'ok'],
    [301_000, 'stale'],
    [-7 * 3_600_000, 'stale'],
  ])('signed %i ms from now it is %s', async (drift, expected) => {
    const { source, sender, mode } = one
    const out = await prove(one, sender.write(transfer(), mode.id), { now: NOW + drift })
    const verdict = await source.verify(incoming(one, out), mode.id, [one.secret.ours])
    expect(verdict.ok ? 'ok' : verdict.reason).toBe(expected)
  })
})

describe.each(cases)('$name reads', (one) => {
  const { source, sender, mode } = one
  const rawOf = async (body: string) => bytes((await prove(one, body)).body)
  /** Why it cannot be read, or undefined where it can. */
  const unreadable = (raw: Uint8Array): UnreadableNotification | undefined => {
    try {
      source.normalise(raw, bankOf)
      return undefined
    } catch (error) {
      if (error instanceof UnreadableNotification) return error
      throw error
    }
  }
  /** The one object with the transaction's fields, wherever this source puts it. */
  const fieldsOf = (body: string) => {
    const whole = JSON.parse(body) as Record<string, unknown>
    const fields = [whole['data'] ?? whole].flat()[0] as Record<string, unknown>
    return { whole, fields }
  }

  test('no field that it needs may be missing, and what is missing is named', async () => {
    const body = sender.write(transfer(), mode.id)
    const named: [field: string, said: string][] = []
    for (const name of Object.keys(fieldsOf(body).fields)) {
      const { whole, fields } = fieldsOf(body)
      delete fields[name]
      const error = unreadable(await rawOf(JSON.stringify(whole)))
      if (error) named.push([name, error.message.split(':')[0]!.split('.').at(-1)!])
    }
    expect(named.length).toBeGreaterThanOrEqual(4)
    expect(named.filter(([field, said]) => field !== said)).toEqual([])
  })

  test('a fraction, nothing, text and more than a safe integer are no amounts', async () => {
    const body = sender.write(transfer({ amountVnd: 77_777 }), mode.id)
    const reasons: unknown[] = []
    for (const wrong of ['77777.5', '0', '"77777.5"', 'null', '1e21', 'true', '[77777]']) {
      reasons.push(unreadable(await rawOf(body.replace('77777', wrong)))?.reason)
    }
    expect(new Set(reasons)).toEqual(new Set(['bad_amount']))
  })

  test('nothing of the memo is quoted, whatever is wrong', async () => {
    const memo = 'NGUYEN VAN A: tra no'
    const body = sender.write(transfer({ memo }), mode.id)
    const said: string[] = []
    for (const [name, value] of Object.entries(fieldsOf(body).fields)) {
      for (const wrong of [{ memo }, memo.repeat(2_000), [memo]]) {
        const { whole, fields } = fieldsOf(body)
        if (typeof value === 'object') continue
        fields[name] = wrong
        const error = unreadable(await rawOf(JSON.stringify(whole)))
        if (error) said.push(error.message)
      }
    }
    expect(said.length).toBeGreaterThan(10)
    expect(said.filter((words) => words.includes('NGUYEN'))).toEqual([])
  })

  test('a hostile memo is kept as it came, well-formed', async () => {
    for (const memo of ['<script>§', '=HYPERLINK("//x")', 'a\u202e b\r\n', 'x'.repeat(10_000)]) {
      const raw = await rawOf(sender.write(transfer({ memo }), mode.id))
      expect(source.normalise(raw, bankOf)[0]!.remittanceText).toBe(memo)
    }
    const raw = await rawOf(sender.write(transfer({ memo: 'a\0b' }), mode.id))
    expect(source.normalise(raw, bankOf)[0]!.remittanceText).toBe('a\uFFFDb')
  })

  test('what is no message of its shape is malformed', () => {
    for (const text of ['', '{"', '[]', 'null', '1', '"x"', '{}', '{"data":[1]}']) {
      expect(unreadable(bytes(text))?.reason).toBe('malformed')
    }
    expect(unreadable(Uint8Array.of(0x7b, 0xe9, 0x7d))?.reason).toBe('malformed')
  })
})

test.each(tellingBothWays)('$name: what goes out says so, with a positive amount', async (one) => {
  const out = await prove(one, one.sender.write(transfer({ direction: 'out' }), one.mode.id))
  const told = one.source.normalise(bytes(out.body), bankOf)
  expect(told[0]).toMatchObject({ direction: 'out', amountVnd: 50_000 })
})
