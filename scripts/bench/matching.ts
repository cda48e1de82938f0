import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RULES } from '../../server/domain/recording-rules.ts'
import { giveConsent } from '../../server/storage/consent.ts'
import type { IncomingMessage } from '../../server/storage/decision.ts'
import { stall, takings, tenancy } from '../../server/storage/kit.sqlite.ts'
import type { Store } from '../../server/storage/store.ts'
import { mintReference } from '../../shared/reference.ts'
import { credit, MB, messageOf, seededRandom } from '../../test/small-market.ts'
import { figure, type Figure } from './figure.ts'
import { openBenchServices, registerMarket, type BenchMarket } from './market.ts'
import type { Size } from './size.ts'

const COST = 'matching_100k_over_100'
const SPREAD = 'matching_spread_100k_over_100'
const AFTER_CHANGE = 'matching_after_change_100k_over_100'
const FEW = 100
const BATCH = 64

export const matchingNames: readonly string[] = [COST, SPREAD, AFTER_CHANGE]

interface Side {
  /**
   * Processor time of this process that recording a batch takes: credits of a hundred stalls that stand evenly among
   * all, or of any.
   */
  costOfBatch(ofAny: boolean): Promise<number>
  /** The same of a credit on its own that comes first after something in the registry changed. */
  costAfterChange(): Promise<number>
  /** Throws unless every stall was given exactly what was paid to it. */
  close(): Promise<void>
}

