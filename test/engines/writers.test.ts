import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { bankNotification, bankTransaction, change, match } from '../../server/storage/kit.sqlite.ts'
import { getTakings, listChanges } from '../../server/storage/takings.ts'
import {
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'
import { ENGINES } from '../test-store.ts'

const RULES = { decide, sameTransfer, dayOf }
const BATCHES = 20
const BATCH = 5

let market: SmallMarket
afterEach(() => market.close())

const paid = (amountVnd: number, bookedAt = MORNING) =>
  credit({
    accountNumber: market.lan.accountNumber,
    remittanceText: market.lan.reference,
    amountVnd,
    bookedAt,
  })
const child = (name: string, ...args: string[]) =>
  spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })

describe.each(ENGINES)('two processes that write to one market on %s', (engine) => {
  it('who began first comes first in seq, and the other waits for it', async () => {
    market = await openSmallMarket(engine)
    await market.store.record([messageOf(paid(1_000))], RULES)
    const holder = child('holder.ts', market.url, String(market.marketId))
    const ended = once(holder, 'exit')
    await once(holder.stdout, 'data')
    await market.store.record([messageOf(paid(2_000))], RULES)
    expect((await ended)[0]).toBe(0)
    const changes = await market.store.db.select().from(change).orderBy(change.seq)
    expect(changes.map((one) => one.at)).toEqual([MORNING + 1_000, 42, MORNING + 1_000])
  })

  it('record every credit once, whoever tells it, and whoever follows by cursor misses none', async () => {
    market = await openSmallMarket(engine)
    const batches = Array.from({ length: BATCHES }, (_, index) =>
      Array.from({ length: BATCH }, (__, place) => paid(1_000 + index * BATCH + place)),
    )
    // Each tells of every credit; of two batches one begins with this and one with that, and then they change over.
    const swapped = batches.map((_, index) => batches[index % 2 === 0 ? index + 1 : index - 1]!.toReversed())
    const tellings = [batches, swapped]
    const writers = tellings.map((told) => child('writer.ts', market.url, JSON.stringify(told)))
    const ends = writers.map((writer) => once(writer, 'exit'))
    await Promise.all(writers.map((writer) => once(writer.stdout, 'data')))
    const said = writers.map(async (writer) => String((await once(writer.stdout, 'data'))[0]))
    for (const writer of writers) writer.stdin.write('go\n')

    const heard: number[] = []
    let isOver = false
    const following = (async () => {
      for (let last = false; !last;) {
        last = isOver
        for (const news of await listChanges(market.store, scopeOf(market.lan), heard.at(-1) ?? 0, TODAY)) {
          heard.push(news.seq)
        }
        await sleep(1)
      }
    })()
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([0, 0])
    isOver = true
    await following

    const all = BATCHES * BATCH
    const { db } = market.store
    const seqs = async (table: typeof change | typeof bankTransaction | typeof match) =>
      (await db.select({ seq: table.seq }).from(table).orderBy(table.seq)).map((row) => row.seq)
    expect(await seqs(bankTransaction)).toHaveLength(all)
    expect(await seqs(match)).toHaveLength(all)
    expect(heard).toEqual(await seqs(change))
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      saleCount: all,
      totalVnd: all * 1_000 + (all * (all - 1)) / 2,
    })
    expect(await db.select().from(bankNotification)).toHaveLength(all)
    const published = (await Promise.all(said)).map((line) => Number(line.split(' ')[1]))
    expect(published[0]! + published[1]!).toBe(all)
    // A race that one of them won outright would prove nothing.
    expect(Math.min(...published)).toBeGreaterThan(0)
    expect(await findDifferences(market.store)).toEqual([])
  })
})
