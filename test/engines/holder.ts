// Another process with a transaction open: takes the market's next seq, says so, and commits half a second later.
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Client } from 'pg'

const [url, marketId] = process.argv.slice(2)
const TAKE = `update market_counter set seq = seq + 1 where market_id = ${marketId} returning seq`
const add = (seq: number) =>
  `insert into change (market_id, seq, stall_id, transaction_seq, kind, at) values (${marketId}, ${seq}, 1, 1, 'undone', 42)`

if (url!.startsWith('file:')) {
  const client = new Database(url!.slice('file:'.length))
  client.pragma('busy_timeout = 5000')
  client.exec('begin immediate')
  const { seq } = client.prepare(TAKE).get() as { seq: number }
  client.exec(add(seq))
  process.stdout.write('held')
  await sleep(500)
  client.exec('commit')
  client.close()
} else {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  const { rows } = await client.query<{ seq: string }>(TAKE)
  await client.query(add(Number(rows[0]!.seq)))
  process.stdout.write('held')
  await sleep(500)
  await client.query('commit')
  await client.end()
}
