import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createIntake } from '../../server/domain/intake.ts'
import type { IncomingMessage, Published } from '../../server/storage/decision.ts'
import { getTakings } from '../../server/storage/takings.ts'
import type { Store } from '../../server/storage/store.ts'
import { credit, messageOf, openSmallMarket, scopeOf, TODAY, type SmallMarket } from '../small-market.ts'

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const paid = () =>
  messageOf(
    credit({
      accountNumber: market.lan.accountNumber,
      remittanceText: market.lan.reference,
      amountVnd: 1_000,
    }),
  )

/** The real store, with its batches watched, and a hook to make some of them fail. */
function watched(fail: (batch: readonly IncomingMessage[]) => boolean = () => false) {
  const batches: number[] = []
  const store: Store = {
    ...market.store,
    async record(batch, rules) {
      batches.push(batch.length)
      if (fail(batch)) throw new Error('disk I/O error')
      return market.store.record(batch, rules)
    },
  }
  return { store, batches }
}

it('commits everything that arrived together as one', async () => {
  const { store, batches } = watched()
  const intake = createIntake(store, () => {})
  await Promise.all(Array.from({ length: 100 }, () => intake.submit(paid())))
  expect(batches).toEqual([100])
  expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({ saleCount: 100 })
})

it('lets a lone message wait for no timer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
  try {
    await expect(createIntake(market.store, () => {}).submit(paid())).resolves.toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('carries at most 256 in one commit', async () => {
  const { store, batches } = watched()
  const intake = createIntake(store, () => {})
  await Promise.all(Array.from({ length: 600 }, () => intake.submit(paid())))
  expect(batches).toEqual([256, 256, 88])
})

it('publishes after the commit only, and resolves after the commit only', async () => {
  const order: string[] = []
  const store: Store = {
    ...market.store,
    async record(batch, rules) {
      const published = await market.store.record(batch, rules)
      order.push('committed')
      return published
    },
  }
  const intake = createIntake(store, (news: readonly Published[]) => order.push(`published ${news.length}`))
  await intake.submit(paid()).then(() => order.push('resolved'))
  await intake.drain()
  expect(order[0]).toBe('committed')
  expect(order.toSorted()).toEqual(['committed', 'published 1', 'resolved'])
})

it('a message that cannot be recorded fails alone; its neighbours are counted once', async () => {
  const poisoned = paid()
  const { store } = watched((batch) => batch.includes(poisoned))
  const intake = createIntake(store, () => {})
  const results = await Promise.allSettled([
    intake.submit(paid()),
    intake.submit(poisoned),
    intake.submit(paid()),
  ])
  expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await getTakings(market.store, scopeOf(market.lan), TODAY)).toMatchObject({
    saleCount: 2,
    totalVnd: 2_000,
  })
})

it('tells who is refused before it tries the next one alone', async () => {
  const order: string[] = []
  const { store } = watched((batch) => {
    order.push(`tried ${batch.length}`)
    return true
  })
  const intake = createIntake(store, () => {})
  const tellOver = () => turn().then(() => order.push('told'))
  await Promise.all([intake.submit(paid()).catch(tellOver), intake.submit(paid()).catch(tellOver)])
  expect(order).toEqual(['tried 2', 'tried 1', 'told', 'tried 1', 'told'])
})

it('goes on after a failure', async () => {
  let broken = true
  const { store } = watched(() => broken)
  const intake = createIntake(store, () => {})
  await expect(intake.submit(paid())).rejects.toThrow('disk I/O error')
  broken = false
  await expect(intake.submit(paid())).resolves.toBeUndefined()
})

it('refuses more than it can hold instead of growing', async () => {
  const { promise, resolve } = Promise.withResolvers<Published[]>()
  const intake = createIntake({ ...market.store, record: () => promise }, () => {})
  const accepted = Array.from({ length: 256 }, () => intake.submit(paid()))
  // The first batch is now in its commit, which does not end.
  await turn()
  await turn()
  const waiting = Array.from({ length: 4_096 }, () => intake.submit(paid()))
  await expect(intake.submit(paid())).rejects.toMatchObject({ code: 'unavailable' })
  resolve([])
  await Promise.all([...accepted, ...waiting])
})
