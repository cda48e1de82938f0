import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildAssets } from '../../scripts/build.ts'
import { readConfig } from '../../server/config.ts'
import { startServer } from '../../server/main.ts'
import { sources } from '../../server/sources/registry.ts'
import { sepayHeaders } from '../sepay.ts'
import { ask, dump, runScript, temporaryFolder } from './child.ts'

beforeAll(async () => {
  await buildAssets()
})

const BODY = JSON.stringify({
  id: 1,
  gateway: 'MBBank',
  transactionDate: '2026-11-22 10:42:00',
  accountNumber: '0123456701',
  subAccount: null,
  code: null,
  content: 'tra tien rau',
  transferType: 'in',
  transferAmount: 50_000,
  referenceCode: 'FT26326000000001',
})

function place() {
  const folder = temporaryFolder()
  return { env: { DATA_DIR: folder }, database: join(folder, 'market.db'), folder }
}

async function add(env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await runScript(
    'source.ts',
    ['add', 'sepay', '--accounts', 'MB:0123456701', ...args],
    env,
  )
  expect([code, stderr]).toEqual([0, ''])
  const [, id = ''] = /\/notifications\/(sepay-\w+)/.exec(stdout)!
  const [, secret = ''] = /Khoá bí mật +(\S+)/.exec(stdout)!
  return { id, secret, stdout }
}

async function serve(env: Record<string, string>) {
  const server = await startServer(readConfig({ ...env, PORT: '0' }))
  onTestFinished(() => server.close())
  return (id: string, headers: Record<string, string>) =>
    fetch(`http://localhost:${server.port}/notifications/${id}`, { method: 'POST', headers, body: BODY })
}

