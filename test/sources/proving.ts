import { sources } from '../../server/sources/registry.ts'
import type { IncomingRequest, Source } from '../../server/sources/source.ts'
import { senderOf, type Outgoing, type Sender, type Transfer } from '../fixtures/notifications/sender.ts'

/** A Sunday morning in November. */
export const NOW = Date.parse('2026-11-22T09:00:00+07:00')

/** A source in one of its modes, with both halves of a secret and of another one. */
export interface Case {
  name: string
  source: Source
  mode: Source['modes'][number]
  sender: Sender
  secret: { ours: string; theirs: string }
  other: { ours: string; theirs: string }
  sourceId: string
}

/** Every mode of every registered source: whoever registers is tested. */
export async function everyCase(): Promise<Case[]> {
  const cases: Case[] = []
  for (const source of sources) {
    const sender = await senderOf(source.kind)
    const pair = async (text: string) => (await sender.keyPair?.()) ?? { ours: text, theirs: text }
    for (const mode of source.modes) {
      cases.push({
        name: `${source.kind} ${mode.id}`,
        source,
        mode,
        sender,
        secret: await pair('a-secret-of-this-test-only'),
        other: await pair('another-secret-of-the-test'),
        sourceId: `${source.kind}-0123456789ab`,
      })
    }
  }
  return cases
}

export function transfer(told: Partial<Transfer> = {}): Transfer {
  return {
    id: 92_704,
    bankBin: '970422',
    accountNumber: '0123499999',
    virtualAccount: null,
    direction: 'in',
    amountVnd: 50_000,
    bookedAt: NOW - 60_000,
    memo: 'ZQK6HYX47N tra tien rau Đà Lạt',
    bankReference: 'FT26326000000001',
    ...told,
  }
}

/** The request of an outgoing message, as the server would see it. */
export function incoming(
  { sourceId }: Case,
  { body, headers }: Pick<Outgoing, 'body' | 'headers'>,
  now = NOW,
): IncomingRequest {
  const rawBody = new TextEncoder().encode(body)
  return { sourceId, rawBody, header: (name) => headers[name], now }
}

/** Proves a body as that source would, asking the source itself for what it asks of the server. */
export function prove(
  one: Case,
  body: string,
  told: { secret?: Case['secret']; theirs?: string; now?: number } = {},
): Promise<Outgoing> {
  const { secret = one.secret, now = NOW } = told
  const theirs = told.theirs ?? secret.theirs
  const ask = async (path: string, headers: Record<string, string>) => {
    const given = await one.source.asks?.[path]?.(incoming(one, { body: '', headers }, now), [secret.ours])
    if (!given?.ok) throw new Error(`refused: ${given?.reason}`)
    return given.body
  }
  const { sourceId, mode, sender } = one
  return sender.prove(body, { mode: mode.id, secret: theirs, sourceId, now, ask })
}

/** The bytes with one bit turned over. */
export function flipped(source: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(source)
  const at = bit % (copy.length * 8)
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7))
  return copy
}

/** A text of one-byte characters with one bit turned over: what a header or a secret can be. */
export function flippedText(text: string, bit: number): string {
  return Buffer.from(flipped(Buffer.from(text, 'latin1'), bit)).toString('latin1')
}
