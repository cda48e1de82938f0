import { randomBytes } from 'node:crypto'
import { AppError } from '../../shared/app-error.ts'
import { accountKey } from '../../shared/bank-transaction.ts'
import type { Seal } from '../domain/seal.ts'
import { speakersFor } from '../storage/registry.ts'
import type { OperatorScope } from '../storage/scope.ts'
import {
  addSource,
  findSource,
  listSecrets,
  rotateSecret,
  setApiToken,
  type AccountKey,
  type SourceRow,
} from '../storage/source.ts'
import type { Store } from '../storage/store.ts'
import { bankAmong } from './entry.ts'
import { getSource, sourceOf } from './registry.ts'
import type { Access, BankOf, Source } from './source.ts'

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
  /** What calling its API takes; null where there is nothing to call with. */
  access: Access | null
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
  const modes = source.modes.map((one) => one.id)
  if (!modes.includes(mode)) {
    throw new AppError('invalid_input', `${kind} knows the modes ${modes.join(', ')}`, 'mode')
  }
  // Not to be guessed, so that strangers do not even find the door they cannot open.
  const id = `${kind}-${randomBytes(6).toString('hex')}`
  const secret = wanted.secret ?? newSecret(source)
  const sealed = await seal.close(secret)
  const apiToken = wanted.access === null ? null : await seal.close(writeAccess(source, wanted.access))
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
  { id, kind }: Pick<SourceRow, 'id' | 'kind'>,
  given: string | null,
  now: number,
): Promise<{ secret: string; oldGoodUntil: number }> {
  const secret = given ?? newSecret(getSource(kind))
  const sealed = await seal.close(secret)
  const oldGoodUntil = now + OVERLAP_MS
  await store.changeRegistry((tx) => rotateSecret(tx, scope, id, sealed, now, oldGoodUntil))
  return { secret, oldGoodUntil }
}

/** Gives an instance what calling its API takes, or something newer. */
export async function giveAccess(
  store: Store,
  seal: Seal,
  scope: OperatorScope,
  { id, kind }: Pick<SourceRow, 'id' | 'kind'>,
  access: Access,
): Promise<void> {
  const sealed = await seal.close(writeAccess(getSource(kind), access))
  await store.changeRegistry((tx) => setApiToken(tx, scope, id, sealed))
}

/** What calling an instance's API takes, or null where nobody gave it. */
export async function openAccess(seal: Seal, { kind, apiToken }: SourceRow): Promise<Access | null> {
  if (apiToken === null) return null
  const text = await seal.open(apiToken)
  const [first, ...more] = getSource(kind).access
  if (!first) return null
  return more.length === 0 ? { [first.name]: text } : (JSON.parse(text) as Access)
}

/** One token as it is, several as JSON: all of it is sealed as one text. */
function writeAccess({ access }: Source, values: Access): string {
  const [first, ...more] = access
  return more.length === 0 ? (values[first?.name ?? ''] ?? '') : JSON.stringify(values)
}

/** How a vendor links one of these accounts herself. */
interface Linker {
  sourceId: string
  /** Whose page she links it on. */
  name: string
  link(returnUrl: string, signal: AbortSignal): Promise<string>
}

/** The source that may speak for one of these accounts and lets their holder link it; undefined where none does. */
export async function findLinker(
  store: Store,
  seal: Seal,
  accounts: readonly AccountKey[],
): Promise<Linker | undefined> {
  for await (const row of listSpeakers(store, accounts)) {
    const { name, linkAccount } = getSource(row.kind)
    const access = linkAccount ? await openAccess(seal, row) : null
    if (!linkAccount || access === null) continue
    return { sourceId: row.id, name, link: (returnUrl, signal) => linkAccount(access, returnUrl, signal) }
  }
  return undefined
}

/** The sources that may speak for one of these accounts. */
export async function* listSpeakers(
  store: Store,
  accounts: readonly AccountKey[],
): AsyncGenerator<SourceRow> {
  const registry = await store.registry()
  for (const sourceId of new Set(accounts.flatMap((one) => speakersFor(registry, accountKey(one))))) {
    const row = await findSource(store, sourceId)
    if (row) yield row
  }
}

/**
 * The banks of an instance's own accounts, for sources that tell only a number; for others the registry is not asked,
 * which would cost every notification a round trip.
 */
export async function bankOfInstance(store: Store, sourceId: string, source: Source): Promise<BankOf> {
  if (!source.tellsBareNumbers) {
    return () => {
      throw new Error(`${source.kind} does not say that it tells bare numbers`)
    }
  }
  const { bindings } = await store.registry()
  return bankAmong(bindings, sourceId)
}

/**
 * Looks instances up by their id, remembering each for a second: one is asked for with every notification. Whoever
 * asks while one is being looked up waits for that answer: a flood must not unseal the same secret for each.
 */
export function instanceDirectory(store: Store, seal: Seal) {
  const known = new Map<string, { instance: Promise<Instance | undefined>; at: number }>()

  async function lookUp(id: string, now: number): Promise<Instance | undefined> {
    const row = await findSource(store, id)
    if (!row) return undefined
    const sealed = await listSecrets(store, id, now)
    const secrets = await Promise.all(sealed.map((one) => seal.open(one)))
    return { row, source: getSource(row.kind), secrets }
  }

  return async function findInstance(id: string, now: number): Promise<Instance | undefined> {
    const cached = known.get(id)
    if (cached && now - cached.at < CACHE_MS) return cached.instance
    const instance = lookUp(id, now)
    known.set(id, { instance, at: now })
    // Strangers may ask for any id: what does not exist is not remembered, and neither is a failure.
    const isThere = await instance.catch(() => undefined)
    if (!isThere && known.get(id)?.instance === instance) known.delete(id)
    return instance
  }
}
export type FindInstance = ReturnType<typeof instanceDirectory>

function newSecret({ kind, secret }: Source): string {
  if (!secret.madeHere) throw new AppError('invalid_input', `${kind} gives the secret itself`, 'secret')
  return randomBytes(32).toString('hex')
}
