// Puts a backup where there is no market yet:
//   DATA_DIR=… npm run restore -- /mnt/usb/2026-11-22
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { restoreSqlite } from '../server/storage/backup.sqlite.ts'
import { filePath, isPostgres } from '../server/storage/engine.ts'
import { CommandError, configFromEnvironment, runCommand, tellDifferences, withProgress } from './command.ts'

const USAGE = `Cách dùng: npm run restore -- <thư mục của bản sao lưu>
  Dựng lại vào DATABASE_URL và DATA_DIR; ở đó chưa được có chợ nào.`

await runCommand(USAGE, async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [given, ...rest] = positionals
  if (given === undefined || rest.length > 0) throw new CommandError(USAGE)
  const [backup, backupKey] = ['market.db', 'seal.key'].map((name) => join(resolve(given), name)) as [
    string,
    string,
  ]
  for (const path of [backup, backupKey])
    if (!existsSync(path))
      throw new CommandError(`Không có tệp ${path}. Bản sao lưu chưa xong, hoặc sai thư mục.`)

  const { databaseUrl, dataDir } = configFromEnvironment()
  if (isPostgres(databaseUrl))
    throw new CommandError(`Để đưa bản sao lưu này vào PostgreSQL: npm run move -- --from file:${backup} --to "$DATABASE_URL"
  và chép ${backupKey} vào ${dataDir}. Bản của pg_dump thì dùng pg_restore.`)
  const path = filePath(databaseUrl)
  const key = join(dataDir, 'seal.key')
  if (existsSync(path)) throw new CommandError(`Đã có ${path}. Không ghi đè: đổi tên nó, hoặc chọn chỗ khác.`)
  if (existsSync(key) && !readFileSync(key).equals(readFileSync(backupKey)))
    throw new CommandError(
      `Đã có ${key}, và khác khóa của bản sao lưu. Không ghi đè: đổi tên nó, hoặc chọn chỗ khác.`,
    )

  for (const folder of [dataDir, dirname(path)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Before the ledger: a server that finds a ledger without its key would make another key.
  if (!existsSync(key)) copyFileSync(backupKey, key, constants.COPYFILE_EXCL)
  const differences = await withProgress('Đang chép {bar} {percentage} %', (onProgress) =>
    restoreSqlite(backup, path, onProgress),
  )
  console.log(`Đã dựng lại ${path}, và đã kiểm.
Chạy máy chủ, rồi «npm run source -- backfill» cho từng nguồn: tiền báo về sau lúc sao lưu được hỏi lại, không tính hai lần.
Điện thoại đã bị thu quyền sau lúc sao lưu thì nay lại có quyền: thu lại lần nữa.`)
  return tellDifferences(differences)
})
