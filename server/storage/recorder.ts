import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { IncomingMessage, Published } from './decision.ts'

/** A batch on its way to the recording thread: all bodies in one piece of memory, which changes hands. */
export interface Parcel {
  id: number
  /** JSON: a thread takes it in twice as fast as the objects. */
  messages: string
  bodies: Uint8Array<ArrayBuffer>
  bodyLengths: number[]
}

/** What the thread answers to each parcel. */
export type Recorded = { id: number } & ({ published: Published[] } | { error: Error })

export interface Recorder {
  record(batch: readonly IncomingMessage[]): Promise<Published[]>
  close(): Promise<void>
}

/** A thread that records batches there by the rules of that module. Should it die, another one is started. */
export function startRecorder(databaseUrl: string, rulesModule: string): Recorder {
  const entry = new URL('./recording-thread.ts', import.meta.url)
  const waiting = new Map<number, PromiseWithResolvers<Published[]>>()
  let thread: Worker | undefined
  let lastId = 0

  function start(): Worker {
    const worker = new Worker(entry, { workerData: { databaseUrl, rulesModule } })
    worker.on('message', (recorded: Recorded) => {
      const { resolve, reject } = waiting.get(recorded.id)!
      waiting.delete(recorded.id)
      if ('error' in recorded) reject(recorded.error)
      else resolve(recorded.published)
    })
    let cause: unknown = new Error('the recording thread ended')
    worker.once('error', (error) => (cause = error))
    // Only now: another one started between its error and its end would be given up with it.
    worker.once('exit', () => {
      thread = undefined
      for (const { reject } of waiting.values()) reject(cause)
      waiting.clear()
    })
    return worker
  }

  return {
    record(batch) {
      thread ??= start()
      const id = (lastId += 1)
      const parcel = pack(id, batch)
      thread.postMessage(parcel, [parcel.bodies.buffer])
      const recorded = Promise.withResolvers<Published[]>()
      waiting.set(id, recorded)
      return recorded.promise
    },
    async close() {
      if (!thread) return
      const ended = once(thread, 'exit')
      thread.postMessage('close')
      await ended
    },
  }
}

function pack(id: number, batch: readonly IncomingMessage[]): Parcel {
  const bodyLengths = batch.map(({ rawBody }) => rawBody.byteLength)
  const bodies = new Uint8Array(bodyLengths.reduce((sum, length) => sum + length, 0))
  let offset = 0
  const messages = batch.map(({ rawBody, ...message }): Omit<IncomingMessage, 'rawBody'> => {
    bodies.set(rawBody, offset)
    offset += rawBody.byteLength
    return message
  })
  return { id, messages: JSON.stringify(messages), bodies, bodyLengths }
}

export function unpack({ messages, bodies, bodyLengths }: Parcel): IncomingMessage[] {
  let offset = 0
  return (JSON.parse(messages) as Omit<IncomingMessage, 'rawBody'>[]).map((message, index) => {
    const rawBody = bodies.subarray(offset, (offset += bodyLengths[index]!))
    return { ...message, rawBody }
  })
}
