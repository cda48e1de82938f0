import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createIntake } from '../../server/domain/intake.ts'
import type { Seal } from '../../server/domain/seal.ts'
import { backfill } from '../../server/sources/backfill.ts'
import { bankAmong } from '../../server/sources/entry.ts'
import { sources } from '../../server/sources/registry.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { listInboxDays } from '../../server/storage/inbox.ts'
import { bankTransaction, erasable, witness } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { addSource, bindAccounts, findSource } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { senderOf, vietnamDay, type Transfer } from '../fixtures/notifications/sender.ts'
import { MB, MORNING, openSmallMarket, scopeOf, type SmallMarket } from '../small-market.ts'

const MINUTE = 60_000
const at = (time: string) => Date.parse(`2026-11-${time}:00+07:00`)
const OPENS = at('22T18:30')
/** Six hours over midnight, in which no push arrives. */
const SILENT_FROM = at('22T19:00')
const SILENT_UNTIL = at('23T01:00')
const CLOSES = at('23T01:30')
/** The first fetch of a new day looks back. */
const NEXT_MORNING = at('23T07:15')
const EVERY_MS = 15 * MINUTE
const PAGE = 10
const operator = operatorScope()

/** A transfer, and when the source's own history has it: some are learnt late. */
type Booked = Transfer & { knownAt: number }

const openSeal: Seal = {
  fingerprint: '',
  close: async (secret) => secret,
  open: async (sealed) => sealed,
  payerKey: (_, payerAccount) => payerAccount,
}

/** Every history of every source, and the mode its pushes come in. */
const HISTORIES = (
  await Promise.all(
    sources.map(async (source) => {
      const { histories = [] } = await senderOf(source.kind)
      return histories.map((history) => ({ ...history, source, words: `${source.kind} ${history.name}` }))
    }),
  )
).flat()
type PlayedHistory = (typeof HISTORIES)[number]

/** What goes wrong with one of the requests of a fetch. */
type Trouble = 'none' | 'too many requests' | 'half a page' | 'maintenance'

let clock = OPENS
let known: Booked[] = []
let played: PlayedHistory
/** Of the fetch at hand; each is played once. */
let troubles: Trouble[] = []
const outside = setupServer(
  http.all('*', async ({ request }) => {
    const soFar = known.filter((one) => one.knownAt <= clock)
    const url = new URL(request.url)
    const answer =
      url.hostname === played.host
        ? HttpResponse.json(played.answer(url, soFar, PAGE))
        : new HttpResponse(null, { status: 403 })
    const isToken = url.pathname.endsWith('/token')
    const trouble = answer.ok && !isToken ? troubles.shift() : undefined
    if (trouble === 'too many requests')
      return new HttpResponse(null, {
        status: 429,
        headers: { 'retry-after': '0', 'x-sepay-userapi-retry-after': '0' },
      })
    if (trouble === 'maintenance') return HttpResponse.html('<h1>Hệ thống đang bảo trì</h1>')
    if (trouble === 'half a page') {
      const whole = await answer.text()
      return new HttpResponse(whole.slice(0, whole.length / 2))
    }
    return answer
  }),
)

let market: SmallMarket
beforeAll(() => outside.listen({ onUnhandledFrame: 'error' }))
afterAll(() => outside.close())
beforeEach(async () => {
  market = await openSmallMarket()
})
afterEach(() => market.close())

/** A transfer every ten minutes; every fifth comes as a twin of another, every seventh without a reference. */
function evening(): Booked[] {
  const transfers: Booked[] = []
  for (let bookedAt = OPENS + 30_000; bookedAt < CLOSES; bookedAt += 10 * MINUTE) {
    const many = transfers.length % 5 === 0 ? 2 : 1
    for (let twin = 0; twin < many; twin += 1) {
      const id = 1_000 + transfers.length
      transfers.push({
        id,
        bankBin: MB,
        accountNumber: market.lan.accountNumber,
        virtualAccount: null,
        direction: 'in',
        amountVnd: 20_000,
        bookedAt,
        memo: id % 7 === 0 ? 'tien hang' : `CK ${market.lan.reference}`,
        bankReference: `FT26326${String(id).padStart(9, '0')}`,
        // In the silence the source learns of one in nine an hour and a half late, over midnight too.
        knownAt: id % 9 === 0 && isSilent(bookedAt) ? bookedAt + 90 * MINUTE : bookedAt,
      })
    }
  }
  return transfers
}
const isSilent = (time: number) => time >= SILENT_FROM && time < SILENT_UNTIL

