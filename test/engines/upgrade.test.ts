import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, inject, it } from 'vitest'
import { ask, createDatabase } from '../postgres-server.ts'
import { temporaryFolder } from '../scripts/child.ts'
import { ENGINES, execute, type Engine } from '../test-store.ts'

/** The migration that moved a match's first classification into its row, the first of those that move something. */
const DECISIONS = { sqlite: '0005_decisions', postgres: '0001_decisions' }

/** What a ledger of before held: two credits, one of them said to be something else since, and one unreadable message. */
const BEFORE = `
  insert into bank_notification (market_id, seq, source_id, body_sha256, received_at) values (0, 1, 's', 'abc', 1);
  insert into notification_body (market_id, notification_seq, body, erase_on) values (0, 1, '{', '2027-02-20');
  insert into transaction_text (market_id, transaction_seq, remittance_text, payer_name, payer_account, erase_on)
    values (1, 2, 'tien ca', 'TRAN THI B', null, '2027-02-21');
  insert into match_exception (market_id, seq, notification_seq, business_day, reason, at)
    values (0, 2, 1, '2026-11-22', 'unreadable', 1);
  insert into "match" (market_id, seq, transaction_seq, business_day, stall_id, rule, by, at)
    values (1, 3, 2, '2026-11-22', 7, 'reference', 'rule', 1), (1, 8, 7, '2026-11-22', 7, 'sole_stall', 'rule', 1);
  insert into classification (market_id, seq, transaction_seq, classification, by, at) values
    (1, 4, 2, 'sale', 'rule', 1), (1, 9, 7, 'unclear', 'rule', 1), (1, 11, 7, 'family', 'her', 2);
  insert into takings (market_id, business_day, stall_id, total_vnd, sale_count, unclear_count, cash_vnd, cash_count)
    values (1, '2026-11-22', 7, 45000, 2, 1, 20000, 1);
  insert into change (market_id, seq, stall_id, transaction_seq, kind, at) values
    (1, 5, 7, 2, 'credit', 1), (1, 10, 7, 7, 'credit', 1), (1, 12, 7, 7, 'classified', 2)`

/** Alarms since their table was made: one nobody was told of, one of which the beginning was told, one of which the end. */
const ALARMS = `
  insert into source_alarm (source_id, kind, since, raised_at, ended_at, told, tries) values
    ('s', 'late', 1, 1, null, 'nothing', 3), ('s', 'silent', 1, 2, 3, 'raised', 0), ('s', 'silent', 4, 5, 6, 'ended', 0)`

/** What was counted of a source before its banks were told apart. */
const HOURS = `
  insert into source_hour (source_id, hour, channel, within_s, count) values ('s', 7, 'push', 5, 60), ('s', 7, 'push', 60, 2)`

const AFTER = { _source_alarm: ALARMS, _source_hour: HOURS }

function migrations(engine: Engine): { before: string[]; since: string[] } {
  const folder = join(import.meta.dirname, '..', '..', 'server', 'storage', 'migrations', engine)
  const journal = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { tag: string }[]
  }
  const tags = journal.entries.map(({ tag }) => tag)
  const read = (tag: string) =>
    readFileSync(join(folder, `${tag}.sql`), 'utf8').replaceAll('--> statement-breakpoint', '')
  const first = tags.indexOf(DECISIONS[engine])
  const since = tags
    .slice(first)
    .flatMap((tag) => [
      read(tag),
      ...Object.entries(AFTER).flatMap(([end, rows]) => (tag.endsWith(end) ? rows : [])),
    ])
  return { before: tags.slice(0, first).map(read), since }
}

it.each(ENGINES)(
  'a ledger of before keeps what was said of its money, the words of it, and what was told of its sources, on %s',
  async (engine) => {
    const isSqlite = engine === 'sqlite'
    const folder = temporaryFolder()
    const url = isSqlite ? `file:${join(folder, 'market.db')}` : await createDatabase(inject('postgresUrl'))
    const { before, since } = migrations(engine)
    for (const text of [...before, BEFORE, ...since]) await execute(url, text)

    const read = async (query: string): Promise<object[]> => {
      if (!isSqlite) return ask(url, query)
      const file = new Database(url.slice('file:'.length))
      const found = file.prepare(query).all() as object[]
      file.close()
      return found
    }
    expect(await read('select classification from "match" order by seq')).toEqual([
      { classification: 'sale' },
      { classification: 'unclear' },
    ])
    expect(await read('select kind from change')).toEqual([{ kind: 'classified' }])
    expect(await read('select body_sha256 from match_exception')).toEqual([{ body_sha256: 'abc' }])
    const words =
      await read(`select market_id, seq, cast(length(body) as integer) as bytes, remittance_text, payer_name, erase_on
    from erasable order by market_id`)
    expect(
      words.map((row) => Object.values(row).map((value) => (value === null ? null : String(value)))),
    ).toEqual([
      ['0', '1', '1', null, null, '2027-02-20'],
      ['1', '2', null, 'tien ca', 'TRAN THI B', '2027-02-21'],
    ])
    const columnsOf = (names: string) => names.replaceAll(' ', " || ' ' || ")
    const sums = columnsOf(
      'market_id business_day stall_id total_vnd sale_count unclear_count cash_vnd cash_count',
    )
    expect(await read(`select ${sums} as counted from takings`)).toEqual([
      { counted: '1 2026-11-22 7 45000 2 1 20000 1' },
    ])
    const hours = `select source_id || ' ' || hour || bank_bin || ' ' || channel || ' ' || within_s || ' ' || count as counted
      from source_hour order by within_s`
    expect(await read(hours)).toEqual([{ counted: 's 7 push 5 60' }, { counted: 's 7 push 60 2' }])
    expect(await read('select id from source_alarm where bank_bin is null')).toHaveLength(3)
    const tellings = columnsOf('alarm_id state way outcome tries tried_at')
    expect(await read(`select ${tellings} as told from alarm_telling order by alarm_id`)).toEqual([
      { told: '2 raised webhook told 1 3' },
      { told: '3 ended webhook told 1 6' },
    ])
  },
)
