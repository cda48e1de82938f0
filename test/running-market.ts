import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { readConfig } from '../server/config.ts'
import { startServer, type RunningServer } from '../server/main.ts'
import { openServices } from '../server/services.ts'
import { addInstance } from '../server/sources/instance.ts'
import { filePath, openStore } from '../server/storage/engine.ts'
import { operatorScope } from '../server/storage/scope.ts'
import { layMigratedFile } from './migrated-file.ts'
import { SECRET, sepayBody, sepayHeaders } from './sepay.ts'
import { fillMarket, MORNING, type FilledMarket } from './small-market.ts'

export interface RunningMarket extends FilledMarket {
  server: RunningServer
  /** `http://127.0.0.1:<port>`. */
  url: string
  dataDir: string
  sourceId: string
  /** Posts one credit as SePay would, honestly signed, over real HTTP. */
  pay(told: Parameters<typeof sepayBody>[0]): Promise<Response>
  close(): Promise<void>
}

/** The small market behind the real server on a real port, with a clock that the test sets. */
export async function runSmallMarket(
  clock = { now: MORNING },
  environment: Record<string, string> = {},
): Promise<RunningMarket> {
  const { dataDir, sourceId, remove } = await prepareDataDir()
  const config = readConfig({ PORT: '0', DATA_DIR: dataDir, ...environment })
  const server = await startServer(config, { now: () => clock.now, log: pino({ level: 'silent' }) })
  const url = `http://127.0.0.1:${server.port}`
  const market = await fillMarket(server.services.store, sourceId)
  return {
    ...market,
    server,
    url,
    dataDir,
    sourceId,
    pay(told) {
      const body = sepayBody(told)
      const send = () =>
        fetch(`${url}/notifications/${sourceId}`, {
          method: 'POST',
          body,
          headers: sepayHeaders(body, clock.now),
        })
      // A connection that was cut is tried again, as SePay does.
      return send().catch(send)
    },
    async close() {
      await server.close()
      remove()
    },
  }
}

/** A folder with a database that has a SePay source whose secret is `SECRET`. */
export async function prepareDataDir(
  databaseUrl?: string,
): Promise<{ dataDir: string; sourceId: string; remove: () => void }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cho-'))
  const config = readConfig({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl })
  if (databaseUrl === undefined) layMigratedFile(filePath(config.databaseUrl))
  const store = await openStore(config.databaseUrl)
  const services = openServices(store, config, { log: pino({ level: 'silent' }) })
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay', access: null, secret: SECRET }
  const { id } = await addInstance(store, services.seal, operatorScope(), wanted, MORNING)
  await services.close()
  return { dataDir, sourceId: id, remove: () => rmSync(dataDir, { recursive: true, force: true }) }
}
