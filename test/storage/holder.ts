// Another process with a transaction open: takes the market's next seq, says so, and commits half a second later.
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'

const [path, marketId] = process.argv.slice(2)
const client = new Database(path)
client.pragma('busy_timeout = 5000')
client.exec('begin immediate')
const { seq } = client
  .prepare('update market_counter set seq = seq + 1 where market_id = ? returning seq')
  .get(marketId) as { seq: number }
client
  .prepare(
    `insert into change (market_id, seq, stall_id, transaction_seq, kind, at) values (?, ?, 1, 1, 'credit', 42)`,
  )
  .run(marketId, seq)
process.stdout.write('held')
await sleep(500)
client.exec('commit')
client.close()