/** What recording a credit costs in a registry of a hundred thousand stalls, beside one of a hundred. */
export async function measureMatching(size: Size): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cho-bench-'))
  const sides: Side[] = []
  try {
    for (const stalls of [FEW, size.matchingStalls]) sides.push(await openSide(folder, stalls))
    const compare = async (name: string, what: string, cost: (side: Side) => Promise<number>) => {
      const rounds: [number, number][] = []
      // The first round is the compiler's, and fills the caches.
      for (let round = 0; round <= size.rounds; round += 1) {
        const sums: [number, number] = [0, 0]
        // In turns, so that what else the machine does befalls both.
        for (let turn = 0; turn < size.matchingTurns; turn += 1) {
          for (const index of turn % 2 ? ([0, 1] as const) : ([1, 0] as const)) {
            sums[index] += await cost(sides[index]!)
          }
        }
        rounds.push(sums)
      }
      const [few, many] = rounds.at(-1)!.map((sum) => Math.round(sum / size.matchingTurns))
      return figure(
        name,
        '×',
        rounds.slice(1).map((sums) => sums[1] / sums[0]),
        `${what}, ${many} µs among ${size.matchingStalls} stalls ÷ ${few} among ${FEW}`,
      )
    }
    return [
      await compare(COST, `processor time of ${BATCH} credits`, (side) => side.costOfBatch(false)),
      await compare(SPREAD, 'the same, of any stalls', (side) => side.costOfBatch(true)),
      await compare(AFTER_CHANGE, 'of the first credit after a change', (side) => side.costAfterChange()),
    ]
  } finally {
    for (const side of sides) await side.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function openSide(folder: string, stalls: number): Promise<Side> {
  const env = { DATA_DIR: join(folder, `matching_${stalls}`), DATABASE_URL: undefined }
  const begun = await openBenchServices(env)
  const market = await registerMarket(begun, FEW, 1)
  await begun.close()
  fill(join(env.DATA_DIR, 'market.db'), market, stalls)
  const { store, close } = await openBenchServices(env)
  const held = await store.db.select().from(tenancy)
  const vendors = new Map(held.map((row) => [row.stallId, row.vendorId]))
  const payees = await store.db.select().from(stall)
  // The same draws on both sides.
  const random = seededRandom(FEW)
  const paid = new Map<number, number>()
  let credits = 0

  const pay = (one: (typeof payees)[number]): IncomingMessage => {
    credits += 1
    // No two of one amount: the search for another telling of the same transfer finds nothing on either side.
    const amountVnd = 1_000 + credits
    paid.set(one.id, (paid.get(one.id) ?? 0) + amountVnd)
    const told = credit({
      accountNumber: accountOf(one.id),
      amountVnd,
      remittanceText: `MBVCB.${1e9 + credits}.${one.reference} mua hang.CT tu 0123456789`,
    })
    return { ...messageOf(told), sourceId: market.sourceId }
  }
  const costOf = async (batch: IncomingMessage[]) => {
    const before = process.cpuUsage()
    await store.record(batch, RULES)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const anyOf = (among: typeof payees) => among[random(among.length)]!
  const hundred = payees.filter((_, index) => index % (stalls / FEW) === 0)
  return {
    async costOfBatch(ofAny) {
      const among = ofAny ? payees : hundred
      return costOf(Array.from({ length: BATCH }, () => pay(anyOf(among))))
    },
    async costAfterChange() {
      const one = anyOf(hundred)
      const said = { vendorId: vendors.get(one.id)!, marketId: market.marketId, by: 'bench' }
      const newer = { ...said, textVersion: `${credits}`, at: credits }
      if (!(await store.changeRegistry((tx) => giveConsent(tx, newer)))) throw new Error('nothing changed')
      return costOf([pay(one)])
    },
    async close() {
      await expectPaid(store, paid)
      await close()
    },
  }
}

async function expectPaid(store: Store, paid: ReadonlyMap<number, number>): Promise<void> {
  const kept = await store.db.select().from(takings)
  const isRight = kept.every(({ stallId, totalVnd, unclearCount }) => {
    return totalVnd === paid.get(stallId) && unclearCount === 0
  })
  if (kept.length !== paid.size || !isRight) throw new Error('a credit did not go to its stall')
}

const accountOf = (stallId: number) => `TIENGIA${String(stallId).padStart(6, '0')}`

/** Adds the other stalls straight to the product's tables, as it would (in a minute and a half), every account proven. */
function fill(path: string, { marketId, sourceId, payees }: BenchMarket, stalls: number): void {
  const db = new DatabaseSync(path)
  const random = seededRandom(stalls)
  const taken = new Set(payees.map((one) => one.reference))
  db.exec('begin')
  const add = (table: string, row: Record<string, string | number>) =>
    db
      .prepare(
        `insert into ${table} (${Object.keys(row).join(', ')})
         values (${Object.keys(row)
           .map(() => '?')
           .join(', ')})`,
      )
      .run(...Object.values(row))
  for (let id = FEW + 1; id <= stalls; id += 1) {
    let reference = mintReference(random)
    while (taken.has(reference)) reference = mintReference(random)
    taken.add(reference)
    const market = { market_id: marketId }
    const account = { bank_bin: MB, account_number: accountOf(id) }
    const names = { name: `Sạp ${id}`, code: `s${id}`, reference }
    add('vendor', { id, ...market, name: `Chủ sạp ${id}`, phone: `09${id}` })
    add('stall', { id, ...market, section_id: 1, ...names, opened_at: 0, version: 0 })
    add('tenancy', { ...market, stall_id: id, vendor_id: id, started_at: 0 })
    add('consent', { ...market, vendor_id: id, action: 'given', text_version: '0', by: 'bench', at: 0 })
    add('payee_account', {
      id,
      ...market,
      stall_id: id,
      ...account,
      account_name: 'NGUYEN THI THU',
      holder: 'vendor',
      holder_type: 'individual',
      selling_only: 0,
      proposed_by: 'bench',
      proposed_at: 0,
    })
    add('source_account', { source_id: sourceId, ...account, since: 0, version: 0 })
  }
  db.exec(`
    insert into payee_account_state (market_id, account_id, state, by, at)
      select market_id, id, 'active', 'bench', 0 from payee_account;
    commit`)
  db.close()
}
