// A thread of its own (see recorder.ts): takes batches, records them, says what to publish.
import { parentPort, workerData } from 'node:worker_threads'
import type { RecordingRules } from './decision.ts'
import { openStore } from './engine.ts'
import { unpack, type Parcel, type Recorded } from './recorder.ts'

const { databaseUrl, rulesModule } = workerData as { databaseUrl: string; rulesModule: string }
const { RULES } = (await import(rulesModule)) as { RULES: RecordingRules }
const store = await openStore(databaseUrl)

parentPort!.on('message', (parcel: Parcel | 'close') => {
  if (parcel === 'close') void store.close().finally(() => parentPort!.close())
  else void recorded(parcel).then((answer) => parentPort!.postMessage(answer))
})

async function recorded(parcel: Parcel): Promise<Recorded> {
  const { id } = parcel
  try {
    return { id, published: await store.record(unpack(parcel), RULES) }
  } catch (error) {
    return { id, error: error as Error }
  }
}
