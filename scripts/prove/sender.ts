import { Agent, request } from 'node:http'
import { sepayBody, sepayHeaders } from '../../test/sepay.ts'
import { seededRandom } from '../../test/small-market.ts'
import type { Finding } from './outcome.ts'
import type { Market } from './product.ts'

const LANES = 16
/** Every lane may send one twice at once; some proofs send more together. */
const MAX_CONNECTIONS = 64
const RESEND_PERCENT = 30
const DUPLICATE_PERCENT = 15
const PATIENCE_MS = 60_000

export interface Told {
  id: number
  stallId: number
  amountVnd: number
  body: string
}

export interface Answer {
  id: number
  status: number
  retryAfter: string | undefined
}

/** The source's side: what it sent, and what it was told in return. */
export interface Sender {
  /** Everything ever sent, by id. */
  told: ReadonlyMap<number, Told>
  acknowledged: ReadonlySet<number>
  /** The ids asked for over each connection, in order; a connection is told by its port on our side. */
  asked: ReadonlyMap<number, number[]>
  /** Makes one more notification, to be sent by its id. */
  make(): number
  /** That notification's bytes and what proves them, now. */
  sign(id: number): { headers: Record<string, string>; body: string }
  /** Notes an answer; the way back in for who sends by other means. */
  hear(answer: Answer): Answer
  /** Sends that notification once. Undefined: the server is gone. */
  send(id: number): Promise<Answer | undefined>
  /** Sends all of these, 16 at a time, each once. */
  sendAll(ids: Iterable<number>): Promise<(Answer | undefined)[]>
  /** Sends these again, or everything, to a server in good health: each must be taken. */
  sendAgain(ids?: Iterable<number>): Promise<Partial<Finding>>
  /** 16 senders, 30 % resends, 15 % duplicates, until `stop`, or until the server is gone. */
  load(stop: AbortSignal): Promise<void>
}

export function openSender(market: Market, seed: number): Sender {
  const random = seededRandom(seed)
  const told = new Map<number, Told>()
  const acknowledged = new Set<number>()
  const asked = new Map<number, number[]>()
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS })

  function make(): number {
    const id = told.size + 1
    const stall = market.stalls[random(market.stalls.length)]!
    const amountVnd = 1_000 + random(1_000_000)
    const { accountNumber, reference } = stall
    const body = sepayBody({ id, accountNumber, content: `CK ${reference}`, amount: amountVnd })
    told.set(id, { id, stallId: stall.id, amountVnd, body })
    return id
  }

  function sign(id: number): { headers: Record<string, string>; body: string } {
    const { body } = told.get(id)!
    const length = String(Buffer.byteLength(body))
    return { headers: { ...sepayHeaders(body, Date.now()), 'content-length': length }, body }
  }

  function hear(answer: Answer): Answer {
    if (answer.status >= 200 && answer.status < 300) acknowledged.add(answer.id)
    return answer
  }

  function send(id: number): Promise<Answer | undefined> {
    const { headers, body } = sign(id)
    return new Promise((resolve) => {
      const asking = request({
        agent,
        host: '127.0.0.1',
        port: market.port,
        path: `/notifications/${market.sourceId}`,
        method: 'POST',
        headers,
        timeout: PATIENCE_MS,
      })
      asking.once('socket', (socket) => {
        const note = () => {
          const before = asked.get(socket.localPort!)
          if (before) before.push(id)
          else asked.set(socket.localPort!, [id])
        }
        if (socket.connecting) socket.once('connect', note)
        else note()
      })
      asking.once('timeout', () => asking.destroy())
      asking.once('error', () => resolve(undefined))
      asking.once('response', (response) => {
        const retryAfter = response.headers['retry-after']
        const answer = hear({ id, status: response.statusCode!, retryAfter })
        response.resume()
        response.once('close', () => resolve(answer))
      })
      asking.end(body)
    })
  }

  const inLanes = (lane: () => Promise<void>) => Promise.all(Array.from({ length: LANES }, lane))

  async function sendAll(ids: Iterable<number>): Promise<(Answer | undefined)[]> {
    const answers: (Answer | undefined)[] = []
    const queue = [...ids].values()
    await inLanes(async () => {
      for (const id of queue) answers.push(await send(id))
    })
    return answers
  }

  return {
    told,
    acknowledged,
    asked,
    make,
    sign,
    hear,
    send,
    sendAll,
    async sendAgain(ids = told.keys()) {
      const refused = (await sendAll(ids)).filter((one) => one?.status !== 200).length
      return { broken: refused > 0 ? [`${refused} resends were not acknowledged`] : [] }
    },
    async load(stop) {
      await inLanes(async () => {
        while (!stop.aborted) {
          const id = told.size > 0 && random(100) < RESEND_PERCENT ? 1 + random(told.size) : make()
          const copies = random(100) < DUPLICATE_PERCENT ? 2 : 1
          const answers = await Promise.all(Array.from({ length: copies }, () => send(id)))
          if (answers.includes(undefined)) return
        }
      })
    },
  }
}

/** Whatever is neither a 2xx nor a 503 with Retry-After: a source that hears it may not come again. */
export function refusals(answers: readonly (Answer | undefined)[]): Partial<Finding> {
  const wrong = answers.filter(
    (one) => !one || (one.status !== 200 && !(one.status === 503 && Number(one.retryAfter) > 0)),
  )
  const words = new Set(
    wrong.map((one) => (one ? `${one.status}, Retry-After ${one.retryAfter}` : 'nothing')),
  )
  return { broken: [...words].map((answer) => `a sender was answered ${answer}`) }
}
