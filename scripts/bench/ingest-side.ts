import { join } from 'node:path'
import { findDifferences } from '../../server/storage/audit.ts'
import { readBook } from '../../server/storage/book.ts'
import { dailyOutcome } from '../../server/storage/kit.sqlite.ts'
import { stallScope } from '../../server/storage/scope.ts'
import type { Store } from '../../server/storage/store.ts'
import { ask, type PostgresServer } from '../../test/postgres-server.ts'
import { TODAY } from '../../test/small-market.ts'
import { openLedger } from './ledger.ts'
import { openBenchServices, registerMarket, type BenchMarket, type Payee } from './market.ts'
import { createTables, sumUp } from './peer/tables.ts'
import { startSide, type Side } from './side.ts'
import type { Size } from './size.ts'

/** Credits and what they sum up to. */
export interface Counted {
  count: number
  amountVnd: number
}
export const NOTHING: Counted = { count: 0, amountVnd: 0 }

/** One thing that credits are sent to. */
export interface IngestSide {
  ports: number[]
  path: string
  payees: Payee[]
  /** Stops it, then throws unless it kept exactly what it acknowledged. */
  close(acknowledged: Counted): Promise<void>
}

export interface Surroundings {
  size: Size
  /** Thrown away after the run. */
  folder: string
  postgres(): Promise<PostgresServer>
}

const SECTIONS = 20

type Env = Record<string, string | undefined>

export const SIDES = {
  product: (at) => openProduct(at, 'product'),
  ceiling: (at) => openProduct(at, 'ceiling'),
  single_commit: (at) => openProduct(at, 'single_commit'),
  hello: openHello,
  express_pg: openPeer,
  ten_million: openTenMillion,
  product_pg: (at) => openProductOnPostgres(at, 1),
  product_pg_two: (at) => openProductOnPostgres(at, 2),
} satisfies Record<string, (at: Surroundings) => Promise<IngestSide>>

export type SideName = keyof typeof SIDES

const LEFT_OUT_BY_QUICK: ReadonlySet<SideName> = new Set([
  'product_pg',
  'product_pg_two',
  'express_pg',
  'hello',
  'single_commit',
])

/** Why a side cannot be measured here and now, if it cannot. */
export function whyNot(name: SideName, { quick }: Size): string | undefined {
  return quick && LEFT_OUT_BY_QUICK.has(name)
    ? '--quick leaves out PostgreSQL and the floors hello and single_commit'
    : undefined
}

async function openProduct(
  { folder, size }: Surroundings,
  variant: 'product' | 'ceiling' | 'single_commit',
): Promise<IngestSide> {
  const env = { DATA_DIR: join(folder, variant), DATABASE_URL: undefined }
  const market = await newMarket(env, size)
  const server = await startSide('product-server.ts', [variant], env)
  return {
    ...addressOf(market, [server]),
    async close(acknowledged) {
      await server.close()
      await checkMarket(env, market, variant === 'ceiling' ? NOTHING : acknowledged)
    },
  }
}

async function openProductOnPostgres(
  { folder, postgres, size }: Surroundings,
  processes: number,
): Promise<IngestSide> {
  const name = `product_${processes}`
  const env = { DATA_DIR: join(folder, name), DATABASE_URL: await newDatabase(await postgres()) }
  const market = await newMarket(env, size)
  const servers: Side[] = []
  while (servers.length < processes) servers.push(await startSide('product-server.ts', ['product'], env))
  return {
    ...addressOf(market, servers),
    async close(acknowledged) {
      for (const server of servers) await server.close()
      await checkMarket(env, market, acknowledged)
    },
  }
}

/** The product again, on a ledger that has been filling for a year; what is sent stays in it. */
async function openTenMillion({ size }: Surroundings): Promise<IngestSide> {
  const { env, market: whole } = await openLedger(size.ledgerTransactions)
  // As many as elsewhere, so that only what lies in the ledger differs.
  const market = { ...whole, payees: whole.payees.slice(0, size.stalls) }
  const before = await inStore(env, (store) => countToday(store, market))
  const server = await startSide('product-server.ts', ['product'], env)
  return {
    ...addressOf(market, [server]),
    async close(acknowledged) {
      await server.close()
      const after = await inStore(env, (store) => countToday(store, market))
      const kept = { count: after.count - before.count, amountVnd: after.amountVnd - before.amountVnd }
      expectEqual('ten_million', kept, acknowledged)
    },
  }
}

