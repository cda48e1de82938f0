/** One thing that the recorded server did, in the order in which it did them. */
export type DiskEvent =
  | ({ file: string } & Change)
  /** Everything done to `file` before event number `since` is on the disk from here on. */
  | { kind: 'sync'; file: string; since: number }
  | { kind: 'unlink'; file: string }
  /** An answer began to leave for that port. */
  | { kind: 'reply'; port: number; status: number }

/** Bytes of each file that exists, by path. */
export type DiskState = Map<string, Buffer>

const SECTOR = 512
/** Where the system writes when it likes: nothing of it survives a power cut but what is in the ledger's files. */
const VOLATILE = /-shm$/

/**
 * Reads strace's lines (`-f -yy -xx`) into what happened to the files under `folder` and what was answered. A write
 * counts from its beginning, a sync from its end: between the two anything may be on the disk.
 */
export function parseRecording(lines: readonly string[], folder: string): DiskEvent[] {
  const events: DiskEvent[] = []
  const isOurs = (file: string) => file.startsWith(folder) && !VOLATILE.test(file)
  /** Syncs that have begun, by thread. */
  const syncing = new Map<string, { file: string; since: number }>()
  const sync = (begun: { file: string; since: number } | undefined, line: string) => {
    if (begun && line.endsWith('= 0')) events.push({ kind: 'sync', ...begun })
  }

  for (const line of lines) {
    const [, thread, resumed, call] = /^(\d+) +(<\.\.\. )?(\w+)/.exec(line) ?? []
    if (thread === undefined) continue
    if (resumed) {
      sync(syncing.get(thread), line)
      syncing.delete(thread)
      continue
    }
    const unfinished = line.endsWith('<unfinished ...>')
    if (!unfinished && / = -1 /.test(line.slice(-80))) continue
    const path = fromHex(/\(\d+<((?:\\x..)+)>[,) ]/.exec(line)?.[1] ?? '').toString()
    if (call === 'write' || call === 'writev') {
      const port = /->\S*:(\d+)\]>/.exec(line)?.[1]
      const said = /"((?:\\x..)+)/.exec(line)?.[1]
      const status = /^HTTP\/1\.1 (\d{3})/.exec(fromHex(said?.slice(0, 48) ?? '').toString())?.[1]
      if (port && status) events.push({ kind: 'reply', port: Number(port), status: Number(status) })
    } else if (call === 'unlink') {
      const file = fromHex(/"((?:\\x..)+)"/.exec(line)?.[1] ?? '').toString()
      if (isOurs(file)) events.push({ kind: 'unlink', file })
    } else if (isOurs(path)) {
      if (call === 'pwrite64') {
        const [, hex, offset] = /, "((?:\\x..)*)", \d+, (\d+)/.exec(line)!
        events.push({ kind: 'write', file: path, offset: Number(offset), bytes: fromHex(hex!) })
      } else if (call === 'ftruncate') {
        events.push({ kind: 'truncate', file: path, size: Number(/, (\d+)/.exec(line)![1]) })
      } else {
        const begun = { file: path, since: events.length }
        if (unfinished) syncing.set(thread, begun)
        else sync(begun, line)
      }
    }
  }
  return events
}

const fromHex = (text: string) => Buffer.from(text.replaceAll('\\x', ''), 'hex')

type Change = { kind: 'write'; offset: number; bytes: Buffer } | { kind: 'truncate'; size: number }

interface DiskFile {
  /** What is surely on the disk. */
  synced: Buffer
  /** What was done since and may be there, in part, in any order. */
  pending: (Change & { index: number })[]
  /** Whether its name surely stands in its folder, which is synced on its own. */
  named: boolean
  unlinked: boolean
}

/** A disk that keeps only what was synced, and of the rest whatever chance leaves. */
export interface FragileDisk {
  /** The next event happens. */
  advance(event: DiskEvent): void
  /** The power goes, now: what the disk may hold afterwards. */
  cut(random: Random): DiskState
}

/** `random(below)` is a whole number from 0. */
type Random = (below: number) => number

export function openFragileDisk(before: DiskState): FragileDisk {
  const files = new Map<string, DiskFile>()
  for (const [file, bytes] of before) {
    files.set(file, { synced: bytes, pending: [], named: true, unlinked: false })
  }
  let events = 0

  function sync(path: string, since: number): void {
    const file = files.get(path)
    if (file) {
      const settled = file.pending.filter((one) => one.index < since)
      file.synced = applyAll(file.synced, settled)
      file.pending = file.pending.slice(settled.length)
      return
    }
    // Not one of the files: the folder they are in.
    for (const [name, one] of files) {
      one.named = true
      if (one.unlinked) files.delete(name)
    }
  }

  return {
    advance(event) {
      const index = events++
      if (event.kind === 'reply') return
      if (event.kind === 'sync') return sync(event.file, event.since)
      let file = files.get(event.file)
      if (!file) {
        file = { synced: Buffer.alloc(0), pending: [], named: false, unlinked: false }
        files.set(event.file, file)
      }
      if (event.kind === 'unlink') file.unlinked = true
      else file.pending.push({ ...event, index })
    },
    cut(random) {
      const state: DiskState = new Map()
      // From "nothing unsynced arrived" to "all of it did", whole or in pieces.
      const survivePercent = random(5) * 25
      const tearPercent = random(3) * 30
      for (const [path, { synced, pending, named, unlinked }] of files) {
        if ((!named || unlinked) && random(2) === 0) continue
        const survivors = pending.filter(() => random(100) < survivePercent)
        shuffle(survivors, random)
        const arrived = survivors.flatMap((one) =>
          one.kind === 'write' && random(100) < tearPercent ? tear(one, random) : [one],
        )
        state.set(path, applyAll(synced, arrived))
      }
      return state
    },
  }
}

/** The file after these changes; a hole reads as zeros. */
function applyAll(before: Buffer, changes: readonly Change[]): Buffer {
  const ends = changes.map((one) => (one.kind === 'write' ? one.offset + one.bytes.length : one.size))
  const after = Buffer.alloc(Math.max(before.length, ...ends))
  before.copy(after)
  let size = before.length
  for (const [index, change] of changes.entries()) {
    if (change.kind === 'write') {
      change.bytes.copy(after, change.offset)
      size = Math.max(size, ends[index]!)
    } else {
      size = change.size
      after.fill(0, size)
    }
  }
  return after.subarray(0, size)
}

/** The sectors of a write that arrived: some of them. */
function tear({ offset, bytes }: { offset: number; bytes: Buffer }, random: Random): Change[] {
  const sectors: Change[] = []
  for (let start = offset; start < offset + bytes.length;) {
    const end = Math.min(offset + bytes.length, (Math.floor(start / SECTOR) + 1) * SECTOR)
    if (random(2) === 0) {
      sectors.push({ kind: 'write', offset: start, bytes: bytes.subarray(start - offset, end - offset) })
    }
    start = end
  }
  return sectors
}

function shuffle(list: unknown[], random: Random): void {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = random(index + 1)
    ;[list[index], list[other]] = [list[other], list[index]]
  }
}
