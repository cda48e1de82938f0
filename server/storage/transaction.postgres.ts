import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'

const MAX_ATTEMPTS = 10
const LONGEST_PAUSE_MS = 20
/** SQLSTATE serialization_failure and deadlock_detected: nothing was written, and the next try may well succeed. */
const COLLISIONS = new Set(['40001', '40P01'])

/** What a transaction took for granted was no longer so; nothing was written. */
export class Superseded extends Error {
  override readonly name = 'Superseded'
}

/** Runs `work` in one transaction on a client of its own: committed if it resolves, nothing of it left if it rejects. */
export async function inTransaction<T>(
  pool: Pool,
  begin: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    await abandon(client)
    throw error
  }
}

/** Ends a failed transaction; a client that cannot even do that is not used again. */
export async function abandon(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback')
    client.release()
  } catch (error) {
    client.release(error as Error)
  }
}

/** Does it again, a bounded number of times, when another transaction got in between. */
export async function retried<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isCollision(error)) throw error
      await sleep(Math.random() * LONGEST_PAUSE_MS)
    }
  }
}

function isCollision(error: unknown): boolean {
  if (error instanceof Superseded) return true
  if (!(error instanceof Error)) return false
  // Drizzle wraps what the driver threw.
  return ('code' in error && COLLISIONS.has(String(error.code))) || isCollision(error.cause)
}
