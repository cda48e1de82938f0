import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildAssets } from '../../scripts/build.ts'
import { createFakeBank } from '../../scripts/fake-bank.ts'
import { sender } from '../fixtures/notifications/sepay/sender.ts'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'
import { findMarket } from '../../server/storage/market.ts'
import { marketScope, stallScope } from '../../server/storage/scope.ts'
import { listStalls } from '../../server/storage/stall.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { businessDay } from '../../shared/business-day.ts'
import { ask, dump, runScript, temporaryFolder } from './child.ts'

const fixture = (name: string) => join('test/fixtures/stalls', name)

function place() {
  const folder = temporaryFolder()
  return { env: { DATA_DIR: folder }, database: join(folder, 'market.db'), folder }
}

describe('npm run import', () => {
  test('makes the market and its stalls, and only proposes their accounts', async () => {
    const { env, database } = place()
    const { code, stdout, stderr } = await runScript('import.ts', [fixture('vietnamese.csv')], env)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('chợ mới: Chợ Phù Cát (cho-phu-cat)')
    expect(stdout).toContain('4 sạp mới')
    expect(stdout).toContain('2 người bán đã đồng ý')
    expect(stdout).toContain('«Ghi chú»')
    expect(stdout).toContain('npm run source -- add sepay --accounts market:cho-phu-cat')
    const markets = ask(
      database,
      'select code, name, day_starts_at_minutes, market_days, stall_word from market',
    )
    expect(markets).toEqual([
      {
        code: 'cho-phu-cat',
        name: 'Chợ Phù Cát',
        day_starts_at_minutes: 0,
        market_days: 'daily',
        stall_word: 'sạp',
      },
    ])
    const states = ask<{ state: string }>(database, 'select state from payee_account_state')
    expect(states.map(({ state }) => state)).toEqual(['proposed', 'proposed', 'proposed', 'proposed'])
    expect(ask(database, 'select bank_bin, account_name, selling_only from payee_account limit 1')).toEqual([
      { bank_bin: '970422', account_name: 'NGUYEN THI DAO', selling_only: 1 },
    ])
  })

  test('done twice, changes nothing', async () => {
    const { env, database } = place()
    await runScript('import.ts', [fixture('vietnamese.csv')], env)
    const before = dump(database)
    const { code, stdout } = await runScript('import.ts', [fixture('vietnamese.csv')], env)
    expect(code).toBe(0)
    expect(stdout).toContain('Không có gì thay đổi.')
    expect(dump(database)).toEqual(before)
  })

  test('--dry-run says what would change and changes nothing', async () => {
    const { env, database } = place()
    const empty = await runScript('import.ts', [fixture('vietnamese.csv'), '--dry-run'], env)
    expect(empty.code).toBe(0)
    expect(empty.stdout).toContain('Nếu nhập thật')
    expect(empty.stdout).toContain('4 sạp mới')
    expect(ask(database, 'select * from market')).toEqual([])
    // Whose secrets it may hold is settled by whoever opens it first.
    expect(ask(database, `select * from setting where key <> 'seal_key'`)).toEqual([])

    await runScript('import.ts', [fixture('english.csv')], env)
    const before = dump(database)
    const { stdout } = await runScript('import.ts', [fixture('mistakes.csv'), '--dry-run'], env)
    expect(stdout).toContain('1 sạp mới')
    expect(stdout).toContain('1 sạp chuyển khu')
    expect(dump(database)).toEqual(before)
  })

  test('tells every bad row by line, column and reason, and takes the rest', async () => {
    const { env, database } = place()
    const { code, stdout, stderr } = await runScript('import.ts', [fixture('mistakes.csv')], env)
    expect(code).toBe(1)
    expect(stdout).toContain('2 sạp mới')
    expect(stderr).toContain('9 dòng chưa nhập được')
    for (const told of [
      'dòng 3, cột «bank»: Không có ngân hàng nào tên như vậy.',
      'dòng 4, cột «account_number»: Excel đã làm tròn số này thành «1.02E+11»',
      'dòng 5, cột «selling_only»: Ghi «có» hoặc «không».',
      'dòng 6: dấu ngoặc kép mở mà không đóng',
      'dòng 7, cột «phone»: ',
      'dòng 8, cột «stall»: sạp «A01» đã có ở dòng 2',
      'dòng 9, cột «phone»: ',
      'dòng 10, cột «consent_at»: ',
      'dòng 11, cột «market»: Chỗ này còn trống.',
    ]) {
      expect(stderr).toContain(told)
    }
    expect(stderr).not.toMatch(/^ {2}dòng (2|12)\b/m)
    const names = ask<{ name: string }>(database, 'select name from stall order by name')
    expect(names.map(({ name }) => name)).toEqual(['A01', 'A11'])
  })

  test('nobody can have agreed tomorrow', async () => {
    const { env, folder } = place()
    const file = join(folder, 'list.csv')
    writeFileSync(
      file,
      'chợ,khu,sạp,tiểu thương,ngân hàng,số tài khoản,tên tài khoản,ngày đồng ý\nP,A,1,Đào,MB,1,DAO,01/01/2090\n',
    )
    const { code, stderr } = await runScript('import.ts', [file], env)
    expect(code).toBe(1)
    expect(stderr).toContain('dòng 2, cột «ngày đồng ý»')
  })

  test('warns of banks that nothing can hear', async () => {
    const { env, folder } = place()
    const file = join(folder, 'list.csv')
    writeFileSync(
      file,
      'chợ;khu;sạp;tiểu thương;ngân hàng;số tài khoản;tên tài khoản\nP;A;1;Đào;Agribank;12;DAO\nP;A;2;Mai;BIDV;13;MAI\n',
    )
    const { code, stdout } = await runScript('import.ts', [file], env)
    expect(code).toBe(0)
    expect(stdout).toContain('dòng 2, sạp 1: Ngân hàng này chưa báo tiền về được')
    expect(stdout).toContain('dòng 3, sạp 2: Ngân hàng này chỉ báo qua tài khoản ảo')
  })

  test.each([
    [[], /Cách dùng/],
    [['--foo', 'x.csv'], /Câu lệnh chưa đúng[^]*Cách dùng/],
    [['nowhere.csv'], /Không đọc được tệp «nowhere\.csv»/],
    [['package.json'], /package\.json: Không thấy dòng tiêu đề/],
  ])('a wrong call is told in words: %j', async (args, words) => {
    const { env, database } = place()
    const { code, stdout, stderr } = await runScript('import.ts', args, env)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(words)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(database)).toBe(false)
  })

  test.each([
    [{ PORT: 'x' }, 'PORT'],
    [{ DATABASE_URL: `file:${import.meta.filename}` }, 'không phải cơ sở dữ liệu'],
    [{ DATABASE_URL: `file:${import.meta.dirname}` }, 'Không mở được'],
  ])('a wrong environment too: %j', async (wrong, words) => {
    const { env } = place()
    const { code, stderr } = await runScript('import.ts', [fixture('english.csv')], {
      ...env,
      ...wrong,
    })
    expect(code).toBe(1)
    expect(stderr).toContain(words)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('while the server runs', () => {
  beforeAll(async () => {
    await buildAssets()
  })

  test('a stall that was just imported is paid a second later, by a source that was just added', async () => {
    const { env } = place()
    const server = await startServer(readConfig({ ...env, PORT: '0' }))
    onTestFinished(() => server.close())
    const added = await runScript('source.ts', ['add', 'sepay', '--accounts', 'MB:0123456701'], env)
    expect(added.code).toBe(0)
    const [, id] = /\/notifications\/(sepay-\w+)/.exec(added.stdout)!
    const [, secret] = /Khoá bí mật +(\S+)/.exec(added.stdout)!
    expect((await runScript('import.ts', [fixture('vietnamese.csv')], env)).code).toBe(0)
    const importedAt = performance.now()

    const { store } = server.services
    const market = (await findMarket(store, 'cho-phu-cat'))!
    const [entry] = await listStalls(store, marketScope(market.id))
    const payee = {
      bank: 'MBBank',
      accountNumber: '0123456701',
      virtualAccount: null,
      reference: entry!.stall.reference,
    }
    const bank = createFakeBank({
      sender,
      mode: 'hmac',
      address: `http://localhost:${server.port}/notifications/${id}`,
      secret: secret!,
      payees: [payee],
      seed: 1,
      firstId: 1,
    })
    const body = bank.pay(payee)
    expect(await bank.tell(body)).toBe(200)
    const scope = stallScope(market.id, entry!.stall.id)
    const takings = await getTakings(store, scope, businessDay(Date.now(), 0))
    expect(takings).toMatchObject({
      saleCount: 1,
      totalVnd: (JSON.parse(body) as { transferAmount: number }).transferAmount,
    })
    expect(performance.now() - importedAt).toBeLessThan(1_000)
    const [after] = await listStalls(store, marketScope(market.id))
    expect(after!.accounts[0]?.state).toBe('active')
  })
})
