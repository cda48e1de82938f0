// Another process that follows the ledger without pause until it is ended. It says «ready» first.
import { followLedger } from '../../server/storage/follower.ts'
import { openStore } from '../../server/storage/engine.ts'

const store = await openStore(process.argv[2]!)
process.stdout.write('ready\n')
for (;;) {
  await followLedger(store, (marketId, payerAccount) => `${marketId} ${payerAccount}`)
  await new Promise(setImmediate)
}
