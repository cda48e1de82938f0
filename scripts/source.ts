// Who tells us of money:
//   npm run source -- add sepay --accounts market:cho-phu-cat
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findBank } from '@vietqr/core'
import { accountKey } from '../shared/bank-transaction.ts'
import { secretProblem, tokenProblem } from '../server/http/operator/secret-problem.ts'
import type { Services } from '../server/services.ts'
import { backfill } from '../server/sources/backfill.ts'
import { addInstance, rotateInstance } from '../server/sources/instance.ts'
import { sourceOf } from '../server/sources/registry.ts'
import { findMarket } from '../server/storage/market.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import {
  accountKeysOf,
  bindAccounts,
  listSources,
  removeSource,
  setApiToken,
  type AccountKey,
  type SourceListing,
} from '../server/storage/source.ts'
import { modeWords } from '../web/pages/operator/sources.ts'
import { when } from '../web/pages/operator/when.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'

const USAGE = `Cách dùng:
  npm run source -- add sepay --accounts <tài khoản> [--mode hmac|apikey] [--label <tên gọi>]
                    [--secret-file <tệp>] [--api-token-file <tệp>]
  npm run source -- list
  npm run source -- bind <mã nguồn> --accounts <tài khoản>
  npm run source -- rotate <mã nguồn> [--secret-file <tệp>]
  npm run source -- token <mã nguồn> --api-token-file <tệp>
  npm run source -- backfill <mã nguồn>
  npm run source -- remove <mã nguồn>

  <tài khoản>  MB:0123456789,VCB:0987654321  hoặc  market:<mã chợ> là mọi tài khoản của chợ đó
  <tệp>        chỉ chứa khoá hoặc token, để nó không nằm lại trong lịch sử lệnh; «-» là dán vào bàn phím`

const BACKFILL_TIMEOUT_MS = 15 * 60_000

const scope = operatorScope()

type Options = Partial<Record<'mode' | 'accounts' | 'label' | 'secret-file' | 'api-token-file', string>>

async function add(services: Services, kind: string, options: Options): Promise<void> {
  const { config, store, seal, now } = services
  const source = sourceOf(kind)
  if (!source) throw new CommandError(`Chưa nghe được nguồn «${kind}». Hiện có: sepay.`)
  const mode = options.mode ?? 'hmac'
  if (!source.modes.includes(mode)) throw new CommandError(`--mode là ${source.modes.join(' hoặc ')}.`)
  const secret = readSecret(options)
  const apiToken = readApiToken(options)
  const accounts = await readAccounts(services, options)
  const label = options.label ?? 'SePay'
  const made = await addInstance(store, seal, scope, { kind, mode, label, apiToken, secret }, now())
  await store.changeRegistry((tx) => bindAccounts(tx, scope, made.id, accounts, now()))

  console.log(`Đã thêm nguồn «${label}», mã nguồn ${made.id}, được phép báo ${accounts.length} tài khoản.

  Địa chỉ nhận tin   ${config.publicUrl}/notifications/${made.id}
  Khoá bí mật        ${made.secret}
                     (chỉ hiện một lần này)

Làm gì ở SePay:
  1. Vào my.sepay.vn, mở «Tích hợp WebHooks», bấm «Thêm webhook».
  2. Tên: «${label}». URL nhận webhook: dán địa chỉ ở trên. Sự kiện: «Có tiền vào». Định dạng: JSON.
  3. «Tự động gửi lại»: bật.
  4. Chọn các tài khoản ngân hàng của sạp. Đừng bật «Bỏ qua nếu không có mã thanh toán», đừng lọc tiền tố.
  5. Kiểu chứng thực: ${modeWords(mode)}, dán khoá bí mật ở trên. SePay tự sinh khoá khác thì giữ khoá của SePay,
     chép vào một tệp rồi chạy: npm run source -- rotate ${made.id} --secret-file <tệp>
  6. Lưu, bấm «Gửi thử», rồi chạy: npm run source -- list
     Nguồn này phải hiện giờ «nghe lần cuối».`)
  if (apiToken === null) {
    console.log(`
Chưa có API token: khoản nào SePay gọi không tới trong 33 phút là mất tin. Lấy token ở my.sepay.vn,
«Cấu hình công ty», «API Access», «Thêm API»; chép vào một tệp rồi chạy:
npm run source -- token ${made.id} --api-token-file <tệp>`)
  }
  if (!config.publicUrl.startsWith('https:')) {
    console.log(`
SePay chỉ gọi địa chỉ https công khai, còn máy chủ này đang ở ${config.publicUrl}.
Đặt PUBLIC_URL=https://… (cả khi chạy npm start), rồi dùng địa chỉ bắt đầu bằng PUBLIC_URL đó.`)
  }
}

