import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'
import { backUpSqlite, restoreSqlite } from '../../server/storage/backup.sqlite.ts'
import { filePath } from '../../server/storage/engine.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { runSmallMarket } from '../running-market.ts'
import { sepayBody, sepayHeaders } from '../sepay.ts'
import { MORNING, openSmallMarket, scopeOf, TODAY } from '../small-market.ts'
import { execute } from '../test-store.ts'
import { ask, dump, runScript, temporaryFolder } from './child.ts'

const AMOUNT = 1_000

it('a backup of a running server, restored, has all that was acknowledged before it, and counts nothing twice when told again', async () => {
  const market = await runSmallMarket()
  onTestFinished(() => market.close())
  const { lan, sourceId } = market
  const told = (id: number) => ({
    id,
    accountNumber: lan.accountNumber,
    content: lan.reference,
    amount: AMOUNT,
  })
  let sent = 0
  const stopped = new AbortController()
  const payAll = async () => {
    while (!stopped.signal.aborted) expect((await market.pay(told((sent += 1)))).status).toBe(200)
  }
  const paying = Promise.all([payAll(), payAll(), payAll(), payAll()])
  await new Promise((resolve) => setTimeout(resolve, 300))
  const acknowledgedBefore = sent - 4
  const folder = join(temporaryFolder(), 'new', 'backup')
  const backedUp = await runScript('backup.ts', [folder], { DATA_DIR: market.dataDir })
  const sentAfter = sent
  stopped.abort()
  await paying

  expect(backedUp).toMatchObject({ code: 0, stderr: '' })
  expect(backedUp.stdout).toContain('cất nơi chỉ người vận hành mở được')
  expect(readdirSync(folder).sort()).toEqual(['market.db', 'seal.key'])
  expect(statSync(folder).mode & 0o077).toBe(0)
  const [kept] = ask<{ n: number }>(join(folder, 'market.db'), 'select count(*) as n from bank_transaction')
  expect(kept!.n).toBeGreaterThanOrEqual(acknowledgedBefore)
  expect(kept!.n).toBeLessThan(sentAfter)

  const dataDir = join(temporaryFolder(), 'restored')
  const restored = await runScript('restore.ts', [folder], { DATA_DIR: dataDir })
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  const config = readConfig({ PORT: '0', DATA_DIR: dataDir })
  const server = await startServer(config, { now: () => MORNING, log: pino({ level: 'silent' }) })
  onTestFinished(() => server.close())
  const { store } = server.services
  expect(await getTakings(store, scopeOf(lan), TODAY)).toMatchObject({ totalVnd: kept!.n * AMOUNT })
  for (let id = 1; id <= sent; id += 1) {
    const body = sepayBody(told(id))
    const url = `http://127.0.0.1:${server.port}/notifications/${sourceId}`
    const again = await fetch(url, { method: 'POST', body, headers: sepayHeaders(body, MORNING) })
    expect(again.status).toBe(200)
  }
  expect(await getTakings(store, scopeOf(lan), TODAY)).toMatchObject({
    totalVnd: sent * AMOUNT,
    saleCount: sent,
  })
  expect(await findDifferences(store)).toEqual([])
})

it('a copy is of one moment and goes on steadily, however often is written meanwhile', async () => {
  const { store, url } = await openSmallMarket('sqlite')
  onTestFinished(() => store.close())
  const path = filePath(url)
  const writer = new Database(path)
  onTestFinished(() => void writer.close())
  const copies = 60_000
  writer.exec(`insert into incident
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${copies})
    select 7, i, 1, 'wrong_code', printf('%0400d', i), 42 from n`)
  const write = writer.prepare(
    `insert into incident select 8, count(*), 1, 'wrong_code', '', 1 from incident`,
  )
  const copy = join(temporaryFolder(), 'copy.db')
  const progress: number[] = []
  const differences = await backUpSqlite(path, copy, (done) => {
    progress.push(done)
    write.run()
  })
  expect(differences).toEqual([])
  expect(progress.length).toBeGreaterThan(3)
  expect(progress).toEqual([...progress].sort((a, b) => a - b))
  expect(ask(copy, 'select market_id as market, count(*) as n from incident group by 1')).toEqual([
    { market: 7, n: copies },
  ])
})

