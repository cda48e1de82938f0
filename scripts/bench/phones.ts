import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { marketScope } from '../../server/storage/scope.ts'
import { openSession } from '../../server/storage/session.ts'
import { vendorOf } from '../../server/storage/stall.ts'
import { sepayBody, sepayHeaders } from '../../test/sepay.ts'
import { seededRandom, TODAY } from '../../test/small-market.ts'
import { figure, percentile, type Figure } from './figure.ts'
import { openBenchServices, registerMarket, type BenchMarket, type Payee } from './market.ts'
import { startSide } from './side.ts'
import { FULL, type Size } from './size.ts'

const PHONES_OF_A_STALL = 10
const OPENED_AT_ONCE = 50
const DAY_MS = 86_400_000
const DEADLINE_MS = 60_000

const OVER_COMMIT = 'event_p99_over_commit'
const MEMORY = 'phone_kb'
const eventName = (share: string, phones: number) => `event_${share}_ms_${phones}_phones`

export const phoneNames: readonly string[] = [
  OVER_COMMIT,
  MEMORY,
  ...FULL.phones.flatMap((count) => [eventName('p50', count), eventName('p99', count)]),
]

/** One payment told to one phone. */
interface Told {
  /** From the bank's request to the phone. */
  eventMs: number
  /** The part of it after the bank had its answer. */
  afterCommitMs: number
  /** From the bank's request to its answer, which the commit precedes. */
  commitMs: number
}

/** What lies between a notification and the right phone, with few and with many phones connected. */
export async function measurePhones(size: Size, wanted: (name: string) => boolean): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-bench-'))
  const env = { DATA_DIR: folder, DATABASE_URL: undefined }
  const most = Math.max(...size.phones)
  const market = await pairPhones(env, Math.ceil(most / PHONES_OF_A_STALL))
  const server = await startSide('product-server.ts', ['product'], env)
  const counter = await openCounter(server.port, market)
  const figures: Figure[] = []
  try {
    await counter.openPhones(1)
    await counter.pay(Math.ceil(size.payments / 5))
    const memoryBefore = await server.memory()
    for (const count of size.phones) {
      await counter.openPhones(count)
      const rounds: Told[][] = []
      while (rounds.length < size.rounds) {
        rounds.push(await counter.pay(Math.ceil(size.payments / size.rounds)))
      }
      const of = (what: keyof Told, share: number) =>
        rounds.map((round) =>
          percentile(
            round.map((told) => told[what]),
            share,
          ),
        )
      figures.push(
        figure(eventName('p50', count), 'ms', of('eventMs', 0.5), 'from the bank’s request to the phone'),
        figure(eventName('p99', count), 'ms', of('eventMs', 0.99), 'from the bank’s request to the phone'),
      )
      if (count === most) {
        const commits = of('commitMs', 0.5)
        figures.push(
          figure(
            OVER_COMMIT,
            '×',
            of('afterCommitMs', 0.99).map((late, round) => late / commits[round]!),
            `what the phone waits after the bank's answer, p99, ÷ that answer's p50, ${count} phones`,
          ),
        )
      }
    }
    const kilobytes = ((await server.memory()) - memoryBefore) / 1024 / (most - 1)
    figures.push(figure(MEMORY, 'KB', [kilobytes], `the server's memory a phone, ${most} phones`))
  } finally {
    counter.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return figures.filter(({ name }) => wanted(name))
}

interface PairedMarket extends BenchMarket {
  /** Session tokens, ten of each stall's vendor, stall by stall. */
  tokens: string[]
}

async function pairPhones(env: Record<string, string | undefined>, stalls: number): Promise<PairedMarket> {
  const services = await openBenchServices(env)
  const market = await registerMarket(services, stalls, Math.ceil(stalls / 50))
  const { marketId, payees } = market
  const tokens: string[] = []
  await services.store.write(function* (tx) {
    for (const { stallId } of payees) {
      const vendor = yield* vendorOf(tx, marketScope(marketId), stallId)
      const identity = { role: 'vendor', marketId, vendorId: vendor!.id } as const
      for (let phone = 0; phone < PHONES_OF_A_STALL; phone += 1) {
        const token = `phone-${tokens.length}`
        yield* openSession(tx, token, identity, 'bench', 'owner', true, Date.now(), DAY_MS)
        tokens.push(token)
      }
    }
  })
  await services.close()
  return { ...market, tokens }
}

