import type { BankTransaction } from '../../shared/bank-transaction.ts'
import type { IncomingMessage } from '../storage/decision.ts'
import type { OperatorScope } from '../storage/scope.ts'
import { ANY_BANK, noteHeard, type Heard } from '../storage/source.ts'
import {
  addToHours,
  countOutcomesBySource,
  findRecorded,
  listHours,
  type SourceHour,
} from '../storage/source-health.ts'
import type { Store } from '../storage/store.ts'
import { delayPercentile, withinSeconds } from './delay.ts'

const HOUR_MS = 3_600_000
/** Whole hours since 1970. */
export const hourOf = (at: number): number => Math.floor(at / HOUR_MS)

/** What this process has heard of its sources and not yet written down. */
export interface SourceHealth {
  /** The same store; whose messages it records was heard. */
  listening(store: Store): Store
  /** Writes down what was heard since the last time: apart from the commits that sources wait for. */
  save(): Promise<void>
}

/** A transaction that back-fill told of; whether a push was before it is known from the ledger. */
interface Fetched {
  sourceId: string
  told: BankTransaction
  receivedAt: number
}

export function createSourceHealth(store: Store): SourceHealth {
  let lastHeard = new Map<string, Heard>()
  let counts = new Map<string, SourceHour>()
  let fetched: Fetched[] = []

  function hear({ sourceId, channel, bankBin, heardAt }: Heard): void {
    const key = `${channel} ${bankBin} ${sourceId}`
    const known = lastHeard.get(key)
    if (!known) lastHeard.set(key, { sourceId, channel, bankBin, heardAt })
    else if (known.heardAt < heardAt) known.heardAt = heardAt
  }

  function count(one: SourceHour): void {
    const key = `${one.hour} ${one.bankBin} ${one.withinS} ${one.channel} ${one.sourceId}`
    const known = counts.get(key)
    if (known) known.count += one.count
    else counts.set(key, one)
  }

  function hearMessage({ sourceId, channel, receivedAt, transactions }: IncomingMessage): void {
    hear({ sourceId, channel, bankBin: ANY_BANK, heardAt: receivedAt })
    for (const told of transactions) {
      if (told.isTest) continue
      hear({ sourceId, channel, bankBin: told.bankBin, heardAt: receivedAt })
      if (channel === 'push') count(countOf({ sourceId, told, receivedAt }))
      if (channel === 'backfill') fetched.push({ sourceId, told, receivedAt })
    }
  }

  /** Those of the fetched transactions that nobody had told of before. */
  async function findNew(all: readonly Fetched[]): Promise<Fetched[]> {
    const found: Fetched[] = []
    for (const [sourceId, ofSource] of Map.groupBy(all, (one) => one.sourceId)) {
      const keys = ofSource.map(({ told }) => told.sourceKey)
      const recorded = await findRecorded(store, sourceId, keys)
      const firstAt = new Map(recorded.map(({ sourceKey, recordedAt }) => [sourceKey, recordedAt]))
      found.push(...ofSource.filter(({ told, receivedAt }) => firstAt.get(told.sourceKey) === receivedAt))
    }
    return found
  }

  return {
    listening: (inner) => ({
      ...inner,
      async record(batch, rules) {
        const news = await inner.record(batch, rules)
        for (const message of batch) hearMessage(message)
        return news
      },
    }),
    async save() {
      if (lastHeard.size === 0) return
      const [heard, counted, toFind] = [[...lastHeard.values()], [...counts.values()], fetched]
      lastHeard = new Map()
      counts = new Map()
      fetched = []
      try {
        const found = (await findNew(toFind)).map(countOf)
        await store.write(function* (tx) {
          yield* noteHeard(tx, heard)
          yield* addToHours(tx, [...counted, ...found])
        })
      } catch (error) {
        heard.forEach(hear)
        counted.forEach(count)
        fetched.push(...toFind)
        throw error
      }
    },
  }
}

const countOf = ({ sourceId, told, receivedAt }: Fetched): SourceHour => ({
  sourceId,
  hour: hourOf(receivedAt),
  bankBin: told.bankBin,
  channel: told.channel,
  withinS: withinSeconds(told, receivedAt),
  count: 1,
})

/** How a source did lately; undefined where there was nothing to say it of. */
export interface Health {
  /** Half, and 95 in a hundred, of the last day's pushed transactions came within so many seconds of their booking. */
  p50S: number | undefined
  p95S: number | undefined
  /** Of the last day's transactions, what share no push had brought when back-fill found it: 0 to 1. */
  foundShare: number | undefined
  /** Of the last week's credits that are somebody's, what share still waits for a person: 0 to 1. */
  undecidedShare: number | undefined
}

/** By the source's id; a source of which nothing was heard is not in it. */
export async function readHealth(
  store: Store,
  scope: OperatorScope,
  now: number,
): Promise<(sourceId: string) => Health> {
  const lastDay = Array.from({ length: 24 }, (_, ago) => hourOf(now) - ago)
  const hours = Map.groupBy(await listHours(store, scope, lastDay), (row) => row.sourceId)
  const outcomes = Map.groupBy(await countOutcomesBySource(store, scope, now), (row) => row.sourceId)
  return (sourceId) => {
    const rows = hours.get(sourceId) ?? []
    const pushed = rows.filter(({ channel }) => channel === 'push')
    const found = rows.filter(({ channel }) => channel === 'backfill')
    const many = (outcome: string) =>
      (outcomes.get(sourceId) ?? []).find((row) => row.outcome === outcome)?.n ?? 0
    return {
      p50S: delayPercentile(pushed, 0.5),
      p95S: delayPercentile(pushed, 0.95),
      foundShare: share(sum(found), sum(pushed)),
      undecidedShare: share(many('undecided'), many('matched')),
    }
  }
}

const sum = (rows: readonly SourceHour[]): number => rows.reduce((total, row) => total + row.count, 0)
const share = (part: number, rest: number): number | undefined =>
  part + rest === 0 ? undefined : part / (part + rest)
