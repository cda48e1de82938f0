import { createHmac } from 'node:crypto'
import type { OperatorScope } from '../storage/scope.ts'
import { listUntoldAlarms, noteTelling } from '../storage/source-alarm.ts'
import type { Store } from '../storage/store.ts'
import { callApi } from './outside-api.ts'

/** Where the operator wants to be told, and what we prove with that it is us. */
export interface AlarmHook {
  url: string
  secret: string
}

/** After a minute, two, four, …: the last try is eight and a half hours after the first. */
const MAX_TRIES = 10
const FIRST_WAIT_MS = 60_000

/**
 * Tells the operator of every alarm that was raised or is over: `POST` of JSON, with `x-cho-timestamp` (epoch seconds)
 * and `x-cho-signature` (`sha256=` and the HMAC-SHA256, in hex, of `<timestamp>.<body>`). Nothing in it is money, an
 * account or a memo. What is not answered with 2xx is sent again, ten times at most. Returns how many failed now.
 */
export async function tellAlarms(
  store: Store,
  scope: OperatorScope,
  hook: AlarmHook,
  publicUrl: string,
  now: number,
  signal: AbortSignal,
): Promise<{ failed: number; error?: unknown }> {
  let failed = 0
  let error: unknown
  for (const alarm of await listUntoldAlarms(store, scope)) {
    const state = alarm.endedAt === null ? 'raised' : 'ended'
    const wait = FIRST_WAIT_MS * (2 ** alarm.tries - 1)
    if (alarm.tries >= MAX_TRIES || now < (alarm.endedAt ?? alarm.raisedAt) + wait) continue
    const body = JSON.stringify({
      event: `source_${alarm.kind}`,
      state,
      alarmId: alarm.id,
      sourceId: alarm.sourceId,
      label: alarm.label,
      since: new Date(alarm.since).toISOString(),
      at: new Date(alarm.endedAt ?? alarm.raisedAt).toISOString(),
      url: `${publicUrl}/operator/sources`,
    })
    try {
      await post(hook, body, now, signal)
      await store.write((tx) => noteTelling(tx, alarm.id, state, 0))
    } catch (cause) {
      signal.throwIfAborted()
      failed += 1
      error = cause
      await store.write((tx) => noteTelling(tx, alarm.id, alarm.told, alarm.tries + 1))
    }
  }
  return { failed, error }
}

async function post(
  { url, secret }: AlarmHook,
  body: string,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const timestamp = String(Math.floor(now / 1_000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  const credentials = { 'x-cho-timestamp': timestamp, 'x-cho-signature': `sha256=${signature}` }
  // Asked again here by the minute, so not within one.
  await callApi({ name: 'alarm', url, body, credentials, repeatable: false, signal })
}