async function openHello(): Promise<IngestSide> {
  const server = await startSide('hello-server.ts', [])
  return { ports: [server.port], path: '/', payees: strangers(1), close: () => server.close() }
}

async function openPeer({ postgres, size }: Surroundings): Promise<IngestSide> {
  const url = await newDatabase(await postgres())
  const payees = strangers(size.stalls)
  await createTables(
    url,
    payees.map((one) => one.accountNumber),
  )
  const server = await startSide('peer/express-pg.ts', [], { DATABASE_URL: url })
  return {
    ports: [server.port],
    path: '/notifications/sepay',
    payees,
    async close(acknowledged) {
      await server.close()
      const { count, amountVnd, totalVnd } = await sumUp(url)
      expectEqual('express_pg', { count, amountVnd }, acknowledged)
      expectEqual('express_pg, totals', { count, amountVnd: totalVnd }, acknowledged)
    },
  }
}

let databases = 0

/** Sorting by bytes: no text is compared more slowly than it need be. Returns its address. */
async function newDatabase({ url }: PostgresServer): Promise<string> {
  const name = `bench_${(databases += 1)}`
  await ask(url, `create database ${name} template template0 locale_provider libc locale 'C'`)
  return Object.assign(new URL(url), { pathname: name }).href
}

/** Stalls of no registry, for what keeps none. */
const strangers = (count: number): Payee[] =>
  Array.from({ length: count }, (_, index) => ({
    stallId: index + 1,
    code: '',
    accountNumber: `TIENGIA${String(index + 1).padStart(6, '0')}`,
    reference: 'ZQK0000000',
  }))

const addressOf = ({ sourceId, payees }: BenchMarket, servers: readonly Side[]) => ({
  ports: servers.map(({ port }) => port),
  path: `/notifications/${sourceId}`,
  payees,
})

async function newMarket(env: Env, { stalls }: Size): Promise<BenchMarket> {
  const services = await openBenchServices(env)
  const market = await registerMarket(services, stalls, SECTIONS)
  await services.close()
  return market
}

async function inStore<T>(env: Env, use: (store: Store) => Promise<T>): Promise<T> {
  const services = await openBenchServices(env)
  try {
    return await use(services.store)
  } finally {
    await services.close()
  }
}

/** Throws unless the whole ledger is these credits, every one with its stall, and bears out every counted figure. */
function checkMarket(env: Env, market: BenchMarket, acknowledged: Counted): Promise<void> {
  return inStore(env, async (store) => {
    const outcomes = await store.db.select().from(dailyOutcome)
    const matched = outcomes.filter(({ outcome }) => outcome === 'matched')
    if (outcomes.length !== matched.length) throw new Error('some credits found no stall')
    const kept = {
      count: matched.reduce((sum, one) => sum + one.transactionCount, 0),
      amountVnd: matched.reduce((sum, one) => sum + one.amountVnd, 0),
    }
    expectEqual('ledger', kept, acknowledged)
    expectEqual('takings', await countToday(store, market), acknowledged)
    const [difference] = await findDifferences(store)
    if (difference) throw new Error(`the audit finds ${JSON.stringify(difference)}`)
  })
}

/** What the books of the stalls that are paid say of the day the credits are booked on. */
async function countToday(store: Store, { marketId, payees }: BenchMarket): Promise<Counted> {
  let counted = NOTHING
  for (const { stallId } of payees) {
    const [day] = await readBook(store, stallScope(marketId, stallId), [TODAY])
    counted = {
      count: counted.count + day!.transferCount,
      amountVnd: counted.amountVnd + day!.transferVnd,
    }
  }
  return counted
}

function expectEqual(what: string, kept: Counted, acknowledged: Counted): void {
  if (kept.count === acknowledged.count && kept.amountVnd === acknowledged.amountVnd) return
  throw new Error(
    `${what}: ${acknowledged.count} credits of ${acknowledged.amountVnd}đ were acknowledged, ` +
      `${kept.count} of ${kept.amountVnd}đ are there`,
  )
}
