import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { createIntake, type Intake } from '../../server/domain/intake.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { recordStatement } from '../../server/sources/statement/recording.ts'
import { findDifferences } from '../../server/storage/audit.ts'
import { followLedger } from '../../server/storage/follower.ts'
import { listInboxDays, listUndecided } from '../../server/storage/inbox.ts'
import { tables } from '../../server/storage/kit.sqlite.ts'
import { addMarket } from '../../server/storage/market.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { addSource, bindAccounts } from '../../server/storage/source.ts'
import { openSqlite } from '../../server/storage/sqlite.ts'
import { closeStall, listStalls, registerStall, type Registration } from '../../server/storage/stall.ts'
import { addStatementSource, listStatementSources } from '../../server/storage/statement.ts'
import type { Store } from '../../server/storage/store.ts'
import { credit, messageOf, MORNING, seededRandom } from '../../test/small-market.ts'
import { vietnamClock } from '../../test/fixtures/notifications/sender.ts'
import { banks, csvOf, type TestEntry } from '../../test/statement-files.ts'
import {
  ACCOUNT_NAMES,
  ACCOUNTS,
  BANK_STATEMENTS,
  CASSO,
  CLOSED,
  history,
  MUTE_ABOUT,
  PROVEN,
  SEPAY,
  SILENT,
  stepsOf,
  VENDOR_STATEMENTS,
  type Account,
  type History,
  type Place,
  type StallName,
  type Statement,
  type Told,
} from './announcements-history.ts'
import { MANGLING_NAMES, MANGLINGS } from './announcements-memo.ts'
import {
  booksOf,
  createMarket,
  emptyLedger,
  labelOf,
  LACKS_A_NAME,
  soundReferences,
  type Books,
  type Came,
} from './announcements-model.ts'
import { add, startOutcome, type Outcome, type Run } from './outcome.ts'

/** As many histories happen at once, each in a market of its own: a commit then carries messages of all of them. */
const AT_ONCE = 25
/** Making a failure smaller has an end. */
const PATIENCE_MS = 20_000
const DAY_MS = 86_400_000
/** When accounts were proven that are. */
const BEFORE = MORNING - 20 * DAY_MS
const RECEIVED_AT = MORNING + 2 * DAY_MS
const NOBODYS = 0
const NIGHT_MARKET_STARTS = 15 * 60

const operator = operatorScope()

const NOTHING: History = { transfers: [], short: [], statements: [] }
const FIRST_DAY = '2026-11-20'

interface Market {
  folder: string
  /** Of a database in which the markets are, and nothing was announced yet. */
  path: string
  places: Place[]
}

/** What a run told and what became of it, by mangling. */
type Tally = Map<string, Map<Came, number>>

/**
 * Tells `rounds` random histories of money to the product: over the intake and from statement files, by four channels
 * and two statements, in a real SQLite file. What the ledger then says must be what a model of the documents says, and
 * what was promised of it. Prints what was told, by mangling and outcome.
 */
export async function proveAnnouncements(run: Run): Promise<Outcome> {
  const outcome = startOutcome(run)
  const market = await prepare()
  const tally: Tally = new Map()
  const kept = { toItsStall: 0, perhapsTold: 0, named: 0, namedLater: 0 }
  try {
    // Of a batch that fails only the first market that differs is made smaller.
    let failing: number | undefined
    const batches = fc.array(history, { minLength: AT_ONCE, maxLength: AT_ONCE })
    const property = fc.asyncProperty(batches, async (histories) => {
      const told: [Told, Came][] = []
      const watched = histories.map((one, at) => (failing === undefined || failing === at ? one : NOTHING))
      const found = await tell(market, watched, (one, came) => void told.push([one, came]))
      if (failing === undefined) {
        for (const [one, came] of told) count(tally, one.mangling, came)
        outcome.acknowledged += told.filter(([, came]) => came !== 'a duplicate').length
        kept.toItsStall += found.toItsStall
        kept.perhapsTold += found.perhapsTold
        kept.named += found.named
        kept.namedLater += found.namedLater
        for (let each = 0; each < AT_ONCE; each += 1) run.tick()
      }
      if (found.broken.length === 0) return
      failing ??= found.firstMarket
      throw new Error(found.broken.slice(0, 5).join('\n'))
    })
    const numRuns = Math.ceil(run.rounds / AT_ONCE)
    const limits = { interruptAfterTimeLimit: PATIENCE_MS + run.rounds * 300, markInterruptAsFailure: true }
    const checked = await fc.check(property, { numRuns, seed: run.seed, ...limits })
    if (checked.failed) {
      const smallest = checked.counterexample?.[0].filter(({ transfers }) => transfers.length > 0)
      const why = checked.errorInstance instanceof Error ? checked.errorInstance.message : 'interrupted'
      add(outcome, { broken: [`${why}\n${JSON.stringify(smallest, null, 1)}`] }, `seed ${run.seed}`)
    }
    console.log(`\n${inTable(tally)}`)
    console.log(
      `named by a sound reference of a stall that owns the account: ${kept.named}; ` +
        `to that stall: ${kept.toItsStall}; perhaps told before, for a person: ${kept.perhapsTold}; ` +
        `to another stall: ${kept.named - kept.toItsStall - kept.perhapsTold}; ` +
        `named by a later telling only, and to that stall: ${kept.namedLater}`,
    )
    return outcome
  } finally {
    rmSync(market.folder, { recursive: true, force: true })
  }
}

