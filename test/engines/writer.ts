// Another process that records: for each line of its input, the credits of a batch as JSON, it prints how often it
// published. It says «ready» first.
import { createInterface } from 'node:readline'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { openStore } from '../../server/storage/engine.ts'
import { messageOf } from '../small-market.ts'

const store = await openStore(process.argv[2]!)
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const batch = JSON.parse(line) as Parameters<typeof messageOf>
  const news = await store.record(
    batch.map((told) => messageOf(told)),
    { decide, sameTransfer, dayOf },
  )
  process.stdout.write(`${news.length}\n`)
}
await store.close()
