import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { isolate, waitForStandby } from '../../scripts/prove/standby.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { openStore } from '../../server/storage/engine.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { addSource } from '../../server/storage/source.ts'
import { ask, startPostgres } from '../postgres-server.ts'
import { credit, fillMarket, messageOf, MORNING, SOURCE } from '../small-market.ts'

/** Many times what a commit takes. */
const LONG_MS = 500

/** In short, and on storage alone; the whole product and many primaries are in `npm run prove -- standby`. */
it('a standby that is waited for has all that was acknowledged; one that is not waited for has not', async () => {
  const primary = await startPostgres()
  onTestFinished(primary.stop)
  const store = await openStore(primary.url)
  const source = { id: SOURCE, kind: 'sepay', mode: 'hmac', label: 'SePay', apiToken: null, secret: 'sealed' }
  await store.changeRegistry((tx) => addSource(tx, operatorScope(), source, MORNING))
  const { lan } = await fillMarket(store, SOURCE)
  const record = (sourceKey: string) =>
    store.record([messageOf(credit({ accountNumber: lan.accountNumber, sourceKey }))], RULES)
  const standby = await startPostgres({}, primary)
  onTestFinished(standby.stop)

  const reconnect = await isolate(standby)
  await record('async')
  await sleep(LONG_MS)
  expect(await keysAt(standby.url)).toEqual([])

  await reconnect()
  await waitForStandby(primary)
  await record('sync')
  await isolate(standby)
  let isAcknowledged = false
  const unheard = record('unheard').then(() => void (isAcknowledged = true))
  await sleep(LONG_MS)
  expect(isAcknowledged).toBe(false)

  const refused = unheard.catch((error: unknown) => error)
  await primary.kill()
  expect(await refused).toBeInstanceOf(Error)
  await store.close()
  await ask(standby.url, 'select pg_promote()')
  const promoted = await openStore(standby.url)
  onTestFinished(() => promoted.close())
  expect(await findDifferences(promoted)).toEqual([])
  expect(await keysAt(standby.url)).toEqual(['async', 'sync'])
})

async function keysAt(url: string): Promise<string[]> {
  const text = 'select source_key as key from bank_transaction order by seq'
  return (await ask<{ key: string }>(url, text)).map(({ key }) => key)
}
