import { shortNameOf } from '@vietqr/core'
import type { OperatorScope } from '../storage/scope.ts'
import {
  listUntoldAlarms,
  noteTelling,
  type AlarmTelling,
  type UntoldAlarm,
} from '../storage/source-alarm.ts'
import type { Store } from '../storage/store.ts'
import { mailWay, type AlarmMail } from './alarm-mail.ts'
import type { AlarmWay } from './alarm-way.ts'
import { webhookWay, type AlarmWebhook } from './alarm-webhook.ts'

export interface AlarmConfig {
  webhook: AlarmWebhook | null
  mail: AlarmMail | null
}

export const alarmWays = ({ webhook, mail }: AlarmConfig): AlarmWay[] => [
  ...(webhook ? [webhookWay(webhook)] : []),
  ...(mail ? [mailWay(mail)] : []),
]

export const operatorUrl = (publicUrl: string): string => `${publicUrl}/operator/sources`

/** A minute, two, four, … after the try before: the last is eight and a half hours after the first. */
const MAX_TRIES = 10
const FIRST_WAIT_MS = 60_000
/** That something was over by yesterday is no news: an operator who sets up e-mail today is not sent last year's. */
const NEWS_MS = 24 * 3_600_000

const isDue = ({ failed }: UntoldAlarm, now: number): boolean =>
  !failed || (failed.tries < MAX_TRIES && now >= failed.triedAt + FIRST_WAIT_MS * 2 ** (failed.tries - 1))

/**
 * Tells the operator in one way of every alarm that was raised or is over, each once. What is not taken is told again,
 * ten times at most. Returns how many failed now, and the last one's error.
 */
export async function tellAlarms(
  store: Store,
  scope: OperatorScope,
  way: AlarmWay,
  publicUrl: string,
  now: number,
  signal: AbortSignal,
): Promise<{ failed: number; error?: unknown }> {
  let failed = 0
  let error: unknown
  for (const alarm of await listUntoldAlarms(store, scope, way.name, now - NEWS_MS)) {
    if (!isDue(alarm, now)) continue
    const { id: alarmId, kind, state, sourceId, label, bankBin, since, raisedAt, endedAt } = alarm
    const at = endedAt ?? raisedAt
    const bankName = bankBin && shortNameOf(bankBin)
    const event = `source_${kind}` as const
    const news = { event, state, alarmId, sourceId, label, bankBin, bankName, since, at }
    let outcome: AlarmTelling['outcome'] = 'told'
    try {
      await way.tell({ ...news, url: operatorUrl(publicUrl) }, now, signal)
    } catch (cause) {
      signal.throwIfAborted()
      failed += 1
      error = cause
      outcome = 'failed'
    }
    await store.write((tx) => noteTelling(tx, { alarmId, state, way: way.name, outcome, triedAt: now }))
  }
  return { failed, error }
}
