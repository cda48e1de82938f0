import { findDifferences } from '../../server/storage/audit.ts'
import { readBook } from '../../server/storage/book.ts'
import { readMarketWindow, sumSections } from '../../server/storage/rollup.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import type { Store } from '../../server/storage/store.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { addDays } from '../../shared/business-day.ts'
import { openDuckLedger, type DuckLedger } from './duckdb.ts'
import { figure, median, type Figure } from './figure.ts'
import { LAST_DAY, openLedger, type Ledger } from './ledger.ts'
import { openBenchServices } from './market.ts'
import type { Size } from './size.ts'

const CALLS = { ours: 200, duck: 7 }
const MONTH = 30

/** One question, asked of the product's own storage and of DuckDB over the same rows; both must say the same. */
interface Question {
  name: string
  told: string
  ours(store: Store, ledger: Ledger, call: number): Promise<unknown>
  duck(duck: DuckLedger, ledger: Ledger, call: number): Promise<unknown>
}

const month = Array.from({ length: MONTH }, (_, index) => addDays(LAST_DAY, index - MONTH + 1))
const stallOf = ({ market }: Ledger, call: number) =>
  market.payees[(call * 37) % market.payees.length]!.stallId

const QUESTIONS: readonly Question[] = [
  {
    name: 'vendor_today',
    told: "one stall's takings of one day",
    async ours(store, ledger, call) {
      const scope = stallScope(ledger.market.marketId, stallOf(ledger, call))
      const { totalVnd, saleCount } = await getTakings(store, scope, LAST_DAY)
      return { totalVnd, saleCount }
    },
    async duck(duck, ledger, call) {
      const [row] = await duck.ask(
        `select coalesce(sum(amount_vnd), 0)::double, count(*)::int from credit
          where stall_id = $1 and business_day = $2::date and is_sale`,
        [stallOf(ledger, call), LAST_DAY],
      )
      return { totalVnd: row![0], saleCount: row![1] }
    },
  },
  {
    name: 'vendor_30d',
    told: "one stall's takings of each of 30 days",
    async ours(store, ledger, call) {
      const book = await readBook(store, stallScope(ledger.market.marketId, stallOf(ledger, call)), month)
      return book.filter((day) => day.transferCount > 0).map((day) => [day.businessDay, day.transferVnd])
    },
    duck: (duck, ledger, call) =>
      duck.ask(
        `select strftime(business_day, '%Y-%m-%d'), sum(amount_vnd)::double from credit
          where stall_id = $1 and business_day between $2::date and $3::date and is_sale group by 1 order by 1`,
        [stallOf(ledger, call), month[0]!, LAST_DAY],
      ),
  },
  {
    name: 'board_section',
    told: 'volume and sales of each section in 30 days',
    async ours(store, { market }) {
      const sections = await sumSections(store, operatorScope(), market.marketId, LAST_DAY)
      return sections.map((one) => [one.section, one.totalVnd, one.saleCount]).sort(bySection)
    },
    duck: async (duck) =>
      (
        await duck.ask(
          `select section, sum(amount_vnd)::double, count(*)::int from credit join stall using (stall_id)
            where business_day between $1::date and $2::date and is_sale group by 1`,
          [month[0]!, LAST_DAY],
        )
      ).sort(bySection),
  },
  {
    name: 'board_active',
    told: "the market's active stalls in 30 days",
    ours: async (store, { market }) =>
      (await readMarketWindow(store, operatorScope(), market.marketId, LAST_DAY)).activeStalls,
    duck: async (duck) =>
      (
        await duck.ask(
          `select count(distinct stall_id)::int from credit
            where business_day between $1::date and $2::date and is_sale`,
          [month[0]!, LAST_DAY],
        )
      )[0]![0],
  },
  {
    name: 'board_repeat_payers',
    told: 'who paid, who on two days or more in 30, and of how many sales that is known',
    async ours(store, { market }) {
      const window = await readMarketWindow(store, operatorScope(), market.marketId, LAST_DAY)
      return [window.payers, window.repeatPayers, window.payerSaleCount]
    },
    duck: async (duck) =>
      (
        await duck.ask(
          `select count(*)::int, count(*) filter (where days > 1)::int, sum(sales)::int from (
            select count(distinct business_day) as days, count(*) as sales from credit
            where business_day between $1::date and $2::date and is_sale and payer is not null group by payer)`,
          [month[0]!, LAST_DAY],
        )
      )[0],
  },
]

const bySection = (a: unknown[], b: unknown[]) => String(a[0]).localeCompare(String(b[0]))

const AUDIT = 'audit_s_per_million'

export const readNames: readonly string[] = [
  ...QUESTIONS.flatMap(({ name }) => [`${name}_ms`, `${name}_over_duckdb`]),
  AUDIT,
]

/** The vendor's and the board's questions over a year's ledger, in storage, without HTTP. */
export async function measureReads(size: Size, wanted: (name: string) => boolean): Promise<Figure[]> {
  const figures: Figure[] = []
  const isWanted = (name: string) => wanted(`${name}_ms`) || wanted(`${name}_over_duckdb`)
  const questions = QUESTIONS.filter(({ name }) => isWanted(name))
  if (questions.length > 0) {
    const ledger = await openLedger(size.ledgerTransactions)
    const duck = await openDuckLedger(ledger)
    const services = await openBenchServices(ledger.env)
    try {
      for (const question of questions)
        figures.push(...(await ask(question, services.store, duck, ledger, size)))
    } finally {
      await services.close()
      duck.close()
    }
  }
  if (wanted(AUDIT)) figures.push(await measureAudit(size))
  return figures
}

async function ask(
  { name, told, ours, duck }: Question,
  store: Store,
  duckLedger: DuckLedger,
  ledger: Ledger,
  { rounds }: Size,
): Promise<Figure[]> {
  for (let call = 0; call < CALLS.duck; call += 1) {
    const [said, expected] = [await ours(store, ledger, call), await duck(duckLedger, ledger, call)]
    if (JSON.stringify(said) !== JSON.stringify(expected)) {
      throw new Error(`${name}: ${JSON.stringify(said)}, but DuckDB says ${JSON.stringify(expected)}`)
    }
  }
  const oursMs: number[] = []
  const ratios: number[] = []
  // The first round is the compiler's: a server answers this all day.
  for (let round = 0; round <= rounds; round += 1) {
    const mine = await medianMs(CALLS.ours, (call) => ours(store, ledger, round * CALLS.ours + call))
    const theirs = await medianMs(CALLS.duck, (call) => duck(duckLedger, ledger, call))
    if (round === 0) continue
    oursMs.push(mine)
    ratios.push(theirs / mine)
  }
  return [
    figure(`${name}_ms`, 'ms', oursMs, told),
    figure(`${name}_over_duckdb`, '×', ratios, "DuckDB's time for the same ÷ ours"),
  ]
}

async function medianMs(calls: number, once: (call: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let call = 0; call < calls; call += 1) {
    const begunAt = performance.now()
    await once(call)
    times.push(performance.now() - begunAt)
  }
  return median(times)
}

async function measureAudit({ auditTransactions: transactions, rounds }: Size): Promise<Figure> {
  const { env } = await openLedger(transactions)
  const { store, close } = await openBenchServices(env)
  const times: number[] = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    const begunAt = performance.now()
    const [difference] = await findDifferences(store)
    times.push(((performance.now() - begunAt) / 1_000) * (1_000_000 / transactions))
    if (difference) throw new Error(`the audit finds ${JSON.stringify(difference)}`)
  }
  await close()
  return figure(AUDIT, 's', times, `every counted figure recomputed, over ${transactions} transactions`)
}
