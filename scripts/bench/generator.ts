// The load: autocannon in a process of its own. It connects, writes, parses and drives; two things are ours.
// Its histogram rounds to whole milliseconds and its clock to whole samples, so times are taken from its events; and
// since it would rebuild each request while it is timed, every connection takes the next of requests signed before.
import autocannon from 'autocannon'
import { sepayBody, sepayHeaders } from '../../test/sepay.ts'
import { TODAY } from '../../test/small-market.ts'
import { percentile } from './figure.ts'
import type { Payee } from './market.ts'

export interface Load {
  /** Connections are dealt to them in turn. */
  ports: number[]
  path: string
  payees: Payee[]
  /** The id of the first credit; the next have the next ones. */
  firstId: number
  connections: number
  amount: number
}

export interface Heard {
  perSecond: number
  p50Ms: number
  p99Ms: number
  acknowledged: number
  amountVnd: number
}

/** What the `index`-th credit pays: round sums, as people pay them. */
const amountOf = (index: number): number => 1_000 * (1 + ((Math.imul(index, 2_654_435_761) >>> 8) % 500))

function requestOf({ path, payees, firstId }: Load, index: number): Buffer {
  const payee = payees[index % payees.length]!
  const id = firstId + index
  const seconds = String(index % 60).padStart(2, '0')
  const body = sepayBody({
    id,
    accountNumber: payee.accountNumber,
    amount: amountOf(index),
    content: `MBVCB.${id}.5${String(id).slice(-5)}.${payee.reference} mua hang.CT tu 0123456789 TRAN THI B toi ${payee.accountNumber}`,
    time: `${TODAY} ${String(5 + (index % 15)).padStart(2, '0')}:${String(index % 59).padStart(2, '0')}:${seconds}`,
  })
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: keep-alive',
    ...Object.entries(sepayHeaders(body, Date.now())).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

async function run(load: Load): Promise<Heard> {
  const { ports, connections, amount } = load
  const requests = Array.from({ length: amount }, (_, index) => requestOf(load, index))
  let sent = 0
  const latencies: number[] = []
  let refused = 0
  let begunAt = 0
  let endedAt = 0
  // Several urls, and how often it looks whether it is done, are not in its types.
  const options = {
    url: ports.map((port) => `http://127.0.0.1:${port}`),
    sampleInt: 20,
    connections,
    amount,
    timeout: 60,
    setupClient: (client: autocannon.Client) =>
      Object.assign(client, {
        getRequestBuffer: () => {
          begunAt ||= performance.now()
          return requests[sent++]
        },
      }),
  } as unknown as autocannon.Options
  const done = Promise.withResolvers<autocannon.Result>()
  const instance = autocannon(options, (error, result) => (error ? done.reject(error) : done.resolve(result)))
  instance.on('response', (_, status, __, responseMs) => {
    endedAt = performance.now()
    latencies.push(responseMs)
    if (status !== 200) refused += 1
  })
  const { errors, timeouts } = await done.promise
  if (refused + errors + timeouts > 0 || latencies.length !== amount || sent !== amount) {
    throw new Error(
      `${amount} sent to ${ports.join()}: ${latencies.length} answered, ${refused} refused, ${errors} errors`,
    )
  }
  return {
    perSecond: (amount / (endedAt - begunAt)) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    acknowledged: amount,
    amountVnd: requests.reduce((sum, _, index) => sum + amountOf(index), 0),
  }
}

process.on('message', (load: Load) => {
  run(load).then(
    (heard) => process.send?.({ heard }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
