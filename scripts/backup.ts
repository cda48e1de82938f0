// Copies the market, also while the server runs, into a new folder:
//   npm run backup -- /mnt/usb/2026-11-22
import { constants, copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { backUpSqlite } from '../server/storage/backup.sqlite.ts'
import { filePath, isPostgres } from '../server/storage/engine.ts'
import { CommandError, configFromEnvironment, runCommand, tellDifferences, withProgress } from './command.ts'

const USAGE = `Cách dùng: npm run backup -- <thư mục mới>
  Chép sổ và khóa seal.key vào thư mục đó; máy chủ cứ chạy.`

await runCommand(USAGE, async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [given, ...rest] = positionals
  if (given === undefined || rest.length > 0) throw new CommandError(USAGE)
  const { databaseUrl, dataDir } = configFromEnvironment()
  if (isPostgres(databaseUrl))
    throw new CommandError(`Sổ nằm ở PostgreSQL: sao lưu bằng công cụ của nó, và chép cả ${join(dataDir, 'seal.key')}.
  pg_dump --format=custom --file=cho.dump "$DATABASE_URL"`)
  const folder = resolve(given)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (readdirSync(folder).length > 0)
    throw new CommandError(`Thư mục ${folder} đã có gì đó. Chọn thư mục mới.`)

  const differences = await withProgress('Đang chép {bar} {percentage} %', (onProgress) =>
    backUpSqlite(filePath(databaseUrl), join(folder, 'market.db'), onProgress),
  )
  copyFileSync(join(dataDir, 'seal.key'), join(folder, 'seal.key'), constants.COPYFILE_EXCL)
  console.log(`Đã sao lưu vào ${folder}, và đã kiểm bản sao.
Trong đó có sổ giao dịch và khóa mở mã bí mật của các nguồn: cất nơi chỉ người vận hành mở được.`)
  return tellDifferences(differences)
})
