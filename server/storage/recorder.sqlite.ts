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
  /** In the order of the calls. */
  record(batch: readonly IncomingMessage[]): Promise<Published[]>
  close(): Promise<void>
}

/** A thread that records batches into that file by the rules of that module. Should it die, another one is started. */
export function startRecorder(path: string, rulesModule: string): Recorder {
  const entry = new URL('./recording-thread.sqlite.ts', import.meta.url)
  let thread: Worker | undefined
  /** The oldest first. */
  const waiting: PromiseWithResolvers<Published[]>[] = []

  function start(): Worker {
    const worker = new Worker(entry, { workerData: { path, rulesModule } })
    worker.on('message', (recorded: Recorded) => {
      const { resolve, reject } = waiting.shift()!
      if ('error' in recorded) reject(recorded.error)
      else resolve(recorded.published)
    })
    const fail = (error: Error) => {
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    worker.once('error', fail)
    worker.once('exit', () => {
      thread = undefined
      fail(new Error('the recording thread ended'))
    })
    return worker
  }

  return {
    record(batch) {
      thread ??= start()
      const parcel = pack(batch)
      thread.postMessage(parcel, [parcel.bodies.buffer])
      const recorded = Promise.withResolvers<Published[]>()
      waiting.push(recorded)
      return recorded.promise
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
