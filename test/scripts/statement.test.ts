import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { openServices } from '../../server/services.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { addStatementSource } from '../../server/storage/statement.ts'
import { openStore } from '../../server/storage/engine.ts'
import { banks, csvOf } from '../statement-files.ts'
import { ask, runScript, temporaryFolder } from './child.ts'

const ACCOUNT = { bankBin: '970436', accountNumber: '0071000123456' }

async function place() {
  const folder = temporaryFolder()
  const env = { DATA_DIR: folder }
  const config = readConfig(env)
  const services = openServices(await openStore(config.databaseUrl), config, {
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => services.close())
  await services.store.changeRegistry(function* (tx) {
    const row = { id: 'statement-1', label: 'Sao kê VCB', mode: 'counts' as const }
    yield* addStatementSource(tx, operatorScope(), row, 1)
    yield* bindAccounts(tx, operatorScope(), 'statement-1', [ACCOUNT], 1)
  })
  const file = join(folder, 'sao-ke.csv')
  const entry = { at: '2026-01-22 00:00:00', amount: 50_000, memo: 'rau', reference: '1.1' }
  writeFileSync(file, csvOf(banks.vietcombank(ACCOUNT.accountNumber, [entry])))
  return { env, file, database: join(folder, 'market.db') }
}

test('a statement is taken from the command line, and told line by line', async () => {
  const { env, file, database } = await place()
  const { code, stdout, stderr } = await runScript('statement.ts', [file, '--source', 'statement-1'], env)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('1 khoản, từ 22/01 đến 22/01')
  // No market has this account.
  expect(stdout).toContain('Không tính: 1 khoản tiền vào, 0 khoản tiền ra')
  expect(ask(database, 'select channel, amount_vnd, not_counted from bank_transaction')).toEqual([
    { channel: 'statement', amount_vnd: 50_000, not_counted: 'unknown_account' },
  ])
})

test.each<[(file: string) => string[], string]>([
  [() => [], 'Cách dùng'],
  [(file) => [file], 'Không có nguồn sao kê nào mã «». Đang có:\n  statement-1  «Sao kê VCB»'],
  [(file) => [file, '--source', 'x'], 'mã «x»'],
  [() => ['nowhere.csv', '--source', 'statement-1'], 'Không đọc được tệp «nowhere.csv»'],
  [() => ['package.json', '--source', 'statement-1'], 'Chưa biết mẫu sao kê này'],
])('a wrong call is told in words', async (args, words) => {
  const { env, file, database } = await place()
  const { code, stdout, stderr } = await runScript('statement.ts', args(file), env)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(words)
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(ask(database, 'select * from bank_transaction')).toEqual([])
})