interface Found {
  broken: string[]
  /** The first market, by its place, of which something was found. */
  firstMarket?: number
  named: number
  toItsStall: number
  perhapsTold: number
  /** To the stall that a later telling names and the first one did not. */
  namedLater: number
}

/** Announces the histories, each in its market, and holds the ledger against the model. */
async function tell(
  { folder, path, places }: Market,
  histories: readonly History[],
  on: (told: Told, came: Came) => void,
): Promise<Found> {
  const nobodys = emptyLedger()
  const happening = places
    .map((place, index) => {
      const steps = stepsOf(histories[index]!, place)
      return { place, index, steps, model: createMarket(place, nobodys, on) }
    })
    .filter(({ steps }) => steps.length > 0)
  const running = join(folder, 'running.db')
  copyFileSync(path, running)
  const store = openSqlite(running)
  try {
    const intake = createIntake(store, () => {})
    const sources = await listStatementSources(store, operator)
    for (let turn = 0; happening.some(({ steps }) => turn < steps.length); turn += 1) {
      const now = happening.flatMap(({ steps, model }) => {
        const step = steps[turn]
        if (step) model.happen(step)
        return step ?? []
      })
      const messages = now.flatMap((step) => ('messages' in step ? step.messages : []))
      await Promise.all(messages.map((one) => submit(intake, one)))
      await Promise.all(
        now.map(async (step) => {
          if (!('statement' in step)) return
          const source = sources.find(({ id }) => id === step.statement.sourceId)!
          const file = writeStatement(folder, step.statement)
          const needs = { store, intake, now: () => RECEIVED_AT }
          await recordStatement(needs, operator, source, file.path, file.name)
        }),
      )
    }
    await followLedger(store, (_, payerAccount) => payerAccount)

    const broken = (await findDifferences(store)).map((one) => `audit: ${JSON.stringify(one)}`)
    const said = await booksIn(
      store,
      happening.map(({ place }) => place),
    )
    broken.push(...differences('nobody’s', said.get(NOBODYS)!, booksOf(nobodys)))
    const found: Found = { broken, named: 0, toItsStall: 0, perhapsTold: 0, namedLater: 0 }
    for (const { place, index, model } of happening) {
      const before = broken.length
      broken.push(...differences(`market ${index}`, said.get(place.marketId)!, booksOf(model.ledger)))
      keepPromises(model.ledger, model.promisedTo, found)
      if (broken.length > before) found.firstMarket ??= index
    }
    return found
  } finally {
    await store.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(running + suffix, { force: true })
  }
}

