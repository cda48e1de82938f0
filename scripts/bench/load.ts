import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Heard, Load } from './generator.ts'

/** The generator's process; one load at a time. */
export interface Generator {
  /** Rejects unless every request was answered with 200. */
  run(load: Load): Promise<Heard>
  close(): void
}

export async function startGenerator(): Promise<Generator> {
  const child = fork(new URL('generator.ts', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return {
    async run(load) {
      child.send(load)
      const [report] = (await once(child, 'message')) as [{ heard: Heard } | { failed: string }]
      if ('failed' in report) throw new Error(report.failed)
      return report.heard
    },
    close: () => child.disconnect(),
  }
}
