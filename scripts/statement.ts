// Takes a bank's statement into the ledger:
//   npm run statement -- sao-ke.xlsx --source statement-0123456789ab
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { recordStatement } from '../server/sources/statement/recording.ts'
import { MAX_FILE_BYTES, StatementRefused } from '../server/sources/statement/row.ts'
import { operatorScope } from '../server/storage/scope.ts'
import { listStatementSources } from '../server/storage/statement.ts'
import { CommandError, configFromEnvironment, runCommand, withProgress, withServices } from './command.ts'

const USAGE = `Cách dùng: npm run statement -- <tệp .xlsx hoặc .csv> --source <mã nguồn sao kê>
  Thêm nguồn sao kê và chỉ cột cho mẫu chưa gặp: trang vận hành, «Sao kê».
  Tên tệp có số tài khoản thì chọn tài khoản đó.`

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { source: { type: 'string' } },
  })
  const [path, ...rest] = positionals
  if (path === undefined || rest.length > 0) throw new CommandError(USAGE)
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) throw new CommandError(`Không đọc được tệp «${path}». Xem lại tên tệp.`)
  if (size > MAX_FILE_BYTES) throw new CommandError(`Tệp lớn hơn ${MAX_FILE_BYTES / 1024 / 1024} MB.`)
  await withServices(configFromEnvironment(), async (services) => {
    const scope = operatorScope()
    const sources = await listStatementSources(services.store, scope)
    const source = sources.find(({ id }) => id === values.source)
    if (!source) {
      const known = sources.map(({ id, label }) => `\n  ${id}  «${label}»`).join('')
      throw new CommandError(
        `Không có nguồn sao kê nào mã «${values.source ?? ''}».${known && ` Đang có:${known}`}`,
      )
    }
    try {
      const words = await withProgress('Đang ghi {bar} {percentage} %', (onProgress) =>
        recordStatement(services, scope, source, path, basename(path), (done) =>
          onProgress(done.rowsDone, done.rowCount),
        ),
      )
      console.log(words.join('\n'))
    } catch (error) {
      throw error instanceof StatementRefused ? new CommandError(error.message) : error
    }
  })
})