/** What the issue promises, looked for in what happened and not in the rules: every đồng once, and where it belongs. */
function keepPromises(
  { credits }: ReturnType<typeof emptyLedger>,
  promisedTo: (told: Told) => StallName | undefined,
  found: Found,
): void {
  for (const { fate, tellings, label } of credits) {
    const [first] = tellings
    for (const { mangling, written, transaction } of tellings) {
      const isThere = written !== undefined && soundReferences(transaction.remittanceText).includes(written)
      if (written !== undefined && isThere !== MANGLINGS[mangling].keeps)
        found.broken.push(`${label}: «${mangling}» made ${transaction.remittanceText} of ${written}`)
    }
    const holders: readonly StallName[] = ACCOUNTS[first!.account].stalls
    if (fate.is === 'matched' && !holders.includes(fate.stall))
      found.broken.push(`${label} went to ${fate.stall}, who does not own the account`)
    const stall = promisedTo(first!)
    if (stall === undefined) {
      // A vendor's own statement promises nothing.
      const later = tellings.slice(1).filter(({ sourceId }) => sourceId !== VENDOR_STATEMENTS)
      const named = later.flatMap((one) => promisedTo(one) ?? [])
      if (fate.is === 'matched' && named.includes(fate.stall) && fate.rule !== 'sole_stall')
        found.namedLater += 1
      if (named.length > 0 && fate.is === 'undecided' && LACKS_A_NAME.includes(fate.reason))
        found.broken.push(`${label} is named ${named[0]} by a later telling and waits as ${fate.reason}`)
      continue
    }
    found.named += 1
    if (fate.is === 'matched' && fate.stall === stall) found.toItsStall += 1
    else if (fate.is === 'undecided' && fate.reason === 'perhaps_told_before') found.perhapsTold += 1
    else found.broken.push(`${label} names ${stall} and is ${JSON.stringify(fate)}`)
  }
  // Alike in all that could tell them apart, transfers may take each other's place; there must be as many.
  const muddled = new Set(
    credits.flatMap(({ tellings }) => tellings).flatMap((one) => (one.isUncertain ? one.account : [])),
  )
  const alike = Map.groupBy(
    credits,
    ({ told }) => `${told.accountNumber} ${told.direction} ${told.amountVnd}`,
  )
  for (const [name, group] of alike) {
    if (muddled.has(group[0]!.tellings[0]!.account)) continue
    const transfers = new Set(group.flatMap(({ tellings }) => tellings.map((one) => one.transfer))).size
    const matched = group.filter(({ fate }) => fate.is === 'matched').length
    if (group.length < transfers) found.broken.push(`${name}: ${transfers - group.length} lost`)
    if (matched > transfers) found.broken.push(`${name}: ${matched - transfers} counted twice`)
  }
}

function submit(intake: Intake, { sourceId, transaction, body }: Told): Promise<void> {
  return intake.submit({
    sourceId,
    channel: transaction.channel,
    rawBody: new TextEncoder().encode(body),
    receivedAt: RECEIVED_AT,
    transactions: [transaction],
    unreadable: null,
  })
}

/** The file as that account's bank lays it out. */
function writeStatement(folder: string, { account, rows: told }: Statement): { path: string; name: string } {
  const { accountNumber } = told[0]!.transaction
  const entries = told.map(({ transaction }): TestEntry => ({
    at: vietnamClock(transaction.bookedAt),
    amount: transaction.direction === 'in' ? transaction.amountVnd : -transaction.amountVnd,
    memo: transaction.remittanceText,
    reference: transaction.bankReference ?? '',
  }))
  const layout = ACCOUNTS[account].layout
  const oldestFirst = account === 'sellingOnly' ? entries.toReversed() : entries
  const name = `${accountNumber}.csv`
  const path = join(folder, name)
  writeFileSync(path, csvOf(banks[layout](accountNumber, oldestFirst)))
  return { path, name }
}

