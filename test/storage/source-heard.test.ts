import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asc } from 'drizzle-orm'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { createSourceHealth } from '../../server/domain/source-health.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { sourceHeard } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { listSources } from '../../server/storage/source.ts'
import type { Store } from '../../server/storage/store.ts'
import { credit, MB, messageOf, MORNING, openSmallMarket, SOURCE, type SmallMarket } from '../small-market.ts'
import { execute } from '../test-store.ts'

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const message = (afterMs: number, channel: 'push' | 'backfill' = 'push') => ({
  ...messageOf(credit({ accountNumber: market.lan.accountNumber, channel })),
  channel,
  receivedAt: MORNING + afterMs,
})
const lastHeardAt = async () => (await listSources(market.store, operatorScope()))[0]!.lastHeardAt
const written = async () =>
  (
    await market.store.db
      .select()
      .from(sourceHeard)
      .orderBy(asc(sourceHeard.channel), asc(sourceHeard.bankBin))
  ).map(({ channel, bankBin, heardAt }) => [channel, bankBin, heardAt - MORNING])

it('is written down apart from the commit, once for all that was heard, and never read from the ledger', async () => {
  await market.store.record([message(9_000)], RULES)
  expect(await lastHeardAt()).toBeNull()

  let writes = 0
  const counting: Store = {
    ...market.store,
    write: (unit) => {
      writes += 1
      return market.store.write(unit)
    },
  }
  const health = createSourceHealth(counting)
  const store = health.listening(counting)
  await store.record([message(3_000), message(1_000), message(2_000, 'backfill')], RULES)
  await store.record([message(2_500)], RULES)
  // Neither what cannot be read nor a test is a bank that is heard.
  const unreadable = { ...message(2_700), transactions: [], unreadable: 'amount' }
  const test = messageOf(credit({ accountNumber: market.lan.accountNumber, bankBin: '970436', isTest: true }))
  await store.record([unreadable, { ...test, receivedAt: MORNING + 2_800 }], RULES)
  expect([await lastHeardAt(), writes]).toEqual([null, 0])
  await health.save()
  await health.save()
  expect([await lastHeardAt(), writes]).toEqual([MORNING + 3_000, 1])
  expect(await written()).toEqual([
    ['backfill', '', 2_000],
    ['backfill', MB, 2_000],
    ['push', '', 3_000],
    ['push', MB, 3_000],
  ])
})

it('of two servers the one that heard it later is right, whichever writes last', async () => {
  const [early, late] = [createSourceHealth(market.store), createSourceHealth(market.store)]
  await early.listening(market.store).record([message(1_000)], RULES)
  await late.listening(market.store).record([message(2_000)], RULES)
  await late.save()
  await early.save()
  expect(await lastHeardAt()).toBe(MORNING + 2_000)
})

it('is not heard when nothing was recorded, and is not forgotten when it cannot be written down', async () => {
  let broken = true
  const failing: Store = {
    ...market.store,
    record: (batch, rules) =>
      broken ? Promise.reject(new Error('full')) : market.store.record(batch, rules),
    write: (unit) => (broken ? Promise.reject(new Error('locked')) : market.store.write(unit)),
  }
  const health = createSourceHealth(failing)
  const store = health.listening(failing)
  await expect(store.record([message(5_000)], RULES)).rejects.toThrow('full')
  broken = false
  await store.record([message(1_000)], RULES)
  broken = true
  await expect(health.save()).rejects.toThrow('locked')
  broken = false
  await health.save()
  expect(await lastHeardAt()).toBe(MORNING + 1_000)
})

it('the migrations carry over what the ledger knew, of no bank', async () => {
  const store = market.store
  const unreadable = { ...message(7_000), transactions: [], unreadable: 'amount' }
  await store.record([message(1_000), message(6_000, 'backfill'), message(4_000)], RULES)
  const carry = async () => {
    await execute(market.url, 'drop table source_heard')
    for (const statement of statementsOnHeard()) await execute(market.url, statement)
    return written()
  }
  expect(await carry()).toEqual([
    ['backfill', '', 6_000],
    ['push', '', 4_000],
  ])
  await store.record([unreadable], RULES)
  expect(await carry()).toEqual([
    ['backfill', '', 6_000],
    ['push', '', 7_000],
  ])
  expect((await listSources(store, operatorScope())).map(({ id }) => id)).toEqual([SOURCE])
})

/** What the migrations do with the table, from the one that made it on. */
function statementsOnHeard(): string[] {
  const folder = join(import.meta.dirname, '../../server/storage/migrations', inject('engine'))
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return files
    .toSorted()
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint'))
    .filter((statement) => statement.includes('source_heard'))
}
