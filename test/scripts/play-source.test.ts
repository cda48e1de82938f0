import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { businessDay } from '../../shared/business-day.ts'
import { runSmallMarket, type RunningMarket } from '../running-market.ts'
import { MB, scopeOf } from '../small-market.ts'
import { senderOf } from '../fixtures/notifications/sender.ts'
import { runScript, startScript, temporaryFolder } from './child.ts'

let market: RunningMarket
beforeAll(async () => {
  market = await runSmallMarket({
    get now() {
      return Date.now()
    },
  })
})
afterAll(() => market.close())

test.each(['casso', 'vietqrvn', 'jws'])(
  'plays %s against a running server, with every nuisance',
  async (kind) => {
    const { services } = market.server
    const pair = await (await senderOf(kind)).keyPair?.()
    const { ours, theirs } = pair ?? { ours: 'a-secret-of-this-test', theirs: 'a-secret-of-this-test' }
    const mode = { casso: 'v2', vietqrvn: 'token', jws: 'jws' }[kind]!
    const wanted = { kind, mode, label: kind, access: null, secret: ours }
    const made = await addInstance(services.store, services.seal, operatorScope(), wanted, Date.now())
    const stall = await market.addStall({ name: kind, bound: false })
    const { accountNumber, reference } = stall
    await market.store.changeRegistry((tx) =>
      bindAccounts(tx, operatorScope(), made.id, [{ bankBin: MB, accountNumber }], Date.now()),
    )
    const secretFile = join(temporaryFolder(), 'secret')
    writeFileSync(secretFile, theirs)
    const address = `${market.url}/notifications/${made.id}`
    const nuisances = ['--duplicate', '0.2', '--reorder', '0.2', '--lose', '0.2', '--delay-ms', '3']
    const payee = `MB:${accountNumber}:${reference}`
    const args = [address, '--secret-file', secretFile, '--payee', payee, '--count', '40', '--pause-ms', '0']
    const { code, stdout, stderr } = await runScript(
      'play-source.ts',
      [...args, '--seed', '7', ...nuisances],
      {},
    )
    expect([code, stderr]).toEqual([0, ''])
    const told = Number(/HTTP 200: (\d+) tin/.exec(stdout)?.[1])
    const takings = await getTakings(market.store, scopeOf(stall), businessDay(Date.now(), 0))
    expect(takings.saleCount).toBeGreaterThan(20)
    // Some were lost, some told twice.
    expect(takings.saleCount).toBeLessThan(40)
    expect(takings.saleCount).toBeLessThan(told)

    writeFileSync(
      secretFile,
      pair ? (await (await senderOf(kind)).keyPair!()).theirs : 'another-secret-altogether',
    )
    const forged = await runScript('play-source.ts', [...args, '--seed', '7'], {})
    expect(forged.code).toBe(1)
    expect(forged.stdout).not.toContain('HTTP 200')
  },
)

test('what it lost stands in the source’s history, where the server’s back-fill finds it', async () => {
  const { services } = market.server
  const secret = 'a-secret-of-this-test'
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay', access: { apiToken: 'token' }, secret }
  const made = await addInstance(services.store, services.seal, operatorScope(), wanted, Date.now())
  const stall = await market.addStall({ name: 'history', bound: false })
  const { accountNumber, reference } = stall
  await market.store.changeRegistry((tx) =>
    bindAccounts(tx, operatorScope(), made.id, [{ bankBin: MB, accountNumber }], Date.now()),
  )
  const secretFile = join(temporaryFolder(), 'secret')
  writeFileSync(secretFile, secret)
  const saleCount = async () =>
    (await getTakings(market.store, scopeOf(stall), businessDay(Date.now(), 0))).saleCount

  const payee = `MB:${accountNumber}:${reference}`
  const args = [`${market.url}/notifications/${made.id}`, '--secret-file', secretFile, '--payee', payee]
  const habits = ['--count', '30', '--pause-ms', '0', '--lose', '0.5', '--seed', '7']
  const history = ['--history-port', '0', '--history', 'v1']
  const bank = startScript('play-source.ts', {}, [...args, ...habits, ...history])
  const address = /http:\/\/127\S+(?=\.)/.exec(await bank.until(/có 30 khoản.*Ctrl-C/))![0]
  const pushed = await saleCount()
  expect(pushed).toBeGreaterThan(5)
  expect(pushed).toBeLessThan(25)

  const env = { DATA_DIR: market.dataDir, FAKE_HISTORY: address }
  const preload = `${process.env['NODE_OPTIONS'] ?? ''} --import=${import.meta.resolve('../../scripts/diverted.ts')}`
  const { code, stderr } = await runScript('source.ts', ['backfill', made.id], {
    ...env,
    NODE_OPTIONS: preload,
  })
  expect([code, stderr]).toEqual([0, ''])
  expect(await saleCount()).toBe(30)
  expect(await bank.stop()).toBe(0)
})

test('says how it is called, and what is wrong with a payee', async () => {
  expect((await runScript('play-source.ts', [], {})).stderr).toContain('Cách dùng')
  const args = ['http://localhost:1/notifications/casso-0', '--secret-file', 'LICENSE', '--payee', 'MB']
  expect((await runScript('play-source.ts', args, {})).stderr).toContain('--payee «MB» chưa đúng')
})
