import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSourceWatch } from '../../server/domain/source-alarm.ts'
import { hourOf } from '../../server/domain/source-health.ts'
import { sourceHour } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { noteHeard } from '../../server/storage/source.ts'
import {
  endAlarm,
  lastSilenceEnds,
  listOpenAlarms,
  listUntoldAlarms,
  noteTelling,
  raiseAlarm,
} from '../../server/storage/source-alarm.ts'
import { addToHours } from '../../server/storage/source-health.ts'
import { run } from '../../server/storage/unit.ts'
import { MB, MORNING, openSmallMarket, SOURCE, type SmallMarket } from '../small-market.ts'

const WEEK_MS = 7 * 86_400_000

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

it('what an alarm is by now is untold in each way by itself, until that way told it', async () => {
  const { store } = market
  await store.write((tx) =>
    raiseAlarm(tx, { sourceId: SOURCE, bankBin: null, kind: 'late', since: MORNING, raisedAt: MORNING }),
  )
  const untold = async (way: 'webhook' | 'mail') =>
    (await listUntoldAlarms(store, operatorScope(), way, MORNING)).map(({ state, failed }) => [state, failed])
  const tell = (
    way: 'webhook' | 'mail',
    state: 'raised' | 'ended',
    outcome: 'told' | 'failed',
    triedAt = 1,
  ) => store.write((tx) => noteTelling(tx, { alarmId: 1, way, state, outcome, triedAt }))
  expect(await untold('mail')).toEqual([['raised', null]])
  await tell('mail', 'raised', 'failed', 7)
  await tell('mail', 'raised', 'failed', 9)
  await tell('webhook', 'raised', 'told')
  expect(await untold('mail')).toEqual([['raised', { tries: 2, triedAt: 9 }]])
  expect(await untold('webhook')).toEqual([])
  await tell('mail', 'raised', 'told')
  expect(await untold('mail')).toEqual([])
  await store.write((tx) => endAlarm(tx, 1, MORNING + 1))
  expect([await untold('mail'), await untold('webhook')]).toEqual([[['ended', null]], [['ended', null]]])
  await tell('webhook', 'ended', 'told')
  expect([await untold('mail'), await untold('webhook')]).toEqual([[['ended', null]], []])
  expect(await listUntoldAlarms(store, operatorScope(), 'mail', MORNING + 1)).toEqual([])
})

it('one bank’s silence and delay are found in the hours, whose weeks before are read once an hour', async () => {
  const { store } = market
  const vietcombank = '970436'
  await market.addStall({ name: 'B1', bankBin: vietcombank })
  const now = MORNING + 4 * WEEK_MS
  const row = (bankBin: string, ago: number, count: number, withinS = 5) => ({
    sourceId: SOURCE,
    hour: hourOf(now) - ago,
    bankBin,
    channel: 'push' as const,
    withinS,
    count,
  })
  const weeks = [168, 336, 504].flatMap((ago) => [row(MB, ago, 60), row(vietcombank, ago, 60)])
  // Back-fill brings what is hours old: it is neither a push nor a late one.
  const fetched = [0, 168, 336, 504].map((ago) => ({
    ...row(vietcombank, ago, 900, 3_600),
    channel: 'backfill' as const,
  }))
  const late = [row(MB, 25, 100), row(MB, 1, 20, 600), row(vietcombank, 25, 100), row(vietcombank, 0, 20)]
  const heard = (bankBin: string, afterMs: number) => ({
    sourceId: SOURCE,
    channel: 'push' as const,
    bankBin,
    heardAt: now + afterMs,
  })
  await store.write(function* (tx) {
    yield* addToHours(tx, [...weeks, ...fetched, ...late])
    yield* noteHeard(tx, [heard('', 15 * 60_000), heard(MB, 15 * 60_000), heard(vietcombank, 0)])
  })
  const watch = createSourceWatch(store, operatorScope(), now)
  const raised = async (look: typeof watch, afterMs: number) =>
    (await look(now + afterMs)).map(({ kind, bankBin, since }) => [kind, bankBin, since - now])
  expect(await raised(watch, 15 * 60_000)).toEqual([['late', MB, 15 * 60_000]])
  await store.write((tx) => run(tx.delete(sourceHour).where(eq(sourceHour.withinS, 5))))
  const another = createSourceWatch(store, operatorScope(), now)
  expect(await raised(another, 16 * 60_000)).toEqual([])
  expect(await raised(watch, 16 * 60_000)).toEqual([['silent', vietcombank, 0]])
  // The other one's delay is over: nothing is left that it would be compared with.
  const open = async () => (await listOpenAlarms(store)).map(({ kind, bankBin }) => [kind, bankBin])
  expect(await open()).toEqual([['silent', vietcombank]])
  await store.write((tx) => noteHeard(tx, [heard(vietcombank, 17 * 60_000)]))
  expect(await raised(watch, 17 * 60_000)).toEqual([])
  expect(await open()).toEqual([])
})

it('when a whole source last woke is of its own silence, and of no bank’s', async () => {
  const { store } = market
  const alarm = (sourceId: string, kind: 'silent' | 'late', bankBin: string | null) =>
    ({ sourceId, kind, bankBin, since: MORNING, raisedAt: MORNING }) as const
  await store.write(function* (tx) {
    const told = [
      alarm('a', 'silent', null),
      alarm('a', 'silent', null),
      alarm('a', 'silent', MB),
      alarm('a', 'late', null),
    ]
    for (const one of [...told, alarm('b', 'silent', null), alarm('c', 'silent', MB)])
      yield* raiseAlarm(tx, one)
    for (const [index] of told.entries()) yield* endAlarm(tx, index + 1, MORNING + index)
  })
  expect(await lastSilenceEnds(store)).toEqual(
    new Map([
      ['a', MORNING + 1],
      ['b', 0],
    ]),
  )
})
