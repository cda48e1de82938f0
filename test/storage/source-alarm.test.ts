import { afterEach, beforeEach, expect, it } from 'vitest'
import { operatorScope } from '../../server/storage/scope.ts'
import { endAlarm, listUntoldAlarms, noteTelling, raiseAlarm } from '../../server/storage/source-alarm.ts'
import { MORNING, openSmallMarket, SOURCE, type SmallMarket } from '../small-market.ts'

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
