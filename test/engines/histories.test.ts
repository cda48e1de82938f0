import * as fc from 'fast-check'
import { and, asc, eq } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AppError } from '../../shared/app-error.ts'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { assign, setAside, split } from '../../server/storage/assignment.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { recordCash, undoCash } from '../../server/storage/cash.ts'
import { giveConsent } from '../../server/storage/consent.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { tables } from '../../server/storage/kit.sqlite.ts'
import { NO_STALL, standing } from '../../server/storage/match.ts'
import { reverseMatch } from '../../server/storage/match-reversal.ts'
import { cancelSale, issueSale, reserveSales } from '../../server/storage/sale.ts'
import { marketScope, operatorScope, stallScope } from '../../server/storage/scope.ts'
import type { Store } from '../../server/storage/store.ts'
import { closeStall } from '../../server/storage/stall.ts'
import { EXCEPTION_REASONS, MATCH_RULES, NOT_COUNTED_REASONS } from '../../server/storage/tables.ts'
import { classify } from '../../server/storage/takings.ts'
import type { Unit } from '../../server/storage/unit.ts'
import { fillMarket, MORNING, openSmallMarket, SOURCE, TODAY, type SmallMarket } from '../small-market.ts'
import { execute, type Engine } from '../test-store.ts'
import {
  ACCOUNTS,
  actsOf,
  CLOSING,
  CONSENT_AT,
  DAY_MS,
  history,
  PARTS,
  saleOf,
  STALLS,
  VIRTUAL,
  type Account,
  type Act,
  type History,
  type Place,
  type StallName,
  type Told,
} from './history.ts'
import { createModel, lines, NOBODYS, type Books } from './reference-model.ts'

/** As many happen at once, each in a market of its own: a batch then holds messages of all of them. */
const AT_ONCE = 50
const HISTORIES = Number(process.env['HISTORIES'] ?? 2_000)
/** `SEED=… HISTORIES=…` happen again as they did. */
const SEED = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }
/** Making a failure smaller has an end; what fails nowhere takes 16 ms a history, and several times that on a busy machine. */
const PATIENCE = { interruptAfterTimeLimit: HISTORIES * 120, markInterruptAsFailure: true }
const LATER = MORNING + 30 * DAY_MS

const FOLLOWED_AFTER = 3
const payerKey = (marketId: number, payerAccount: string) => `${marketId} ${payerAccount}`

type PersonsAct = Exclude<Act, { do: 'tell' }>

interface Side {
  market: SmallMarket
  places: Place[]
  vendorOfC: Map<number, number>
  stallNames: Map<number, StallName>
  stallOfAccount: Map<number, StallName>
}

let sides: [Side, Side]
beforeAll(async () => {
  sides = await Promise.all([prepare('sqlite'), prepare('postgres')])
}, 60_000)
afterAll(() => Promise.all(sides.map(({ market }) => market.close())))

