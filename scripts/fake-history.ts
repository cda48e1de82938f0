import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sources } from '../server/sources/registry.ts'
import { senderOf, type History, type Transfer } from '../test/fixtures/notifications/sender.ts'

const PAGE_SIZE = 100

export interface FakeHistory {
  /** `http://127.0.0.1:<port>`. */
  address: string
  close(): void
}

/**
 * A source's own history on this machine, of the transfers in `known`, which may grow meanwhile. The host that was
 * meant is the first part of the path; another than this history's is refused, and so is who brings no credentials.
 */
export async function serveHistory(
  history: History,
  known: readonly Transfer[],
  port: number,
): Promise<FakeHistory> {
  const server = createServer(({ url: path, headers }, response) => {
    const url = new URL(`https:/${path}`)
    const isKnown = url.hostname === history.host && headers.authorization !== undefined
    const answer = isKnown ? history.answer(url, known, PAGE_SIZE) : {}
    response.writeHead(isKnown ? 200 : 403, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(port, '127.0.0.1', listening.resolve)
  await listening.promise
  const { port: given } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${given}`, close: () => void server.close() }
}

/** `fetch`, but what is meant for a source's history asks the fake one at `address`. */
export async function divert(fetch: typeof globalThis.fetch, address: string): Promise<typeof fetch> {
  const senders = await Promise.all(sources.map(({ kind }) => senderOf(kind)))
  const hosts = new Set(senders.flatMap(({ histories = [] }) => histories.map(({ host }) => host)))
  return (asked, init) => {
    const url = typeof asked === 'string' && URL.canParse(asked) ? new URL(asked) : undefined
    const isHistory = url !== undefined && hosts.has(url.hostname)
    return fetch(isHistory ? `${address}/${url.host}${url.pathname}${url.search}` : asked, init)
  }
}
