import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { rollupCursor } from '../../server/storage/kit.sqlite.ts'
import { listBehind, readMarketWindow } from '../../server/storage/rollup.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { credit, messageOf, MORNING, openSmallMarket, TODAY, type SmallMarket } from '../small-market.ts'
import { ENGINES } from '../test-store.ts'

const DAY_MS = 86_400_000
const ROUNDS = 15
const BATCH = 10

let market: SmallMarket
afterEach(() => market.close())

const paid = (index: number) =>
  credit({
    accountNumber: market.lan.accountNumber,
    remittanceText: market.lan.reference,
    amountVnd: 1_000,
    bookedAt: MORNING + (index % 3) * DAY_MS,
    payerAccount: `payer ${index % 7}`,
  })
const child = (name: string) =>
  spawn(process.execPath, [join(import.meta.dirname, name), market.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
const started = async (name: string) => {
  const one = child(name)
  await once(one.stdout, 'data')
  return one
}
const payerKey = (marketId: number, payerAccount: string) => `${marketId} ${payerAccount}`
const cursorNow = async () => (await market.store.db.select().from(rollupCursor))[0]?.seq ?? 0
const windowNow = () =>
  readMarketWindow(market.store, operatorScope(), market.marketId, TODAY.replace('22', '24'))

describe.each(ENGINES)('on %s', (engine) => {
  it('two followers beside two writers count every sale once', async () => {
    market = await openSmallMarket(engine)
    const all = await Promise.all(['writer.ts', 'writer.ts', 'follower.ts', 'follower.ts'].map(started))
    const writers = all.slice(0, 2)
    for (let round = 0; round < ROUNDS; round += 1) {
      const batches = [0, 1].map((which) =>
        Array.from({ length: BATCH }, (_, place) => paid((round * 2 + which) * BATCH + place)),
      )
      await Promise.all(
        writers.map(async (writer, which) => {
          const answer = once(writer.stdout, 'data')
          writer.stdin.write(`${JSON.stringify(batches[which])}\n`)
          await answer
        }),
      )
    }
    const ended = all.map((one) => once(one, 'exit'))
    for (const one of all) one.kill('SIGKILL')
    await Promise.all(ended)
    // They did follow while the others wrote.
    expect(await cursorNow()).toBeGreaterThan(0)
    await followLedger(market.store, payerKey)
    const count = ROUNDS * 2 * BATCH
    expect(await windowNow()).toEqual({
      activeStalls: 1,
      saleCount: count,
      payerSaleCount: count,
      payers: 7,
      repeatPayers: 7,
    })
    expect(await findDifferences(market.store)).toEqual([])
  })

  it('killed at any moment, cursor and rollups are of one moment, and it goes on', async () => {
    market = await openSmallMarket(engine)
    for (let round = 0; round < 5; round += 1) {
      const follower = await started('follower.ts')
      const seqs = Array.from({ length: 20 }, (_, index) => paid(round * 20 + index))
      const told = market.store.record([messageOf(...seqs)], RULES)
      await sleep(round * 3)
      follower.kill('SIGKILL')
      await Promise.all([told, once(follower, 'exit')])
      // What the cursor has passed is as the ledger says; the rest is not looked at.
      expect(await findDifferences(market.store)).toEqual([])
    }
    await followLedger(market.store, payerKey)
    expect(await listBehind(market.store)).toEqual([])
    expect(await windowNow()).toMatchObject({ saleCount: 100, payerSaleCount: 100, payers: 7 })
    expect(await findDifferences(market.store)).toEqual([])
  })
})
