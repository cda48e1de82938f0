// Another process that records: `node writer.ts <database url> <JSON: batches of credits>`, begins when told to on its
// input, and prints how often it published.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { openStore } from '../../server/storage/engine.ts'
import { messageOf } from '../small-market.ts'

const [url, batches] = process.argv.slice(2)
const store = await openStore(url!)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
let published = 0
for (const batch of JSON.parse(batches!) as Parameters<typeof messageOf>[]) {
  const news = await store.record(
    batch.map((told) => messageOf(told)),
    { decide, sameTransfer, dayOf },
  )
  published += news.length
  // Whoever waits for SQLite's one lock asks again now and then only.
  await sleep(20)
}
await store.close()
process.stdout.write(`published ${published}\n`)
process.exit(0)
