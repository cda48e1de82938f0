import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildAssets } from '../../scripts/build.ts'
import { ask, eventually, runScript, startScript, temporaryFolder } from './child.ts'
import { visitor } from './visitor.ts'

beforeAll(async () => {
  await buildAssets()
})

const STRIP = 'BẢN THỬ — TIỀN GIẢ'

interface Sum {
  sales: number | null
  stalls: number
}

function takings(database: string): Sum {
  const [sum] = ask<Sum>(
    database,
    'select sum(sale_count) sales, count(distinct stall_id) stalls from takings where total_vnd > 0',
  )
  return sum!
}

function link(output: string, label: string): string {
  return new RegExp(`${label} +(http\\S+)`).exec(output)![1]!
}

describe('npm start with nothing set up', () => {
  test('opens the demo: links for each person, every page marked, real takings within ten seconds; again the next time', async () => {
    const folder = temporaryFolder()
    const database = join(folder, 'demo.db')
    const env = { DATA_DIR: folder, PORT: '0' }
    const started = startScript('start.ts', env)
    const output = await started.until(/Ctrl-C/)
    expect(output).toContain('npm run import -- ')
    expect(existsSync(join(folder, 'market.db'))).toBe(false)
    // All twelve stalls, that is: every account was proven by a first credit.
    await eventually(10_000, () => (takings(database).stalls === 12 ? true : undefined))

    const shopper = link(output, 'Khách đi chợ')
    const base = new URL(shopper).origin
    const anybody = visitor(base)
    for (const path of ['/', shopper, '/no-such-page', '/home']) {
      expect((await anybody.get(path)).text).toContain(STRIP)
    }
    for (const [label, home, shown] of [
      ['Tiểu thương', /^\/vendor\/\w+$/, /\d+(\.\d{3})+đ/],
      ['Ban quản lý chợ', /^\/board\/cho-phu-cat-ban-thu$/, /Bún chả cá Út Liên/],
      ['Người vận hành', /^\/operator$/, /Chợ Phù Cát \(bản thử\)/],
    ] as const) {
      const person = visitor(base)
      const path = link(output, label)
      expect((await person.get(path)).text).toContain(STRIP)
      expect((await person.post(path)).status).toBe(303)
      const page = await person.open('/home')
      expect(page).toMatchObject({ status: 200, address: expect.stringMatching(home) })
      expect(page.text).toContain(STRIP)
      expect(page.text).toMatch(shown)
    }
    // Nothing but the words for people: no log line, no warning.
    expect(started.output()).not.toMatch(/^\{|Warning|warn/m)
    expect(await started.stop()).toBe(0)

    const before = takings(database).sales!
    const again = startScript('start.ts', env)
    const second = await again.until(/Ctrl-C/)
    const pathOf = (address: string) => new URL(address).pathname
    expect(pathOf(link(second, 'Khách đi chợ'))).toBe(pathOf(shopper))
    await eventually(10_000, () => (takings(database).sales! > before + 5 ? true : undefined))
    expect(
      ask(database, `select * from match_exception where reason in ('unreadable', 'content_changed')`),
    ).toEqual([])

    // The link that `invite` prints opens the market that is being served.
    const invited = await runScript('invite.ts', ['operator'], {
      ...env,
      PUBLIC_URL: new URL(link(second, 'Khách đi chợ')).origin,
    })
    expect(invited.stdout).toContain('(bản thử)')
    const [, path = ''] = /^(http\S+)$/m.exec(invited.stdout)!
    expect((await visitor(path).post(path)).status).toBe(303)
    expect(await again.stop('SIGTERM')).toBe(0)
  })
})

describe('npm start with a market', () => {
  test('serves it and not the demo; the first operator’s link is printed once', async () => {
    const folder = temporaryFolder()
    const env = { DATA_DIR: folder, PORT: '0' }
    await runScript('import.ts', ['test/fixtures/stalls/vietnamese.csv'], env)
    const first = startScript('start.ts', env)
    const output = await first.until(/npm run invite -- operator/)
    const [, path = ''] = /^ +(http\S+\/enter\/\S+)$/m.exec(output)!
    const { get, post, open } = visitor(path)
    expect((await get('/')).text).not.toContain(STRIP)
    expect((await post(path)).status).toBe(303)
    expect((await open('/home')).address).toBe('/operator')
    expect(await first.stop()).toBe(0)
    expect(existsSync(join(folder, 'demo.db'))).toBe(false)

    const second = startScript('start.ts', env)
    await second.until(/đang chạy ở http/)
    expect(await second.stop()).toBe(0)
    expect(second.output()).not.toContain('/enter/')
  })

  test('an empty database that was named is served: the link once, then how to get another', async () => {
    const folder = temporaryFolder()
    const env = { DATA_DIR: folder, PORT: '0', DATABASE_URL: `file:${join(folder, 'own.db')}` }
    const first = startScript('start.ts', env)
    expect(await first.until(/npm run invite -- operator/)).toContain('/enter/')
    expect(await first.stop()).toBe(0)
    const second = startScript('start.ts', env)
    const output = await second.until(/npm run invite -- operator/)
    expect(output).toContain('Chưa có chợ nào')
    expect(output).not.toContain('/enter/')
    expect(await second.stop()).toBe(0)
    expect(existsSync(join(folder, 'demo.db'))).toBe(false)
  })
})

describe('npm start that cannot', () => {
  test('a port in use is said in words', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const { code, stdout, stderr } = await runScript('start.ts', [], {
      DATA_DIR: temporaryFolder(),
      PORT: String(port),
    })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`Cổng ${port}`)
    expect(stderr).toContain(`PORT=${port + 1} npm start`)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})
