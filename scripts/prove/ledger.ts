import { execFile } from 'node:child_process'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { ask } from '../../test/postgres-server.ts'
import type { Finding } from './outcome.ts'
import type { EmbeddedMarket, Market } from './product.ts'
import type { Sender, Told } from './sender.ts'

const root = join(import.meta.dirname, '../..')

// Plain SQL on purpose: the product's own reading could share its mistakes.
const KEYS = 'select source_key as key from bank_transaction'
const COUNTED = `
  select stall_id as "stallId", sum(sale_count) as count, sum(total_vnd) as "totalVnd"
  from takings group by stall_id`

interface Keyed {
  key: string
}

/** What is counted of one stall. */
interface Counted {
  stallId: number
  count: number
  totalVnd: number
}

/** Looks into the database file from outside, and has its engine check it. */
export function compare(
  db: Database.Database,
  told: ReadonlyMap<number, Told>,
  acknowledged: Iterable<number>,
): Finding {
  const integrity = String(db.pragma('integrity_check', { simple: true }))
  const keys = db.prepare<[], Keyed>(KEYS).all()
  const counted = db.prepare<[], Counted>(COUNTED).all()
  const damage = integrity === 'ok' ? [] : [integrity]
  return { ...compareRows(keys, counted, told, acknowledged), damage }
}

/** Is everything acknowledged recorded, and everything that is recorded counted once, to the đồng? */
function compareRows(
  keys: readonly Keyed[],
  countedOf: readonly Counted[],
  told: ReadonlyMap<number, Told>,
  acknowledged: Iterable<number>,
): Finding {
  const found: Finding = { lost: 0, doubled: 0, damage: [], differences: [], broken: [] }
  const recorded = new Set<number>()
  const expected = new Map<number, { count: number; totalVnd: number }>()
  for (const { key } of keys) {
    const one = told.get(Number(key.replace('push:', '')))
    if (!one) {
      found.broken.push(`${key} is recorded and was never sent`)
      continue
    }
    if (recorded.has(one.id)) found.doubled += 1
    recorded.add(one.id)
    const { count, totalVnd } = expected.get(one.stallId) ?? { count: 0, totalVnd: 0 }
    expected.set(one.stallId, { count: count + 1, totalVnd: totalVnd + one.amountVnd })
  }
  for (const id of acknowledged) if (!recorded.has(id)) found.lost += 1

  const counted = new Map(countedOf.map((one) => [one.stallId, one]))
  for (const stallId of new Set([...expected.keys(), ...counted.keys()])) {
    const should = expected.get(stallId) ?? { count: 0, totalVnd: 0 }
    const is = counted.get(stallId) ?? { count: 0, totalVnd: 0 }
    found.doubled += Math.max(0, is.count - should.count)
    found.lost += Math.max(0, should.count - is.count)
    if (is.totalVnd !== should.totalVnd) {
      found.broken.push(`stall ${stallId} has ${is.totalVnd} đ in its takings, not ${should.totalVnd} đ`)
    }
  }
  return found
}

/** The same for a market whose server runs. */
export function compareMarket(market: EmbeddedMarket, { told, acknowledged }: Sender): Finding {
  // Read only: a connection that may write would tidy up in the server's place when it closes.
  const db = new Database(market.databasePath, { readonly: true })
  try {
    return db.transaction(() => compare(db, told, acknowledged))()
  } finally {
    db.close()
  }
}

/** The same, and `npm run audit`. */
export async function lookInto(market: EmbeddedMarket, sender: Sender): Promise<Finding> {
  return { ...compareMarket(market, sender), differences: await audit(market) }
}

/** The same for a market on PostgreSQL; the audit checks its indexes, if amcheck is there. */
export async function lookIntoServer(market: Market, { told, acknowledged }: Sender): Promise<Finding> {
  const keys = await ask<Keyed>(market.databaseUrl, KEYS)
  const counted = await ask<{ [Name in keyof Counted]: string }>(market.databaseUrl, COUNTED)
  const numbers = counted.map(({ stallId, count, totalVnd }) => ({
    stallId: Number(stallId),
    count: Number(count),
    totalVnd: Number(totalVnd),
  }))
  return { ...compareRows(keys, numbers, told, acknowledged), differences: await audit(market) }
}

/** Runs `npm run audit` on that market, and returns what it complains of. */
export function audit({ dataDir, databaseUrl }: Pick<Market, 'dataDir' | 'databaseUrl'>): Promise<string[]> {
  const env = { ...process.env, DATA_DIR: dataDir, DATABASE_URL: databaseUrl }
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/audit.ts'], { cwd: root, env }, (error, _, stderr) => {
      resolve(error ? [stderr.trim() || error.message] : [])
    })
  })
}
