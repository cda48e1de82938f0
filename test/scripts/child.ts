import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../..')

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export type Environment = Record<string, string>

/** A folder of its own for one test, gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cho-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Nothing of the tester's own settings reaches a script. */
function environment(wanted: Environment): Environment {
  const { PATH = '', NODE_OPTIONS = '', NODE_COMPILE_CACHE = '' } = process.env
  return { PATH, NODE_OPTIONS, NODE_COMPILE_CACHE, NO_COLOR: '1', ...wanted }
}

/** Runs a script to its end on this very Node. */
export function runScript(name: string, args: string[], env: Environment): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: environment(env), timeout: 60_000 }
    execFile(process.execPath, [join('scripts', name), ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

export interface Started {
  child: ChildProcess
  /** Everything it has printed so far, both streams. */
  output(): string
  /** The output once it contains `pattern`. Throws if it ends first. */
  until(pattern: RegExp): Promise<string>
  /** Sends one signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a script that goes on; it is ended with its test. */
export function startScript(name: string, env: Environment, args: string[] = []): Started {
  const options = { cwd: root, env: environment(env) }
  const child = spawn(process.execPath, [join('scripts', name), ...args], options)
  let printed = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    output: () => printed,
    until(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(printed)) resolve(printed)
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`ended before ${pattern}:\n${printed}`)))
      })
    },
    stop(signal = 'SIGINT') {
      child.kill(signal)
      return ended
    },
  }
}

/** Every row of every table, to compare a database with itself. */
export function dump(path: string): Record<string, unknown[]> {
  const db = new Database(path, { readonly: true })
  try {
    const tables = db.prepare(`select name from sqlite_master where type = 'table' order by name`).all() as {
      name: string
    }[]
    return Object.fromEntries(tables.map(({ name }) => [name, db.prepare(`select * from "${name}"`).all()]))
  } finally {
    db.close()
  }
}

/** Rows of one question, from a database another process is writing. */
export function ask<Row>(path: string, question: string): Row[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(question).all() as Row[]
  } finally {
    db.close()
  }
}

/** Looks again until `look` gives something, at most `milliseconds` long. */
export async function eventually<T>(milliseconds: number, look: () => T | undefined): Promise<T> {
  const until = Date.now() + milliseconds
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error(`nothing within ${milliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