/** What the ledger says of each market, in the words of the model. */
async function booksIn(store: Store, places: readonly Place[]): Promise<Map<number, Books>> {
  const { db } = store
  const all = {
    transactions: await db.select().from(tables.bankTransaction),
    matches: await db.select().from(tables.match),
    exceptions: await db.select().from(tables.matchException),
    witnesses: await db.select().from(tables.witness),
    notifications: await db.select().from(tables.bankNotification),
    takings: await db.select().from(tables.takings),
  }
  const books = new Map<number, Books>()
  for (const marketId of [NOBODYS, ...places.map((place) => place.marketId)]) {
    const place = places.find((one) => one.marketId === marketId)
    const stallNames = new Map(
      Object.entries(place?.stalls ?? {}).map(([name, { id }]) => [id, name] as const),
    )
    const hereSince = <Row extends { marketId: number; businessDay: string }>(found: readonly Row[]) =>
      found.filter((row) => row.marketId === marketId && row.businessDay >= FIRST_DAY)
    const transactions = hereSince(all.transactions)
    const bySeq = new Map(transactions.map((row) => [row.seq, row]))
    const matches = Map.groupBy(hereSince(all.matches), (row) => row.transactionSeq)
    const undecided = await listUndecided(store, operator, marketId)
    const reasons = Map.groupBy(undecided, (row) => row.transactionSeq)
    const fateOf = ({ seq, notCounted }: (typeof transactions)[number]) =>
      [
        ...(matches.get(seq) ?? []).map(
          (row) => `matched ${stallNames.get(row.stallId)} ${row.rule} ${row.classification}`,
        ),
        ...(reasons.get(seq) ?? []).map((row) => `undecided ${row.reason}`),
        ...(notCounted === null ? [] : [`not counted ${notCounted}`]),
      ].join(' and ')
    const label = (seq: number) => labelOf(bySeq.get(seq)!.sourceId, bySeq.get(seq)!)
    const days = (await listInboxDays(store, operator, marketId)).filter(
      (day) => day.businessDay >= FIRST_DAY,
    )
    books.set(marketId, {
      transactions: transactions.map((row) => `${label(row.seq)} ${row.businessDay} ${fateOf(row)}`).sort(),
      witnesses: all.witnesses
        .filter((row) => row.marketId === marketId)
        .map((row) => {
          const own = { ...bySeq.get(row.transactionSeq)!, channel: row.channel, sourceKey: row.sourceKey }
          const name = row.channel === 'statement' ? `${row.sourceId} row` : labelOf(row.sourceId, own)
          return `${name} of ${label(row.transactionSeq)}`
        })
        .sort(),
      alerts: hereSince(all.exceptions)
        .filter((row) => row.reason === 'content_changed')
        .map((row) => bySeq.get(row.transactionSeq ?? 0)?.sourceId ?? 'nobody')
        .sort(),
      notifications: all.notifications.filter(
        (row) => row.marketId === marketId && row.receivedAt === RECEIVED_AT,
      ).length,
      inbox: undecided.map((row) => `${label(row.transactionSeq)} ${row.reason}`).sort(),
      takings: hereSince(all.takings)
        .map((row) => {
          const counts = [row.saleCount, row.totalVnd, row.unclearCount]
          return `${row.businessDay} ${stallNames.get(row.stallId)}: ${counts.join(' ')}`
        })
        .sort(),
      sums: days
        .map((day) => {
          const parts = [day.in, day.matched, day.undecided, day.notCounted]
          return `${day.businessDay} ${day.sourceLabel}: ${parts.map((part) => part.amountVnd).join(' ')}`
        })
        .filter((line) => !line.endsWith(': 0 0 0 0'))
        .sort(),
    })
  }
  return books
}

/** Where the ledger says something else than the model, line by line. */
function differences(where: string, ledger: Books, model: Books): string[] {
  return (Object.keys(model) as (keyof Books)[]).flatMap((part) => {
    const [said, meant] = [ledger[part], model[part]].map((lines) =>
      Array.isArray(lines) ? lines : [`${lines}`],
    )
    const [onlySaid, onlyMeant] = [without(said!, meant!), without(meant!, said!)]
    if (onlySaid.length + onlyMeant.length === 0) return []
    return [
      `${where}, ${part}: the ledger ${JSON.stringify(onlySaid)}, the model ${JSON.stringify(onlyMeant)}`,
    ]
  })
}

