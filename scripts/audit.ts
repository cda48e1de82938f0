import { findDifferences } from '../server/storage/audit.ts'
import { openStore } from '../server/storage/engine.ts'
import { configFromEnvironment, runCommand } from './command.ts'

/** `npm run audit`: recomputes every counted figure from the ledger, and has the engine check its own files. */
await runCommand('Cách dùng: npm run audit', async () => {
  const store = await openStore(configFromEnvironment().databaseUrl)
  const integrity = await store.integrity()
  const differences = await findDifferences(store)
  await store.close()

  if (integrity === 'unchecked')
    console.log('Tệp dữ liệu chưa được kiểm: PostgreSQL này chưa có amcheck (CREATE EXTENSION amcheck).')
  const isWhole = integrity === 'ok' || integrity === 'unchecked'
  if (!isWhole) console.error(`Tệp dữ liệu hỏng: ${integrity}. Dừng máy chủ và khôi phục từ bản sao lưu.`)
  for (const { table, key, counted, recomputed } of differences) {
    console.error(`${table} · ${key}\n  đang ghi:     ${counted}\n  tính lại ra:  ${recomputed}`)
  }
  if (!isWhole || differences.length > 0) return 1
  console.log('Sổ khớp: mọi con số tính lại từ sổ đều đúng.')
  return 0
})
