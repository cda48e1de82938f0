import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
/** In which every phone is pinged once. */
const REST_MS = 15_000

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
    const before = await server.usage()
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
    const after = await server.usage()
    await sleep(size.quick ? 0 : REST_MS)
    const restMs = (await server.usage()).cpuMs - after.cpuMs
    const kilobytes = (after.memoryBytes - before.memoryBytes) / 1024 / (most - 1)
    const rest = size.quick ? '' : `; at rest all take ${((restMs / REST_MS) * 100).toFixed(1)} % of a core`
    figures.push(figure(MEMORY, 'KB', [kilobytes], `the server's memory a phone, ${most} phones${rest}`))
    counter.check()
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
  /** Throws unless each phone has heard each payment of its stall since it came once, and no other. */
  check(): void
  close(): void
}

async function openCounter(port: number, { payees, tokens, sourceId }: PairedMarket): Promise<Counter> {
  const random = seededRandom(9)
  const phones: { socket: Socket; owed: Set<number> }[] = []
  // Every amount is paid once, so that it names its payment.
  let amountVnd = 1_000
  let hear: (at: number) => void = () => {}

  // A phone that has just been drawn goes on from there.
  let cursor = 0

  function openPhone(index: number): Promise<void> {
    const stall = Math.floor(index / PHONES_OF_A_STALL)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = connect(port, '127.0.0.1')
    const owed = new Set<number>()
    phones.push({ socket, owed })
    let text = ''
    socket.on('data', (chunk) => {
      const heardAt = performance.now()
      text += chunk.toString('latin1')
      const messages = text.split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        if (message.includes('event: hello')) resolve()
        if (!message.includes('event: change')) continue
        cursor = Math.max(cursor, Number(/id: (\d+)/.exec(message)?.[1]))
        if (!owed.delete(Number(/"amountVnd":(\d+)/.exec(message)?.[1])))
          throw new Error('a phone heard a payment twice, or one of another stall')
        hear(heardAt)
      }
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`a phone was cut off: ${text.slice(0, 200)}`)))
    socket.write(
      `GET /vendor/${payees[stall]!.code}/stream?after=${cursor} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session=${tokens[index]}\r\n\r\n`,
    )
    return promise
  }

  async function payOnce(bank: Socket, stall: number): Promise<Told[]> {
    amountVnd += 1
    const request = requestOf(sourceId, payees[stall]!, amountVnd)
    const first = stall * PHONES_OF_A_STALL
    const listening = phones.slice(first, first + PHONES_OF_A_STALL)
    for (const { owed } of listening) owed.add(amountVnd)
    const heard: number[] = []
    const done = Promise.withResolvers<void>()
    const deadline = setTimeout(
      () => done.reject(new Error(`${heard.length} of ${listening.length} phones heard`)),
      DEADLINE_MS,
    )
    let answeredAt = 0
    const look = () => {
      if (answeredAt > 0 && heard.length === listening.length) done.resolve()
    }
    hear = (at) => {
      heard.push(at)
      look()
    }
    bank.once('data', (chunk) => {
      answeredAt = performance.now()
      const answer = chunk.toString('latin1')
      if (!answer.startsWith('HTTP/1.1 200')) done.reject(new Error(`refused: ${answer.slice(0, 80)}`))
      look()
    })
    const sentAt = performance.now()
    bank.write(request)
    await done.promise.finally(() => clearTimeout(deadline))
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
      // A connection of its own each time: while phones are opened, the server closes one that rests.
      const bank = connect(port, '127.0.0.1').setNoDelay(true)
      await once(bank, 'connect')
      for (let left = payments; left > 0; left -= 1) told.push(...(await payOnce(bank, random(stalls))))
      bank.destroy()
      return told
    },
    check() {
      const missed = phones.filter(({ owed }) => owed.size > 0).length
      if (missed > 0) throw new Error(`${missed} phones did not hear all of their payments`)
    },
    close() {
      for (const { socket } of phones) socket.destroy()
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
