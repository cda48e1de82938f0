import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Logger } from 'pino'
import { stripMarks } from '../../../shared/display-text.ts'
import type { Intake } from '../../domain/intake.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import type { AccountKey } from '../../storage/source.ts'
import type { Store } from '../../storage/store.ts'
import { listStatementSources, type StatementSource } from '../../storage/statement.ts'
import { recordStatement, type Progress } from './recording.ts'
import { MAX_FILE_BYTES, StatementRefused } from './row.ts'

/**
 * Where a file is, each a folder with one folder a source: `preview` waits for a person, `in` to be recorded, by
 * anybody who drops it there; `working` is being recorded; `done` and `refused` have a `.txt` beside the file.
 */
const STAGES = ['preview', 'in', 'working', 'done', 'refused'] as const
export type Stage = (typeof STAGES)[number]

/** A file that changed a moment ago may still be being copied. */
const QUIET_MS = 10_000
/** A file that nobody has worked on for so long was left behind by a crash. */
const ABANDONED_MS = 5 * 60_000
/** Statements hold more of a vendor's life than the ledger may keep: looked at again for a week, then gone. */
const KEPT_MS = 7 * 86_400_000
const MAX_LISTED = 50

export interface FiledStatement {
  name: string
  stage: Stage
  /** Epoch milliseconds. */
  at: number
}

interface Needs {
  store: Store
  intake: Intake
  /** `DATA_DIR/statements`. */
  folder: string
  now: () => number
  log: Logger
}

/** The desk on which statement files lie, and the clerk who takes one after another into the ledger. */
export type StatementDesk = ReturnType<typeof openStatementDesk>