it('a restored market numbers on beyond what phones may have heard of since', async () => {
  const { store, url, marketId } = await openSmallMarket('sqlite')
  await store.close()
  await execute(url, `insert into market_counter values (${marketId}, 300)`)
  const restored = join(temporaryFolder(), 'restored.db')
  await restoreSqlite(filePath(url), restored, () => {})
  expect(ask(restored, 'select seq from market_counter')).toEqual([{ seq: 1_000_300 }])
})

it('neither writes over anything, nor leaves half of anything', async () => {
  const market = await openSmallMarket('sqlite')
  await market.store.close()
  const dataDir = temporaryFolder()
  writeFileSync(join(dataDir, 'seal.key'), Buffer.alloc(32, 1))
  const env = { DATA_DIR: dataDir, DATABASE_URL: market.url }
  const backup = join(temporaryFolder(), 'backup')
  expect((await runScript('backup.ts', [backup], env)).code).toBe(0)
  const before = dump(join(backup, 'market.db'))
  const again = await runScript('backup.ts', [backup], env)
  expect(again.stderr).toContain('Chọn thư mục mới')
  expect(dump(join(backup, 'market.db'))).toEqual(before)

  const over = await runScript('restore.ts', [backup], env)
  expect([over.code, over.stderr]).toEqual([1, expect.stringContaining('Không ghi đè')])
  const otherKey = temporaryFolder()
  writeFileSync(join(otherKey, 'seal.key'), Buffer.alloc(32, 2))
  const beside = await runScript('restore.ts', [backup], { DATA_DIR: otherKey })
  expect([beside.code, beside.stderr]).toEqual([1, expect.stringContaining('khác khóa')])
  expect(readdirSync(otherKey)).toEqual(['seal.key'])
  expect(readFileSync(join(otherKey, 'seal.key'))).toEqual(Buffer.alloc(32, 2))

  const damaged = join(temporaryFolder(), 'damaged.db')
  const bytes = readFileSync(join(backup, 'market.db'))
  writeFileSync(damaged, bytes.fill(0xff, 5 * 4096, 20 * 4096))
  const empty = temporaryFolder()
  await expect(restoreSqlite(damaged, join(empty, 'market.db'), () => {})).rejects.toMatchObject({
    code: expect.stringMatching(/SQLITE_CORRUPT|COPY_DAMAGED/),
  })
  expect(readdirSync(empty)).toEqual([])
})

it('a copy never takes the place of a file that came meanwhile', async () => {
  const { store, url } = await openSmallMarket('sqlite')
  onTestFinished(() => store.close())
  const copy = join(temporaryFolder(), 'copy.db')
  const copying = backUpSqlite(filePath(url), copy, () => writeFileSync(copy, 'somebody else’s'))
  await expect(copying).rejects.toMatchObject({ code: 'EEXIST' })
  expect(readFileSync(copy, 'utf8')).toBe('somebody else’s')
  expect(readdirSync(dirname(copy))).toEqual(['copy.db'])
})

it('a copy whose damage nothing else would come upon is none', async () => {
  const { store, url } = await openSmallMarket('sqlite')
  await store.close()
  const path = filePath(url)
  const [index] = ask<{ page: number; size: number }>(
    path,
    `select rootpage as page, (select page_size from pragma_page_size) as size
     from sqlite_master where name = 'vendor_name'`,
  )
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xff, (index!.page - 1) * index!.size, index!.page * index!.size))
  const folder = temporaryFolder()
  await expect(backUpSqlite(path, join(folder, 'copy.db'), () => {})).rejects.toMatchObject({
    code: 'COPY_DAMAGED',
  })
  expect(readdirSync(folder)).toEqual([])
})

it('says what to do for PostgreSQL, and in which folder something is missing', async () => {
  const env = { DATABASE_URL: 'postgres://cho:geheim@127.0.0.1:1/cho' }
  const backedUp = await runScript('backup.ts', [join(temporaryFolder(), 'new')], env)
  expect([backedUp.code, backedUp.stderr]).toEqual([1, expect.stringContaining('pg_dump')])
  expect(backedUp.stderr).not.toContain('geheim')
  const missing = await runScript('restore.ts', [temporaryFolder()], env)
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('market.db')])
})
