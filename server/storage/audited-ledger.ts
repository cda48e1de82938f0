import { sql, type SQL } from 'drizzle-orm'

/** A transaction, with what became of it. */
export interface LedgerRow {
  day: string
  seq: number
  sourceId: string
  direction: string
  amount: number
  /** What of it is this stall's; null is all of it. */
  part: number | null
  outcome: string
  stallId: number | null
  matchDay: string | null
  kind: string | null
  payerAccount: string | null
  /** Null once its words are erased. */
  eraseOn: string | null
}

const STANDING = sql.raw(`not exists (
  select 1 from match_reversal r where r.market_id = m.market_id and r.match_seq = m.seq
)`)
const KIND = sql.raw(`coalesce((
  select c.classification from classification c
  where c.market_id = m.market_id and c.transaction_seq = m.transaction_seq and c.seq > m.seq
    and (c.stall_id is null or c.stall_id = m.stall_id)
  order by c.seq desc limit 1
), m.classification)`)

/** A row a transaction; of a split one a row for each part. */
export const ledger = (within: SQL) => sql`
  select t.business_day as day, t.seq, t.source_id as "sourceId", t.direction, t.amount_vnd as amount,
    m.part_vnd as part,
    case when t.not_counted is not null or m.stall_id = 0 then 'not_counted' when m.seq is null then 'undecided'
      else 'matched' end as outcome,
    m.stall_id as "stallId", m.business_day as "matchDay", case when m.seq is not null then ${KIND} end as kind,
    x.payer_account as "payerAccount", x.erase_on as "eraseOn"
  from (select * from bank_transaction where ${within}) as t
  left join "match" m on m.market_id = t.market_id and m.transaction_seq = t.seq and ${STANDING}
  left join erasable x on x.market_id = t.market_id and x.seq = t.seq`

export interface CashRow {
  day: string
  stallId: number
  cash: number
  notes: number
}

export const cashNotes = (within: SQL) => sql`
  select business_day as day, stall_id as "stallId", sum(amount_vnd) as cash,
    sum(case when amount_vnd < 0 then -1 else 1 end) as notes
  from cash_sale where ${within} group by business_day, stall_id`
