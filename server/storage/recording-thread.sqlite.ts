// A thread of its own (see recorder.sqlite.ts): takes batches, records them, says what to publish.
import { parentPort, workerData } from 'node:worker_threads'
import { connect, registryOn, requireFull } from './connection.sqlite.ts'
import type { RecordingRules } from './decision.ts'
import { createRecorder } from './record.sqlite.ts'
import { unpack, type Parcel, type Recorded } from './recorder.sqlite.ts'

const { path, rulesModule } = workerData as { path: string; rulesModule: string }
const { RULES } = (await import(rulesModule)) as { RULES: RecordingRules }
const connection = connect(path)
const record = createRecorder(connection, registryOn(connection))

parentPort!.on('message', (parcel: Parcel | 'close') => {
  if (parcel === 'close') {
    connection.client.close()
    parentPort!.close()
  } else parentPort!.postMessage(recorded(parcel))
})

function recorded(parcel: Parcel): Recorded {
  try {
    const published = record(unpack(parcel), RULES)
    // What is not durable is not acknowledged.
    requireFull(connection.client)
    return { published }
  } catch (error) {
    return { error: error as Error }
  }
}
