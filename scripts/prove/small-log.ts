// Loaded before the server so that its write-ahead log fills and begins anew within a recorded run: the product's own
// holds what it writes in many minutes. Never part of the product.
import Database from 'better-sqlite3'

const PAGES = 200
const pragma = Database.prototype.pragma

Database.prototype.pragma = function (this: Database.Database, source, options) {
  return pragma.call(this, source.replace(/^(wal_autocheckpoint) = .*/, `$1 = ${PAGES}`), options)
}
