import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { IncomingMessage, Published } from './decision.ts'

/** A batch on its way to the recording thread: all bodies in one piece of memory, which changes hands. */
export interface Parcel {
  messages: Omit<IncomingMessage, 'rawBody'>[]
  bodies: Uint8Array<ArrayBuffer>
  bodyLengths: number[]
}

/** What the thread answers to each parcel. */
export type Recorded = { published: Published[] } | { error: Error }

export interface Recorder {
  /** Not called again before it has resolved or rejected. */
  record(batch: readonly IncomingMessage[]): Promise<Published[]>
  close(): Promise<void>
}

/** A thread that records batches into that file by the rules of that module. Should it die, another one is started. */
export function startRecorder(path: string, rulesModule: string): Recorder {
  const entry = new URL('./recording-thread.sqlite.ts', import.meta.url)
  let thread: Worker | undefined
  let waiting: PromiseWithResolvers<Published[]> | undefined

  function start(): Worker {
    const worker = new Worker(entry, { workerData: { path, rulesModule } })
    worker.on('message', (recorded: Recorded) => {
      if ('error' in recorded) waiting?.reject(recorded.error)
      else waiting?.resolve(recorded.published)
    })
    worker.once('error', (error) => waiting?.reject(error))
    worker.once('exit', () => {
      thread = undefined
      waiting?.reject(new Error('the recording thread ended'))
    })
    return worker
  }

  return {
    record(batch) {
      thread ??= start()
      waiting = Promise.withResolvers()
      const parcel = pack(batch)
      thread.postMessage(parcel, [parcel.bodies.buffer])
      return waiting.promise
    },
    async close() {
      thread?.postMessage('close')
      if (thread) await once(thread, 'exit')
    },
  }
}

function pack(batch: readonly IncomingMessage[]): Parcel {
  const bodyLengths = batch.map(({ rawBody }) => rawBody.byteLength)
  const bodies = new Uint8Array(bodyLengths.reduce((sum, length) => sum + length, 0))
  let offset = 0
  const messages = batch.map(({ rawBody, ...message }) => {
    bodies.set(rawBody, offset)
    offset += rawBody.byteLength
    return message
  })
  return { messages, bodies, bodyLengths }
}

export function unpack({ messages, bodies, bodyLengths }: Parcel): IncomingMessage[] {
  let offset = 0
  return messages.map((message, index) => {
    const rawBody = bodies.subarray(offset, (offset += bodyLengths[index]!))
    return { ...message, rawBody }
  })
}
