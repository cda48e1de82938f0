import type { TestProject } from 'vitest/node'
import { buildAssets } from '../scripts/build.ts'
import { openPostgres } from '../server/storage/postgres.ts'
import { unpackBrowser } from './chromium.ts'
import { ask, startPostgres, TEMPLATE } from './postgres-server.ts'

/**
 * Once before all tests: what browsers fetch is built, the browser is unpacked (two first starts at once race), and
 * one PostgreSQL server runs until they are over.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildAssets()
  await unpackBrowser()
  const server = await startPostgres()
  await ask(server.url, `create database ${TEMPLATE} template template0`)
  const store = await openPostgres(server.url.replace(/[^/]+$/, TEMPLATE))
  await store.close()
  project.provide('postgresUrl', server.url)
  return server.stop
}
