import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { AppError } from '../../shared/app-error.ts'
import { addDays } from '../../shared/business-day.ts'
import { countAdoption, countOutcomes, ledgerSeq } from '../storage/adoption.ts'
import type { Market } from '../storage/market.ts'
import { marketScope } from '../storage/scope.ts'
import { isDemo } from '../storage/setting.ts'
import {
  findCurrentKey,
  findSnapshot,
  firstKey,
  recordSnapshot,
  rotateKey,
  type NewKey,
  type SigningKey,
  type Snapshot,
} from '../storage/snapshot.ts'
import type { Store } from '../storage/store.ts'
import {
  DEFINITIONS_VERSION,
  disclose,
  hasFigures,
  lastClosedDay,
  questionOf,
  type Counts,
} from './adoption.ts'
import type { Withheld } from './disclosure.ts'
import type { Seal } from './seal.ts'

/** EdDSA is Ed25519 here: jose makes no other key for it. */
const ALG = 'EdDSA'
/** A day nobody published is made up for until then; later, too much has been reclassified to call it that day's. */
const LATEST_DAYS = 31

/** What a snapshot says; the keys are those of `DEFINITIONS`. */
export interface PublishedFigures {
  schema: 'cho-4.0/adoption/1'
  /** Invented money: figures of a demo must never be added to real ones. */
  demo: boolean
  market: { code: string; name: string }
  businessDay: string
  definitionsVersion: string
  /** How far the market's ledger had come; null where the market is too small to be told of. */
  ledgerSeq: number | null
  whole: PublishedCounts
  sections: ({ name: string } & PublishedCounts)[]
  /** Of the incoming credits of 30 days, how many in a hundred found their stall. */
  coverage: { matchedPercent: number | null }
}

export type PublishedCounts = { operating: number; withheld: Withheld | null } & (
  | Counts
  | Record<keyof Counts, null>
)

const NOTHING_SHOWN = {
  agreed: null,
  held: null,
  printed: null,
  everPaid: null,
  active30d: null,
  regular: null,
} satisfies Record<keyof Counts, null>

interface Publisher {
  store: Store
  seal: Seal
  now: () => number
}

/** The market's figures of a day that is over: as they were published, or published now. Never written twice. */
export async function publishSnapshot(publisher: Publisher, market: Market, day: string): Promise<Snapshot> {
  const { store, seal, now } = publisher
  // Nobody asks for this scope: what is published is for everybody, and holds nothing else.
  const scope = marketScope(market.id)
  const published = await findSnapshot(store, scope, day, DEFINITIONS_VERSION)
  if (published) return published
  const last = lastClosedDay(now(), market.dayStartsAtMinutes)
  if (day > last || !hasFigures(market, day) || day < addDays(last, -LATEST_DAYS))
    throw new AppError('not_found', `no figures of ${day}: not over yet, or never published`)
  const figures = JSON.stringify(await figuresOf(store, market, day))
  const signature = await sign(await keyInUse(store, seal, now()), seal, figures)
  const row = { businessDay: day, definitionsVersion: DEFINITIONS_VERSION, figures, signature, at: now() }
  return store.write((tx) => recordSnapshot(tx, scope, row))
}

/** From now on another key signs. Returns its id. */
export async function rotateSigningKey({ store, seal, now }: Publisher): Promise<string> {
  const fresh = await makeKey(seal)
  return (await store.write((tx) => rotateKey(tx, fresh, now()))).kid
}

async function figuresOf(store: Store, market: Market, day: string): Promise<PublishedFigures> {
  const scope = marketScope(market.id)
  const question = questionOf(day, market.marketDays)
  const { operating, counts, withheld, sections } = disclose(
    await countAdoption(store, scope, question, 'takings'),
  )
  const { matched, undecided } = await countOutcomes(store, scope, question.activeFrom, day)
  const credits = matched + undecided
  return {
    schema: 'cho-4.0/adoption/1',
    demo: await isDemo(store),
    market: { code: market.code, name: market.name },
    businessDay: day,
    definitionsVersion: DEFINITIONS_VERSION,
    ledgerSeq: counts ? await ledgerSeq(store, scope) : null,
    whole: inPublic(operating, counts, withheld),
    sections: sections.map((one) => ({
      name: one.section,
      ...inPublic(one.operating, one.counts, one.withheld),
    })),
    coverage: { matchedPercent: counts && credits > 0 ? Math.round((100 * matched) / credits) : null },
  }
}

function inPublic(operating: number, counts: Counts | null, withheld: Withheld | null): PublishedCounts {
  return { operating, ...(counts ?? NOTHING_SHOWN), withheld }
}

async function keyInUse(store: Store, seal: Seal, now: number): Promise<SigningKey> {
  const current = await findCurrentKey(store)
  if (current) return current
  const fresh = await makeKey(seal)
  return store.write((tx) => firstKey(tx, fresh, now))
}

async function makeKey(seal: Seal): Promise<NewKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  return {
    kid,
    publicJwk: JSON.stringify({ ...publicJwk, kid, alg: ALG, use: 'sig' }),
    privateJwk: await seal.close(JSON.stringify(await exportJWK(privateKey))),
  }
}

async function sign({ kid, privateJwk }: SigningKey, seal: Seal, text: string): Promise<string> {
  const key = await importJWK(JSON.parse(await seal.open(privateJwk)) as JWK, ALG)
  return new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: ALG, kid, typ: 'JOSE', cty: 'json' })
    .sign(key)
}
