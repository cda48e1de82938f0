import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBDateValue, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api'
import { SingleBar } from 'cli-progress'
import type { Ledger } from './ledger.ts'

const DAY_MS = 86_400_000

/** The ledger's credits as DuckDB would keep them: a table of columns, its strength, in a file of its own. */
export interface DuckLedger {
  /** Rows of values, in the order of the select list. */
  ask(sql: string, values: readonly (string | number)[]): Promise<DuckDBValue[][]>
  close(): void
}

/** Opens DuckDB over the same rows, copying them out of the ledger the first time. */
export async function openDuckLedger(ledger: Ledger): Promise<DuckLedger> {
  const path = join(ledger.folder, 'credits.duckdb')
  if (!existsSync(path)) {
    // Half a copy of a run that was stopped.
    rmSync(`${path}.new`, { force: true })
    await copyCredits(ledger, `${path}.new`)
    renameSync(`${path}.new`, path)
  }
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  const prepared = new Map<string, Awaited<ReturnType<typeof connection.prepare>>>()
  return {
    async ask(sql, values) {
      const statement = prepared.get(sql) ?? (await connection.prepare(sql))
      prepared.set(sql, statement)
      statement.bind([...values])
      return (await statement.runAndReadAll()).getRows()
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

async function copyCredits({ folder, market }: Ledger, path: string): Promise<void> {
  const ledger = new DatabaseSync(join(folder, 'market.db'), { readOnly: true })
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run(`
    create table stall (stall_id integer, section varchar);
    create table credit (business_day date, stall_id integer, amount_vnd bigint, is_sale boolean, payer varchar)`)
  const stalls = await connection.createAppender('stall')
  for (const row of ledger
    .prepare(`select stall.id, section.name from stall join section on section.id = stall.section_id`)
    .iterate()) {
    stalls.appendInteger(Number(row['id']))
    stalls.appendVarchar(String(row['name']))
    stalls.endRow()
  }
  stalls.closeSync()

  const bar = new SingleBar({ format: 'DuckDB {bar} {percentage}%', stream: process.stderr })
  const { last } = ledger.prepare('select max(seq) as last from "match"').get() as { last: number }
  bar.start(last, 0)
  const credits = await connection.createAppender('credit')
  let rows = 0
  for (const row of ledger
    .prepare(
      `select m.seq, m.business_day as day, m.stall_id as stall, t.amount_vnd as amount,
         m.classification as kind, x.payer_account as payer
       from "match" m
       join bank_transaction t on t.market_id = m.market_id and t.seq = m.transaction_seq
       left join erasable x on x.market_id = m.market_id and x.seq = m.transaction_seq
       where m.market_id = ? order by m.seq`,
    )
    .iterate(market.marketId)) {
    credits.appendDate(new DuckDBDateValue(Date.parse(String(row['day'])) / DAY_MS))
    credits.appendInteger(Number(row['stall']))
    credits.appendBigInt(BigInt(Number(row['amount'])))
    credits.appendBoolean(row['kind'] === 'sale')
    if (row['payer'] === null) credits.appendNull()
    else credits.appendVarchar(String(row['payer']))
    credits.endRow()
    rows += 1
    if (rows % 100_000 === 0) bar.update(Number(row['seq']))
  }
  credits.closeSync()
  bar.stop()
  ledger.close()
  connection.closeSync()
  instance.closeSync()
}
