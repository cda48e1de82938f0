import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SingleBar } from 'cli-progress'
import { addDays } from '../../shared/business-day.ts'
import { followLedger, PAGE_SEQS } from '../../server/storage/follower.ts'
import { listBehind } from '../../server/storage/rollup.ts'
import { MB, TODAY } from '../../test/small-market.ts'
import { openBenchServices, registerMarket, type BenchMarket } from './market.ts'

/** A market whose ledger has been filling for a year, up to the day before the one that is measured. */
export interface Ledger {
  env: Record<string, string | undefined>
  /** The folder it is kept in until somebody empties the system's temporary folder. */
  folder: string
  market: BenchMarket
}

export const LAST_DAY = addDays(TODAY, -1)
const DAYS = 365
/** What is older has been erased, as the product does: the payer's words and the raw messages. */
const KEPT_DAYS = 90
/** Nothing falls due while something is measured, in whatever year that is. */
const NEVER = '9999-12-31'
const BYTES_PER_TRANSACTION = 1_100
/** Seqs of one credit: notification, transaction, match. */
const SEQS = 3

/**
 * Opens the ledger of that many transactions, writing it first if there is none of this schema: straight into the
 * product's own tables, faster than the product would and equal to what it would write, which `npm run audit` bears
 * out. About one stall a thousand transactions; each takes its share by chance, some far more than others.
 */
export async function openLedger(transactions: number): Promise<Ledger> {
  const folder = join(tmpdir(), `cho-bench-ledger-${transactions}-${schemaMark()}`)
  const env = { DATA_DIR: folder, DATABASE_URL: undefined }
  const done = join(folder, 'market.json')
  if (!existsSync(done)) {
    // Half-written, or of tables that are no more: one of each size is enough on a disk.
    for (const stale of globSync(join(tmpdir(), `cho-bench-ledger-${transactions}-*`))) {
      rmSync(stale, { recursive: true, force: true })
    }
    mkdirSync(folder, { recursive: true })
    const needed = transactions * BYTES_PER_TRANSACTION * 1.5
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize < needed) {
      throw new Error(
        `${folder} needs ${Math.ceil(needed / 1e9)} GB of free disk; TMPDIR names another place`,
      )
    }
    const stalls = Math.max(20, Math.round(transactions / 1_000))
    const services = await openBenchServices(env)
    const market = await registerMarket(services, stalls, Math.max(4, Math.round(stalls / 250)))
    await services.close()
    fill(join(folder, 'market.db'), market, transactions)
    await follow(env)
    // Last: a folder without it was left half-written.
    writeFileSync(done, JSON.stringify(market))
  }
  return { env, folder, market: JSON.parse(readFileSync(done, 'utf8')) as BenchMarket }
}

/** The rollups are the follower's own work. */
async function follow(env: Ledger['env']): Promise<void> {
  const { store, seal, close } = await openBenchServices(env)
  const [behind] = await listBehind(store)
  const bar = new SingleBar({ format: 'rollups {bar} {percentage}%', stream: process.stderr })
  bar.start(behind!.entries, 0)
  let pages = 0
  await followLedger(store, seal.payerKey, () => {
    pages += 1
    bar.update(Math.min(behind!.entries, pages * PAGE_SEQS))
    return false
  })
  bar.stop()
  await close()
}

/** Changes with the tables and with what is written into them, so that nothing stale is measured. */
function schemaMark(): string {
  const migrations = join(import.meta.dirname, '../../server/storage/migrations/sqlite')
  const hash = createHash('sha256')
  for (const file of globSync('*.sql', { cwd: migrations }).sort())
    hash.update(readFileSync(join(migrations, file)))
  return hash
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 8)
}

