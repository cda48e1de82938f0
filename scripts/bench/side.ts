import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own, so that nothing measured shares its event loop. */
export interface Side {
  port: number
  /** What it has taken: resident memory after a collection, and processor time since it began. */
  usage(): Promise<Usage>
  close(): Promise<void>
}

interface Usage {
  memoryBytes: number
  cpuMs: number
}

type Report = { port: number } | Usage

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
    async usage() {
      child.send('usage')
      const report = await told(child)
      if (!('cpuMs' in report)) throw new Error(`${file} did not say what it takes`)
      return report
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
    if (asked === 'usage') {
      const { user, system } = self.cpuUsage()
      globalThis.gc?.()
      self.send?.({ memoryBytes: self.memoryUsage.rss(), cpuMs: (user + system) / 1000 })
    }
    if (asked === 'close') void close().finally(() => self.exit())
  })
  // Whoever started it is gone.
  self.on('disconnect', () => self.exit())
  self.send?.({ port })
}
