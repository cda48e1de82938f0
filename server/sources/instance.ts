import { randomBytes } from 'node:crypto'
import { AppError } from '../../shared/app-error.ts'
import type { Seal } from '../domain/seal.ts'
import type { OperatorScope } from '../storage/scope.ts'
import { addSource, findSource, listSecrets, rotateSecret, type SourceRow } from '../storage/source.ts'
import type { Store } from '../storage/sqlite.ts'
import { getSource, sourceOf } from './registry.ts'
import type { Source } from './source.ts'

/** After a rotation the secret before stays good this long, so that no notification falls between. */
const OVERLAP_MS = 24 * 3_600_000
/** How long a removed source or an expired secret may still be believed. */
const CACHE_MS = 1_000

/** A configured source with everything needed to believe it. */
export interface Instance {
  row: SourceRow
  source: Source
  secrets: string[]
}

export interface NewInstance {
  kind: string
  mode: string
  label: string
  /** Null where there is nothing to fetch with. */
  apiToken: string | null
  /** The secret the source's own pages showed; null: one is made here, to be entered there. */
  secret: string | null
}

/** Adds an instance. Returns its id and its secret, which is shown this once and never again. */
export async function addInstance(
  store: Store,
  seal: Seal,
  scope: OperatorScope,
  wanted: NewInstance,
  now: number,
): Promise<{ id: string; secret: string }> {
  const { kind, mode, label } = wanted
  const source = sourceOf(kind)
  if (!source) throw new AppError('invalid_input', `unknown kind of source: ${kind}`, 'kind')
  if (!source.modes.includes(mode)) {
    throw new AppError('invalid_input', `${kind} knows the modes ${source.modes.join(', ')}`, 'mode')
  }
  // Not to be guessed, so that strangers do not even find the door they cannot open.
  const id = `${kind}-${randomBytes(6).toString('hex')}`
  const secret = wanted.secret ?? newSecret()
  const sealed = await seal.close(secret)
  const apiToken = wanted.apiToken === null ? null : await seal.close(wanted.apiToken)
  await store.changeRegistry((tx) =>
    addSource(tx, scope, { id, kind, mode, label, apiToken, secret: sealed }, now),
  )
  return { id, secret }
}

/** Gives an instance a new secret; the old one stays good for a day. Returns the new one, shown this once. */
export async function rotateInstance(
  store: Store,
  seal: Seal,
  scope: OperatorScope,
  id: string,
  given: string | null,
  now: number,
): Promise<{ secret: string; oldGoodUntil: number }> {
  const secret = given ?? newSecret()
  const sealed = await seal.close(secret)
  const oldGoodUntil = now + OVERLAP_MS
  await store.changeRegistry((tx) => rotateSecret(tx, scope, id, sealed, now, oldGoodUntil))
  return { secret, oldGoodUntil }
}

/** Looks instances up by their id, remembering each for a second: one is asked for with every notification. */
export function instanceDirectory(store: Store, seal: Seal) {
  const known = new Map<string, { instance: Instance | undefined; at: number }>()
  return async function findInstance(id: string, now: number): Promise<Instance | undefined> {
    const cached = known.get(id)
    if (cached && now - cached.at < CACHE_MS) return cached.instance
    const row = await findSource(store, id)
    // Strangers may ask for any id: what does not exist is not remembered.
    if (!row) {
      known.delete(id)
      return undefined
    }
    const sealed = await listSecrets(store, id, now)
    const secrets = await Promise.all(sealed.map((one) => seal.open(one)))
    const instance = { row, source: getSource(row.kind), secrets }
    known.set(id, { instance, at: now })
    return instance
  }
}
export type FindInstance = ReturnType<typeof instanceDirectory>

function newSecret(): string {
  return randomBytes(32).toString('hex')
}
