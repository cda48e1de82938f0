import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own, so that nothing measured shares its event loop. */
export interface Side {
  port: number
  /** Resident memory after a collection, in bytes. */
  memory(): Promise<number>
  close(): Promise<void>
}

type Report = { port: number } | { memoryBytes: number }

/** Starts `file` (beside this one) with these arguments and waits until it answers. Rejects if it ends before. */
export async function startSide(
  file: string,
  args: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Side> {
  const child = fork(new URL(file, import.meta.url), args, {
    env: { ...process.env, PORT: '0', ...env },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const first = await told(child)
  if (!('port' in first)) throw new Error(`${file} did not say its port`)
  return {
    port: first.port,
    async memory() {
      child.send('memory')
      const report = await told(child)
      return 'memoryBytes' in report ? report.memoryBytes : Number.NaN
    },
    async close() {
      const ended = once(child, 'exit')
      child.send('close')
      await ended
    },
  }
}

async function told(child: ChildProcess): Promise<Report> {
  const heard = new AbortController()
  const { signal } = heard
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([report]) => report as Report),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a server under measurement ended (${code})`)
      }),
    ])
  } finally {
    heard.abort()
  }
}

/** The other end: says the port, then answers what it is asked until it is told to close. */
export function reportTo(self: NodeJS.Process, port: number, close: () => Promise<void>): void {
  self.on('message', (asked) => {
    if (asked === 'memory') {
      globalThis.gc?.()
      self.send?.({ memoryBytes: self.memoryUsage.rss() })
    }
    if (asked === 'close') void close().finally(() => self.exit())
  })
  // Whoever started it is gone.
  self.on('disconnect', () => self.exit())
  self.send?.({ port })
}