export function openStatementDesk({ store, intake, folder, now, log }: Needs) {
  const progress = new Map<string, Progress>()
  const pathOf = (stage: Stage, sourceId: string, name: string) =>
    join(folder, stage, basename(sourceId), basename(name))

  const makeRoom = (stage: Stage, sourceId: string) =>
    mkdir(join(folder, stage, basename(sourceId)), { recursive: true, mode: 0o700 })

  async function move(sourceId: string, name: string, from: Stage, to: Stage, as = name): Promise<void> {
    await makeRoom(to, sourceId)
    await rename(pathOf(from, sourceId, name), pathOf(to, sourceId, as))
  }

  async function list(stage: Stage, sourceId: string): Promise<FiledStatement[]> {
    const names = await readdir(join(folder, stage, basename(sourceId))).catch(() => [])
    const filed: FiledStatement[] = []
    for (const name of names) {
      if (name.startsWith('.') || name.endsWith('.txt')) continue
      const found = await stat(pathOf(stage, sourceId, name)).catch(() => undefined)
      if (found?.isFile()) filed.push({ name, stage, at: found.mtimeMs })
    }
    return filed
  }

  async function forget(): Promise<void> {
    for (const stage of ['preview', 'done', 'refused'] as const) {
      // Also of sources that are gone.
      for (const sourceId of await readdir(join(folder, stage)).catch(() => [])) {
        for (const { name, at } of await list(stage, sourceId)) {
          if (now() - at <= KEPT_MS) continue
          await rm(pathOf(stage, sourceId, name), { force: true })
          await rm(`${pathOf(stage, sourceId, name)}.txt`, { force: true })
        }
      }
    }
  }

  /** Takes one file from `in` to its end. Undefined where another took it first. */
  async function record(
    scope: OperatorScope,
    source: StatementSource,
    name: string,
  ): Promise<Stage | undefined> {
    try {
      await move(source.id, name, 'in', 'working')
    } catch {
      return undefined
    }
    const path = pathOf('working', source.id, name)
    const key = `${source.id}/${name}`
    const touch = () => utimes(path, new Date(now()), new Date(now()))
    let [stage, words]: [Stage, string[]] = ['done', []]
    try {
      await touch()
      if ((await stat(path)).size > MAX_FILE_BYTES)
        throw new StatementRefused(`Tệp lớn hơn ${MAX_FILE_BYTES / 1024 / 1024} MB. Chia theo từng tháng.`)
      words = await recordStatement({ store, intake, now }, scope, source, path, name, (done) => {
        progress.set(key, done)
        void touch().catch(() => {})
      })
    } catch (error) {
      if (!(error instanceof StatementRefused)) {
        progress.delete(key)
        // It is tried again: what was recorded of it is recognised.
        await move(source.id, name, 'working', 'in')
        throw error
      }
      ;[stage, words] = ['refused', [error.message]]
    }
    // The words first, so that a file is never at its end without them.
    await makeRoom(stage, source.id)
    await writeFile(`${pathOf(stage, source.id, name)}.txt`, `${words.join('\n')}\n`, { mode: 0o600 })
    await move(source.id, name, 'working', stage)
    progress.delete(key)
    log.info({ sourceId: source.id, stage }, 'statement')
    return stage
  }

  return {
    pathOf,
    /** Lays an uploaded file down for a person to look at. Returns its name on the desk. */
    async receive(sourceId: string, fileName: string, bytes: Uint8Array): Promise<string> {
      const name = deskName(fileName)
      await makeRoom('preview', sourceId)
      await writeFile(pathOf('preview', sourceId, name), bytes, { mode: 0o600 })
      return name
    },
    /** It was looked at, and nothing of it is wanted any more. */
    discard: (sourceId: string, name: string) => rm(pathOf('preview', sourceId, name), { force: true }),
    /** A person said yes: from here on it goes the way of every file. Returns its name from now on. */
    async submit(sourceId: string, name: string, { bankBin, accountNumber }: AccountKey): Promise<string> {
      const named = `${bankBin}-${accountNumber}-${name}`
      await move(sourceId, name, 'preview', 'in', named)
      return named
    },
    record,
    /** Where a file is, with what was said of it at its end, and how far it is on its way there. */
    async find(
      sourceId: string,
      name: string,
    ): Promise<(FiledStatement & { words: string[]; progress: Progress | undefined }) | undefined> {
      for (const stage of STAGES) {
        const filed = (await list(stage, sourceId)).find((one) => one.name === name)
        if (!filed) continue
        const words = await readFile(`${pathOf(stage, sourceId, name)}.txt`, 'utf8').catch(() => '')
        return {
          ...filed,
          words: words.split('\n').filter(Boolean),
          progress: progress.get(`${sourceId}/${name}`),
        }
      }
      return undefined
    },
    /** What lies on the desk of one source, newest first. */
    async list(sourceId: string): Promise<FiledStatement[]> {
      const filed = await Promise.all(STAGES.map((stage) => list(stage, sourceId)))
      return filed
        .flat()
        .toSorted((a, b) => b.at - a.at)
        .slice(0, MAX_LISTED)
    },
    /**
     * Every minute: records what was dropped, goes on with what a crash left, forgets what is older than a week.
     * Returns how many files came to their end.
     */
    async sweep(scope: OperatorScope): Promise<number> {
      let ended = 0
      for (const source of await listStatementSources(store, scope)) {
        await makeRoom('in', source.id)
        for (const { name, at } of await list('working', source.id)) {
          if (now() - at > ABANDONED_MS) await move(source.id, name, 'working', 'in')
        }
        for (const { name, at } of await list('in', source.id)) {
          if (Math.abs(now() - at) < QUIET_MS) continue
          try {
            if ((await record(scope, source, name)) !== undefined) ended += 1
          } catch (error) {
            log.error({ sourceId: source.id, err: error }, 'statement failed; it is tried again')
          }
        }
      }
      await forget()
      return ended
    },
  }
}

/** A name nobody can guess or misuse that still tells a person which file it was. */
function deskName(fileName: string): string {
  const extension = extname(fileName).toLowerCase() === '.xlsx' ? '.xlsx' : '.csv'
  const stem = stripMarks(basename(fileName, extname(fileName)))
    .replaceAll(/[^A-Za-z0-9-]+/g, '-')
    .slice(0, 60)
  return `${stem}-${randomBytes(4).toString('hex')}${extension}`
}