/** The bank on one side and the phones on the other, in this process, so that one clock times both. */
interface Counter {
  /** Connects more phones until there are so many. */
  openPhones(count: number): Promise<void>
  /** One payment after the other; each waits until every phone of its stall has heard it. */
  pay(payments: number): Promise<Told[]>
  close(): void
}

async function openCounter(port: number, { payees, tokens, sourceId }: PairedMarket): Promise<Counter> {
  const random = seededRandom(9)
  const bank = connect(port, '127.0.0.1').setNoDelay(true)
  const phones: ReturnType<typeof connect>[] = []
  let answered: (text: string) => void = () => {}
  bank.on('data', (chunk) => answered(chunk.toString('latin1')))
  // Every amount is paid once, so that it names its payment.
  let amountVnd = 1_000
  let awaited: { amountVnd: number; stall: number; hear: (at: number) => void } | undefined

  // A phone that has just been drawn goes on from there.
  let cursor = 0

  function openPhone(index: number): Promise<void> {
    const stall = Math.floor(index / PHONES_OF_A_STALL)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const phone = connect(port, '127.0.0.1')
    phones.push(phone)
    let text = ''
    phone.on('data', (chunk) => {
      const heardAt = performance.now()
      text += chunk.toString('latin1')
      const messages = text.split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        if (message.includes('event: hello')) resolve()
        if (!message.includes('event: change')) continue
        if (Number(/"amountVnd":(\d+)/.exec(message)?.[1]) !== awaited?.amountVnd) continue
        cursor = Math.max(cursor, Number(/id: (\d+)/.exec(message)?.[1]))
        if (stall !== awaited.stall) throw new Error('a phone heard of another stall’s payment')
        awaited.hear(heardAt)
      }
    })
    phone.on('error', reject)
    phone.on('close', () => reject(new Error(`a phone was cut off: ${text.slice(0, 200)}`)))
    phone.write(
      `GET /vendor/${payees[stall]!.code}/stream?after=${cursor} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session=${tokens[index]}\r\n\r\n`,
    )
    return promise
  }

  async function payOnce(stall: number): Promise<Told[]> {
    amountVnd += 1
    const request = requestOf(sourceId, payees[stall]!, amountVnd)
    const first = stall * PHONES_OF_A_STALL
    const listening = Math.min(PHONES_OF_A_STALL, phones.length - first)
    const heard: number[] = []
    const done = Promise.withResolvers<void>()
    const deadline = setTimeout(
      () => done.reject(new Error(`${heard.length} of ${listening} phones heard`)),
      DEADLINE_MS,
    )
    let answeredAt = 0
    const look = () => {
      if (answeredAt > 0 && heard.length >= listening) done.resolve()
    }
    const hear = (at: number) => {
      heard.push(at)
      look()
    }
    awaited = { amountVnd, stall, hear }
    answered = (text) => {
      answeredAt = performance.now()
      if (!text.startsWith('HTTP/1.1 200')) done.reject(new Error(`refused: ${text.slice(0, 80)}`))
      look()
    }
    const sentAt = performance.now()
    bank.write(request)
    await done.promise.finally(() => clearTimeout(deadline))
    if (heard.length !== listening) throw new Error(`${heard.length} times heard by ${listening} phones`)
    return heard.map((at) => ({
      eventMs: at - sentAt,
      afterCommitMs: at - answeredAt,
      commitMs: answeredAt - sentAt,
    }))
  }

  return {
    async openPhones(count) {
      while (phones.length < count) {
        const few = Math.min(OPENED_AT_ONCE, count - phones.length)
        const from = phones.length
        await Promise.all(Array.from({ length: few }, (_, index) => openPhone(from + index)))
      }
    },
    async pay(payments) {
      const told: Told[] = []
      const stalls = Math.ceil(phones.length / PHONES_OF_A_STALL)
      for (let left = payments; left > 0; left -= 1) told.push(...(await payOnce(random(stalls))))
      return told
    },
    close() {
      bank.destroy()
      for (const phone of phones) phone.destroy()
    },
  }
}

function requestOf(sourceId: string, payee: Payee, amountVnd: number): string {
  const body = sepayBody({
    id: amountVnd,
    accountNumber: payee.accountNumber,
    content: `CK ${payee.reference}`,
    amount: amountVnd,
    time: `${TODAY} 09:00:01`,
  })
  const headers = Object.entries(sepayHeaders(body, Date.now())).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return (
    `POST /notifications/${sourceId} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join('')}` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
