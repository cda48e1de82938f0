// Carries everything from one database to another, of whichever engine:
//   npm run move -- --from file:data/market.db --to postgres://user:password@host/database
import { parseArgs } from 'node:util'
import { readConfig } from '../server/config.ts'
import { moveDatabase } from '../server/storage/move.ts'
import { CommandError, runCommand, tellDifferences, withProgress } from './command.ts'

const USAGE = `Cách dùng: npm run move -- --from <cơ sở dữ liệu cũ> --to <cơ sở dữ liệu mới, trống>
  Mỗi bên là file:… hoặc postgres://… Tắt máy chủ trước; bị ngắt giữa chừng thì chạy lại đúng câu lệnh đó.`

function address(option: 'from' | 'to', given: string | undefined): string {
  if (given === undefined) throw new CommandError(USAGE)
  try {
    return readConfig({ DATABASE_URL: given }).databaseUrl
  } catch {
    throw new CommandError(`--${option} phải là file:… hoặc postgres://…\n\n${USAGE}`)
  }
}

await runCommand(USAGE, async () => {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
  const from = address('from', values.from)
  const to = address('to', values.to)
  const startedAt = performance.now()
  const moved = await withProgress('Đang chuyển {bar} {percentage} %', (tick) => moveDatabase(from, to, tick))
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)

  if (moved.foundCount > 0)
    console.log(`Lần trước đã chuyển được ${moved.foundCount} dòng, lần này chuyển tiếp.`)
  for (const { table, rowCount, amountsVnd, contentSha256 } of moved.tables) {
    const amounts = Object.entries(amountsVnd).map(([column, total]) => `, ${column} ${total}`)
    console.log(`${table}: ${rowCount} dòng${amounts.join('')} · ${contentSha256.slice(0, 16)}`)
  }
  const rowCount = moved.tables.reduce((total, one) => total + one.rowCount, 0)
  console.log(`Đã chuyển ${rowCount} dòng trong ${seconds} giây; từng dòng hai bên giống hệt nhau.
Từ nay chạy máy chủ với DATABASE_URL mới và cùng DATA_DIR (khóa seal.key nằm ở đó). Đừng chạy lại máy chủ với bên cũ.`)
  return tellDifferences(moved.differences)
})
