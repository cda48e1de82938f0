import { afterEach, beforeEach, expect, it } from 'vitest'
import { delayPercentile, UNTIMED, withinSeconds } from '../../server/domain/delay.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import {
  createSourceHealth,
  hourOf,
  readHealth,
  type SourceHealth,
} from '../../server/domain/source-health.ts'
import { sourceHour } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import type { Store } from '../../server/storage/store.ts'
import { credit, MB, messageOf, MORNING, openSmallMarket, SOURCE, type SmallMarket } from '../small-market.ts'

const DAY_MS = 86_400_000

let market: SmallMarket
let health: SourceHealth
let store: Store
beforeEach(async () => {
  market = await openSmallMarket()
  health = createSourceHealth(market.store)
  store = health.listening(market.store)
})
afterEach(() => market.close())

/** A credit of its own that the bank booked so many seconds before it was heard. */
let told = 0
function message({
  afterS = 0,
  delayS = 2,
  channel = 'push' as 'push' | 'backfill',
  memo = market.lan.reference,
  ...more
}) {
  told += 1
  const receivedAt = MORNING + afterS * 1_000
  const { accountNumber } = market.lan
  const one = credit({
    accountNumber,
    channel,
    sourceKey: `${channel}:${told}`,
    remittanceText: `${memo} lan ${told}`,
    bankReference: `FT2632600${told}`,
    amountVnd: 10_000 + told,
    bookedAt: receivedAt - delayS * 1_000,
    ...more,
  })
  return { ...messageOf(one), channel, receivedAt }
}
async function hear(...messages: ReturnType<typeof message>[]) {
  await store.record(messages, RULES)
  await health.save()
}
const healthAt = async (at = MORNING) => (await readHealth(market.store, operatorScope(), at))(SOURCE)

it('of what was pushed in the last day, says within what time half and 95 in a hundred came', async () => {
  const nothing = { p50S: undefined, p95S: undefined, foundShare: undefined, undecidedShare: undefined }
  expect(await healthAt()).toEqual(nothing)
  const delays = [...Array.from({ length: 18 }, () => 3), 45, 400]
  await hear(...delays.map((delayS) => message({ delayS })))
  expect(await healthAt()).toMatchObject({ p50S: 5, p95S: 60, foundShare: 0 })
  await hear(message({ delayS: 400 }), message({ delayS: 400 }))
  expect(await healthAt()).toMatchObject({ p50S: 5, p95S: 600 })
  // What tells only the day says nothing of delay, and neither does a test.
  const daily = Array.from({ length: 50 }, () => message({ delayS: 40_000, bookedPrecision: 'day' }))
  const tests = Array.from({ length: 50 }, () => message({ delayS: 40_000, isTest: true }))
  await hear(...daily, ...tests)
  expect(await healthAt()).toMatchObject({ p50S: 5, p95S: 600 })
  expect(await healthAt(MORNING + DAY_MS)).toMatchObject({ p50S: undefined, p95S: undefined })
})

it('says what share only back-fill found, and counts what a push told before, or it itself, no second time', async () => {
  const pushed = [message({}), message({}), message({})]
  await hear(...pushed)
  const again = pushed.map((one, index) => ({
    ...one,
    channel: 'backfill' as const,
    receivedAt: MORNING + 60_000,
    transactions: one.transactions.map((same) => ({
      ...same,
      channel: 'backfill' as const,
      sourceKey: `backfill:of-push-${index}`,
    })),
  }))
  const lost = message({ channel: 'backfill', afterS: 60, delayS: 700 })
  await hear(...again, lost)
  expect(await healthAt()).toMatchObject({ foundShare: 0.25, p95S: 5 })
  await hear({ ...lost, receivedAt: MORNING + 120_000 })
  expect(await healthAt()).toMatchObject({ foundShare: 0.25 })
})

it('says what share of the week still waits for a person', async () => {
  await hear(message({}), message({}), message({}), message({ memo: 'ZZZ' }))
  const [lan, none] = [await healthAt(), await healthAt(MORNING + 8 * DAY_MS)]
  expect([lan.undecidedShare, none.undecidedShare]).toEqual([0.25, undefined])
})

it('adds up over several servers and over failures, and keeps four weeks', async () => {
  const other = createSourceHealth(market.store)
  await other.listening(market.store).record([message({})], RULES)
  await other.save()
  let broken = true
  const failing: Store = {
    ...market.store,
    write: (unit) => (broken ? Promise.reject(new Error('locked')) : market.store.write(unit)),
  }
  const unlucky = createSourceHealth(failing)
  await unlucky.listening(failing).record([message({}), message({ channel: 'backfill', delayS: 50 })], RULES)
  await expect(unlucky.save()).rejects.toThrow('locked')
  broken = false
  await unlucky.save()
  const row = { sourceId: SOURCE, hour: hourOf(MORNING), bankBin: MB }
  const read = () => market.store.db.select().from(sourceHour).orderBy(sourceHour.hour, sourceHour.withinS)
  const both = [
    { ...row, channel: 'push', withinS: 5, count: 2 },
    { ...row, channel: 'backfill', withinS: 60, count: 1 },
  ]
  expect(await read()).toEqual(both)
  await hear(message({ afterS: 29 * 86_400 }))
  expect((await read()).slice(0, 2)).toEqual(both)
  await hear(message({ afterS: 29 * 86_400 + 3_600 }))
  expect((await read()).map(({ hour }) => hour - row.hour)).toEqual([29 * 24, 29 * 24 + 1])
})

it('a delay is what the bank’s clock tells, never below zero and never beyond belief', () => {
  const within = (delayMs: number, bookedPrecision: 'second' | 'minute' | 'day' = 'second') =>
    withinSeconds({ bookedAt: MORNING, bookedPrecision }, MORNING + delayMs)
  expect([-60_000, 0, 5_000, 5_001, 59_000].map((ms) => within(ms, 'minute'))).toEqual([5, 5, 5, 10, 60])
  expect([within(7 * DAY_MS), within(7 * DAY_MS + 1), within(1, 'day')]).toEqual([604_800, UNTIMED, UNTIMED])
  expect(delayPercentile([{ withinS: UNTIMED, count: 9 }], 0.5)).toBeUndefined()
  expect(delayPercentile([{ withinS: 20, count: 1 }], 0.95)).toBe(20)
})
