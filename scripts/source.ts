// Who tells us of money:
//   npm run source -- add sepay --accounts market:cho-phu-cat
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findBank, shortNameOf } from '@vietqr/core'
import { accountKey } from '../shared/bank-transaction.ts'
import type { Services } from '../server/services.ts'
import { backfill } from '../server/sources/backfill.ts'
import { accessProblems, secretProblem } from '../server/sources/credential.ts'
import { addInstance, giveAccess, openAccess, rotateInstance } from '../server/sources/instance.ts'
import { getSource, modeOf, sourceOf, sources } from '../server/sources/registry.ts'
import type { Access, Source } from '../server/sources/source.ts'
import { findMarket } from '../server/storage/market.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import {
  accountKeysOf,
  bindAccounts,
  listSources,
  removeSource,
  type AccountKey,
  type SourceListing,
} from '../server/storage/source.ts'
import { when } from '../web/pages/operator/when.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'

const USAGE = `Cách dùng:
  npm run source -- kinds
  npm run source -- add <loại> --accounts <tài khoản> [--mode <cách>] [--label <tên gọi>]
                    [--secret-file <tệp>] [--api-token-file <tệp>]
  npm run source -- list
  npm run source -- bind <mã nguồn> --accounts <tài khoản>
  npm run source -- rotate <mã nguồn> [--secret-file <tệp>]
  npm run source -- token <mã nguồn> --api-token-file <tệp>
  npm run source -- backfill <mã nguồn>
  npm run source -- announce <mã nguồn>
  npm run source -- remove <mã nguồn>

  <tài khoản>  MB:0123456789,VCB:0987654321  hoặc  market:<mã chợ> là mọi tài khoản của chợ đó
  <tệp>        chỉ chứa khoá hoặc token, để nó không nằm lại trong lịch sử lệnh; «-» là dán vào bàn phím;
               nguồn cần nhiều thứ thì mỗi dòng một thứ, theo thứ tự mà «kinds» kể`

const BACKFILL_TIMEOUT_MS = 15 * 60_000
const ANNOUNCE_TIMEOUT_MS = 60_000

const scope = operatorScope()

type Options = Partial<Record<'mode' | 'accounts' | 'label' | 'secret-file' | 'api-token-file', string>>

async function add(services: Services, kind: string, options: Options): Promise<void> {
  const { config, store, seal, now } = services
  const source = sourceOf(kind)
  if (!source) {
    const known = sources.map((one) => one.kind).join(', ')
    throw new CommandError(`Chưa nghe được nguồn «${kind}». Hiện có: ${known}.`)
  }
  const modes = source.modes.map((one) => one.id)
  const mode = options.mode ?? source.modes[0].id
  if (!modes.includes(mode)) throw new CommandError(`--mode là ${modes.join(' hoặc ')}.`)
  const secret = readSecret(source, options)
  const access = readAccess(source, options)
  const accounts = await readAccounts(services, options)
  const label = options.label ?? source.name
  const made = await addInstance(store, seal, scope, { kind, mode, label, access, secret }, now())
  await store.changeRegistry((tx) => bindAccounts(tx, scope, made.id, accounts, now()))

  const address = `${config.publicUrl}/notifications/${made.id}`
  const steps = source.setup({ sourceId: made.id, address, label, mode: modeOf(source, mode) })
  console.log(`Đã thêm nguồn «${label}», mã nguồn ${made.id}, được phép báo ${accounts.length} tài khoản.

  Địa chỉ nhận tin   ${address}
  ${secretWords(source, made.secret)}

Làm gì ở ${source.name}:
${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}

Đổi khoá: npm run source -- rotate ${made.id}${source.secret.madeHere ? ' [--secret-file <tệp>]' : ' --secret-file <tệp>'}
Xem đã nghe chưa: npm run source -- list`)
  if (access === null && source.access.length > 0) {
    console.log(`
Chưa có ${accessWords(source)}. ${source.access[0]!.hint} Chép vào một tệp rồi chạy:
npm run source -- token ${made.id} --api-token-file <tệp>`)
  }
  if (!config.publicUrl.startsWith('https:')) {
    console.log(`
${source.name} chỉ gọi địa chỉ https công khai, còn máy chủ này đang ở ${config.publicUrl}.
Đặt PUBLIC_URL=https://… (cả khi chạy npm start), rồi dùng địa chỉ bắt đầu bằng PUBLIC_URL đó.`)
  }
}

async function listKinds(): Promise<void> {
  for (const { kind, name, modes, secret, access } of sources) {
    console.log(`${kind}  ${name}; --mode ${modes.map((one) => one.id).join('|')}`)
    console.log(`  --secret-file: ${secret.label}. ${secret.hint}`)
    if (access.length > 0) console.log('  --api-token-file, mỗi dòng một thứ:')
    for (const { label, hint } of access) console.log(`    ${label}. ${hint}`)
  }
}

function accessWords({ access }: Source): string {
  return access.map(({ label }) => label).join(', ')
}

function secretWords({ secret }: Source, text: string): string {
  return `${secret.label}        ${text}
                     (chỉ hiện một lần này)`
}