it(`${HISTORIES} histories end with the same rows on both engines, and with what the rules say`, async () => {
  const fates = new Set<string>()
  let duplicates = 0
  await fc.assert(
    fc.asyncProperty(fc.array(history, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (histories) => {
      const [sqlite, postgres] = await Promise.all(sides.map((side) => live(side, histories)))
      expect(postgres!.refusals).toEqual(sqlite!.refusals)
      expect(postgres!.tables).toEqual(sqlite!.tables)

      const { places } = sides[0]
      const model = createModel(places)
      const refusals = await inSteps(places, histories, model.tell, model.act)
      expect(sqlite!.refusals).toEqual(refusals)
      for (const marketId of [NOBODYS, ...places.map((place) => place.marketId)]) {
        expect(booksOf(sides[0], sqlite!.tables, marketId)).toEqual(model.books(marketId))
      }
      for (const { market } of sides) expect(await findDifferences(market.store)).toEqual([])
      duplicates += sqlite!.tables.witness.length
      for (const { rule } of sqlite!.tables.match) fates.add(rule)
      for (const { reason } of sqlite!.tables.matchException) fates.add(reason)
      for (const { notCounted } of sqlite!.tables.bankTransaction) fates.add(notCounted ?? 'counts')
    }),
    { numRuns: Math.ceil(HISTORIES / AT_ONCE), ...PATIENCE, ...SEED },
  )
  // Histories in which nothing is told twice, or some fate of a credit is missing, would prove little.
  const missing = HISTORIES < ENOUGH ? [] : FATES.filter((fate) => !fates.has(fate))
  expect(missing).toEqual([])
  expect(duplicates).toBeGreaterThan(HISTORIES / 20)
}, 600_000)

/** So many bring every fate; fewer are for looking at one history again. */
const ENOUGH = 2_000
/** All but a source’s own code and an account that was given up. */
const FATES = [...MATCH_RULES, ...EXCEPTION_REASONS, ...NOT_COUNTED_REASONS].filter(
  (fate) => fate !== 'source_code' && fate !== 'retired_account',
)

/** As many markets on that engine, each with a stall of every kind; nothing has happened in them yet. */
async function prepare(engine: Engine): Promise<Side> {
  const market = await openSmallMarket(engine)
  const { store } = market
  const side: Side = {
    market,
    places: [],
    vendorOfC: new Map(),
    stallNames: new Map(),
    stallOfAccount: new Map(),
  }
  for (let index = 1; index <= AT_ONCE; index += 1) {
    const { marketId, addStall } = await fillMarket(store, SOURCE, `cho-${'x'.repeat(index)}`)
    const numberOf = (account: Account) => `${account.toUpperCase()}${marketId}`
    const virtualAccount = `VA${marketId}`
    const stalls: [StallName, { id: number; reference: string }][] = []
    for (const { name, account } of STALLS) {
      const { id, reference } = await addStall({
        name,
        accountNumber: numberOf(account),
        sellingOnly: account === 'sellingOnly',
        consented: account !== 'silent',
        bound: account !== 'unbound',
        virtualAccount: name === VIRTUAL.stall ? virtualAccount : null,
      })
      stalls.push([name, { id, reference }])
      side.stallNames.set(id, name)
    }
    side.places.push({
      marketId,
      virtualAccount,
      stalls: Object.fromEntries(stalls) as Place['stalls'],
      accounts: Object.fromEntries(ACCOUNTS.map((one) => [one, numberOf(one)])) as Place['accounts'],
    })
  }
  for (const { id, stallId } of await store.db.select().from(tables.payeeAccount)) {
    const name = side.stallNames.get(stallId)
    if (name) side.stallOfAccount.set(id, name)
  }
  for (const { marketId, stallId, vendorId } of await store.db.select().from(tables.tenancy)) {
    if (side.stallNames.get(stallId) === 'C') side.vendorOfC.set(marketId, vendorId)
  }
  return side
}

/** Does the histories step by step, all their markets at once. Returns how each act of a person ended. */
async function inSteps(
  places: readonly Place[],
  histories: readonly History[],
  tell: (told: { place: Place; one: Told }[]) => unknown,
  act: (place: Place, one: PersonsAct) => string | Promise<string>,
): Promise<string[]> {
  const all = histories.map((steps, index) => ({
    place: places[index]!,
    acts: actsOf(steps, places[index]!),
  }))
  const refusals: string[] = []
  for (let index = 0; index < Math.max(...all.map(({ acts }) => acts.length)); index += 1) {
    const now = all.flatMap(({ place, acts }) => acts.slice(index, index + 1).map((one) => ({ place, one })))
    await tell(
      now.flatMap(({ place, one }) =>
        one.do === 'tell' ? one.messages.map((told) => ({ place, one: told })) : [],
      ),
    )
    const ends = now.flatMap(({ place, one }) =>
      one.do === 'tell' ? [] : [Promise.resolve(act(place, one)).then((end) => `${one.do} ${end}`)],
    )
    refusals.push(...(await Promise.all(ends)))
  }
  return refusals
}

/** The histories on a real engine, from its empty ledger. */
async function live(side: Side, histories: readonly History[]) {
  const { store, url } = side.market
  await execute(url, FORGET)
  // oxlint-disable-next-line require-yield -- what changed behind the product’s back is marked already
  await store.changeRegistry(function* () {})
  let tellings = 0
  const refusals = await inSteps(
    side.places,
    histories,
    async (told) => {
      await store.record(
        told.map(({ one }) => one.message),
        RULES,
      )
      tellings += 1
      // Once on the way, so that what comes after changes what was followed.
      if (tellings === FOLLOWED_AFTER) await followLedger(store, payerKey)
    },
    (place, one) => actOn(side, place, one),
  )
  await followLedger(store, payerKey)
  return { refusals, tables: await dump(store) }
}

async function actOn({ market: { store }, vendorOfC }: Side, place: Place, one: PersonsAct): Promise<string> {
  const { marketId, stalls } = place
  const scope = (stall: StallName) => stallScope(marketId, stalls[stall].id)
  const write = (unit: (tx: Store['db']) => Unit<unknown>) => store.write(unit).then(() => 'ok')
  const seqOf = async (sourceKey: string) => {
    const { bankTransaction: t } = tables
    const [row] = await store.db
      .select({ seq: t.seq })
      .from(t)
      .where(and(eq(t.marketId, marketId), eq(t.sourceKey, sourceKey)))
    return row?.seq
  }
  const matchSeqOf = async (transactionSeq: number) => {
    const { match } = tables
    const ofCredit = and(eq(match.marketId, marketId), eq(match.transactionSeq, transactionSeq))
    const [row] = await store.db
      .select({ seq: match.seq })
      .from(match)
      .where(and(ofCredit, standing(store.db)))
    return row?.seq ?? 0
  }
  try {
    if (one.do === 'consent') {
      const said = {
        vendorId: vendorOfC.get(marketId)!,
        marketId,
        textVersion: CONSENT_TEXT_VERSION,
        by: 'test',
      }
      await store.changeRegistry((tx) => giveConsent(tx, { ...said, at: CONSENT_AT }))
      return 'ok'
    }
    if (one.do === 'close') {
      const { id } = stalls[CLOSING]
      await store.changeRegistry((tx) => closeStall(tx, marketScope(marketId), id, LATER))
      return 'ok'
    }
    if ('sourceKey' in one) {
      const transactionSeq = await seqOf(one.sourceKey)
      if (transactionSeq === undefined) return 'no such credit'
      if (one.do === 'classify') {
        return await write((tx) => classify(tx, scope(one.stall), transactionSeq, one.as, 'test', LATER))
      }
      const word = { marketId, transactionSeq, by: 'test', reason: 'test' }
      if (one.do === 'undo') {
        const matchSeq = await matchSeqOf(transactionSeq)
        return await write((tx) => reverseMatch(tx, operatorScope(), { ...word, matchSeq }, LATER))
      }
      if (one.do === 'split') {
        const [found] = await store.db
          .select({ amountVnd: tables.bankTransaction.amountVnd })
          .from(tables.bankTransaction)
          .where(
            and(
              eq(tables.bankTransaction.marketId, marketId),
              eq(tables.bankTransaction.seq, transactionSeq),
            ),
          )
        const parts = [
          { stallId: stalls[PARTS.first].id, amountVnd: PARTS.firstVnd },
          { stallId: stalls[PARTS.second].id, amountVnd: found!.amountVnd - PARTS.firstVnd },
        ]
        return await write((tx) => split(tx, operatorScope(), { ...word, parts }, LATER))
      }
      if (one.do === 'setAside') {
        return await write((tx) => setAside(tx, operatorScope(), { ...word, kind: one.as }, LATER))
      }
      const hers = { ...word, stallId: stalls[one.stall].id, saleSeq: null }
      return await write((tx) => assign(tx, operatorScope(), hers, LATER))
    }
    if (one.do === 'undoCash') {
      return await write((tx) => undoCash(tx, scope(one.stall), `${one.stall} ${one.key}`, MORNING))
    }
    if (one.do === 'noteCash') {
      const idempotencyKey = `${one.stall} ${one.key}`
      const note = { idempotencyKey, amountVnd: one.amountVnd, businessDay: TODAY, at: MORNING }
      return await write((tx) => recordCash(tx, scope(one.stall), note))
    }
    const { reference, stall } = saleOf(marketId, one.sale)
    return await write((tx) =>
      one.do === 'reserveSale'
        ? reserveSales(tx, scope(stall), 1, () => reference, MORNING)
        : one.do === 'issueSale'
          ? issueSale(tx, scope(stall), reference, one.amountVnd, MORNING, LATER)
          : cancelSale(tx, scope(stall), reference, MORNING, LATER),
    )
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

const LEDGER = [
  'marketCounter',
  'bankNotification',
  'bankTransaction',
  'erasable',
  'witness',
  'match',
  'matchReversal',
  'matchException',
  'classification',
  'change',
  'payeeAccountState',
  'takings',
  'dailyOutcome',
  'rollupCursor',
  'stallDay',
  'sectionDay',
  'marketDay',
  'payerSale',
  'sale',
  'cashSale',
  'cut',
] as const

/** Everything that histories write, as both engines can run it. */
const FORGET = `
  ${LEDGER.map((table) => `delete from "${getTableConfig(tables[table]).name}"${table === 'payeeAccountState' ? ` where state <> 'proposed'` : ''};`).join('\n')}
  update stall set closed_at = null, version = null;
  delete from consent where at = ${CONSENT_AT};`

type Dump = { [Table in (typeof LEDGER)[number]]: (typeof tables)[Table]['$inferSelect'][] }

/** Every row of the ledger, by its key. */
async function dump({ db }: Store): Promise<Dump> {
  const found = await Promise.all(
    LEDGER.map(async (name) => {
      const table = tables[name]
      const { primaryKeys, columns } = getTableConfig(table)
      const key = primaryKeys[0]?.columns ?? columns.filter((column) => column.primary)
      const all = await db
        .select()
        .from(table)
        .orderBy(...key.map((column) => asc(column)))
      // An id, and a counter from which nothing was taken yet, are an engine's own affair.
      const told = (all as { id?: number; seq?: number }[])
        .filter((row) => row.seq !== 0)
        .map((row) => ({ ...row, id: undefined }))
      return [name, told]
    }),
  )
  return Object.fromEntries(found) as Dump
}

const inOrder = <A extends { seq: number }, B extends { seq: number }>(some: A[], more: B[]): (A | B)[] =>
  [...some, ...more].sort((a, b) => a.seq - b.seq)

/** What the rows of one market say, in the words of the reference model. */
function booksOf({ stallNames, stallOfAccount }: Side, all: Dump, marketId: number): Books {
  const of = <Row extends { marketId: number }>(found: readonly Row[]) =>
    found.filter((row) => row.marketId === marketId)
  const keys = new Map(of(all.bankTransaction).map((row) => [row.seq, row.sourceKey]))
  const references = new Map(of(all.sale).map((row) => [row.seq, row.reference]))
  const nameOf = (stallId: number) => (stallId === NO_STALL ? 'nobody' : stallNames.get(stallId)!)
  return {
    notifications: of(all.bankNotification).length,
    bodies: of(all.erasable).filter(({ body }) => body !== null).length,
    transactions: of(all.bankTransaction).map(
      (row) =>
        `${row.sourceKey} ${row.businessDay} ${row.direction} ${row.amountVnd} ${row.notCounted ?? 'counts'}`,
    ),
    witnesses: of(all.witness)
      .map((row) => `${row.sourceKey} of ${keys.get(row.transactionSeq)}`)
      .sort(),
    matches: of(all.match).map(
      (row) =>
        `${keys.get(row.transactionSeq)} ${nameOf(row.stallId)} ${row.rule} ${references.get(row.saleSeq ?? 0) ?? ''} ${row.businessDay}`,
    ),
    classifications: inOrder(of(all.match), of(all.classification)).map(
      (row) => `${keys.get(row.transactionSeq)} ${row.classification}`,
    ),
    reversals: of(all.matchReversal).map((row) => {
      const undone = of(all.match).find((one) => one.seq === row.matchSeq)!
      return `${keys.get(undone.transactionSeq)} ${nameOf(undone.stallId)}`
    }),
    exceptions: of(all.matchException).map(
      (row) => `${row.reason} ${keys.get(row.transactionSeq ?? 0)} ${row.businessDay}`,
    ),
    changes: inOrder(
      of(all.match).flatMap((row) => (row.stallId === NO_STALL ? [] : { ...row, kind: 'credit' })),
      of(all.change),
    ).map((row) => `${row.kind} ${keys.get(row.transactionSeq)} ${nameOf(row.stallId)}`),
    takings: lines(
      new Map(
        of(all.takings).flatMap((row): [string, [number, number]][] => {
          const key = `${row.businessDay} ${nameOf(row.stallId)}`
          return [
            [`${key} sales`, [row.saleCount, row.totalVnd]],
            [`${key} unclear`, [row.unclearCount, 0]],
            [`${key} cash`, [row.cashCount, row.cashVnd]],
          ]
        }),
      ),
    ),
    outcomes: lines(
      new Map(
        of(all.dailyOutcome).map((row) => [
          `${row.businessDay} ${row.outcome.replace('_', ' ')}`,
          [row.transactionCount, row.amountVnd],
        ]),
      ),
    ),
    windows: of(all.marketDay)
      .filter((row) => row.activeStalls30d > 0)
      .map((row) => `${row.businessDay} ${row.activeStalls30d} ${row.payers30d} ${row.repeatPayers30d}`)
      .sort(),
    cash: of(all.cashSale)
      .map((row) => `${row.idempotencyKey.replace('undo:', 'undo ')} ${row.amountVnd}`)
      .sort(),
    sales: of(all.sale)
      .map((row) => `${row.reference} ${nameOf(row.stallId)} ${row.amountVnd} ${row.cancelledAt !== null}`)
      .sort(),
    proven: of(all.payeeAccountState)
      .filter((row) => row.state === 'active')
      .map((row) => stallOfAccount.get(row.accountId)!)
      .sort(),
  }
}
