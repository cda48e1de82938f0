type Shards<V> = readonly ReadonlyMap<string, V>[]

/**
 * A map by text that never changes. `with` makes another one that shares with it all but the shards that differ: an
 * entry more among a hundred thousand costs a copy of a hundred, and whoever reads the map of before sees nothing of it.
 */
export class PersistentMap<V> {
  #shards: Shards<V>

  constructor(entries: Iterable<readonly [string, V]> = []) {
    this.#shards = added(EMPTY, entries)
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]!.get(key)
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]!.has(key)
  }

  *entries(): Generator<[string, V]> {
    for (const shard of this.#shards) yield* shard
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values()
  }

  /** These entries take the place of those with the same keys. */
  with(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
    const next = new PersistentMap<V>()
    next.#shards = added(this.#shards, entries)
    return next
  }
}

const EMPTY: Shards<never> = Array.from({ length: 1_024 }, () => new Map<string, never>())

function added<V>(shards: Shards<V>, entries: Iterable<readonly [string, V]>): Shards<V> {
  const next = [...shards]
  const copies = new Map<number, Map<string, V>>()
  for (const [key, value] of entries) {
    const place = shardOf(key)
    const copy = copies.get(place) ?? new Map(shards[place])
    copies.set(place, copy)
    next[place] = copy
    copy.set(key, value)
  }
  return next
}

/** The upper ten bits of FNV-1a: one of 1,024. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return hash >>> 22
}