/** Lets the evening pass: what is pushed is pushed, and every quarter of an hour the history is fetched. */
async function pass(history: PlayedHistory, troublesAt: (fetchAt: number) => Trouble[]) {
  played = history
  known = evening()
  const { store, lan } = market
  const { source } = history
  const { kind } = source
  const mode = source.modes[0].id
  const access = Object.fromEntries(source.access.map(({ name }) => [name, 'token']))
  const apiToken = source.access.length === 1 ? 'token' : JSON.stringify(access)
  const sourceId = `${kind}-silent`
  await store.changeRegistry(function* (tx) {
    yield* addSource(tx, operator, { id: sourceId, kind, mode, label: 'thử', apiToken, secret: 's' }, MORNING)
    yield* bindAccounts(tx, operator, sourceId, [{ bankBin: MB, accountNumber: lan.accountNumber }], MORNING)
  })
  const sender = await senderOf(kind)
  const bankOf = bankAmong((await store.registry()).bindings, sourceId)
  const intake = createIntake(store, () => {})
  const push = (one: Booked) => {
    const rawBody = new TextEncoder().encode(sender.write(one, mode))
    const transactions = source.normalise(rawBody, bankOf)
    const message = { sourceId, channel: 'push' as const, rawBody, receivedAt: clock, transactions }
    return intake.submit({ ...message, unreadable: null })
  }
  let failed = 0
  const fetchHistory = async (time: number) => {
    clock = time
    troubles = troublesAt(time)
    const row = (await findSource(store, sourceId))!
    const signal = AbortSignal.timeout(20_000)
    await backfill(store, openSeal, intake, row, () => clock, signal).catch(() => (failed += 1))
  }

  for (let time = OPENS; time <= CLOSES; time += EVERY_MS) {
    const since = known.filter((one) => one.bookedAt >= time - EVERY_MS && one.bookedAt < time)
    clock = time - MINUTE
    for (const one of since) if (!isSilent(one.bookedAt)) await push(one)
    await fetchHistory(time)
  }
  await fetchHistory(NEXT_MORNING)
  return { sourceId, failed }
}

/** Every transfer once, told of by the history and, where it arrived, by its push; and all of it adds up. */
async function expectNoGap(history: PlayedHistory, sourceId: string): Promise<void> {
  const { store, marketId, lan } = market
  const { db } = store
  const recorded = await db.select().from(bankTransaction)
  const references = recorded.map((one) => one.bankReference ?? '').sort()
  expect(references).toEqual(known.map((one) => one.bankReference).sort())

  const witnesses = await db.select().from(witness)
  const bodies = new Map((await db.select().from(erasable)).map((one) => [one.seq, one.body?.toString()]))
  for (const one of recorded) {
    const { seq, channel, bankReference, bookedAt } = one
    const others = witnesses.filter(({ transactionSeq }) => transactionSeq === seq)
    const pushes = isSilent(bookedAt) && !history.isLegacy ? [] : ['push']
    const fetches = history.isLegacy ? [] : ['backfill']
    expect([one, ...others].map((telling) => telling.channel).sort()).toEqual([...fetches, ...pushes])
    expect(channel).toBe(isSilent(bookedAt) && !history.isLegacy ? 'backfill' : channel)
    for (const keptAt of [seq, ...others.map(({ notificationSeq }) => notificationSeq)])
      expect(bodies.get(keptAt)).toContain(bankReference)
  }

  const days = await listInboxDays(store, operator, marketId)
  const dayOfLedger = (wanted: string) => known.filter((one) => vietnamDay(one.bookedAt) === wanted)
  for (const { businessDay, in: came, matched, undecided, notCounted } of days) {
    const ofDay = dayOfLedger(businessDay)
    expect(came).toEqual({ transactionCount: ofDay.length, amountVnd: ofDay.length * 20_000 })
    expect(matched.amountVnd + undecided.amountVnd + notCounted.amountVnd).toBe(came.amountVnd)
    const named = ofDay.filter((one) => one.memo !== 'tien hang')
    const { totalVnd, saleCount } = await getTakings(store, scopeOf(lan), businessDay)
    expect({ totalVnd, saleCount }).toEqual({ totalVnd: named.length * 20_000, saleCount: named.length })
  }
  expect(days.map(({ businessDay }) => businessDay)).toEqual(['2026-11-23', '2026-11-22'])
  await followLedger(store, (_, payerAccount) => payerAccount)
  expect(await findDifferences(store)).toEqual([])
  expect((await findSource(store, sourceId))?.backfilledAt).toBe(NEXT_MORNING)
}

it('is played for every source that has a history', () => {
  const withHistory = sources.filter((source) => source.backfill).map(({ kind }) => kind)
  expect([...new Set(HISTORIES.map(({ source }) => source.kind))].sort()).toEqual(withHistory.sort())
})

describe.each(HISTORIES)('six hours without a push of $words', (history) => {
  it('leave no gap: its history tells of each once, through 429, half a page and late entries', async () => {
    const { sourceId, failed } = await pass(history, (time) => {
      const turn = (time - OPENS) / EVERY_MS
      if (turn >= 10 && turn < 16) return ['half a page']
      // By now there is more than one page to tell.
      return turn === 16 ? ['too many requests', 'none', 'half a page'] : []
    })
    expect(failed).toBe(history.isLegacy ? 6 : 7)
    await expectNoGap(history, sourceId)
  })

  it('leave no gap when its history is out of reach as long', async () => {
    const { sourceId, failed } = await pass(history, (time) => (isSilent(time) ? ['maintenance'] : []))
    expect(failed).toBe((SILENT_UNTIL - SILENT_FROM) / EVERY_MS)
    await expectNoGap(history, sourceId)
  })
})
