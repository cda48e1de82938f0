import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { AppError } from '../../../shared/app-error.ts'
import type { IncomingMessage } from '../../storage/decision.ts'
import type { Services } from '../../services.ts'
import { bankOfInstance } from '../../sources/instance.ts'
import { UnreadableNotification, type IncomingRequest, type Source } from '../../sources/source.ts'
import type { Doors, Env } from '../door.ts'

/** The longest genuine notification is under 2 KB; a memo of 10,000 characters still fits. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * Hears what a source says: raw bytes once, proof of origin before any parsing, and a 2xx only when it is on the
 * disk. A message we cannot read is kept and acknowledged too: sending it again would not help. Below its address a
 * source may ask for what it declares, a token for instance.
 */
export function hearSources(doors: Doors, services: Services): void {
  const { findInstance, intake, log, now, store } = services

  const answer = async (c: Context<Env>): Promise<Response> => {
    const sourceId = c.req.param('sourceId')!
    const rest = c.req.param('rest')
    const path = rest === undefined ? '' : `/${rest}`
    const { incoming } = c.env
    const rawBody = await readBody(incoming)
    const receivedAt = now()
    const header = (name: string) => incoming.headers[name]?.toString()
    const request = { sourceId, rawBody, header, now: receivedAt }
    const instance = await findInstance(sourceId, receivedAt)
    const source = instance?.source
    const ask = source?.asks?.[path]
    if (instance && ask) {
      const given = await ask(request, instance.secrets)
      if (!given.ok) throw refuse(sourceId, given.reason)
      c.header('cache-control', 'no-store')
      return c.json(given.body, 200)
    }
    // An unknown source, a path it does not tell at and a wrong signature look alike from outside.
    if (!instance || !source) throw refuse(sourceId, 'unknown source')
    if (path !== '' && path !== source.tellsAt) throw refuse(sourceId, 'unknown path')
    const verdict = await source.verify(request, instance.row.mode, instance.secrets)
    if (!verdict.ok) throw refuse(sourceId, verdict.reason)
    const message = await read(request, source)
    try {
      await intake.submit(message)
    } catch (error) {
      log.error({ sourceId, err: error }, 'notification not recorded; the source is asked to send it again')
      throw new AppError('unavailable', 'not recorded, please send again')
    }
    const { status, body } = source.acknowledge(message.unreadable === null ? message.transactions : [])
    return c.json(body, status)
  }
  doors.open.post('/notifications/:sourceId', answer)
  doors.open.post('/notifications/:sourceId/:rest{.+}', answer)

  function refuse(sourceId: string, reason: string): AppError {
    log.warn({ sourceId, reason }, 'notification refused')
    return new AppError('bad_signature', 'the notification is not proven to come from this source')
  }

  async function read(
    { sourceId, rawBody, now: receivedAt }: IncomingRequest,
    source: Source,
  ): Promise<IncomingMessage> {
    const message: IncomingMessage = {
      sourceId,
      channel: 'push',
      rawBody,
      receivedAt,
      transactions: [],
      unreadable: null,
    }
    try {
      message.transactions = source.normalise(rawBody, await bankOfInstance(store, sourceId, source))
    } catch (error) {
      if (!(error instanceof UnreadableNotification)) throw error
      message.transactions = [...error.readable]
      message.unreadable = `${error.reason} (${error.message})`
      log.warn(
        { sourceId, reason: error.reason },
        'genuine notification could not be read; kept for a person',
      )
    }
    return message
  }
}

/**
 * The raw bytes, from Node's own stream: a web stream around it would cost more than checking the signature. Counted
 * while reading: a length that was promised, or none, limits nothing.
 */
async function readBody(incoming: HttpBindings['incoming']): Promise<Uint8Array> {
  const tooLarge = () => new AppError('too_large', `a notification has at most ${MAX_BODY_BYTES} bytes`)
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const chunks: Buffer[] = []
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) reject(tooLarge())
    else chunks.push(chunk)
  })
  incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  incoming.once('error', reject)
  return promise
}