describe('npm run source', () => {
  test('add: says where SePay must send and what to enter; what it signs is accepted, what others sign is not', async () => {
    const { env } = place()
    const { id, secret, stdout } = await add(
      { ...env, PUBLIC_URL: 'https://cho.example.vn/' },
      '--label',
      'SePay chợ',
    )
    expect(stdout).toContain(`https://cho.example.vn/notifications/${id}`)
    for (const words of [
      'my.sepay.vn',
      'Tích hợp WebHooks',
      'Thêm webhook',
      'HMAC-SHA256',
      '«Tự động gửi lại»: bật',
    ]) {
      expect(stdout).toContain(words)
    }
    expect(stdout).not.toContain('SePay chỉ gọi địa chỉ https')
    const tell = await serve(env)
    const accepted = await tell(id, sepayHeaders(BODY, Date.now(), secret))
    expect([accepted.status, await accepted.json()]).toEqual([200, { success: true }])
    expect((await tell(id, sepayHeaders(BODY, Date.now(), 'another'))).status).toBe(401)
  })

  test('add: an API key, and secrets from files that leave no trace in the shell', async () => {
    const { env, folder, database } = place()
    const [secretFile, tokenFile] = [join(folder, 'secret'), join(folder, 'token')]
    writeFileSync(secretFile, 'a-key-of-my-own-at-sepay\n')
    writeFileSync(tokenFile, 'TOKEN123\n')
    const { id, secret, stdout } = await add(
      env,
      '--mode',
      'apikey',
      '--secret-file',
      secretFile,
      '--api-token-file',
      tokenFile,
    )
    expect(secret).toBe('a-key-of-my-own-at-sepay')
    expect(stdout).toContain('API Key')
    expect(stdout).not.toContain('TOKEN123')
    expect(JSON.stringify(dump(database))).not.toMatch(/TOKEN123|a-key-of-my-own/)
    const tell = await serve(env)
    const accepted = await tell(id, { authorization: `Apikey ${secret}`, 'content-type': 'application/json' })
    expect(accepted.status).toBe(200)
  })

  test('list, bind, rotate, remove', async () => {
    const { env, database } = place()
    const { id, secret } = await add(env)
    await runScript('import.ts', ['test/fixtures/stalls/vietnamese.csv'], env)
    const bound = await runScript(
      'source.ts',
      ['bind', id, '--accounts', 'market:cho-phu-cat,VCB:12 34'],
      env,
    )
    expect(bound.stdout).toContain('thêm 4 tài khoản')
    const before = dump(database)
    expect((await runScript('source.ts', ['bind', id, '--accounts', 'VCB:1234'], env)).stdout).toContain(
      'Không có gì',
    )
    expect(dump(database)).toEqual(before)

    const listed = await runScript('source.ts', ['list'], env)
    for (const words of [id, 'chưa nghe lần nào', 'MBBank:0123456701', 'Vietcombank:1234']) {
      expect(listed.stdout).toContain(words)
    }
    const rotated = await runScript('source.ts', ['rotate', id], env)
    const [, newSecret = ''] = /Khoá bí mật +(\S+)/.exec(rotated.stdout)!
    expect(newSecret).not.toBe(secret)
    const tell = await serve(env)
    for (const good of [secret, newSecret]) {
      expect((await tell(id, sepayHeaders(BODY, Date.now(), good))).status).toBe(200)
    }
    expect((await runScript('source.ts', ['remove', id], env)).code).toBe(0)
    // A source is looked up at most a second late.
    await expect
      .poll(async () => (await tell(id, sepayHeaders(BODY, Date.now(), newSecret))).status, {
        timeout: 3_000,
      })
      .toBe(401)
    expect(ask(database, 'select * from source_account')).toEqual([])
    expect((await runScript('source.ts', ['list'], env)).stdout).toContain('Chưa có nguồn nào')
  })

  test('a wrong call is told in words and adds nothing', async () => {
    const { env } = place()
    for (const [args, words] of [
      [[], /Cách dùng/],
      [['add', 'momo', '--accounts', 'MB:1'], /Chưa nghe được nguồn «momo»/],
      [['add', 'sepay'], /Thiếu --accounts/],
      [['add', 'sepay', '--accounts', 'XYZ:1'], /không có ngân hàng nào tên «XYZ»/],
      [['add', 'sepay', '--accounts', 'MB:'], /số tài khoản «» chưa đúng/],
      [['add', 'sepay', '--accounts', 'market:nowhere'], /Không có chợ nào mã «nowhere»/],
      [['add', 'sepay', '--accounts', 'MB:1', '--mode', 'none'], /--mode là hmac hoặc apikey/],
      [['add', 'sepay', '--accounts', 'MB:1', '--secret-file', 'nowhere'], /--secret-file: không đọc được/],
      [['add', 'sepay', '--accounts', 'MB:1', '--api-token-file', 'LICENSE'], /--api-token-file/],
      [['bind', 'sepay-0', '--accounts', 'MB:1'], /Không có nguồn nào mã «sepay-0»/],
      [['remove'], /Cách dùng/],
      [['list', '--foo'], /Câu lệnh chưa đúng/],
    ] as const) {
      const { code, stdout, stderr } = await runScript('source.ts', [...args], env)
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr).toMatch(words)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
    expect((await runScript('source.ts', ['list'], env)).stdout).toContain('Chưa có nguồn nào')
    // A dozen processes, one after another.
  }, 120_000)

  test('token: given later, sealed; a wrong file changes nothing', async () => {
    const { env, database, folder } = place()
    const { id } = await add(env)
    const file = join(folder, 'token')
    writeFileSync(file, 'two words\n')
    const before = dump(database)
    for (const [args, words] of [
      [['token', id], /Thiếu --api-token-file/],
      [['token', id, '--api-token-file', file], /--api-token-file: Token không đúng/],
    ] as const) {
      const { code, stderr } = await runScript('source.ts', [...args], env)
      expect(code).toBe(1)
      expect(stderr).toMatch(words)
    }
    expect(dump(database)).toEqual(before)
    writeFileSync(file, 'TOKEN-of-the-history\n')
    const { code, stdout } = await runScript('source.ts', ['token', id, '--api-token-file', file], env)
    expect([code, stdout]).toEqual([0, expect.stringContaining('Đã lưu API token của «SePay»')])
    expect((await runScript('source.ts', ['list'], env)).stdout).toMatch(/, có API token/)
    expect(JSON.stringify(dump(database))).not.toContain('TOKEN-of-the-history')
  })

  test('kinds: every source with its modes and what it needs', async () => {
    const { env } = place()
    const { code, stdout } = await runScript('source.ts', ['kinds'], env)
    expect(code).toBe(0)
    for (const { kind, modes, secret, access } of sources) {
      expect(stdout).toContain(`${kind}  `)
      expect(stdout).toContain(`--mode ${modes.map(({ id }) => id).join('|')}`)
      for (const { label } of [secret, ...access]) expect(stdout).toContain(label)
    }
  })

  test('add: a source that needs several things takes them line by line; half of them is told', async () => {
    const { env, folder, database } = place()
    const [secretFile, tokenFile] = [join(folder, 'secret'), join(folder, 'token')]
    writeFileSync(secretFile, 'checksum-key-of-payos\n')
    writeFileSync(tokenFile, 'CLIENT-1\nKEY-1\n')
    const args = ['add', 'payos', '--accounts', 'MB:0123456701', '--secret-file', secretFile]
    const made = await runScript('source.ts', [...args, '--api-token-file', tokenFile], env)
    expect([made.code, made.stderr]).toEqual([0, ''])
    const [, id = ''] = /\/notifications\/(payos-\w+)/.exec(made.stdout)!
    expect(made.stdout).toContain(`npm run source -- announce ${id}`)
    expect(made.stdout).not.toMatch(/CLIENT-1|KEY-1/)
    expect(JSON.stringify(dump(database))).not.toMatch(/CLIENT-1|KEY-1|checksum-key/)
    const listed = await runScript('source.ts', ['list'], env)
    expect(listed.stdout).toMatch(/payOS, Checksum Key, chưa nghe lần nào, có Client ID, API Key/)
    writeFileSync(tokenFile, 'CLIENT-2\n')
    for (const [wrong, words] of [
      [[...args, '--api-token-file', tokenFile], /cần 2 dòng: Client ID, API Key/],
      [args.slice(0, 4), /--secret-file: .*payOS cho khoá này/],
      [['backfill', id], /payOS không cho hỏi lại/],
      [['announce', 'sepay-0'], /Không có nguồn nào/],
    ] as const) {
      const { code, stderr } = await runScript('source.ts', [...wrong], env)
      expect([wrong, code]).toEqual([wrong, 1])
      expect(stderr).toMatch(words)
    }
  }, 60_000)

  test('backfill without a token says what is missing', async () => {
    const { env } = place()
    const { id } = await add(env)
    const { code, stderr } = await runScript('source.ts', ['backfill', id], env)
    expect(code).toBe(1)
    expect(stderr).toContain('--api-token-file')
  })
})
