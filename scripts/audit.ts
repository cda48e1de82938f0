import { readConfig } from '../server/config.ts'
import { findDifferences } from '../server/storage/audit.ts'
import { openSqlite } from '../server/storage/sqlite.ts'

/** `npm run audit`: recomputes every counted figure from the ledger, and has the engine check its own file. */
const store = openSqlite(readConfig(process.env).databasePath)
const integrity = await store.integrity()
const differences = await findDifferences(store)
store.close()

if (integrity !== 'ok')
  console.error(`Tệp dữ liệu hỏng: ${integrity}. Dừng máy chủ và khôi phục từ bản sao lưu.`)
for (const { table, key, counted, recomputed } of differences) {
  console.error(`${table} · ${key}\n  đang ghi:     ${counted}\n  tính lại ra:  ${recomputed}`)
}
if (integrity === 'ok' && differences.length === 0)
  console.log('Sổ khớp: mọi con số tính lại từ sổ đều đúng.')
else process.exitCode = 1