async function list({ store }: Services): Promise<void> {
  const sources = await listSources(store, scope)
  if (sources.length === 0) console.log('Chưa có nguồn nào. Thêm: npm run source -- add sepay --accounts …')
  for (const source of sources) {
    const heard =
      source.lastHeardAt === null ? 'chưa nghe lần nào' : `nghe lần cuối ${when(source.lastHeardAt)}`
    const token = source.apiToken === null ? 'không có API token' : 'có API token'
    console.log(`${source.id}  «${source.label}», ${modeWords(source.mode)}, ${heard}, ${token}`)
    for (const account of source.accounts) console.log(`  ${accountWords(account)}`)
  }
}

async function bind(services: Services, id: string, options: Options): Promise<void> {
  const { store, now } = services
  const source = await findSource(services, id)
  const accounts = await readAccounts(services, options)
  const bound = new Set(source.accounts.map(accountKey))
  const added = accounts.filter((account) => !bound.has(accountKey(account)))
  if (added.length > 0) await store.changeRegistry((tx) => bindAccounts(tx, scope, source.id, added, now()))
  console.log(
    added.length === 0
      ? 'Không có gì thay đổi: nguồn này đã được phép báo các tài khoản đó.'
      : `Nguồn «${source.label}» được phép báo thêm ${added.length} tài khoản: ${added.map(accountWords).join(', ')}`,
  )
}

async function rotate(services: Services, id: string, options: Options): Promise<void> {
  const { store, seal, now } = services
  const source = await findSource(services, id)
  const { secret, oldGoodUntil } = await rotateInstance(
    store,
    seal,
    scope,
    source.id,
    readSecret(options),
    now(),
  )
  console.log(`Khoá mới của «${source.label}», chỉ hiện một lần này:

  Khoá bí mật  ${secret}

Vào my.sepay.vn, «Tích hợp WebHooks», sửa webhook này, dán khoá mới vào phần ${modeWords(source.mode)}.
Xong trước ${when(oldGoodUntil)}: tới lúc đó khoá cũ vẫn dùng được, sau đó thì không.`)
}

async function giveToken(services: Services, id: string, options: Options): Promise<void> {
  const apiToken = readApiToken(options)
  if (apiToken === null) throw new CommandError(`Thiếu --api-token-file.\n\n${USAGE}`)
  const { store, seal } = services
  const source = await findSource(services, id)
  const sealed = await seal.close(apiToken)
  await store.changeRegistry((tx) => setApiToken(tx, scope, source.id, sealed))
  console.log(`Đã lưu API token của «${source.label}». Từ giờ hỏi lại được những khoản bị sót.`)
}

async function fetchMissed(services: Services, id: string): Promise<void> {
  const { store, seal, intake, now } = services
  const source = await findSource(services, id)
  if (source.apiToken === null) {
    throw new CommandError(
      `Nguồn này không có API token nên không hỏi lại được. Thêm: npm run source -- token ${source.id} --api-token-file <tệp>`,
    )
  }
  try {
    const fetched = await backfill(store, seal, intake, source, now, AbortSignal.timeout(BACKFILL_TIMEOUT_MS))
    console.log(
      `Đã hỏi lại «${source.label}»: ${fetched} khoản. Khoản nào đã biết rồi thì không tính lần nữa.`,
    )
  } catch (error) {
    throw new CommandError(`Chưa hỏi lại được, chạy lại sau: ${(error as Error).message}`)
  }
}

