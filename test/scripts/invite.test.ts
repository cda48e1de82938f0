import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildAssets } from '../../scripts/build.ts'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'
import { ask, runScript, temporaryFolder } from './child.ts'
import { visitor } from './visitor.ts'

beforeAll(async () => {
  await buildAssets()
})

describe('npm run invite', () => {
  test('a link for each person opens one session, once', async () => {
    const folder = temporaryFolder()
    const env = { DATA_DIR: folder, PUBLIC_URL: 'http://cho.example' }
    await runScript('import.ts', ['test/fixtures/stalls/vietnamese.csv'], env)
    const [stall] = ask<{ code: string }>(
      join(folder, 'market.db'),
      `select code from stall where name = 'A01'`,
    )
    const server = await startServer(readConfig({ ...env, PORT: '0' }))
    onTestFinished(() => server.close())
    for (const [args, who, home] of [
      [['operator'], 'Người vận hành', '/operator'],
      [['board', 'cho-phu-cat'], 'Ban quản lý Chợ Phù Cát', '/board/cho-phu-cat'],
      [['vendor', stall!.code], 'Nguyễn Thị Đào, sạp A01, Chợ Phù Cát', `/vendor/${stall!.code}`],
    ] as const) {
      const { code, stdout, stderr } = await runScript('invite.ts', [...args], env)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(who)
      const [, path = ''] = /^http:\/\/cho\.example(\/enter\/\S+)$/m.exec(stdout)!
      const { get, post, open } = visitor(`http://localhost:${server.port}`)
      expect((await get('/home')).status).toBe(401)
      expect((await get(path)).status).toBe(200)
      expect(await post(path)).toMatchObject({ status: 303, location: '/home' })
      expect(await open('/home')).toMatchObject({ status: 200, address: home })
      const second = visitor(`http://localhost:${server.port}`)
      expect((await second.post(path)).status).toBe(410)
      expect((await second.get('/home')).status).toBe(401)
    }
  })

  test('a wrong call is told in words and issues nothing', async () => {
    const folder = temporaryFolder()
    const env = { DATA_DIR: folder }
    await runScript('import.ts', ['test/fixtures/stalls/vietnamese.csv'], env)
    for (const [args, words] of [
      [[], /Cách dùng/],
      [['operator', 'x'], /Cách dùng/],
      [['board'], /Cách dùng/],
      [['board', 'nowhere'], /Không có chợ nào mã «nowhere»[^]*cho-phu-cat {2}Chợ Phù Cát/],
      [['vendor', 'nowhere'], /Không có sạp nào mã «nowhere»/],
      [['king', 'x'], /Cách dùng/],
    ] as const) {
      const { code, stdout, stderr } = await runScript('invite.ts', [...args], env)
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr).toMatch(words)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
    expect(ask(join(folder, 'market.db'), 'select * from sign_in_code')).toEqual([])
  })
})
