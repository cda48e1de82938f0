import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeBank, memoWith, readTemplates, type Payee } from '../../scripts/fake-bank.ts'
import { sepay } from '../../server/sources/sepay.ts'
import { findReferences, mintReference } from '../../shared/reference.ts'
import type { Transfer } from '../fixtures/notifications/sender.ts'
import { sender } from '../fixtures/notifications/sepay/sender.ts'

const SECRET = 'a secret of the tests'
const NOW = Date.UTC(2026, 10, 22, 3, 42)

function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const payees: Payee[] = ['MBBank', 'Vietcombank', 'ACB'].map((bank, index) => ({
  bank,
  accountNumber: `TIENGIA0000${index}`,
  virtualAccount: null,
  reference: mintReference(seeded(index + 1)),
}))

const options = {
  sender,
  mode: 'hmac',
  address: 'http://localhost:1/',
  secret: SECRET,
  payees,
  seed: 7,
  firstId: 1_000,
  now: () => NOW,
}

function read(body: string) {
  const [transaction] = sepay.normalise(new TextEncoder().encode(body))
  return transaction!
}

/** What became of a thousand turns. */
function tell(habits: Parameters<typeof createFakeBank>[0]['habits']): string[] {
  const bank = createFakeBank({ ...options, habits: habits ?? {} })
  return Array.from({ length: 1_000 }, () => bank.next()).flat()
}

describe('memos', () => {
  test('every template with its code replaced yields exactly the stall’s reference', () => {
    const random = seeded(3)
    const templates = readTemplates().filter((one) => one.embedded_code !== null)
    expect(templates).toHaveLength(26)
    for (const template of templates) {
      for (let i = 0; i < 200; i += 1) {
        const reference = mintReference(random)
        const memo = memoWith(template, reference, random)!
        expect([memo, findReferences(memo)]).toEqual([memo, [reference]])
      }
    }
  })

  test('keep what that bank did to the code: case, neighbours, a space put in', () => {
    const reference = 'ZQK6HYX47N'
    const written = (start: string) => {
      const template = readTemplates().find(({ content }) => content.startsWith(start))!
      return memoWith(template, reference, () => 2)
    }
    expect(written('MB naptien 9889')).toBe('MB zqk6hyx47n. TU: KIEM VAN LAN DUONG')
    expect(written('Naptien 11616')).toBe('Zqk6hyx47n')
    expect(written('SEPAY123456789012')).toBe('ZQK6HYX47N- Ma GD ACSP/ II296625')
    expect(written('QRVQR1b49')).toContain('QRZQK6HYX47N VRCys')
    expect(written('CUSTOMER MB 0947061148')).toContain('ZQK 6HYX47N')
  })

  test('a template without a code has no place for one', () => {
    expect(memoWith({ content: 'NODATA', embedded_code: null, tags: [] }, 'ZQK', () => 0)).toBeUndefined()
  })
})

