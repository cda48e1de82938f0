// Loaded before the server to take its durability away, as if nobody had thought of it: the engine's own default in
// WAL mode is synchronous=NORMAL. The guard that would refuse to start is deceived too. Never part of the product.
import Database from 'better-sqlite3'

const FULL = 2
const pragma = Database.prototype.pragma

Database.prototype.pragma = function (this: Database.Database, source, options) {
  if (source === 'synchronous') return FULL
  return pragma.call(this, source === 'synchronous = FULL' ? 'synchronous = NORMAL' : source, options)
}
