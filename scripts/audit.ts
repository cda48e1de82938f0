import { findDifferences } from '../server/storage/audit.ts'
import { openStore } from '../server/storage/engine.ts'
import { listBehind } from '../server/storage/rollup.ts'
import { configFromEnvironment, runCommand, withProgress } from './command.ts'

/** `npm run audit`: recomputes every counted figure from the ledger, and has the engine check its own files. */
await runCommand('Cách dùng: npm run audit', async () => {
  const store = await openStore(configFromEnvironment().databaseUrl)
  const integrity = await store.integrity()
  const differences = await withProgress('Đang tính lại {bar} {percentage} %', (onProgress) =>
    findDifferences(store, onProgress),
  )
  const behind = await listBehind(store)
  await store.close()

  if (integrity === 'unchecked')
    console.log('Tệp dữ liệu chưa được kiểm: PostgreSQL này chưa có amcheck (CREATE EXTENSION amcheck).')
  if (behind.some(({ oldestAt }) => oldestAt !== null))
    console.log(
      'Số theo khu và theo ngày chưa cộng xong, phần chưa cộng thì chưa kiểm: mở máy chủ là nó cộng tiếp.',
    )
  const isWhole = integrity === 'ok' || integrity === 'unchecked'
  if (!isWhole) console.error(`Tệp dữ liệu hỏng: ${integrity}. Dừng máy chủ và khôi phục từ bản sao lưu.`)
  for (const { table, key, counted, recomputed } of differences) {
    console.error(`${table} · ${key}\n  đang ghi:     ${counted}\n  tính lại ra:  ${recomputed}`)
  }
  if (!isWhole || differences.length > 0) return 1
  console.log('Sổ khớp: mọi con số tính lại từ sổ đều đúng.')
  return 0
})
