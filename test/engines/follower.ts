// Another process that follows the ledger, two hundred times as often as a server, until it is ended. It says «ready» first.
// As a server's, a turn that fails (PostgreSQL lets one of many that collide go at last) leaves all to the next.
import { setTimeout as sleep } from 'node:timers/promises'
import { followLedger } from '../../server/storage/follower.ts'
import { openStore } from '../../server/storage/engine.ts'

const store = await openStore(process.argv[2]!)
process.stdout.write('ready\n')
for (;;) {
  await followLedger(store, (marketId, payerAccount) => `${marketId} ${payerAccount}`).catch(() => {})
  await sleep(5)
}
