import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { ask, runScript, temporaryFolder } from './child.ts'

/** A database with the market of the fixture: one of its four stalls is closed. */
async function place() {
  const folder = temporaryFolder()
  const env = { DATA_DIR: folder }
  await runScript('import.ts', ['test/fixtures/stalls/vietnamese.csv'], env)
  const database = join(folder, 'market.db')
  const db = new Database(database)
  db.prepare(`update stall set closed_at = 1 where name = (select max(name) from stall)`).run()
  db.close()
  return { folder, env, database, out: join(folder, 'posters.pdf') }
}

const pagesOf = (path: string) =>
  Number(/\/Type \/Pages\n\/Count (\d+)/.exec(readFileSync(path, 'latin1'))?.[1])

describe('npm run posters', () => {
  test('draws a market into one file, names what it leaves out, and notes the codes', async () => {
    const { env, database, out } = await place()
    const [shut] = ask<{ name: string }>(database, 'select name from stall where closed_at is not null')
    const { code, stdout, stderr } = await runScript('posters.ts', ['cho-phu-cat', '--out', out], env)
    expect([code, stderr]).toEqual([0, `Không vẽ sạp ${shut!.name}: đã đóng.\n`])
    expect(stdout).toBe(`3 tấm của Chợ Phù Cát, khổ a6: ${out}\n`)
    expect(pagesOf(out)).toBe(3)
    expect(ask(database, 'select * from stall_code')).toHaveLength(3)
    const sheet = await runScript('posters.ts', ['cho-phu-cat', '--size', 'a4x4', '--out', out], env)
    expect(sheet.code).toBe(0)
    expect(pagesOf(out)).toBe(1)
    expect(ask(database, 'select * from stall_code')).toHaveLength(3)
  })

  test('draws one section', async () => {
    const { env, database, out } = await place()
    const [one] = ask<{ name: string; stalls: number }>(
      database,
      `select section.name, count(*) stalls from stall join section on section.id = section_id
       where closed_at is null group by section.id`,
    )
    const args = ['cho-phu-cat', '--section', one!.name, '--out', out]
    expect((await runScript('posters.ts', args, env)).code).toBe(0)
    expect(pagesOf(out)).toBe(one!.stalls)
  })

  test('a wrong call is told in words, draws nothing and notes nothing', async () => {
    const { folder, env, database, out } = await place()
    const before = readdirSync(folder)
    for (const [args, words] of [
      [[], /Cách dùng/],
      [['cho-phu-cat', '--size', 'a3'], /Cách dùng/],
      [['cho-phu-cat', '--colour'], /Câu lệnh chưa đúng/],
      [['nowhere', '--out', out], /Không có chợ nào mã «nowhere»[^]*cho-phu-cat {2}Chợ Phù Cát/],
      [['cho-phu-cat', '--section', 'X', '--out', out], /Không có dãy nào tên «X»/],
      [['cho-phu-cat', '--out', join(folder, 'nowhere', 'posters.pdf')], /Không ghi được tệp/],
    ] as const) {
      const { code, stdout, stderr } = await runScript('posters.ts', [...args], env)
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr).toMatch(words)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
    expect(readdirSync(folder)).toEqual(before)
    expect(existsSync(out)).toBe(false)
    expect(ask(database, 'select * from stall_code')).toEqual([])
  })
})