function fill(path: string, { marketId, sourceId, payees }: BenchMarket, transactions: number): void {
  const db = new DatabaseSync(path)
  db.exec(`pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive;
    pragma cache_size = -1000000; pragma temp_store = memory`)
  const indexes = db
    .prepare(`select name, sql from sqlite_master where type = 'index' and sql is not null
      and tbl_name in ('bank_notification', 'bank_transaction', 'erasable', 'match')`)
    .all() as { name: string; sql: string }[]
  const bar = new SingleBar({ format: 'ledger {bar} {value}/{total}', stream: process.stderr })
  bar.start(DAYS + indexes.length, 0)
  db.exec('begin')
  // Built after the rows, in order: many times faster than one by one.
  for (const { name } of indexes) db.exec(`drop index "${name}"`)
  db.exec(`
    create temp table credit (i integer primary key, stall_id, amount_vnd, payer, at, kind);
    insert into payee_account_state (market_id, account_id, state, by, at)
      select market_id, id, 'active', 'bench', 0 from payee_account`)
  for (let day = 0; day < DAYS; day += 1) {
    const from = Math.ceil((day * transactions) / DAYS)
    const to = Math.ceil(((day + 1) * transactions) / DAYS)
    db.exec(daySql(addDays(LAST_DAY, day - DAYS + 1), from, to, day >= DAYS - KEPT_DAYS))
    bar.increment()
  }
  db.exec(`insert into market_counter (market_id, seq) values (${marketId}, ${SEQS * transactions})`)
  for (const { sql } of indexes) {
    db.exec(sql)
    bar.increment()
  }
  db.exec('commit')
  db.close()
  bar.stop()

  /** One day's credits, spread evenly from five in the morning to eight in the evening. */
  function daySql(day: string, from: number, to: number, keepsWords: boolean): string {
    // Knuth's multiplier scatters neighbours; the low bits it leaves regular are cut off.
    const chance = (salt: number) => `((i + ${salt * 7_919}) * 2654435761 % 4294967296 >> 8)`
    const stall = `(${chance(1)} % ${payees.length}) * (${chance(2)} % ${payees.length}) / ${payees.length} + 1`
    const opensAt = Date.parse(`${day}T05:00:00+07:00`)
    const memo = `'MBVCB.' || (100000000 + i) || '.CK mua hang.CT tu ' || payer || ' toi TIENGIA'`
    const body = `'{"id":' || (100000000 + i) || ',"gateway":"MBBank","transactionDate":"${day} 09:00:00",'
      || '"accountNumber":"' || printf('TIENGIA%06d', stall_id) || '","code":null,"content":"' || ${memo}
      || '","transferType":"in","transferAmount":' || amount_vnd || ',"accumulated":0,"subAccount":null,'
      || '"referenceCode":"FT' || i || '","description":""}'`
    const hash = 'lower(hex(randomblob(32)))'
    return `
    delete from credit;
    with recursive n(i) as (select ${from} union all select i + 1 from n where i + 1 < ${to})
      insert into credit select i, ${stall}, 1000 * (1 + ${chance(3)} % 500),
        printf('%010d', ${chance(4)} % ${Math.ceil(transactions / 20)}),
        ${opensAt} + (i - ${from}) * 54000000 / ${to - from},
        case when ${chance(5)} % 10 = 0 then 'unclear' else 'sale' end
      from n where i < ${to};
    insert into bank_notification (market_id, seq, source_id, body_sha256, received_at)
      select ${marketId}, i * ${SEQS} + 1, '${sourceId}', ${hash}, at from credit;
    insert into bank_transaction (market_id, seq, source_id, source_key, notification_seq, channel, bank_bin,
        account_number, direction, amount_vnd, booked_at, booked_precision, business_day, bank_reference,
        text_sha256, content_sha256, recorded_at)
      select ${marketId}, i * ${SEQS} + 2, '${sourceId}', 'push:' || (100000000 + i), i * ${SEQS} + 1, 'push', '${MB}',
        printf('TIENGIA%06d', stall_id), 'in', amount_vnd, at, 'second', '${day}', 'FT' || i,
        ${hash}, ${hash}, at
      from credit;
    insert into "match" (market_id, seq, transaction_seq, business_day, stall_id, rule, classification, by, at)
      select ${marketId}, i * ${SEQS} + 3, i * ${SEQS} + 2, '${day}', stall_id,
        case kind when 'sale' then 'reference' else 'sole_stall' end, kind, 'rule', at
      from credit;
    insert into takings (market_id, business_day, stall_id, total_vnd, sale_count, unclear_count)
      select ${marketId}, '${day}', stall_id, sum(iif(kind = 'sale', amount_vnd, 0)), sum(kind = 'sale'),
        sum(kind = 'unclear')
      from credit group by stall_id;
    insert into daily_outcome (market_id, business_day, source_id, outcome, transaction_count, amount_vnd)
      select ${marketId}, '${day}', '${sourceId}', 'matched', count(*), sum(amount_vnd) from credit having count(*) > 0;
    ${
      keepsWords
        ? `insert into erasable (market_id, seq, body, remittance_text, payer_account, erase_on)
      select ${marketId}, i * ${SEQS} + 2, cast(${body} as blob), ${memo}, payer, '${NEVER}' from credit`
        : ''
    }`
  }
}