async function list({ store }: Services): Promise<void> {
  const added = await listSources(store, scope)
  if (added.length === 0) console.log('Chưa có nguồn nào. Thêm: npm run source -- add <loại> --accounts …')
  for (const source of added) {
    const heard =
      source.lastHeardAt === null ? 'chưa nghe lần nào' : `nghe lần cuối ${when(source.lastHeardAt)}`
    const kind = getSource(source.kind)
    const has = source.apiToken === null ? 'không có' : 'có'
    const token = kind.access.length === 0 ? '' : `, ${has} ${accessWords(kind)}`
    console.log(
      `${source.id}  «${source.label}», ${kind.name}, ${modeOf(kind, source.mode).words}, ${heard}${token}`,
    )
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
  const kind = getSource(source.kind)
  const given = readSecret(kind, options)
  const { secret, oldGoodUntil } = await rotateInstance(store, seal, scope, source, given, now())
  console.log(`Khoá mới của «${source.label}», chỉ hiện một lần này:

  ${secretWords(kind, secret)}

Vào ${kind.console}, sửa phần chứng thực (${modeOf(kind, source.mode).words}) của nguồn này, dán khoá mới.
Xong trước ${when(oldGoodUntil)}: tới lúc đó khoá cũ vẫn dùng được, sau đó thì không.`)
}

async function giveToken(services: Services, id: string, options: Options): Promise<void> {
  const { store, seal } = services
  const source = await findSource(services, id)
  const kind = getSource(source.kind)
  if (kind.access.length === 0) throw new CommandError(`${kind.name} không cần token nào.`)
  const access = readAccess(kind, options)
  if (access === null) throw new CommandError(`Thiếu --api-token-file.\n\n${USAGE}`)
  await giveAccess(store, seal, scope, source, access)
  const next = kind.backfill ? ' Từ giờ hỏi lại được những khoản bị sót.' : ''
  console.log(`Đã lưu ${accessWords(kind)} của «${source.label}».${next}`)
}

async function announce(services: Services, id: string): Promise<void> {
  const { config, seal } = services
  const source = await findSource(services, id)
  const kind: Source = getSource(source.kind)
  if (!kind.announce)
    throw new CommandError(`${kind.name} không nhận địa chỉ qua API. Làm ở ${kind.console}.`)
  const access = await openAccess(seal, source)
  if (access === null) throw new CommandError(missingAccess(kind, id))
  try {
    const signal = AbortSignal.timeout(ANNOUNCE_TIMEOUT_MS)
    await kind.announce(access, `${config.publicUrl}/notifications/${id}`, signal)
  } catch (error) {
    throw new CommandError(`Chưa báo được địa chỉ cho ${kind.name}: ${(error as Error).message}`)
  }
  console.log(`${kind.name} đã nhận địa chỉ của «${source.label}» và gọi thử được.`)
}

function missingAccess(kind: Source, id: string): string {
  return `Nguồn này không có ${accessWords(kind)}. Thêm: npm run source -- token ${id} --api-token-file <tệp>`
}

async function fetchMissed(services: Services, id: string): Promise<void> {
  const { store, seal, intake, now } = services
  const source = await findSource(services, id)
  const kind: Source = getSource(source.kind)
  if (!kind.backfill) throw new CommandError(`${kind.name} không cho hỏi lại.`)
  if (source.apiToken === null) throw new CommandError(missingAccess(kind, source.id))
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
  const added = await listSources(store, scope)
  const found = added.find((source) => source.id === id)
  if (found) return found
  const known = added.map((source) => `  ${source.id}  «${source.label}»`).join('\n')
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

function readSecret(source: Source, options: Options): string | null {
  const secret = readWord(options['secret-file'], '--secret-file')
  const problem = secretProblem(source, secret ?? '')
  if (problem !== undefined) throw new CommandError(`--secret-file: ${problem}`)
  return secret
}

/** One line for each of the source's fields, in their order. */
function readAccess(source: Source, options: Options): Access | null {
  const text = readWord(options['api-token-file'], '--api-token-file')
  if (text === null) return null
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  if (lines.length !== source.access.length) {
    throw new CommandError(`--api-token-file: cần ${source.access.length} dòng: ${accessWords(source)}.`)
  }
  const access = Object.fromEntries(source.access.map(({ name }, index) => [name, lines[index] ?? '']))
  const [problem] = Object.values(accessProblems(source, access))
  if (problem !== undefined) throw new CommandError(`--api-token-file: ${problem}`)
  return access
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
  return `${shortNameOf(bankBin)}:${accountNumber}`
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
    kinds: listKinds,
    list,
    bind: (services) => bind(services, object, values),
    rotate: (services) => rotate(services, object, values),
    token: (services) => giveToken(services, object, values),
    backfill: (services) => fetchMissed(services, object),
    announce: (services) => announce(services, object),
    remove: (services) => remove(services, object),
  }
  const command = commands[verb ?? '']
  if (!command || rest.length > 0 || (object === '') !== ['list', 'kinds'].includes(verb ?? ''))
    throw new CommandError(USAGE)
  await withServices(configFromEnvironment(), command)
})
