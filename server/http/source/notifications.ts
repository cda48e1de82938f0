import type { Context } from 'hono'
import { AppError } from '../../../shared/app-error.ts'
import type { IncomingMessage } from '../../storage/decision.ts'
import type { Services } from '../../services.ts'
import { UnreadableNotification } from '../../sources/source.ts'
import type { Doors, Env } from '../door.ts'

/** The longest genuine notification is under 2 KB; a memo of 10,000 characters still fits. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * Hears what a source says: raw bytes once, proof of origin before any parsing, and a 2xx only when it is on the
 * disk. A message we cannot read is kept and acknowledged too: sending it again would not help.
 */
export function hearSources(doors: Doors, services: Services): void {
  const { findInstance, intake, log, now } = services

  doors.open.post('/notifications/:sourceId', async (c) => {
    const sourceId = c.req.param('sourceId')!
    const rawBody = await readBody(c)
    const receivedAt = now()
    const instance = await findInstance(sourceId, receivedAt)
    const verdict = instance?.source.verify(
      { rawBody, header: (name) => c.req.header(name), now: receivedAt },
      instance.row.mode,
      instance.secrets,
    )
    // An unknown source and a wrong signature look alike from outside.
    if (!instance || !verdict?.ok) {
      const reason = verdict && !verdict.ok ? verdict.reason : 'unknown source'
      log.warn({ sourceId, reason }, 'notification refused')
      throw new AppError('bad_signature', 'the notification is not proven to come from this source')
    }
    const message: IncomingMessage = {
      sourceId,
      channel: 'push',
      rawBody,
      receivedAt,
      transactions: [],
      unreadable: null,
    }
    try {
      message.transactions = instance.source.normalise(rawBody)
    } catch (error) {
      if (!(error instanceof UnreadableNotification)) throw error
      message.unreadable = `${error.reason} (${error.message})`
      log.warn(
        { sourceId, reason: error.reason },
        'genuine notification could not be read; kept for a person',
      )
    }
    try {
      await intake.submit(message)
    } catch (error) {
      log.error({ sourceId, err: error }, 'notification not recorded; the source is asked to send it again')
      throw new AppError('unavailable', 'not recorded, please send again')
    }
    const { status, body } = instance.source.acknowledge(
      message.unreadable === null ? 'recorded' : 'unreadable',
    )
    return c.json(body, status)
  })
}

/** Counts while reading: a length that was promised, or none, limits nothing. */
async function readBody(c: Context<Env>): Promise<Uint8Array> {
  const tooLarge = () => new AppError('too_large', `a notification has at most ${MAX_BODY_BYTES} bytes`)
  if (Number(c.req.header('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
