import { speakersFor } from '../storage/registry.ts'
import type { OperatorScope } from '../storage/scope.ts'
import {
  endAlarm,
  lastSilenceEnds,
  listOpenAlarms,
  raiseAlarm,
  type NewAlarm,
  type SourceAlarm,
} from '../storage/source-alarm.ts'
import { findSource, listHeard, listSources } from '../storage/source.ts'
import { countDelays, countPushes, type PushCount } from '../storage/source-health.ts'
import type { Store } from '../storage/store.ts'
import { hoursOfDelay, whoIsLate } from './delay.ts'
import { hoursOfSilence, pushesOf, whoFellSilent } from './silence.ts'
import { hourOf } from './source-health.ts'

/**
 * Looks after every source, each time it is called: raises an alarm of one, or of a bank of it, that is silent longer
 * than usual or late, and ends those that are over. Before `listeningSince` this process heard nobody, which is no
 * silence of theirs. Returns what was raised.
 */
export function createSourceWatch(
  store: Store,
  scope: OperatorScope,
  listeningSince: number,
): (now: number) => Promise<NewAlarm[]> {
  let usual: { hour: number; counts: PushCount[] } | undefined
  /** Weeks ago nothing changes any more: read once an hour. */
  const usualCounts = async (hour: number): Promise<PushCount[]> => {
    if (usual?.hour !== hour) usual = { hour, counts: await countPushes(store, scope, hoursOfSilence(hour)) }
    return usual.counts
  }
  return async (now) => watchSources(store, scope, await usualCounts(hourOf(now)), now, listeningSince)
}

async function watchSources(
  store: Store,
  scope: OperatorScope,
  usualCounts: readonly PushCount[],
  now: number,
  listeningSince: number,
): Promise<NewAlarm[]> {
  const sources = await listSources(store, scope)
  const open = await listOpenAlarms(store)
  const wokeAt = await lastSilenceEnds(store)
  const counts = Map.groupBy(usualCounts, sourceOf)
  const { lately, before } = hoursOfDelay(hourOf(now))
  const delays = Map.groupBy(await countDelays(store, scope, ...lately), sourceOf)
  const usualDelays = Map.groupBy(await countDelays(store, scope, ...before), sourceOf)
  const pushed = (await listHeard(store, scope)).filter(({ channel }) => channel === 'push')
  const heard = Map.groupBy(pushed, sourceOf)

  const listed = new Set(sources.map(({ id }) => id))
  const over = open.filter(({ sourceId }) => !listed.has(sourceId))
  const raised: NewAlarm[] = []
  for (const { id: sourceId, createdAt, accounts } of sources) {
    const banks = [...new Set(accounts.map(({ bankBin }) => bankBin))]
    const pushes = pushesOf(counts.get(sourceId) ?? [], heard.get(sourceId) ?? [], hourOf(createdAt) + 1)
    const lastPushAt = (bankBin: string | null) =>
      (bankBin === null ? pushes.without([]) : pushes.of(bankBin)).lastAt
    const late = whoIsLate(delays.get(sourceId) ?? [], usualDelays.get(sourceId) ?? [], banks)

    const isOver = ({ kind, bankBin, since }: SourceAlarm): boolean => {
      if (bankBin !== null && !banks.includes(bankBin)) return true
      // A silence ends with a push, and not because nothing would be expected any more.
      return kind === 'silent' ? lastPushAt(bankBin) > since : !late.includes(bankBin)
    }
    const { ended = [], still = [] } = Object.groupBy(
      open.filter((alarm) => alarm.sourceId === sourceId),
      (alarm) => (isOver(alarm) ? 'ended' : 'still'),
    )
    over.push(...ended)
    const raise = (kind: NewAlarm['kind'], bankBin: string | null, since: number) => {
      const isKnown = still.some((alarm) => alarm.kind === kind && alarm.bankBin === bankBin)
      if (!isKnown) raised.push({ sourceId, bankBin, kind, since, raisedAt: now })
    }
    for (const bankBin of late.includes(null) ? [null] : late) raise('late', bankBin, now)

    const silent = still.filter(({ kind }) => kind === 'silent').map(({ bankBin }) => bankBin)
    // While nothing comes at all, nothing is said of its banks.
    if (silent.includes(null)) continue
    const wakes = ended.some(({ kind, bankBin }) => kind === 'silent' && bankBin === null)
    const listening = {
      banks,
      silentBanks: silent.filter((bankBin) => bankBin !== null),
      since: listeningSince,
      wokeAt: wakes ? now : (wokeAt.get(sourceId) ?? 0),
    }
    for (const bankBin of whoFellSilent(pushes, listening, now)) raise('silent', bankBin, lastPushAt(bankBin))
  }
  if (over.length + raised.length === 0) return []
  await store.write(function* (tx) {
    for (const { id } of over) yield* endAlarm(tx, id, now)
    for (const alarm of raised) yield* raiseAlarm(tx, alarm)
  })
  return raised
}

const sourceOf = ({ sourceId }: { sourceId: string }): string => sourceId

/**
 * Since when she hears late: every source that hears her account is silent or late, as a whole or of her bank.
 * Undefined where one of them is as usual, or none hears it.
 */
export async function lateSince(store: Store, accountKey: string): Promise<number | undefined> {
  const open = await listOpenAlarms(store)
  if (open.length === 0) return undefined
  const [bank] = accountKey.split(':')
  const concerning = open.filter(({ bankBin }) => bankBin === null || bankBin === bank)
  const hearers: string[] = []
  for (const sourceId of speakersFor(await store.registry(), accountKey)) {
    if (await findSource(store, sourceId)) hearers.push(sourceId)
  }
  const alarms = hearers.map((id) => concerning.find((alarm) => alarm.sourceId === id))
  const since = alarms.flatMap((alarm) => alarm?.since ?? [])
  return since.length === 0 || since.length < hearers.length ? undefined : Math.max(...since)
}
