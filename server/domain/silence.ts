import { ANY_BANK, type Heard } from '../storage/source.ts'
import type { PushCount } from '../storage/source-health.ts'
import { hourOf } from './source-health.ts'

const HOUR_MS = 3_600_000
const WEEK_HOURS = 7 * 24
const WEEKS = 4
/** What an hour brought is usual only if it is known of so many weeks. */
const FEWEST_WEEKS = 2
/** So many usual gaps in a row without a push are no chance: it would be one in three thousand. */
const TOO_MANY_GAPS = 8
/** Of one bank twice as many: twenty are looked at, and on a rainy day half as much is paid. */
const TOO_MANY_OF_A_BANK = 2 * TOO_MANY_GAPS
/** Whoever pushed less than two usual gaps ago is not missed yet. */
const AWAKE_GAPS = 2
const SHORTEST_SILENCE_MS = 10 * 60_000
/** A silence is weighed by its last two days at most. */
const WEIGHED_HOURS = 48

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

/** Whether what was last pushed then is silent longer than usual at this hour of the week. */
export const isSilent = (usual: CountOf, lastPushAt: number, now: number, gaps = TOO_MANY_GAPS): boolean =>
  now - lastPushAt >= SHORTEST_SILENCE_MS && missedCount(usual, lastPushAt, now) >= gaps

/** The hours a silence of now is compared with. */
export function hoursOfSilence(hour: number): number[] {
  const weighed = Array.from({ length: WEIGHED_HOURS + 1 }, (_, ago) => hour - ago)
  const before = Array.from({ length: WEEKS }, (_, index) => (index + 1) * WEEK_HOURS)
  return weighed.flatMap((one) => before.map((ago) => one - ago))
}

/** What a source pushes, of one bank or of several. */
interface Pushes {
  usual: CountOf
  /** 0: never. */
  lastAt: number
}

interface SourcePushes {
  of(bankBin: string): Pushes
  /** Of all its banks but these. */
  without(bankBins: readonly string[]): Pushes
}

/** By the counts of its hours and when it was last heard, of a source that is known from that hour on. */
export function pushesOf(
  counts: readonly PushCount[],
  heard: readonly Heard[],
  knownFrom: number,
): SourcePushes {
  const byHour = (rows: readonly PushCount[]): CountOf => {
    const hours = new Map<number, number>()
    for (const { hour, count } of rows) hours.set(hour, (hours.get(hour) ?? 0) + count)
    return (hour) => hours.get(hour) ?? 0
  }
  const pushes = (countOf: CountOf, isOfThem: (bankBin: string) => boolean): Pushes => ({
    usual: (hour) => usualCount(countOf, hour, knownFrom),
    lastAt: Math.max(0, ...heard.map((one) => (isOfThem(one.bankBin) ? one.heardAt : 0))),
  })
  const all = byHour(counts)
  const ofBank = new Map(
    [...Map.groupBy(counts, (row) => row.bankBin)].map(([bin, rows]) => [bin, byHour(rows)]),
  )
  const countOf = (bankBin: string): CountOf => ofBank.get(bankBin) ?? (() => 0)
  return {
    of: (bankBin) => pushes(countOf(bankBin), (one) => one === bankBin),
    without(bankBins) {
      const left = bankBins.map(countOf)
      return pushes(
        (hour) => left.reduce((rest, one) => rest - one(hour), all(hour)),
        // A message may have told of one of those banks: then it says nothing of the others.
        (one) => bankBins.length === 0 || (one !== ANY_BANK && !bankBins.includes(one)),
      )
    },
  }
}

/** What is known of a source's silences besides its pushes. */
interface Listening {
  /** The banks it tells of. */
  banks: readonly string[]
  /** Those whose silence was raised and is not over. */
  silentBanks: readonly string[]
  /** From when on it could be heard: before that nobody is missed. */
  since: number
  /** When it last woke as a whole: its banks are missed from then on, one after another they come back. */
  wokeAt: number
}

/**
 * Who fell silent besides the banks that are known to be: null for the whole source, and then nobody else. A silence is
 * one bank's while the others, taken together, are awake; so what a source of mostly one bank keeps from us is that
 * bank's, and is told once.
 */
export function whoFellSilent(pushes: SourcePushes, listening: Listening, now: number): (string | null)[] {
  const { banks, silentBanks, since, wokeAt } = listening
  const others = banks.filter((bank) => !silentBanks.includes(bank))
  // Of a last bank it cannot be told from the whole.
  const tellable = others.length > 1 ? others : []
  const isAwakeWithout = (bank: string): boolean => {
    const rest = pushes.without([...silentBanks, bank])
    return missedCount(rest.usual, Math.max(rest.lastAt, since), now) < AWAKE_GAPS
  }
  const isMissing = ({ usual, lastAt }: Pushes, from: number, gaps?: number): boolean =>
    lastAt > 0 && isSilent(usual, Math.max(lastAt, from), now, gaps)
  // Not while messages come that tell of no bank: the next one would end it.
  if (isMissing(pushes.without(silentBanks), since) && isMissing(pushes.without([]), since))
    return [tellable.find(isAwakeWithout) ?? null]
  return tellable.filter(
    (bank) => isMissing(pushes.of(bank), Math.max(since, wokeAt), TOO_MANY_OF_A_BANK) && isAwakeWithout(bank),
  )
}
