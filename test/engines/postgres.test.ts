import { setTimeout as sleep } from 'node:timers/promises'
import { desc, sql } from 'drizzle-orm'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import type { IncomingMessage } from '../../server/storage/decision.ts'
import { openStore } from '../../server/storage/engine.ts'
import { match, section } from '../../server/storage/kit.sqlite.ts'
import { listSections, sectionNamed } from '../../server/storage/market.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { addSource } from '../../server/storage/source.ts'
import type { Store } from '../../server/storage/store.ts'
import { classify, getTakings, listPayments } from '../../server/storage/takings.ts'
import { query, rows } from '../../server/storage/unit.ts'
import { ask, createDatabase, startPostgres } from '../postgres-server.ts'
import {
  credit,
  fillMarket,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  SOURCE,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'
import { execute } from '../test-store.ts'

const CLASSIFICATIONS = 40

let market: SmallMarket
/** The same database as another process has it open. */
let other: Store
beforeEach(async () => {
  market = await openSmallMarket('postgres')
  other = await openStore(market.url)
})
afterEach(async () => {
  await other.close()
  await market.close()
})

const paid = (stall: { accountNumber: string; reference: string }, amountVnd = 50_000) =>
  messageOf(credit({ accountNumber: stall.accountNumber, remittanceText: stall.reference, amountVnd }))
const NOBODY = { accountNumber: 'NOBODY01', reference: '' }
const until = async (isSo: () => boolean) => {
  for (let waited = 0; !isSo() && waited < 500; waited += 1) await sleep(10)
}

describe('starting', () => {
  it('two processes at once on an empty database both find it migrated', async () => {
    const url = await createDatabase(inject('postgresUrl'))
    const stores = await Promise.all([openStore(url), openStore(url), openStore(url)])
    for (const store of stores) await expect(store.probe()).resolves.toBeUndefined()
    await Promise.all(stores.map((store) => store.close()))
  })

  it('says so when the database keeps text in another encoding', async () => {
    const url = await createDatabase(
      inject('postgresUrl'),
      `template0 encoding 'LATIN1' locale 'C' locale_provider 'libc'`,
    )
    await expect(openStore(url)).rejects.toThrow('encoding is LATIN1')
  })

  it('fails with what the server says when it cannot be reached', async () => {
    await expect(openStore('postgres://cho@127.0.0.1:1/cho')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('the readiness probe', () => {
  it('fails where a commit does not wait for the disk', async () => {
    await expect(other.probe()).resolves.toBeUndefined()
    const name = new URL(market.url).pathname.slice(1)
    await execute(market.url, `alter database ${name} set synchronous_commit = off`)
    const weakened = await openStore(market.url)
    await expect(weakened.probe()).rejects.toThrow('synchronous_commit')
    await weakened.close()
    await execute(market.url, `alter database ${name} reset synchronous_commit`)
  })

  it('fails where the whole server never writes through', async () => {
    const server = await startPostgres({ fsync: 'off' })
    const store = await openStore(await createDatabase(server.url))
    await expect(store.probe()).rejects.toThrow('fsync')
    await store.close()
    await server.stop()
  })
})

describe('what another process does', () => {
  it('a stall it registers is paid in the very next batch', async () => {
    await market.store.record([paid(market.lan), paid(NOBODY)], RULES)
    const elsewhere = await fillMarket(other, SOURCE, 'cho-khac')
    await market.store.record([paid(elsewhere.lan), paid(market.lan)], RULES)
    expect(await getTakings(market.store, scopeOf(elsewhere.lan), TODAY)).toMatchObject({ saleCount: 1 })
  })

  it('of two changes of the registry at once neither is lost, whoever proves an account meanwhile', async () => {
    const version = async () => Number((await market.store.registry()).version)
    const before = await version()
    await Promise.all([
      ...Array.from({ length: 6 }, (_, index) =>
        (index % 2 ? other : market.store).changeRegistry((tx) =>
          sectionNamed(tx, marketScope(market.marketId), `Dãy ${index}`),
        ),
      ),
      market.store.record([paid(market.lan)], RULES),
      other.record([paid(market.hoa)], RULES),
    ])
    expect(await version()).toBe(before + 8)
  })

  it('a credit gets through while the registry changes without pause', async () => {
    const over = new AbortController()
    const changing = (async () => {
      for (let index = 0; !over.signal.aborted; index += 1)
        await other.changeRegistry((tx) => sectionNamed(tx, marketScope(market.marketId), `Dãy ${index}`))
    })()
    for (let told = 0; told < 20; told += 1) await market.store.record([paid(market.lan)], RULES)
    over.abort()
    await changing
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({ saleCount: 20 })
  })

  it('a person’s word gets through in a market that is paid without pause, and is counted exactly', async () => {
    await market.store.record([paid(market.lan)], RULES)
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    const over = new AbortController()
    const paying = [market.store, other].map(async (store) => {
      let count = 0
      while (!over.signal.aborted) {
        await store.record([paid(market.lan)], RULES)
        count += 1
      }
      return count
    })
    for (let said = 0; said < CLASSIFICATIONS; said += 1) {
      const kind = said % 2 ? 'sale' : 'family'
      await other.write((tx) =>
        classify(tx, scopeOf(market.lan), line!.transactionSeq, kind, 'vendor', MORNING),
      )
    }
    over.abort()
    const counts = await Promise.all(paying)
    expect(Math.min(...counts)).toBeGreaterThan(5)
    const saleCount = 1 + counts[0]! + counts[1]!
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({ saleCount })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('of two who say different things of one credit at once, one says it after the other', async () => {
    await market.store.record([paid(market.lan)], RULES)
    const [line] = await listPayments(market.store, scopeOf(market.lan), TODAY, TODAY)
    const say = (store: Store, kind: 'family' | 'loan' | 'sale') =>
      store.write((tx) => classify(tx, scopeOf(market.lan), line!.transactionSeq, kind, 'vendor', MORNING))
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([say(market.store, 'family'), say(other, 'loan'), say(market.store, 'sale')])
    }
    await say(other, 'sale')
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 50_000,
      saleCount: 1,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('a list is as of one moment, whatever is committed between its statements', async () => {
    const names = (tx: Store['db']) => rows(tx.select({ name: section.name }).from(section))
    const adding = sleep(100).then(() =>
      other.changeRegistry((tx) => sectionNamed(tx, marketScope(market.marketId), 'Dãy mới')),
    )
    const [before, after] = await market.store.read(function* (tx) {
      const first = yield* names(tx)
      // Long enough for the other process to commit.
      yield* query(sql`select pg_sleep(0.3)`)
      return [first, yield* names(tx)]
    })
    await adding
    expect(after).toEqual(before)
    expect(await market.store.read(names)).toHaveLength(before.length + 1)
  })
})

it('a recording reads what it asks for and not the market, though its plans are from when there was nothing', async () => {
  const ROUNDS = 20
  const BATCH = 32
  const url = await createDatabase(inject('postgresUrl'))
  const recording = await openStore(url)
  const source = { id: SOURCE, kind: 'sepay', mode: 'hmac', label: 'SePay', apiToken: null, secret: 'sealed' }
  await recording.changeRegistry((tx) => addSource(tx, operatorScope(), source, MORNING))
  const { lan } = await fillMarket(recording, SOURCE)
  for (let round = 0; round < ROUNDS; round += 1) {
    const batch = Array.from({ length: BATCH }, (_, index) => paid(lan, 1_000 * (round * BATCH + index + 1)))
    await recording.record(batch, RULES)
    // Again, as a source that heard no answer would send it.
    await recording.record(batch.slice(0, 1), RULES)
  }
  // The server's counts are whole when the connections that read have ended.
  await recording.close()
  const store = await openStore(url)
  const [read] = await store.read(() =>
    query<{ tuples: number }>(
      sql`
      select sum(idx_tup_read) as tuples from pg_stat_user_indexes
      where relname in ('bank_transaction', 'bank_notification', 'witness')`,
    ),
  )
  await store.close()
  expect(read!.tuples).toBeGreaterThanOrEqual(ROUNDS)
  expect(read!.tuples).toBeLessThan(ROUNDS * BATCH)
})

describe('a batch planned while another process has its market', () => {
  /** Both wait for the counter, each in its process, when it is let go; returns what is to be told of the two. */
  async function atOnce(one: IncomingMessage, two: IncomingMessage) {
    const holder = new Client({ connectionString: market.url })
    await holder.connect()
    await holder.query('begin')
    await holder.query('select 1 from market_counter for update')
    const news = Promise.all([other.record([one], RULES), market.store.record([two], RULES)])
    const queue = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    while ((await ask(market.url, queue)).length < 2) await sleep(5)
    await holder.query('commit')
    await holder.end()
    return (await news).flat()
  }
  const told = { bankReference: 'FT26326000000001', amountVnd: 50_000 }
  const byPush = () => credit({ ...told, ...nameOf(market.lan), sourceKey: 'push:twice' })
  const nameOf = ({ accountNumber, reference }: SmallMarket['lan']) => ({
    accountNumber,
    remittanceText: reference,
  })
  // Until both know the registry that the first credit changes, and expect nothing that is known.
  beforeEach(async () => {
    for (const store of [market.store, market.store, market.store, other])
      await store.record([paid(market.lan, 1_000)], RULES)
  })

  it.each([
    ['the same message', () => byPush()],
    ['another telling', () => ({ ...byPush(), channel: 'backfill', sourceKey: 'backfill:twice' }) as const],
  ])('counts no transfer twice that the other tells of meanwhile: %s', async (_, again) => {
    expect(await atOnce(messageOf(byPush()), messageOf(again()))).toHaveLength(1)
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      totalVnd: 54_000,
      saleCount: 5,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('is published under the seq it has, and whole where market 0 has no counter yet', async () => {
    const news = await atOnce(paid(market.lan, 3_000), paid(market.lan, 4_000))
    const last = await market.store.db.select().from(match).orderBy(desc(match.seq)).limit(2)
    expect(new Set(news.map((one) => one.seq))).toEqual(new Set(last.map((one) => one.seq)))
    expect(await market.store.record([paid(market.lan, 5_000), paid(NOBODY)], RULES)).toHaveLength(1)
  })

  it('goes by a registry that the other has changed since', async () => {
    await market.store.record([paid(NOBODY)], RULES)
    const elsewhere = await fillMarket(other, SOURCE, 'cho-khac')
    expect(await market.store.record([paid(elsewhere.lan)], RULES)).toHaveLength(1)
  })
})

describe('news of another process', () => {
  it('is delivered here at once and there soon, once each, and where there is none nothing is', async () => {
    const [here, there]: [number[], number[]] = [[], []]
    const tell = market.store.shareNews((told) => void here.push(...told.map((one) => one.seq)))
    other.shareNews((told) => void there.push(...told.map((one) => one.seq)))
    // Nobody is told from when on it listens.
    for (let seq = 1; there.length === 0; seq += 1) {
      tell([])
      tell([{ marketId: 1, stallId: 2, seq }])
      expect(here.at(-1)).toBe(seq)
      await sleep(20)
    }
    await until(() => there.at(-1) === here.at(-1))
    await sleep(100)
    expect(here).toEqual(here.map((_, index) => index + 1))
    expect(there).toEqual(here.slice(-there.length))
  })

  it('comes again after the connection that listens was cut, and fits however much it is', async () => {
    const there = new Set<number>()
    other.shareNews((told) => told.forEach((one) => there.add(one.stallId)))
    const tell = market.store.shareNews(() => {})
    const isHeard = async (stallId: number) => {
      for (let waited = 0; !there.has(stallId) && waited < 200; waited += 1) {
        tell([{ marketId: 1, stallId, seq: 1 }])
        await sleep(20)
      }
      return there.has(stallId)
    }
    expect(await isHeard(1)).toBe(true)
    await execute(
      market.url,
      `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen news' and datname = current_database()`,
    )
    expect(await isHeard(2)).toBe(true)
    tell(
      Array.from({ length: 2_000 }, (_, index) => ({
        marketId: 123_456,
        stallId: 1_000_000 + index,
        seq: 9e9,
      })),
    )
    await until(() => there.size === 2_002)
    expect(there.size).toBe(2_002)
  })
})

it('connections that break fail what they were doing, and nothing else', async () => {
  const heard: number[] = []
  market.store.shareNews((told) => void heard.push(...told.map((one) => one.seq)))
  const tell = other.shareNews(() => {})
  const isHeard = async () => {
    heard.length = 0
    for (let waited = 0; heard.length === 0 && waited < 300; waited += 1) {
      tell([{ marketId: 1, stallId: 1, seq: 1 }])
      await sleep(20)
    }
    return heard.length > 0
  }
  expect(await isHeard()).toBe(true)
  const broken = market.store.read(function* () {
    yield* query(sql`select pg_sleep(10)`)
  })
  const refused = broken.catch((error: unknown) => error)
  await sleep(200)
  await execute(
    market.url,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  expect(await refused).toBeInstanceOf(Error)
  await market.store.record([paid(market.lan)], RULES)
  expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({ saleCount: 1 })
  expect(await isHeard()).toBe(true)
})

it('sorts names by their bytes on both engines, whatever the server’s language', async () => {
  const names = ['Đ', 'd', 'A', 'b', 'à', 'Z', 'a-1', 'a1']
  const sqlite = await openSmallMarket('sqlite')
  const sorted = async ({ store, marketId }: SmallMarket) => {
    for (const name of names) {
      await store.changeRegistry((tx) => sectionNamed(tx, marketScope(marketId), name))
    }
    return (await listSections(store, marketScope(marketId))).map((one) => one.name)
  }
  expect(await sorted(market)).toEqual(await sorted(sqlite))
  await sqlite.close()
})

it('the audit’s look at the files finds nothing, and says where it could not look', async () => {
  expect(await market.store.integrity()).toBe('unchecked')
  await execute(market.url, 'create extension amcheck')
  expect(await market.store.integrity()).toBe('ok')
  await execute(market.url, 'drop extension amcheck')
})
