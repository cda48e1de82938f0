import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bankNotification,
  bankTransaction,
  matchException,
  erasable,
} from '../../server/storage/kit.sqlite.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { getTakings, listPayments } from '../../server/storage/takings.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { sepayBody, sepayHeaders } from '../sepay.ts'
import { MORNING, scopeOf, seededRandom, TODAY } from '../small-market.ts'

let market: RunningMarket
beforeAll(async () => void (market = await runSmallMarket()))
afterAll(() => market.close())

const post = (
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  sourceId = market.sourceId,
) => fetch(`${market.url}/notifications/${sourceId}`, { method: 'POST', body, headers })
const rowCount = async () =>
  (await market.store.db.select().from(bankNotification)).length +
  (await market.store.db.select().from(bankTransaction)).length +
  (await market.store.db.select().from(matchException)).length
const to = (content: string, id: number, amount = 50_000) =>
  sepayBody({ id, accountNumber: market.lan.accountNumber, content, amount })

describe('a notification', () => {
  it('honestly signed is answered {"success":true} and counted', async () => {
    const body = to(market.lan.reference, 1)
    const response = await post(body, sepayHeaders(body, MORNING))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ success: true })
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 50_000,
      saleCount: 1,
    })
  })

  it.each([
    ['without a signature', () => ({})],
    ['with another secret', (body: string) => sepayHeaders(body, MORNING, 'guessed')],
    ['signed six minutes ago', (body: string) => sepayHeaders(body, MORNING - 360_000)],
    ['whose body was changed', (body: string) => sepayHeaders(`${body} `, MORNING)],
    [
      'that brings an API key to an hmac source',
      () => ({ authorization: 'Apikey a secret of this test only' }),
    ],
  ])('%s is refused with 401, and nothing is stored', async (_, headers) => {
    const before = await rowCount()
    const body = to(market.lan.reference, 2)
    const response = await post(body, headers(body))
    expect(response.status).toBe(401)
    expect(await response.text()).not.toMatch(/secret|mismatch|stale/)
    expect(await rowCount()).toBe(before)
  })

  it('to an unknown source is refused just like a wrong signature', async () => {
    const body = to(market.lan.reference, 3)
    const wrong = await post(body, sepayHeaders(body, MORNING, 'guessed'))
    const unknown = await post(body, sepayHeaders(body, MORNING), 'sepay-000000000000')
    expect(unknown.status).toBe(wrong.status)
    const strip = (text: string) => text.replace(/"requestId":"\w+"/, '')
    expect(strip(await unknown.text())).toBe(strip(await wrong.text()))
  })

  it('over 64 KB is refused with 413, however its length is told, and nothing is stored', async () => {
    const before = await rowCount()
    const body = JSON.stringify({ padding: 'x'.repeat(70_000) })
    expect((await post(body, sepayHeaders(body, MORNING))).status).toBe(413)
    const chunked = await fetch(`${market.url}/notifications/${market.sourceId}`, {
      method: 'POST',
      body: new Blob([body]).stream(),
      headers: sepayHeaders(body, MORNING),
      // @ts-expect-error Node's fetch needs it for a stream
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect(await rowCount()).toBe(before)
  })

  it.each([
    ['malformed JSON', '{"id":'],
    ['JSON that is no notification', '[]'],
    ['a bank nobody knows', sepayBody({ id: 5, accountNumber: '1', content: '', gateway: 'Ngân hàng Mới' })],
    ['half a đồng', sepayBody({ id: 6, accountNumber: '1', content: '', amount: 0.5 })],
  ])('signed but unreadable (%s) is acknowledged, kept byte for byte, and raised', async (_, body) => {
    const before = await market.store.db.select().from(matchException)
    const response = await post(body, sepayHeaders(body, MORNING))
    expect(response.status).toBe(200)
    const after = await market.store.db.select().from(matchException)
    expect(after).toHaveLength(before.length + 1)
    expect(after.at(-1)).toMatchObject({ reason: 'unreadable', marketId: 0 })
    const kept = await market.store.db.select().from(erasable)
    expect(kept.map((row) => row.body?.toString())).toContain(body)
  })

  it.each([
    ['10,000 characters', `${'a'.repeat(9_000)} `],
    ['markup', '<script>alert(1)</script><img src=x onerror=alert(1)> '],
    ['a formula', '=cmd()|"/c calc"!A1 '],
    ['direction marks and controls', '\u202egnp.exe\u0007\u0000\r\n '],
    ['a lone surrogate', '\ud800 '],
  ])('with a hostile memo (%s) is kept exactly and shown as one harmless line', async (_, memo) => {
    const id = Math.floor(Math.random() * 1e9) + 1_000
    const body = to(memo + market.hoa.reference, id).replace(
      market.lan.accountNumber,
      market.hoa.accountNumber,
    )
    expect((await post(body, sepayHeaders(body, MORNING))).status).toBe(200)
    const kept = await market.store.db.select().from(erasable)
    expect(kept.map((row) => row.body?.toString())).toContain(body)
    const [line] = await listPayments(market.store, scopeOf(market.hoa), TODAY, TODAY)
    expect(line!.memo.length).toBeLessThanOrEqual(140)
    expect(line!.memo).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
  })
})

it('1,000 notifications sent three times, shuffled, by 16 connections give the takings of once', async () => {
  const random = seededRandom(20261122)
  const before = await getTakings(market.store, scopeOf(market.lan), TODAY)
  let expected = 0
  const bodies = Array.from({ length: 1_000 }, (_, index) => {
    const amount = 1_000 * (1 + random(500))
    expected += amount
    return to(
      `MBVCB.${random(1e9)}.${market.lan.reference.toLowerCase()} GD ${random(1e6)}`,
      10_000 + index,
      amount,
    )
  })
  const queue = [...bodies, ...bodies, ...bodies]
  for (let index = queue.length - 1; index > 0; index -= 1) {
    const other = random(index + 1)
    ;[queue[index], queue[other]] = [queue[other]!, queue[index]!]
  }
  const statuses = new Map<number, number>()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let body = queue.pop(); body !== undefined; body = queue.pop()) {
        const { status } = await post(body, sepayHeaders(body, MORNING))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }),
  )
  expect([...statuses]).toEqual([[200, 3_000]])
  const after = await getTakings(market.store, scopeOf(market.lan), TODAY)
  expect(after.saleCount - before.saleCount).toBe(1_000)
  expect(after.totalVnd - before.totalVnd).toBe(expected)
  expect(await findDifferences(market.store)).toEqual([])
})
