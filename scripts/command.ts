import { SingleBar } from 'cli-progress'
import { AppError } from '../shared/app-error.ts'
import { readConfig, type Config } from '../server/config.ts'
import { startServices, type Services } from '../server/services.ts'
import type { Difference } from '../server/storage/audit.ts'

/** An expected failure of a command: what was wrong, where, and what to do, in the technician's words. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Reads the environment; what is wrong in it is named variable by variable. */
export function configFromEnvironment(): Readonly<Config> {
  try {
    return readConfig(process.env)
  } catch (error) {
    throw new CommandError(`Biến môi trường chưa đúng, sửa rồi chạy lại.\n${(error as Error).message}`)
  }
}

/** Opens the database for one command and closes it again, whatever happens. */
export async function withServices<T>(config: Config, use: (services: Services) => Promise<T>): Promise<T> {
  const services = await startServices(config)
  try {
    return await use(services)
  } finally {
    await services.close()
  }
}

/** Shows how far `work` is, to whoever sits before a terminal. `format` is cli-progress's. */
export async function withProgress<T>(
  format: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const bar = process.stderr.isTTY ? new SingleBar({ format, clearOnComplete: true }) : undefined
  bar?.start(1, 0)
  try {
    return await work((done, total) => {
      bar?.setTotal(total)
      bar?.update(done)
    })
  } finally {
    bar?.stop()
  }
}

/** Names the figures of a copy that its ledger does not bear out. Returns the exit code. */
export function tellDifferences(differences: readonly Difference[]): number {
  if (differences.length === 0) return 0
  const names = differences.map(({ table, key }) => `\n  ${table} · ${key}`).join('')
  console.error(`Sổ có con số không khớp, và bản gốc cũng đã như vậy. Xem: npm run audit${names}`)
  return 1
}

/** Runs a command to its exit code. A failure somebody can act on is told without a stack; a wrong call gets `usage`. */
export async function runCommand(usage: string, main: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    const isMiscalled =
      error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    console.error(
      isMiscalled
        ? `Câu lệnh chưa đúng: ${error.message.split('.')[0]}.\n\n${usage}`
        : (inWords(error) ?? error),
    )
    process.exitCode = 1
  }
}

/** An error's `code` → what the technician does about it. */
const WORDS: Record<string, string> = {
  EACCES: 'Không có quyền ghi ở đó. Chạy bằng đúng người dùng, hoặc chọn DATA_DIR khác.',
  EROFS: 'Ổ đĩa chỉ cho đọc. Chọn DATA_DIR khác.',
  ENOSPC: 'Ổ đĩa đầy. Dọn bớt rồi chạy lại.',
  SQLITE_FULL: 'Ổ đĩa đầy. Dọn bớt rồi chạy lại.',
  SQLITE_BUSY: 'Cơ sở dữ liệu đang bận. Đợi một lát rồi chạy lại.',
  SQLITE_CANTOPEN: 'Không mở được tệp cơ sở dữ liệu. Xem lại DATABASE_URL, DATA_DIR và quyền ghi.',
  SQLITE_READONLY: 'Tệp cơ sở dữ liệu chỉ cho đọc. Xem lại quyền ghi.',
  SQLITE_NOTADB: 'Tệp này không phải cơ sở dữ liệu của Chợ 4.0. Xem lại DATABASE_URL.',
  ECONNREFUSED: 'Không tới được máy chủ PostgreSQL. Xem nó có đang chạy không, và xem lại DATABASE_URL.',
  ENOTFOUND: 'Không tới được máy chủ PostgreSQL. Xem lại tên máy trong DATABASE_URL.',
  // SQLSTATE: wrong password, wrong user, no such database.
  '28P01': 'PostgreSQL không nhận mật khẩu này. Xem lại DATABASE_URL.',
  '28000': 'PostgreSQL không nhận người dùng này. Xem lại DATABASE_URL.',
  '3D000': 'Chưa có cơ sở dữ liệu này. Tạo nó trước (CREATE DATABASE), hoặc xem lại DATABASE_URL.',
  DATABASE_IN_USE: 'Cơ sở dữ liệu này đang có chương trình dùng. Tắt máy chủ rồi chạy lại.',
  HALF_MOVED: 'Việc chuyển dữ liệu sang đây chưa xong. Chạy lại đúng câu lệnh npm run move lần trước.',
  NOT_EMPTY: 'Cơ sở dữ liệu đích không trống. Tạo một cái mới, trống, rồi chạy lại.',
  OTHER_SOURCE: 'Cơ sở dữ liệu đích đang nhận dở dữ liệu từ nơi khác. Tạo một cái mới, trống, rồi chạy lại.',
  OTHER_KEY: `Bí mật của các nguồn trong cơ sở dữ liệu này khóa bằng seal.key khác với seal.key trong DATA_DIR của máy này.
Chép seal.key từ DATA_DIR của máy đang chạy chợ này (hoặc từ bản sao lưu) vào DATA_DIR của máy này, đè lên tệp đang có.
Khóa kia đã mất hẳn: npm run keys -- adopt, rồi nhập lại bí mật của từng nguồn.`,
  ROW_REFUSED: 'Cơ sở dữ liệu đích không nhận một dòng. Bên cũ còn nguyên; báo người làm phần mềm dòng này:',
  COPY_DAMAGED: 'Bản gốc hỏng, không chép được. Chạy npm run audit; khôi phục từ một bản sao lưu cũ hơn.',
  ROW_DIFFERS:
    'Có dòng hai bên khác nhau: một bên đã đổi sau khi chuyển. Tạo cơ sở dữ liệu đích mới, trống, rồi chuyển lại.',
  SQLITE_CORRUPT: 'Tệp cơ sở dữ liệu hỏng. Khôi phục từ bản sao lưu.',
}

function inWords(error: unknown): string | undefined {
  if (error instanceof CommandError) return error.message
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof AppError) return `Chưa làm được: ${error.message}`
  // Drizzle wraps what the driver threw.
  if (error.cause !== undefined) return inWords(error.cause)
  // SQLite's longer codes begin with the short one: SQLITE_BUSY_SNAPSHOT.
  const known = Object.keys(WORDS).find((one) => code === one || code.startsWith(`${one}_`))
  return known && `${WORDS[known]}\n(${error.message})`
}
