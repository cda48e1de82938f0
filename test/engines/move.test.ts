import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Client } from 'pg'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { isPostgres, openStore } from '../../server/storage/engine.ts'
import { moveDatabase } from '../../server/storage/move.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { fillFullMarket } from '../full-market.ts'
import { prepareDataDir } from '../running-market.ts'
import { runScript } from '../scripts/child.ts'
import { sepayBody, sepayHeaders } from '../sepay.ts'
import { fillMarket, MORNING, scopeOf, TODAY } from '../small-market.ts'
import { execute, newDatabase, type Engine, type TestDatabase } from '../test-store.ts'

const DIRECTIONS = [
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const satisfies [Engine, Engine][]
const TARGET_OF = Object.fromEntries(DIRECTIONS) as Record<Engine, Engine>
const silent = { now: () => MORNING, log: pino({ level: 'silent' }) }
const ignore = () => {}

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})
async function database(engine: Engine): Promise<TestDatabase> {
  const one = await newDatabase(engine)
  endings.push(one.drop)
  return one
}

/** A database of that engine which has a full market, and nobody who has it open. */
async function fullDatabase(engine: Engine) {
  const { url } = await database(engine)
  const prepared = await prepareDataDir(url)
  endings.push(prepared.remove)
  const store = await openStore(url)
  const { lan } = await fillFullMarket(store, prepared.sourceId)
  await store.close()
  return { url, lan, ...prepared }
}

type Value = number | string | boolean | Buffer | null

/** Every row of every table as the engine's own driver reads it, without a line of the product. */
async function readAll(url: string): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {}
  const plain = (row: object) =>
    JSON.stringify(
      Object.entries(row)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]: [string, Value]) => [
          name,
          Buffer.isBuffer(value)
            ? value.toString('hex')
            : typeof value === 'boolean'
              ? String(Number(value))
              : value === null
                ? null
                : String(value),
        ]),
    )
  if (isPostgres(url)) {
    const client = new Client({ connectionString: url })
    await client.connect()
    const { rows: names } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    )
    for (const { name } of names) {
      const { rows } = await client.query<object>(`select * from "${name}"`)
      all[name] = rows.map(plain).sort()
    }
    await client.end()
  } else {
    const file = new Database(url.slice('file:'.length), { readonly: true })
    const names = file
      .prepare<[], { name: string }>(
        `select name from sqlite_master where type = 'table' and name not like '\\_\\_%' escape '\\'
           and name not like 'sqlite%'`,
      )
      .all()
    for (const { name } of names)
      all[name] = file.prepare<[], object>(`select * from "${name}"`).all().map(plain).sort()
    file.close()
  }
  return all
}

/** Moves until everything is copied and nothing compared, as a process that is killed then does. */
async function moveHalf(from: string, to: string): Promise<void> {
  const cut = new Error('cut off')
  const move = moveDatabase(from, to, (done, total) => {
    if (done * 2 > total) throw cut
  })
  await expect(move).rejects.toBe(cut)
}

