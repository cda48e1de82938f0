import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { startServices } from '../../server/services.ts'
import { prepareDataDir } from '../running-market.ts'
import { ask, runScript, temporaryFolder } from './child.ts'

it('a key of its own is refused, with what to copy where; adopted, it takes the place of a lost one', async () => {
  const { dataDir, sourceId, remove } = await prepareDataDir()
  onTestFinished(remove)
  const database = join(dataDir, 'market.db')
  const DATABASE_URL = `file:${database}`
  const elsewhere = { DATA_DIR: temporaryFolder(), DATABASE_URL }
  const open = async (env: typeof elsewhere) =>
    (await startServices(readConfig(env), { log: pino({ level: 'silent' }) })).close()
  const secrets = () => ask(database, 'select secret from source_secret')
  await open({ DATA_DIR: dataDir, DATABASE_URL })

  const refused = await runScript('source.ts', ['rotate', sourceId], elsewhere)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('Chép seal.key từ DATA_DIR')
  expect(secrets()).toHaveLength(1)

  const adopted = await runScript('keys.ts', ['adopt'], elsewhere)
  expect(adopted).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('source -- rotate') })
  expect(secrets()).toEqual([])
  await open(elsewhere)
  await expect(open({ DATA_DIR: dataDir, DATABASE_URL })).rejects.toMatchObject({ code: 'OTHER_KEY' })
  expect(readdirSync(elsewhere.DATA_DIR)).toEqual(['seal.key'])
})