async function remove(services: Services, id: string): Promise<void> {
  const { store, now } = services
  const source = await findSource(services, id)
  await store.changeRegistry((tx) => removeSource(tx, scope, source.id, now()))
  console.log(`Đã bỏ nguồn «${source.label}». Từ giờ không nghe nó nữa; những gì nó đã báo vẫn còn trong sổ.`)
}

async function findSource({ store }: Services, id: string): Promise<SourceListing> {
  const sources = await listSources(store, scope)
  const found = sources.find((source) => source.id === id)
  if (found) return found
  const known = sources.map((source) => `  ${source.id}  «${source.label}»`).join('\n')
  throw new CommandError(`Không có nguồn nào mã «${id}».${known && ` Đang có:\n${known}`}`)
}

async function readAccounts({ store }: Services, { accounts = '' }: Options): Promise<AccountKey[]> {
  const items = accounts
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
  if (items.length === 0) throw new CommandError(`Thiếu --accounts.\n\n${USAGE}`)
  const found: AccountKey[] = []
  for (const item of items) {
    const [before = '', after = ''] = item.split(':').map((part) => part.trim())
    if (before === 'market') {
      const market = await findMarket(store, after)
      if (!market)
        throw new CommandError(
          `Không có chợ nào mã «${after}». Mã chợ là phần cuối địa chỉ trang ban quản lý.`,
        )
      const ofMarket = await store.read((tx) => accountKeysOf(tx, marketScope(market.id)))
      if (ofMarket.length === 0)
        throw new CommandError(`${market.name} chưa có tài khoản nào. Nhập sạp trước.`)
      found.push(...ofMarket)
      continue
    }
    const bank = findBank(before)
    if (!bank)
      throw new CommandError(`--accounts: không có ngân hàng nào tên «${before}». Thí dụ: MB:0123456789`)
    const accountNumber = after.replaceAll(/[\s.-]/g, '').toUpperCase()
    if (!/^[A-Z0-9]{1,19}$/.test(accountNumber)) {
      throw new CommandError(
        `--accounts: số tài khoản «${after}» chưa đúng, chỉ chữ số và chữ cái, nhiều nhất 19 ký tự.`,
      )
    }
    found.push({ bankBin: bank.bin, accountNumber })
  }
  return found
}

function readSecret(options: Options): string | null {
  const secret = readWord(options['secret-file'], '--secret-file')
  const problem = secretProblem(secret ?? '')
  if (problem !== undefined) throw new CommandError(`--secret-file: ${problem}`)
  return secret
}

function readApiToken(options: Options): string | null {
  const token = readWord(options['api-token-file'], '--api-token-file')
  const problem = tokenProblem(token ?? '')
  if (problem !== undefined) throw new CommandError(`--api-token-file: ${problem}`)
  return token
}

/** A secret's file holds the secret and nothing else. Null where no file is named. */
function readWord(path: string | undefined, option: string): string | null {
  if (path === undefined) return null
  let text: string
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8').trim()
  } catch (error) {
    throw new CommandError(`${option}: không đọc được tệp «${path}».\n(${(error as Error).message})`)
  }
  if (text === '') throw new CommandError(`${option}: tệp «${path}» trống.`)
  return text
}

function accountWords({ bankBin, accountNumber }: AccountKey): string {
  return `${findBank(bankBin)?.shortName ?? bankBin}:${accountNumber}`
}

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      mode: { type: 'string' },
      accounts: { type: 'string' },
      label: { type: 'string' },
      'secret-file': { type: 'string' },
      'api-token-file': { type: 'string' },
    },
  })
  const [verb, object = '', ...rest] = positionals
  const commands: Record<string, (services: Services) => Promise<void>> = {
    add: (services) => add(services, object, values),
    list,
    bind: (services) => bind(services, object, values),
    rotate: (services) => rotate(services, object, values),
    token: (services) => giveToken(services, object, values),
    backfill: (services) => fetchMissed(services, object),
    remove: (services) => remove(services, object),
  }
  const command = commands[verb ?? '']
  if (!command || rest.length > 0 || (object === '') !== (verb === 'list')) throw new CommandError(USAGE)
  await withServices(configFromEnvironment(), command)
})