/** The lines of one list that are not in the other, each as often as it is missing there. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

const OUTCOMES: Came[] = ['matched', 'undecided', 'not counted', 'a witness', 'a duplicate', 'an alert']

function count(tally: Tally, mangling: string, came: Came): void {
  const row = tally.get(mangling) ?? new Map<Came, number>()
  tally.set(mangling, row.set(came, (row.get(came) ?? 0) + 1))
}

function inTable(tally: Tally): string {
  const cells = MANGLING_NAMES.map((name) => OUTCOMES.map((came) => tally.get(name)?.get(came) ?? 0))
  const sums = OUTCOMES.map((_, column) => cells.reduce((sum, row) => sum + row[column]!, 0))
  const line = (name: string, row: readonly number[]) =>
    `| ${name} | ${[row.reduce((sum, one) => sum + one, 0), ...row].join(' | ')} |`
  const words = (name: (typeof MANGLING_NAMES)[number]) => (MANGLINGS[name].keeps ? name : `${name} (lost)`)
  return [
    `| memo | told | ${OUTCOMES.join(' | ')} |`,
    `|---|${'---|'.repeat(OUTCOMES.length + 1)}`,
    ...MANGLING_NAMES.map((name, index) => line(words(name), cells[index]!)),
    line('all', sums),
  ].join('\n')
}

/** A database with as many markets, each with a stall and an account of every kind; their accounts proven. */
async function prepare(): Promise<Market> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-announcements-'))
  const path = join(folder, 'market.db')
  const store = openSqlite(path)
  const random = seededRandom(5)
  const places: Place[] = []
  await store.changeRegistry(function* (tx) {
    for (const id of [SEPAY, CASSO]) {
      const row = { id, kind: id.split('-')[0]!, mode: 'hmac', label: id, apiToken: null, secret: 'sealed' }
      yield* addSource(tx, operator, row, BEFORE)
    }
    yield* addStatementSource(
      tx,
      operator,
      { id: BANK_STATEMENTS, label: BANK_STATEMENTS, mode: 'counts' },
      BEFORE,
    )
    yield* addStatementSource(
      tx,
      operator,
      { id: VENDOR_STATEMENTS, label: VENDOR_STATEMENTS, mode: 'corroborates' },
      BEFORE,
    )
    for (let index = 0; index < AT_ONCE; index += 1) {
      const dayStartsAtMinutes = index % 3 === 0 ? NIGHT_MARKET_STARTS : 0
      const row = {
        code: `cho-${index}`,
        name: `Chợ ${index}`,
        dayStartsAtMinutes,
        marketDays: 'daily',
        stallWord: 'sạp',
      }
      const { id: marketId } = yield* addMarket(tx, operator, row, BEFORE)
      const numbers = ACCOUNT_NAMES.map((name, at) => [name, String(1_000_000_000 + marketId * 100 + at)])
      const accounts = Object.fromEntries(numbers) as Place['accounts']
      const virtualAccount = `VA${marketId}`
      for (const account of ACCOUNT_NAMES) {
        // Hers only after «old» was.
        if (account === 'moved') continue
        for (const name of ACCOUNTS[account].stalls) {
          const given = registration(account, name, accounts, virtualAccount)
          yield* registerStall(tx, marketScope(marketId), given, () => mintStall(random), 'proof', BEFORE)
        }
      }
      for (const sourceId of [SEPAY, CASSO, BANK_STATEMENTS, VENDOR_STATEMENTS]) {
        const heard = ACCOUNT_NAMES.filter((account) => !MUTE_ABOUT[sourceId]!.includes(account))
        const keys = heard.map((name) => ({ bankBin: ACCOUNTS[name].bankBin, accountNumber: accounts[name] }))
        yield* bindAccounts(tx, operator, sourceId, keys, BEFORE)
      }
      const stalls = {} as Place['stalls']
      places.push({ marketId, dayStartsAtMinutes, virtualAccount, stalls, accounts, elsewhere: '' })
    }
  })
  for (const { marketId, stalls } of places) {
    for (const { stall } of await listStalls(store, marketScope(marketId)))
      stalls[stall.name as StallName] = { id: stall.id, reference: stall.reference }
  }
  places.forEach((place, index) => {
    place.elsewhere = places[(index + 1) % AT_ONCE]!.stalls.A.reference
  })

  const prove = async (account: Account) => {
    const messages = places.map(({ accounts, stalls }) => {
      const { bankBin, stalls: holders } = ACCOUNTS[account]
      const { reference } = stalls[holders[0] as StallName]
      const told = { accountNumber: accounts[account], bankBin, remittanceText: reference, bookedAt: BEFORE }
      return { ...messageOf(credit(told)), sourceId: SEPAY, receivedAt: BEFORE }
    })
    await store.record(messages, RULES)
  }
  for (const account of PROVEN) {
    if (account === 'moved') {
      await store.changeRegistry(function* (tx) {
        for (const { marketId, accounts, virtualAccount } of places) {
          const given = registration(account, 'G', accounts, virtualAccount)
          yield* registerStall(tx, marketScope(marketId), given, () => mintStall(random), 'proof', BEFORE)
        }
      })
    }
    await prove(account)
  }
  await store.changeRegistry(function* (tx) {
    for (const { marketId, stalls } of places) {
      for (const name of CLOSED) yield* closeStall(tx, marketScope(marketId), stalls[name].id, BEFORE)
    }
  })
  await store.close()
  return { folder, path, places }
}

function registration(
  account: Account,
  stall: StallName,
  accounts: Place['accounts'],
  virtualAccount: string,
): Registration {
  return {
    section: 'Dãy A',
    stall,
    vendor: `Chủ ${stall}`,
    phone: '',
    account: {
      bankBin: ACCOUNTS[account].bankBin,
      accountNumber: accounts[account],
      accountName: 'NGUYEN THI THU',
      virtualAccount: stall === 'D' ? virtualAccount : null,
      holder: 'vendor',
      holderType: 'individual',
      sellingOnly: account === 'sellingOnly',
    },
    consentAt: SILENT.includes(stall) ? null : BEFORE - DAY_MS,
    consentTextVersion: CONSENT_TEXT_VERSION,
  }
}
