import { speakersFor } from '../storage/registry.ts'
import type { OperatorScope } from '../storage/scope.ts'
import { endAlarm, listOpenAlarms, raiseAlarm, type NewAlarm } from '../storage/source-alarm.ts'
import { findSource, listHeard, listSources, type SourceListing } from '../storage/source.ts'
import { listHours, type SourceHour } from '../storage/source-health.ts'
import type { Store } from '../storage/store.ts'
import { delayPercentile, timedCount } from './delay.ts'
import { hourOf } from './source-health.ts'

const HOUR_MS = 3_600_000
const WEEK_HOURS = 7 * 24
const WEEKS = 4
/** What an hour brought is usual only if it is known of so many weeks. */
const FEWEST_WEEKS = 2
/** So many usual gaps in a row without a push are no chance: it would be one in three thousand. */
const TOO_MANY_GAPS = 8
const SHORTEST_SILENCE_MS = 10 * 60_000
/** A silence is weighed by its last two days at most. */
const WEIGHED_HOURS = 48

const LATE_HOURS = 2
const USUAL_HOURS = 24
const FEWEST_LATE = 20
const FEWEST_USUAL = 100
const LATE_FACTOR = 4
const LEAST_LATE_S = 120

/** What was pushed in an hour (whole hours since 1970). */
type CountOf = (hour: number) => number

/**
 * How many pushes that hour of the week usually brings: of the same hour of the last four weeks, as far back as the
 * source is known, the lower median. 0 where fewer than two weeks are known: then nothing is missed.
 */
export function usualCount(countOf: CountOf, hour: number, knownFrom: number): number {
  const before = Array.from({ length: WEEKS }, (_, index) => hour - (index + 1) * WEEK_HOURS)
  const counts = before.filter((one) => one >= knownFrom).map(countOf)
  if (counts.length < FEWEST_WEEKS) return 0
  return counts.toSorted((a, b) => a - b)[Math.floor((counts.length - 1) / 2)]!
}

/** How many pushes would usually have come between two instants, each hour by its own usual. */
export function missedCount(usual: CountOf, from: number, until: number): number {
  let missed = 0
  for (let hour = Math.max(hourOf(from), hourOf(until) - WEIGHED_HOURS); hour <= hourOf(until); hour += 1) {
    const begin = Math.max(from, hour * HOUR_MS)
    const end = Math.min(until, (hour + 1) * HOUR_MS)
    missed += (usual(hour) * (end - begin)) / HOUR_MS
  }
  return missed
}

/** Whether a source that last pushed then is silent longer than usual at this hour of the week. */
export const isSilent = (usual: CountOf, lastPushAt: number, now: number): boolean =>
  now - lastPushAt >= SHORTEST_SILENCE_MS && missedCount(usual, lastPushAt, now) >= TOO_MANY_GAPS

/** Whether what was pushed in this hour and the last came far later than in the day before them. */
export function isLate(pushed: readonly SourceHour[], hour: number): boolean {
  const begin = hour - LATE_HOURS + 1
  const recent = pushed.filter((row) => row.hour >= begin)
  const before = pushed.filter((row) => row.hour < begin && row.hour >= begin - USUAL_HOURS)
  if (timedCount(recent) < FEWEST_LATE || timedCount(before) < FEWEST_USUAL) return false
  const usualS = delayPercentile(before, 0.95)!
  return delayPercentile(recent, 0.95)! >= Math.max(LEAST_LATE_S, LATE_FACTOR * usualS)
}

/**
 * Looks after every source once: raises an alarm of one that is silent longer than usual or late, and ends those that
 * are over. Before `listeningSince` this process heard nobody, which is no silence of theirs. Returns what was raised.
 */
export async function watchSources(
  store: Store,
  scope: OperatorScope,
  now: number,
  listeningSince: number,
): Promise<NewAlarm[]> {
  const sources = await listSources(store, scope)
  const open = await listOpenAlarms(store)
  const hours = Map.groupBy(await listHours(store, scope, hoursThatCount(hourOf(now))), (row) => row.sourceId)
  const heard = await listHeard(store, scope)

  const wrongWith = (row: SourceListing) => {
    const pushed = (hours.get(row.id) ?? []).filter(({ channel }) => channel === 'push')
    const byHour = Map.groupBy(pushed, ({ hour }) => hour)
    const countOf = (hour: number) => (byHour.get(hour) ?? []).reduce((sum, one) => sum + one.count, 0)
    const usual = (hour: number) => usualCount(countOf, hour, hourOf(row.createdAt) + 1)
    const lastPushAt = heard.find((one) => one.sourceId === row.id && one.channel === 'push')?.heardAt
    const silent = lastPushAt !== undefined && isSilent(usual, Math.max(lastPushAt, listeningSince), now)
    return { lastPushAt: lastPushAt ?? now, silent, late: isLate(pushed, hourOf(now)) }
  }

  const listed = new Set(sources.map(({ id }) => id))
  const over = open.filter(({ sourceId }) => !listed.has(sourceId))
  const raised: NewAlarm[] = []
  for (const row of sources) {
    const wrong = wrongWith(row)
    for (const kind of ['silent', 'late'] as const) {
      const alarm = open.find((one) => one.sourceId === row.id && one.kind === kind)
      const since = kind === 'silent' ? wrong.lastPushAt : now
      if (!alarm && wrong[kind]) raised.push({ sourceId: row.id, kind, since, raisedAt: now })
      // A silence ends with a push, and not because nothing would be expected any more.
      if (alarm && (kind === 'silent' ? wrong.lastPushAt > alarm.since : !wrong.late)) over.push(alarm)
    }
  }
  if (over.length + raised.length === 0) return []
  await store.write(function* (tx) {
    for (const { id } of over) yield* endAlarm(tx, id, now)
    for (const alarm of raised) yield* raiseAlarm(tx, alarm)
  })
  return raised
}

/** The hours a silence or a delay of now is compared with. */
function hoursThatCount(hour: number): number[] {
  const recent = Array.from({ length: LATE_HOURS + USUAL_HOURS }, (_, ago) => hour - ago)
  const weighed = Array.from({ length: WEIGHED_HOURS + 1 }, (_, ago) => hour - ago)
  const before = Array.from({ length: WEEKS }, (_, index) => (index + 1) * WEEK_HOURS)
  return [...new Set([...recent, ...weighed.flatMap((one) => before.map((ago) => one - ago))])]
}

/**
 * Since when she hears late: every source that hears her account is silent or late. Undefined where one of them is as
 * usual, or none hears it.
 */
export async function lateSince(store: Store, accountKey: string): Promise<number | undefined> {
  const open = await listOpenAlarms(store)
  if (open.length === 0) return undefined
  const hearers: string[] = []
  for (const sourceId of speakersFor(await store.registry(), accountKey)) {
    if (await findSource(store, sourceId)) hearers.push(sourceId)
  }
  const alarms = hearers.map((id) => open.find((alarm) => alarm.sourceId === id))
  const since = alarms.flatMap((alarm) => alarm?.since ?? [])
  return since.length === 0 || since.length < hearers.length ? undefined : Math.max(...since)
}
