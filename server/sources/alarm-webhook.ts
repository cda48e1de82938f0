import { createHmac } from 'node:crypto'
import type { AlarmNews, AlarmWay } from './alarm-way.ts'
import { callApi } from './outside-api.ts'

/** Where the operator wants to be told, and what we prove with that it is us. */
export interface AlarmWebhook {
  url: string
  secret: string
}

/**
 * `POST` of JSON, with `x-cho-timestamp` (epoch seconds) and `x-cho-signature` (`sha256=` and the HMAC-SHA256, in hex,
 * of `<timestamp>.<body>`); instants in the body are ISO 8601. Only a 2xx is an answer.
 */
export const webhookWay = ({ url, secret }: AlarmWebhook): AlarmWay => ({
  name: 'webhook',
  address: new URL(url).host,
  async tell(news, now, signal) {
    const body = JSON.stringify(bodyOf(news))
    const timestamp = String(Math.floor(now / 1_000))
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
    const credentials = { 'x-cho-timestamp': timestamp, 'x-cho-signature': `sha256=${signature}` }
    // Asked again by the minute, so not within one.
    await callApi({ name: 'alarm webhook', url, body, credentials, repeatable: false, signal })
  },
})

function bodyOf(news: AlarmNews): object {
  const at = new Date(news.at).toISOString()
  return news.event === 'trial' ? { ...news, at } : { ...news, since: new Date(news.since).toISOString(), at }
}
