// Plays any source against a running server, honestly signed, over real HTTP:
//   npm run play-source -- http://localhost:4040/notifications/casso-… --secret-file khoa --payee MBBank:0123:ZQK1ABCDEF
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findBank } from '@vietqr/core'
import { sourceOf } from '../server/sources/registry.ts'
import { senderOf, type History, type Sender, type Transfer } from '../test/fixtures/notifications/sender.ts'
import { CommandError, runCommand } from './command.ts'
import { createFakeBank, type Habits, type Payee } from './fake-bank.ts'
import { serveHistory } from './fake-history.ts'

const USAGE = `Cách dùng:
  npm run play-source -- <địa chỉ nhận tin> --secret-file <tệp> --payee <ngân hàng:số:mã sạp> [--payee …]
      [--mode <cách>] [--count <số lần>] [--pause-ms <nghỉ>] [--seed <số>] và các nết, mỗi nết từ 0 đến 1:
      --duplicate --reorder --lose --mangle --unreferenced --wrong-account --outgoing --hostile; --delay-ms
      --history-port <cổng> [--history <tên>]: xong thì ở lại trả lời như sổ của nguồn, có cả khoản đã mất`

/** The name of an option → the habit it sets. */
const HABITS = {
  duplicate: 'resend',
  reorder: 'outOfOrder',
  lose: 'lose',
  mangle: 'mangle',
  unreferenced: 'unreferenced',
  'wrong-account': 'wrongAccount',
  outgoing: 'outgoing',
  hostile: 'hostile',
  'delay-ms': 'delayMs',
} as const satisfies Record<string, keyof Habits>

const MAX_NUMBER = 1e9
const MAX_PORT = 65_535
const option = { type: 'string' } as const

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'secret-file': option,
      payee: { type: 'string', multiple: true },
      mode: option,
      count: option,
      'pause-ms': option,
      seed: option,
      duplicate: option,
      reorder: option,
      lose: option,
      mangle: option,
      unreferenced: option,
      'wrong-account': option,
      outgoing: option,
      hostile: option,
      'delay-ms': option,
      'history-port': option,
      history: option,
    },
  })
  const [address = '', ...rest] = positionals
  const kind = /\/notifications\/([a-z]+)-\w+$/.exec(address)?.[1] ?? ''
  const source = sourceOf(kind)
  if (!source || rest.length > 0 || !values['secret-file']) throw new CommandError(USAGE)
  const number = (name: keyof typeof values, max: number, otherwise: number): number => {
    const value = Number(values[name] ?? otherwise)
    if (!(value >= 0 && value <= max)) throw new CommandError(`--${name} là số từ 0 đến ${max}.`)
    return value
  }
  const habits: Partial<Habits> = {}
  for (const [name, habit] of Object.entries(HABITS) as [keyof typeof HABITS, keyof Habits][]) {
    if (values[name] !== undefined) habits[habit] = number(name, habit === 'delayMs' ? MAX_NUMBER : 1, 0)
  }
  const sender = await senderOf(kind)
  const booked: Transfer[] = []
  const bank = createFakeBank({
    sender,
    mode: values.mode ?? source.modes[0].id,
    address,
    secret: readFileSync(values['secret-file'], 'utf8').trim(),
    payees: (values.payee ?? []).map(readPayee),
    habits,
    seed: number('seed', MAX_NUMBER, Date.now() % 2 ** 31),
    firstId: Date.now(),
    onBooked: (transfer) => booked.push(transfer),
  })
  if (bank.payees.length === 0) throw new CommandError(`Thiếu --payee.\n\n${USAGE}`)
  const history =
    values['history-port'] === undefined
      ? undefined
      : await serveHistory(findHistory(sender, values.history), booked, number('history-port', MAX_PORT, 0))
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const statuses = await bank.play(
    number('count', MAX_NUMBER, 100),
    number('pause-ms', MAX_NUMBER, 100),
    stopping.signal,
  )
  for (const [status, count] of statuses) {
    console.log(`${status === 0 ? 'không ai trả lời' : `HTTP ${status}`}: ${count} tin`)
  }
  if (history && !stopping.signal.aborted) {
    console.log(`Sổ của nguồn có ${booked.length} khoản, hỏi ở ${history.address}. Ctrl-C để thôi.`)
    await once(stopping.signal, 'abort')
  }
  history?.close()
  return [...statuses.keys()].every((status) => status === 200) ? 0 : 1
})

/** The history of that name, or the one that is asked first. */
function findHistory({ histories = [] }: Sender, name = histories[0]?.name): History {
  const found = histories.find((one) => one.name === name)
  if (found) return found
  const names = histories.map((one) => one.name).join(', ')
  throw new CommandError(names ? `--history là ${names}.` : 'Nguồn này không cho hỏi lại.')
}

function readPayee(text: string): Payee {
  const [bankText = '', accountNumber = '', reference = '', virtualAccount = null] = text.split(':')
  const bank = findBank(bankText)
  if (!bank || accountNumber === '' || reference === '') {
    throw new CommandError(`--payee «${text}» chưa đúng. Thí dụ: MBBank:0123456789:ZQK1ABCDEF`)
  }
  return { bank: bank.shortName, accountNumber, virtualAccount, reference }
}
