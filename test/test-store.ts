import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { inject } from 'vitest'
import { isPostgres } from '../server/storage/engine.ts'
import { layMigratedFile } from './migrated-file.ts'
import { ask, createDatabase, TEMPLATE } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    engine: Engine
    /** The server that runs while the tests do. */
    postgresUrl: string
  }
}

export const ENGINES = ['sqlite', 'postgres'] as const
export type Engine = (typeof ENGINES)[number]

export interface TestDatabase {
  /** As in `DATABASE_URL`. */
  url: string
  drop(): Promise<void>
}

/** This file's databases on PostgreSQL that are empty again: making one takes half a second. */
const empty: string[] = []

/** An empty database, migrated: by default of the engine that this run of the tests is for. */
export async function newDatabase(engine: Engine = inject('engine')): Promise<TestDatabase> {
  if (engine === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'cho-'))
    const path = join(folder, 'market.db')
    layMigratedFile(path)
    return { url: `file:${path}`, drop: async () => rmSync(folder, { recursive: true, force: true }) }
  }
  const url = empty.pop() ?? (await createDatabase(inject('postgresUrl'), TEMPLATE))
  return {
    url,
    async drop() {
      await ask(url, EMPTY)
      empty.push(url)
    },
  }
}

/** Runs one statement beside the product, as somebody with the database's own tools would. */
export async function execute(url: string, statement: string): Promise<void> {
  if (isPostgres(url)) return void (await ask(url, statement))
  const file = new Database(url.slice('file:'.length))
  file.exec(statement)
  file.close()
}

/** Deletes every row, and lets ids begin at 1 again. */
const EMPTY = `
  do $$
  declare name text;
  begin
    for name in select tablename from pg_tables where schemaname = 'public' loop
      execute format('delete from %I', name);
    end loop;
    perform setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    from pg_sequences where schemaname = 'public';
  end $$`