describe.each(DIRECTIONS)('a market moved from %s to %s', (fromEngine, toEngine) => {
  it('is the same in every byte of every table, and goes on there', async () => {
    const from = await fullDatabase(fromEngine)
    const to = await database(toEngine)
    const before = await readAll(from.url)
    expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([])

    const progress: [number, number][] = []
    const moved = await moveDatabase(from.url, to.url, (done, total) => progress.push([done, total]))
    expect(await readAll(to.url)).toEqual(before)
    expect(await readAll(from.url)).toEqual(before)
    expect(moved).toMatchObject({ foundCount: 0, differences: [] })
    expect(Object.fromEntries(moved.tables.map((one) => [one.table, one.rowCount]))).toEqual(
      Object.fromEntries(Object.entries(before).map(([table, rows]) => [table, rows.length])),
    )
    const sums = moved.tables.find(({ table }) => table === 'bank_transaction')
    expect(sums).toMatchObject({ rowCount: 5, amountsVnd: { amountVnd: 250_000 } })
    expect(progress.at(-1)![0]).toBe(progress.at(-1)![1])

    const config = readConfig({ PORT: '0', DATA_DIR: from.dataDir, DATABASE_URL: to.url })
    const server = await startServer(config, silent)
    endings.push(() => server.close())
    const { store } = server.services
    const takingsOf = (stall: typeof from.lan) => getTakings(store, scopeOf(stall), TODAY)
    const body = sepayBody({
      id: 900_001,
      accountNumber: from.lan.accountNumber,
      content: from.lan.reference,
    })
    const tell = () =>
      fetch(`http://127.0.0.1:${server.port}/notifications/${from.sourceId}`, {
        method: 'POST',
        body,
        headers: sepayHeaders(body, MORNING),
      })
    const sold = await takingsOf(from.lan)
    expect([(await tell()).status, (await tell()).status]).toEqual([200, 200])
    expect((await takingsOf(from.lan)).saleCount).toBe(sold.saleCount + 1)
    // Their ids, and those of everything that comes with them, are new.
    const { lan } = await fillMarket(store, from.sourceId, 'cho-moi')
    expect(lan.id).toBeGreaterThan(from.lan.id)
    expect(await findDifferences(store)).toEqual([])
  })

  it('goes on where it was cut off, and serves nobody until it is whole', async () => {
    const from = await fullDatabase(fromEngine)
    const to = await database(toEngine)
    await moveHalf(from.url, to.url)
    await expect(openStore(to.url)).rejects.toMatchObject({ code: 'HALF_MOVED' })
    const other = await fullDatabase(TARGET_OF[toEngine])
    await expect(moveDatabase(other.url, to.url, ignore)).rejects.toMatchObject({ code: 'OTHER_SOURCE' })

    const { foundCount } = await moveDatabase(from.url, to.url, ignore)
    expect(foundCount).toBeGreaterThan(30)
    expect(await readAll(to.url)).toEqual(await readAll(from.url))
    await expect(moveDatabase(from.url, to.url, ignore)).rejects.toMatchObject({ code: 'NOT_EMPTY' })
    await (await openStore(to.url)).close()
  })

  it.each([
    [
      'a changed amount',
      'update takings set total_vnd = total_vnd + 1',
      /^takings marketId \d+, businessDay/,
    ],
    ['a changed word', `update erasable set remittance_text = 'x'`, /^erasable marketId/],
  ])('names the row of %s', async (_, statement, named) => {
    const from = await fullDatabase(fromEngine)
    const to = await database(toEngine)
    await moveHalf(from.url, to.url)
    await execute(to.url, statement)
    const moving = moveDatabase(from.url, to.url, ignore)
    await expect(moving).rejects.toMatchObject({ code: 'ROW_DIFFERS', message: expect.stringMatching(named) })
    await expect(openStore(to.url)).rejects.toMatchObject({ code: 'HALF_MOVED' })
  })

  it('is refused while a server has it open, and nobody writes to it meanwhile', async () => {
    const from = await fullDatabase(fromEngine)
    const to = await database(toEngine)
    const config = readConfig({ PORT: '0', DATA_DIR: from.dataDir, DATABASE_URL: from.url })
    const server = await startServer(config, silent)
    await expect(moveDatabase(from.url, to.url, ignore)).rejects.toMatchObject({ code: 'DATABASE_IN_USE' })
    await server.close()

    const before = await readAll(from.url)
    let writing: Promise<unknown> | undefined
    await moveDatabase(from.url, to.url, () => {
      writing ??= writeAtOnce(from.url).catch((error: { code: string }) => error.code)
    })
    expect(await writing).toBe(fromEngine === 'sqlite' ? 'SQLITE_BUSY' : 'written')
    expect(await readAll(to.url)).toEqual(before)
  })
})

/** PostgreSQL lets a writer wait, SQLite sends it away. */
async function writeAtOnce(url: string): Promise<string> {
  const statement = 'update takings set total_vnd = total_vnd + 1'
  if (isPostgres(url)) await execute(url, statement)
  else {
    const file = new Database(url.slice('file:'.length), { timeout: 0 })
    endings.push(() => file.close())
    file.exec(statement)
  }
  return 'written'
}

it('names the row that PostgreSQL refuses, and leaves the old database as it was', async () => {
  const from = await fullDatabase('sqlite')
  const to = await database('postgres')
  await execute(from.url, `update incident set payload = 'a' || char(0) || 'b'`)
  const before = await readAll(from.url)
  const refused = await runScript('move.ts', ['--from', from.url, '--to', to.url], {})
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/incident marketId \d+, seq \d+: 22021/)
  expect(await readAll(from.url)).toEqual(before)
})

const MANY = 15_000

describe.each(DIRECTIONS)('npm run move from %s to %s', (fromEngine, toEngine) => {
  it('killed in the middle goes on where it was, and tells what it found', async () => {
    const from = await fullDatabase(fromEngine)
    const to = await database(toEngine)
    await execute(
      from.url,
      `insert into change (market_id, seq, stall_id, transaction_seq, kind, at)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MANY})
       select 7, i, 1, 1, 'credit', 42 from n`,
    )
    const args = ['--from', from.url, '--to', to.url]
    const child = spawn(process.execPath, ['scripts/move.ts', ...args], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    endings.push(() => child.kill('SIGKILL'))
    for (;;) {
      const arrived = await countChanges(to.url)
      expect(arrived).toBeLessThan(MANY)
      if (arrived > 2_000) break
      await sleep(5)
    }
    child.kill('SIGKILL')
    await ended

    const again = await runScript('move.ts', args, {})
    expect(again).toMatchObject({ code: 0, stderr: '' })
    const found = Number(/Lần trước đã chuyển được (\d+) dòng/.exec(again.stdout)?.[1])
    expect(found).toBeGreaterThan(2_000)
    expect(found).toBeLessThan(MANY)
    expect(again.stdout).toMatch(/change: 150\d\d dòng/)
    expect(await readAll(to.url)).toEqual(await readAll(from.url))
  })
})

async function countChanges(url: string): Promise<number> {
  if (isPostgres(url)) {
    const client = new Client({ connectionString: url })
    await client.connect()
    const { rows } = await client.query<{ n: string }>('select count(*) as n from change')
    await client.end()
    return Number(rows[0]!.n)
  }
  try {
    const file = new Database(url.slice('file:'.length), { readonly: true, fileMustExist: true })
    const { n } = file.prepare<[], { n: number }>('select count(*) as n from change').get()!
    file.close()
    return n
  } catch {
    // Not made yet.
    return 0
  }
}