describe('what it tells', () => {
  test('is what our SePay source reads, with the reference of the stall and its own account', () => {
    const bank = createFakeBank(options)
    for (const payee of payees) {
      const told = read(bank.pay(payee))
      expect(told).toMatchObject({ direction: 'in', accountNumber: payee.accountNumber, isTest: false })
      expect(findReferences(told.remittanceText)).toEqual([payee.reference])
      expect(Math.abs(told.bookedAt - NOW)).toBeLessThan(60_000)
    }
  })

  test('is the same story for the same seed, another for another', () => {
    const habits = {
      resend: 0.2,
      outOfOrder: 0.2,
      unreferenced: 0.2,
      wrongAccount: 0.2,
      outgoing: 0.2,
      hostile: 0.2,
    }
    expect(tell(habits)).toEqual(tell(habits))
    const other = createFakeBank({ ...options, seed: 8, habits })
    expect(other.next()).not.toEqual(createFakeBank({ ...options, habits }).next())
  })

  test('numbers every notification anew', () => {
    const ids = tell({}).map((body) => (JSON.parse(body) as { id: number }).id)
    expect(ids).toEqual(Array.from({ length: 1_000 }, (_, index) => 1_000 + index))
  })

  test('resends byte by byte, and later than the first time', () => {
    const bodies = tell({ resend: 0.3 })
    const again = bodies.length - new Set(bodies).size
    expect(again).toBeGreaterThan(200)
    expect(again).toBeLessThan(400)
  })

  test('out of order: everything still comes, some of it after a later one', () => {
    const ids = tell({ outOfOrder: 0.3 }).map((body) => (JSON.parse(body) as { id: number }).id)
    const early = ids.filter((id, index) => index > 0 && id < ids[index - 1]!)
    expect(early.length).toBeGreaterThan(100)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(900)
  })

  test('without a reference, for the wrong account, outgoing', () => {
    for (const body of tell({ unreferenced: 1 }))
      expect(findReferences(read(body).remittanceText)).toEqual([])
    for (const body of tell({ outgoing: 1 })) expect(read(body).direction).toBe('out')
    for (const body of tell({ wrongAccount: 1 })) {
      const { accountNumber, remittanceText } = read(body)
      const [reference] = findReferences(remittanceText)
      expect(payees.find((one) => one.reference === reference)?.accountNumber).not.toBe(accountNumber)
    }
  })

  test('hostile memos are readable messages with the reference in them', () => {
    const memos = new Set(tell({ hostile: 1 }).map((body) => read(body).remittanceText))
    expect([...memos].some((memo) => memo.includes('<script>'))).toBe(true)
    expect([...memos].some((memo) => memo.length > 9_000)).toBe(true)
    for (const memo of memos) expect(findReferences(memo)).toHaveLength(1)
  })
})

describe('how it tells', () => {
  test('over HTTP, every stall first, and again what was not acknowledged', async () => {
    const heard: string[] = []
    const server = createServer((request, response) => {
      void (async () => {
        const body = Buffer.concat(await request.toArray()).toString()
        heard.push(body)
        response.writeHead(heard.length === 1 ? 503 : 200).end('{"success":true}')
      })()
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const stopping = new AbortController()
    const bank = createFakeBank({ ...options, address: `http://localhost:${port}/` })
    const running = bank.run(20, stopping.signal)
    await expect.poll(() => heard.slice(1).includes(heard[0]!), { timeout: 10_000 }).toBe(true)
    stopping.abort()
    await running
    expect(heard.slice(0, 3).map((body) => read(body).accountNumber)).toEqual(
      payees.map((one) => one.accountNumber),
    )
  })

  test('lost is never told, mangled is what a bank makes of it, and the rest is told later', async () => {
    expect(tell({ lose: 1 })).toEqual([])
    const memos = tell({ mangle: 0 }).map((body) => read(body).remittanceText)
    expect(memos.every((memo) => findReferences(memo)[0] === memo)).toBe(true)
    const started = Date.now()
    const bank = createFakeBank({ ...options, habits: { delayMs: 40 } })
    await bank.play(10, 0, AbortSignal.timeout(10_000))
    expect(Date.now() - started).toBeGreaterThan(50)
  })

  test('a source that tells only credits is silent about the rest, and its books have what was lost', () => {
    const booked: Transfer[] = []
    const onBooked = (transfer: Transfer) => void booked.push(transfer)
    const creditsOnly = { ...options.sender, tellsOnlyCredits: true } as const
    const bank = createFakeBank({
      ...options,
      sender: creditsOnly,
      habits: { outgoing: 1, lose: 0.5 },
      onBooked,
    })
    const told = Array.from({ length: 100 }, () => bank.next()).flat()
    expect(told.length).toBeLessThan(80)
    expect(booked.map(({ direction }) => direction)).toEqual(Array.from({ length: 100 }, () => 'in'))
  })

  test('says 0 where nobody answers', async () => {
    expect(await createFakeBank(options).tell('{}')).toBe(0)
  })
})
