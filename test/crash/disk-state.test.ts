import { describe, expect, it } from 'vitest'
import { openFragileDisk, parseRecording, type DiskEvent } from '../../scripts/prove/disk-state.ts'
import { seededRandom } from '../small-market.ts'

const DB = '/m/market.db'
const WAL = '/m/market.db-wal'
const write = (file: string, offset: number, text: string): DiskEvent => ({
  kind: 'write',
  file,
  offset,
  bytes: Buffer.from(text),
})

/** What 500 power cuts after these events leave in a file, each different outcome once. */
function outcomes(events: DiskEvent[], file: string, before = 'old'): Set<string | undefined> {
  const disk = openFragileDisk(new Map([[DB, Buffer.from(before)]]))
  for (const event of events) disk.advance(event)
  const random = seededRandom(1)
  return new Set(Array.from({ length: 500 }, () => disk.cut(random).get(file)?.toString()))
}

describe('a power cut', () => {
  it('leaves what was synced', () => {
    expect(outcomes([write(DB, 0, 'new'), { kind: 'sync', file: DB, since: 1 }], DB)).toEqual(
      new Set(['new']),
    )
  })

  it('leaves or drops what was not, later writes also without earlier ones', () => {
    const events = [write(DB, 0, 'A'), write(DB, 1, 'B')]
    expect(outcomes(events, DB)).toEqual(new Set(['old', 'Ald', 'oBd', 'ABd']))
  })

  it('lets writes to the same place arrive in any order', () => {
    expect(outcomes([write(DB, 0, 'A'), write(DB, 0, 'B')], DB)).toEqual(new Set(['old', 'Ald', 'Bld']))
  })

  it('tears a write at 512 bytes and nowhere else', () => {
    const old = '-'.repeat(512)
    const now = '+'.repeat(512)
    expect(outcomes([write(DB, 0, now + now)], DB, old + old)).toEqual(
      new Set([old + old, now + old, old + now, now + now]),
    )
  })

  it('does not count as synced what was written while the sync ran', () => {
    const events: DiskEvent[] = [write(DB, 0, 'A'), write(DB, 1, 'B'), { kind: 'sync', file: DB, since: 1 }]
    expect(outcomes(events, DB)).toEqual(new Set(['Ald', 'ABd']))
  })

  it('may take a new file away until its folder is synced too', () => {
    const events: DiskEvent[] = [write(WAL, 0, 'frame'), { kind: 'sync', file: WAL, since: 1 }]
    expect(outcomes(events, WAL)).toEqual(new Set(['frame', undefined]))
    expect(outcomes([...events, { kind: 'sync', file: '/m', since: 2 }], WAL)).toEqual(new Set(['frame']))
  })
})

it('a recording is read with its syncs where they end, and without what failed or does not last', () => {
  const hex = (text: string) =>
    Buffer.from(text)
      .toString('hex')
      .replaceAll(/../g, String.raw`\x$&`)
  const lines = [
    `100 pwrite64(21<${hex(WAL)}>, "${hex('ab')}", 2, 32) = 2`,
    `100 fsync(21<${hex(WAL)}> <unfinished ...>`,
    `100 pwrite64(22<${hex(`${DB}-shm`)}>, "${hex('x')}", 1, 0) = 1`,
    `101 pwrite64(21<${hex(WAL)}>, "${hex('c')}", 1, 34) = 1`,
    `100 <... fsync resumed>)             = 0`,
    `100 pwrite64(20<${hex(DB)}>, "${hex('y')}", 1, 0) = -1 ENOSPC (No space left on device)`,
    `100 fsync(20<${hex(DB)}>) = -1 EIO (Input/output error)`,
    `100 writev(25<TCPv6:[[::ffff:127.0.0.1]:47111->[::ffff:127.0.0.1]:36084]>, [{iov_base="${hex('HTTP/1.1 503 Service')}", iov_len=20}], 1) = 20`,
    `100 ftruncate(20<${hex(DB)}>, 4096) = 0`,
    `100 unlink("${hex(WAL)}") = 0`,
    `100 +++ exited with 0 +++`,
  ]
  expect(parseRecording(lines, '/m')).toEqual([
    { kind: 'write', file: WAL, offset: 32, bytes: Buffer.from('ab') },
    { kind: 'write', file: WAL, offset: 34, bytes: Buffer.from('c') },
    { kind: 'sync', file: WAL, since: 1 },
    { kind: 'reply', port: 36_084, status: 503 },
    { kind: 'truncate', file: DB, size: 4096 },
    { kind: 'unlink', file: WAL },
  ])
})
