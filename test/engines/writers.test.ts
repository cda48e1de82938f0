import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { bankNotification, bankTransaction, match } from '../../server/storage/kit.sqlite.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { getTakings, listNews } from '../../server/storage/takings.ts'
import {
  changesOf,
  credit,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
} from '../small-market.ts'
import { ENGINES } from '../test-store.ts'

const ROUNDS = 20
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
    const news = await listNews(market.store, marketScope(market.marketId), 0)
    expect(news.map((one) => one.at)).toEqual([MORNING + 1_000, 42, MORNING + 1_000])
  })

  it('record every credit once, whoever tells it, and whoever follows by cursor misses none', async () => {
    market = await openSmallMarket(engine)
    const batches = Array.from({ length: ROUNDS * 3 }, (_, index) =>
      Array.from({ length: BATCH }, (__, place) => paid(1_000 + index * BATCH + place)),
    )
    const writers = [child('writer.ts', market.url), child('writer.ts', market.url)]
    const ends = writers.map((writer) => once(writer, 'exit'))
    await Promise.all(writers.map((writer) => once(writer.stdout, 'data')))

    const heard: number[] = []
    let isOver = false
    const following = (async () => {
      for (let last = false; !last;) {
        last = isOver
        for (const news of await changesOf(market.store, scopeOf(market.lan), heard.at(-1) ?? 0, TODAY)) {
          heard.push(news.seq)
        }
        await sleep(1)
      }
    })()
    /** Both at once. Returns how often each published. */
    const tell = (...told: (typeof batches)[number][]) =>
      Promise.all(
        writers.map(async (writer, index) => {
          const answer = once(writer.stdout, 'data')
          writer.stdin.write(`${JSON.stringify(told[index])}\n`)
          return Number((await answer)[0])
        }),
      )
    for (let round = 0; round < ROUNDS; round += 1) {
      const [same, mine, yours] = batches.slice(round * 3)
      // The same credits in opposite order: they would lock each other out if they could. Each is published once.
      const [first, second] = await tell(same!, same!.toReversed())
      expect(first! + second!).toBe(BATCH)
      expect(await tell(mine!, yours!)).toEqual([BATCH, BATCH])
    }
    for (const writer of writers) writer.stdin.end()
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([0, 0])
    isOver = true
    await following

    const all = batches.length * BATCH
    const { db } = market.store
    const seqs = async (table: typeof bankTransaction | typeof match) =>
      (await db.select({ seq: table.seq }).from(table).orderBy(table.seq)).map((row) => row.seq)
    expect(await seqs(bankTransaction)).toHaveLength(all)
    expect(await seqs(match)).toHaveLength(all)
    expect(heard).toEqual(await seqs(match))
    expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
      saleCount: all,
      totalVnd: all * 1_000 + (all * (all - 1)) / 2,
    })
    expect(await db.select().from(bankNotification)).toHaveLength(all)
    expect(await findDifferences(market.store)).toEqual([])
  })
})
