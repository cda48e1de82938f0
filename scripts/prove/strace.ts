import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Product } from './product.ts'

/** How the server is started so that a copy of all it writes, syncs and answers is left in `file`. */
export const recordTo = (file: string): string[] => [
  // -D: the server is our child and not strace's; -yy: files and peers by name; -xx -s: every byte.
  ...'strace -D -f --seccomp-bpf -q -yy -xx -s 100000 -e signal=none'.split(' '),
  ...'-e trace=pwrite64,write,writev,ftruncate,fsync,fdatasync,unlink -o'.split(' '),
  file,
]

/** Why nothing can be traced on this machine; undefined where it can. */
export function whyNoStrace(): string | undefined {
  const { error, status, stderr } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  })
  if (error) return 'không có strace; cài strace: apt-get install strace'
  return status === 0 ? undefined : `strace không được phép theo dõi ở đây: ${stderr.trim()}`
}

/**
 * From now on every system call of the server that the injection names (strace's own words, such as
 * `fsync:error=EIO`) goes wrong. Returns how to let go, which is as if the disk had come back.
 */
export async function inject({ pid }: Product, injection: string): Promise<() => Promise<void>> {
  const calls = injection.slice(0, injection.indexOf(':'))
  const args = `-f -o /dev/null -e trace=${calls} -e inject=${injection} -p ${pid}`.split(' ')
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => tracer.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('attached')) resolve()
    })
    void ended.then(() => reject(new Error(`strace ended: ${said}`)))
  })
  return () => {
    tracer.kill('SIGINT')
    return ended
  }
}

/** Reads a recording, line by line, once the server in it has ended. */
export async function readRecording(file: string, { pid }: Product): Promise<string[]> {
  const last = new RegExp(`^${pid} +\\+\\+\\+ exited`)
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const lines = readFileSync(file, 'latin1').split('\n')
    // Threads of it may end after it.
    if (lines.slice(-50).some((line) => last.test(line))) return lines
    await sleep(100)
  }
  throw new Error(`the recording in ${file} has no end`)
}
